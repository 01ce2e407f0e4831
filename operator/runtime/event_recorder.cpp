// SPDX-License-Identifier: Apache-2.0
#include "runtime/event_recorder.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/log.h"

namespace bso::runtime {
namespace {

std::string series_key(const EventNote& note) {
  return event_namespace(note) + "/" + event_name(note);
}

codec::JsonPtr shared(nlohmann::json json) {
  return std::make_shared<const nlohmann::json>(std::move(json));
}

bool worth_a_retry(const Error& error) {
  switch (error.kind) {
    case ErrorKind::network:
    case ErrorKind::timeout:
    case ErrorKind::tls:
    case ErrorKind::protocol:
      return true;
    case ErrorKind::status:
      return error.code == 429 || error.code >= 500;
    default:
      return false;
  }
}

/// The object goes with its namespace, or we were told to hold back: nobody misses the Event.
bool expected(const Error& error) {
  return error.has_cause("NamespaceTerminating") || error.not_found() ||
         error.kind == ErrorKind::canceled || error.kind == ErrorKind::fenced;
}

}  // namespace

EventRecorder::EventRecorder(Executor executor, kube::Client& client, Metrics& metrics,
                             std::string controller, std::string instance, Clock& clock,
                             Backoff::Random random)
    : client_(client),
      source_{std::move(controller), std::move(instance)},
      clock_(clock),
      random_(std::move(random)),
      wake_(std::move(executor), clock),
      dropped_(metrics.counter("blockstorage_events_dropped_total",
                               "Events not sent because the queue was full", {})),
      failed_(metrics.counter("blockstorage_events_failed_total",
                              "Events the API server refused or never got", {})) {}

void EventRecorder::record(EventNote note) { (void)occurred(std::move(note), true); }

void EventRecorder::hold(const std::string& key, EventNote note) {
  auto series = series_key(note);
  const auto before = held_.find(key);
  if (before != held_.end()) {
    if (before->second == series) return;
    release(key);
  }
  ++occurred(std::move(note), false)->holders;
  held_.emplace(key, std::move(series));
}

void EventRecorder::release(const std::string& key) {
  const auto found = held_.find(key);
  if (found == held_.end()) return;
  Series& series = series_.at(found->second);
  held_.erase(found);
  --series.holders;
  series.last = clock_.now();  // the state lasted until now
  if (!series.pending) plan(series);
}

const EventNote* EventRecorder::held(const std::string& key) const {
  const auto found = held_.find(key);
  return found == held_.end() ? nullptr : &series_.at(found->second).note;
}

EventRecorder::Series* EventRecorder::occurred(EventNote note, bool bounded) {
  auto key = series_key(note);
  auto found = series_.find(key);
  if (found == series_.end()) {
    if (bounded && pending_ >= max_queue) {
      dropped(note);
      return nullptr;
    }
    Series fresh;
    fresh.ns = event_namespace(note);
    fresh.name = event_name(note);
    fresh.note = std::move(note);
    fresh.first = clock_.wall();
    fresh.due = {clock_.now(), next_order_++};
    found = series_.emplace(std::move(key), std::move(fresh)).first;
    due_.emplace(found->second.due, &found->second);
  }
  Series& series = found->second;
  observe(series);
  if (!series.pending) plan(series);
  return &series;
}

void EventRecorder::dropped(const EventNote& note) {
  dropped_.add();
  if (dropping_) return;
  dropping_ = true;
  log::warn("events are dropped, too many wait to be written",
            {{"object", note.regarding.name}, {"reason", note.reason}});
}

void EventRecorder::observe(Series& series) {
  ++series.count;
  series.last = clock_.now();
  series.last_observed = clock_.wall();
}

void EventRecorder::set_pending(Series& series, bool pending) {
  if (series.pending == pending) return;
  series.pending = pending;
  if (pending) {
    ++pending_;
  } else {
    --pending_;
  }
  if (pending_ == 0) dropping_ = false;
}

void EventRecorder::schedule(Series& series, Instant at) {
  due_.erase(series.due);
  series.due = {at, next_order_++};
  due_.emplace(series.due, &series);
  wake_.ring();
}

/// How long after its last write a series may be written again.
Clock::Duration EventRecorder::pause_of(const Series& series) {
  // A refusal may be a passing one, and a state that lasts is worth asking again.
  return series.refused ? finish_after : refresh_after;
}

/// When to look at the series next, and whether to write it then.
void EventRecorder::plan(Series& series) {
  const auto now = clock_.now();
  const bool unsaid = series.written == 0 || (series.written == 1 && series.count > 1);
  set_pending(series, unsaid && !series.refused);
  if (series.pending) return schedule(series, now);
  const auto refresh = series.written_at + pause_of(series);
  if (series.holders > 0) return schedule(series, refresh);
  const auto finish = series.last + finish_after;
  const bool behind = series.count > series.written && !series.refused;
  schedule(series, behind ? std::min(finish, refresh) : finish);
}

EventRecorder::Series* EventRecorder::due_now() {
  if (due_.empty() || due_.begin()->first.first > clock_.now()) return nullptr;
  return due_.begin()->second;
}

Task<void> EventRecorder::run(Stop& stop) {
  const Stop::Registration registration(stop, [this] { wake_.ring(); });
  while (!stop.requested()) {
    if (Series* next = due_now()) {
      co_await act(*next);
      continue;
    }
    const auto until = due_.empty() ? Instant::max() : due_.begin()->first.first;
    co_await wake_.wait_until(until);
  }
  co_await flush();
}

/// The series is due. Nobody else removes one, so the reference holds while the server is asked.
Task<void> EventRecorder::act(Series& series) {
  const auto now = clock_.now();
  if (!series.pending) {
    const bool old = now >= series.written_at + pause_of(series);
    const bool finished = series.holders == 0 && now >= series.last + finish_after;
    const bool behind = series.count > series.written && !series.refused;
    if (series.holders > 0 && old) {
      if (series.written > 0) observe(series);
      series.refused = false;
    } else if (finished && !behind) {
      due_.erase(series.due);
      series_.erase(series.ns + "/" + series.name);
      co_return;
    } else if (!behind || (!finished && !old)) {
      plan(series);
      co_return;
    }
    set_pending(series, true);
  }
  co_await send(series);
}

Task<void> EventRecorder::flush() {
  // What waits for another try gets its last one now.
  std::vector<Series*> unsent;
  for (const auto& [due, series] : due_) {
    if (series->pending) unsent.push_back(series);
  }
  for (Series* series : unsent) schedule(*series, clock_.now());
  const auto deadline = clock_.now() + flush_time;
  while (clock_.now() < deadline) {
    Series* next = due_now();
    if (next == nullptr) break;
    co_await act(*next);
  }
  if (pending_ > 0) {
    log::warn("events were not written before the end", {{"count", fmt::to_string(pending_)}});
  }
}

Task<void> EventRecorder::send(Series& series) {
  const auto outcome = co_await write(series);
  if (!outcome) {
    failed(series, outcome.error());
    co_return;
  }
  series.written_at = clock_.now();
  series.tries = 0;
  failing_ = false;
  set_pending(series, false);
  plan(series);
}

Task<Result<void>> EventRecorder::write(Series& series) {
  if (series.written == 0) co_return co_await create(series);
  auto outcome = co_await patch(series);
  if (outcome || !outcome.error().not_found()) co_return outcome;
  series.written = 0;  // expired meanwhile, or somebody removed it
  co_return co_await create(series);
}

Task<Result<void>> EventRecorder::create(Series& series) {
  const int count = series.count;
  std::optional<EventSeries> repeated;
  if (count > 1) repeated = EventSeries{count, series.last_observed};
  auto document = shared(event_document(series.note, source_, series.first, repeated));
  auto created = co_await client_.create(kube::events, series.ns, std::move(document));
  if (created) {
    series.written = count;
    series.maybe_created = false;
    co_return Result<void>{};
  }
  if (!created.error().is_status("AlreadyExists")) {
    series.maybe_created = series.maybe_created || created.error().may_have_executed;
    co_return fail(std::move(created.error()));
  }
  if (series.maybe_created) {
    series.written = count;  // our own create, whose answer was lost
    series.maybe_created = false;
    co_return Result<void>{};
  }
  co_return co_await adopt(series);
}

Task<Result<void>> EventRecorder::patch(Series& series) {
  const int count = series.count;
  auto outcome = co_await client_.merge_patch(kube::events, series.ns, series.name,
                                              shared(series_patch(count, series.last_observed)));
  if (!outcome) co_return fail(std::move(outcome.error()));
  series.written = count;
  co_return Result<void>{};
}

/// An earlier run said it already. Its count is not known and not worth the right to read Events: a
/// patch of the time alone leaves the count as it is, and answers with it. Where there is no series
/// yet the server refuses that, for its count would be 0.
Task<Result<void>> EventRecorder::adopt(Series& series) {
  auto answer =
      co_await client_.merge_patch(kube::events, series.ns, series.name,
                                   shared(series_patch(std::nullopt, series.last_observed)));
  if (answer) {
    const auto* count = codec::find(**answer, {"series", "count"});
    if (count != nullptr && count->is_number_integer() && count->get<int>() > 1) {
      series.written = count->get<int>();
      series.count = std::max(series.count, series.written);
      co_return Result<void>{};
    }
  } else if (!answer.error().is_status("Invalid")) {
    co_return fail(std::move(answer.error()));
  }
  series.count = std::max(series.count + 1, 2);  // what the earlier run said is one of them
  co_return co_await patch(series);
}

void EventRecorder::failed(Series& series, const Error& error) {
  if (worth_a_retry(error) && ++series.tries < max_tries) {
    const auto pause =
        std::chrono::duration_cast<Clock::Duration>(retry_pause * (1.0 + 0.25 * random_()));
    const Clock::Duration asked = error.retry_after.value_or(std::chrono::seconds{0});
    schedule(series, clock_.now() + std::max(pause, asked));
    return;
  }
  series.refused = true;
  series.tries = 0;
  series.written_at = clock_.now();
  set_pending(series, false);
  plan(series);
  if (expected(error)) return;
  failed_.add();
  if (failing_) return;
  failing_ = true;
  log::warn("could not record an event", {{"object", series.note.regarding.name},
                                          {"reason", series.note.reason},
                                          {"error", error.message}});
}

}  // namespace bso::runtime
