// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/backoff.h"
#include "base/stop.h"
#include "base/task.h"
#include "kube/client.h"
#include "runtime/clock.h"
#include "runtime/event_document.h"
#include "runtime/metrics.h"

namespace bso::runtime {

/// Writes events.k8s.io/v1 Events as client-go's recorder does (tools/events, 0.37). Recording
/// never blocks and never fails a reconcile: what is to be written waits, in the order it came, for
/// one sender.
///
/// The same said again is a series: its second occurrence is written at once (PATCH of
/// series.count), later ones are counted in memory and written every 30 minutes; a series ends 6
/// minutes after its last occurrence, with its final count. Whoever is led by a state instead of by
/// occurrences holds a note: it is refreshed until it is released, so that the server, which
/// forgets an Event an hour after its last write (--event-ttl), keeps it while the state lasts. A
/// restarted operator that finds its Event of before takes the series further.
///
/// One thread only.
class EventRecorder {
 public:
  static constexpr std::size_t max_queue = 1000;          // client-go tools/events maxQueuedEvents
  static constexpr int max_tries = 12;                    // maxTriesPerEvent
  static constexpr std::chrono::seconds retry_pause{10};  // defaultSleepDuration, up to 1.25 times
  static constexpr std::chrono::minutes refresh_after{30};
  static constexpr std::chrono::minutes finish_after{6};
  static constexpr std::chrono::seconds flush_time{2};

  /// All references outlive it.
  EventRecorder(Executor executor, kube::Client& client, Metrics& metrics, std::string controller,
                std::string instance, Clock& clock = system_clock(),
                Backoff::Random random = uniform_random);

  /// Something has happened. Dropped (counted, and said once per burst) while `max_queue`
  /// occurrences wait to be written.
  void record(EventNote note);

  /// A state has begun, or goes on: `note` stands for it under the caller's `key` until released.
  /// The same note again changes nothing; another one takes its place.
  void hold(const std::string& key, EventNote note);
  void release(const std::string& key);
  /// What is held under `key`, or nullptr. Valid until the next call.
  [[nodiscard]] const EventNote* held(const std::string& key) const;

  /// Sends until stopped. What then still waits is sent for `flush_time`: no request begins after
  /// that.
  Task<void> run(Stop& stop);

 private:
  using Instant = Clock::Instant;
  using Due = std::pair<Instant, std::uint64_t>;  ///< when, and in which order then

  /// One Event of the server, as far as we know it.
  struct Series {
    EventNote note;
    std::string ns;
    std::string name;
    int count = 0;    ///< occurrences
    int written = 0;  ///< the count the server has; 0: it has no such Event
    WallTime first;
    WallTime last_observed;
    Instant last;
    Instant written_at;
    int holders = 0;
    int tries = 0;
    bool pending = false;        ///< to be written at `due`
    bool maybe_created = false;  ///< a create got no answer
    bool refused = false;        ///< the server does not want it, or could not be reached too often
    Due due;
  };

  /// The series of this note, made when there is none and `may_queue` allows it.
  Series* occurred(EventNote note, bool bounded);
  void observe(Series& series);
  [[nodiscard]] static Clock::Duration pause_of(const Series& series);
  void plan(Series& series);
  void schedule(Series& series, Instant at);
  void set_pending(Series& series, bool pending);
  void dropped(const EventNote& note);

  Series* due_now();
  Task<void> act(Series& series);
  Task<void> flush();
  Task<void> send(Series& series);
  Task<Result<void>> write(Series& series);
  Task<Result<void>> create(Series& series);
  Task<Result<void>> patch(Series& series);
  Task<Result<void>> adopt(Series& series);
  void failed(Series& series, const Error& error);

  kube::Client& client_;
  EventSource source_;
  Clock& clock_;
  Backoff::Random random_;
  Alarm wake_;
  Counter dropped_;
  Counter failed_;
  std::unordered_map<std::string, Series> series_;     ///< by namespace/name
  std::map<Due, Series*> due_;                         ///< every series has one place in it
  std::unordered_map<std::string, std::string> held_;  ///< the holder's key: key of the series
  std::uint64_t next_order_ = 0;
  std::size_t pending_ = 0;
  bool dropping_ = false;  ///< said already
  bool failing_ = false;   ///< said already
};

}  // namespace bso::runtime
