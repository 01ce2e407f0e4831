// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/log.h"
#include "kube/reflector.h"
#include "kube/resource_version.h"
#include "kube/status_error.h"

namespace bso::kube {
namespace {

/// A server that knows how to stream a list is not silent for this long before its end; one that
/// does not know may go on for ever without telling that it has come to it.
constexpr std::chrono::seconds kInitialEventsIdle{30};

}  // namespace

struct Reflector::Progress {
  std::string resource_version;  ///< of the last event applied; at first what was asked for
  bool initial_events = false;   ///< the end of a streamed list is still to come
  std::size_t events = 0;
  bool lost = false;  ///< an event about an object could not be read
  std::optional<Error> error;
};

std::string Reflector::watch_target(const std::string& resource_version, bool initial_events,
                                    std::chrono::seconds timeout) const {
  Query query;
  query.add("watch", "true")
      .add("labelSelector", options_.label_selector)
      .add("fieldSelector", options_.field_selector)
      .add("resourceVersion", resource_version)
      .add("allowWatchBookmarks", "true")
      .add("timeoutSeconds", fmt::to_string(timeout.count()));
  if (initial_events) {
    query.add("sendInitialEvents", "true").add("resourceVersionMatch", "NotOlderThan");
  }
  return collection_path(options_.resource, options_.ns) + query.text();
}

Task<WatchOutcome> Reflector::watch(std::string resource_version, bool initial_events, Stop& stop) {
  const auto base = static_cast<double>(options_.min_watch_timeout.count());
  const std::chrono::seconds timeout{
      static_cast<std::chrono::seconds::rep>(base * (1.0 + options_.timing.random()))};
  const auto begun = options_.timing.now();

  ++stats_.watches;
  auto opened = co_await open(watch_target(resource_version, initial_events, timeout), true);
  if (!opened) co_return watch_outcome::WatchRefused{std::move(opened.error())};
  if (!initial_events) trouble_.reset();
  auto& stream = **opened;
  const Stop::Registration registration(stop, [&stream] { stream.close(); });

  Progress progress;
  progress.resource_version = std::move(resource_version);
  progress.initial_events = initial_events;
  if (initial_events) sink_.begin_list();
  co_await read_watch(stream, progress, timeout);

  const auto lasted =
      std::chrono::duration_cast<std::chrono::milliseconds>(options_.timing.now() - begun);
  if (progress.events == 0 && lasted < std::chrono::seconds{1}) ++stats_.short_watches;
  const bool has_error = progress.error.has_value();
  auto error = std::move(progress.error).value_or(Error{});
  if (progress.initial_events) {
    sink_.abort_list();
    co_return watch_outcome::StreamListCut{has_error, std::move(error)};
  }
  co_return watch_outcome::WatchEnded{std::move(progress.resource_version),
                                      progress.events,
                                      lasted,
                                      has_error,
                                      std::move(error),
                                      progress.lost};
}

/// Reads until the stream ends, or until progress.error says why it must not be read further.
Task<void> Reflector::read_watch(transport::BodyStream& stream, Progress& progress,
                                 std::chrono::seconds timeout) {
  WatchDecoder decoder(options_.resource.protobuf, options_.max_object_bytes);
  std::vector<WatchEvent> batch;
  std::vector<char> chunk(kReadBytes);
  while (true) {
    const auto idle = progress.initial_events ? kInitialEventsIdle : timeout + options_.idle_margin;
    auto got = co_await stream.read(chunk, idle);
    if (!got && progress.initial_events && got.error().kind == ErrorKind::timeout) {
      progress.error = std::move(got.error());
    }
    // A cut or silent stream is resumed from the last event applied, like a clean end.
    if (!got || *got == 0) co_return;
    heard();
    batch.clear();
    auto fed = decoder.feed(std::string_view(chunk.data(), *got), batch);
    for (const auto& event : batch) {
      const bool taken = take_event(progress, event);
      if (progress.error) co_return;
      if (taken && progress.initial_events && event.initial_events_end) {
        const bool whole = co_await end_initial_events(progress, event.resource_version);
        if (!whole) co_return;
      }
      if (!progress.initial_events) memory_.last_seen = progress.resource_version;
      if (share_.used_up()) co_await share_.give_way();
    }
    if (!fed) {
      progress.error = std::move(fed.error());
      co_return;
    }
  }
}

/// Everything that existed has been told: the list is whole, and the stream goes on as a watch.
Task<bool> Reflector::end_initial_events(Progress& progress, std::string resource_version) {
  auto checked = check_age(progress.resource_version, resource_version);
  if (!checked) {
    progress.error = std::move(checked.error());
    co_return false;
  }
  progress.initial_events = false;
  progress.resource_version = resource_version;
  co_await apply_list(std::move(resource_version));
  trouble_.reset();
  co_return true;
}

/// Whether the event could be made use of. An event that ends the stream sets progress.error.
bool Reflector::take_event(Progress& progress, const WatchEvent& event) {
  ++progress.events;
  ++stats_.events;
  if (event.type == WatchEvent::Type::error) {
    progress.error = event.fault;
    return false;
  }
  if (!event.fault && event.kind != answered_kind()) {
    skip("a watch event", event.ns, event.name,
         protocol_error(fmt::format("kind \"{}\" where {} was asked for", event.kind.substr(0, 80),
                                    answered_kind())));
    progress.lost = true;
    return false;
  }
  // The initial events are told in no order of their versions: none of them is a place to resume
  // from, and the version that counts is that of the bookmark at their end.
  const auto& seen = progress.resource_version;
  if (!progress.initial_events && is_older(event.resource_version, seen)) {
    progress.error = protocol_error(
        fmt::format("the watch went back from version {} to {}", seen, event.resource_version));
    return false;
  }
  const auto applied =
      event.fault ? Result<void>(fail(*event.fault)) : apply_event(progress, event);
  if (!applied) {
    skip("a watch event", event.ns, event.name, applied.error());
    progress.lost = progress.lost || event.type != WatchEvent::Type::bookmark;
    if (event.type == WatchEvent::Type::deleted) {
      // To go on would leave an object in place that does not exist any more.
      progress.error = applied.error();
    } else if (progress.initial_events) {
      sink_.list_unreadable(event.ns, event.name);
    }
    return false;
  }
  if (!progress.initial_events && !event.resource_version.empty()) {
    progress.resource_version = event.resource_version;
  }
  return true;
}

Result<void> Reflector::apply_event(const Progress& progress, const WatchEvent& event) {
  switch (event.type) {
    case WatchEvent::Type::added:
      return progress.initial_events ? sink_.list_item(event.object) : sink_.upsert(event.object);
    case WatchEvent::Type::modified:
      return progress.initial_events ? sink_.list_changed(event.object)
                                     : sink_.upsert(event.object);
    case WatchEvent::Type::deleted:
      return progress.initial_events ? sink_.list_gone(event.object) : sink_.erase(event.object);
    default:
      return {};
  }
}

}  // namespace bso::kube
