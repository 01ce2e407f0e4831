// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/backoff.h"
#include "base/fair_share.h"
#include "base/result.h"
#include "base/stop.h"
#include "base/task.h"
#include "kube/client.h"
#include "kube/object_sink.h"
#include "kube/resource.h"
#include "kube/watch_event.h"
#include "kube/watch_machine.h"
#include "transport/transport.h"

namespace bso::kube {

/// Keeps an ObjectSink equal to one collection of the API server: LIST, then WATCH, for ever. The
/// decisions are in watch_machine.h; this class only carries them out. Lives on the event loop.
///
/// What cannot be read is skipped, counted and logged; the resourceVersion never goes past it. A
/// DELETED that cannot be read ends the watch, for a relist does tell what is gone.
///
/// A list that is older than what was seen before is not applied; the next one is a quorum read. If
/// even that is older, the server's data itself has gone back (an etcd restored from a backup):
/// then it is taken for true, and an error is logged.
class Reflector {
 public:
  /// Time and chance, replaced by tests.
  struct Timing {
    std::function<std::chrono::steady_clock::time_point()> now = &std::chrono::steady_clock::now;
    std::function<double()> random = uniform_random;
    std::function<Task<bool>(std::chrono::milliseconds, Stop&)> sleep;  ///< "" is sleep_for()
  };

  struct Options {
    Resource resource;
    std::string name;  ///< for logs and probes; "" takes the resource's plural
    std::string ns;    ///< "" for all namespaces
    std::string label_selector;
    std::string field_selector;
    /// The server closes a watch after a random time in [min, 2 min): client-go's 5 to 10 minutes,
    /// so that load spreads after an API server's restart.
    std::chrono::seconds min_watch_timeout{300};
    /// Silence allowed beyond the watch's own time-out before the peer counts as dead.
    std::chrono::seconds idle_margin{15};
    /// An object beyond it is skipped: etcd's own limit is 1.5 MiB unless raised.
    std::size_t max_object_bytes = 8U << 20U;
    /// Take no more of each object than its metadata (PartialObjectMetadata, as JSON): what else it
    /// holds, such as a Secret's data, never leaves the server.
    bool metadata_only = false;
    /// The collection is known to have no watch cache (Events): every LIST comes in pages.
    bool paged = false;
    /// Take lists as streams (KEP-3157) where the server knows how. Off by default: a LIST of the
    /// watch cache in protobuf is faster for the server and for us.
    bool stream_lists = false;
    /// Asked once, when run() begins, for the version below which nothing may be believed: a
    /// resourceVersion; "" makes the first LIST a quorum read, "0" or no function takes whatever is
    /// cached.
    std::function<std::string()> floor;
    Backoff::Options backoff = Backoff::reflector();
    Timing timing;
  };

  /// What has been done so far.
  struct Stats {
    std::uint64_t lists = 0;
    std::uint64_t listed_items = 0;
    std::uint64_t watches = 0;
    std::uint64_t short_watches = 0;  ///< ended within a second without an event
    std::uint64_t events = 0;
    std::uint64_t skipped = 0;  ///< objects and events that could not be read
  };

  /// Told of a failed LIST or WATCH, once per attempt.
  using OnError = std::function<void(const Reflector& reflector, const Error& error)>;

  Reflector(transport::Transport& transport, Options options, ObjectSink& sink,
            RequestObserver observer, OnError on_error);

  /// Runs until stopped.
  Task<void> run(Stop& stop);

  /// The first LIST has been applied.
  [[nodiscard]] bool synced() const { return synced_; }
  /// Why it is not in step right now; nullopt while all is well.
  [[nodiscard]] const std::optional<Error>& trouble() const { return trouble_; }
  /// For how long the server has not been heard on this collection, or since this was made. Up to
  /// twice min_watch_timeout is normal where nothing happens: a server need not send bookmarks.
  [[nodiscard]] std::chrono::steady_clock::duration staleness() const;
  /// What is held must not be trusted any more: silence beyond what a watch's time-out explains, or
  /// trouble for more than a minute.
  [[nodiscard]] bool is_stale() const;
  [[nodiscard]] const Resource& resource() const { return options_.resource; }
  [[nodiscard]] const std::string& name() const { return options_.name; }
  /// Called once, when the first LIST has been applied.
  void on_synced(std::function<void()> action) { on_synced_ = std::move(action); }
  [[nodiscard]] const Stats& stats() const { return stats_; }
  /// The newest resourceVersion held; "" before the first LIST.
  [[nodiscard]] const std::string& last_resource_version() const { return memory_.last_seen; }

 private:
  static constexpr std::size_t kReadBytes = 64U << 10U;

  struct Page;
  struct Progress;
  using Take = std::function<Result<void>(std::string_view bytes)>;

  [[nodiscard]] WatchState first_state();
  /// The kind that the answers are of.
  [[nodiscard]] std::string_view answered_kind() const;
  [[nodiscard]] std::string accepted_type(bool for_watch) const;
  Task<bool> pause(const WatchOutcome& outcome, Stop& stop);
  void note(const WatchOutcome& outcome);
  void heard() { last_heard_ = options_.timing.now(); }
  void skip(std::string_view what, const std::string& ns, const std::string& name,
            const Error& error);
  Task<Result<std::unique_ptr<transport::BodyStream>>> open(std::string target, bool for_watch);

  Task<WatchOutcome> list(watch_state::List state, Stop& stop);
  Task<WatchOutcome> collect(watch_state::List state, Stop& stop);
  Task<Result<Page>> list_page(std::string target, Stop& stop);
  Task<Result<void>> read_page(transport::BodyStream& stream, const Take& take);
  Task<Result<Page>> read_protobuf_page(transport::BodyStream& stream);
  Task<Result<Page>> read_json_page(transport::BodyStream& stream);
  void unlisted(const std::string& ns, const std::string& name, const Error& error);
  Task<void> apply_list(std::string resource_version);
  [[nodiscard]] Result<void> check_age(const std::string& asked, const std::string& got) const;
  [[nodiscard]] std::string list_target(const watch_state::List& state,
                                        const std::string& token) const;

  Task<WatchOutcome> watch(std::string resource_version, bool initial_events, Stop& stop);
  Task<void> read_watch(transport::BodyStream& stream, Progress& progress,
                        std::chrono::seconds timeout);
  bool take_event(Progress& progress, const WatchEvent& event);
  Task<bool> end_initial_events(Progress& progress, std::string resource_version);
  [[nodiscard]] Result<void> apply_event(const Progress& progress, const WatchEvent& event);
  [[nodiscard]] std::string watch_target(const std::string& resource_version, bool initial_events,
                                         std::chrono::seconds timeout) const;

  transport::Transport& transport_;
  Options options_;
  ObjectSink& sink_;
  RequestObserver observer_;
  OnError on_error_;
  Backoff backoff_;
  FairShare share_;

  WatchMemory memory_;
  bool synced_ = false;
  std::function<void()> on_synced_;
  std::optional<Error> trouble_;
  std::chrono::steady_clock::time_point trouble_since_{};
  std::chrono::steady_clock::time_point last_heard_;
  Stats stats_;
};

}  // namespace bso::kube
