// SPDX-License-Identifier: Apache-2.0
#include "kube/reflector.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/log.h"
#include "kube/status_error.h"

namespace bso::kube {
namespace {

constexpr std::string_view kProtobuf = "application/vnd.kubernetes.protobuf";
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kMetadataKind = "PartialObjectMetadata";
constexpr size_t kErrorBodyBytes = 64U << 10U;

/// How long trouble may last before what is held counts as stale: client-go's leader election and
/// the kubelet's leases think in tens of seconds, too.
constexpr std::chrono::seconds kLongestTrouble{60};
/// To open a stream anew after one has gone silent.
constexpr std::chrono::seconds kReopening{30};

/// Reads the rest of an unsuccessful answer, as much as a Status can be.
Task<Error> error_of(transport::BodyStream& stream) {
  std::string body;
  std::array<char, 4096> chunk;
  while (body.size() < kErrorBodyBytes) {
    auto got = co_await stream.read(chunk, std::chrono::seconds{10});
    if (!got || *got == 0) break;
    body.append(chunk.data(), *got);
  }
  co_return error_from_response(stream.status(), stream.content_type(), body, stream.retry_after());
}

/// `content_type` without its parameters is `wanted`.
bool is_media_type(std::string_view content_type, std::string_view wanted) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ')) content_type.remove_suffix(1);
  return std::equal(content_type.begin(), content_type.end(), wanted.begin(), wanted.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

const Error* error_in(const WatchOutcome& outcome) {
  if (const auto* failed = std::get_if<watch_outcome::ListFailed>(&outcome)) return &failed->error;
  if (const auto* old = std::get_if<watch_outcome::ListOutdated>(&outcome)) return &old->error;
  if (const auto* refused = std::get_if<watch_outcome::WatchRefused>(&outcome)) {
    return &refused->error;
  }
  // A broken stream is routine and resumes where it was; an ERROR event is not.
  if (const auto* cut = std::get_if<watch_outcome::StreamListCut>(&outcome)) {
    return cut->has_error ? &cut->error : nullptr;
  }
  if (const auto* ended = std::get_if<watch_outcome::WatchEnded>(&outcome)) {
    return ended->has_error ? &ended->error : nullptr;
  }
  return nullptr;
}

}  // namespace

Reflector::Reflector(transport::Transport& transport, Options options, ObjectSink& sink,
                     RequestObserver observer, OnError on_error)
    : transport_(transport),
      options_(std::move(options)),
      sink_(sink),
      observer_(std::move(observer)),
      on_error_(std::move(on_error)),
      backoff_(options_.backoff, options_.timing.random),
      last_heard_(options_.timing.now()) {
  if (options_.name.empty()) options_.name = options_.resource.plural;
  if (options_.metadata_only) options_.resource.protobuf = false;
  if (!options_.timing.sleep) {
    options_.timing.sleep = [](std::chrono::milliseconds time, Stop& stop) {
      return sleep_for(time, stop);
    };
  }
  memory_.paged = options_.paged;
  memory_.stream_lists = options_.stream_lists;
}

WatchState Reflector::first_state() {
  auto floor = options_.floor ? options_.floor() : "0";
  if (floor.empty()) return first_quorum_state(memory_);
  if (floor != "0") memory_.last_seen = std::move(floor);
  return first_watch_state(memory_);
}

Task<void> Reflector::run(Stop& stop) {
  heard();
  auto state = first_state();
  while (!stop.requested()) {
    WatchOutcome outcome;
    if (const auto* to_list = std::get_if<watch_state::List>(&state)) {
      outcome = co_await list(*to_list, stop);
    } else if (const auto* to_stream = std::get_if<watch_state::StreamList>(&state)) {
      outcome = co_await watch(to_stream->resource_version, true, stop);
    } else {
      outcome = co_await watch(std::get<watch_state::Watch>(state).resource_version, false, stop);
    }
    if (stop.requested()) break;
    const bool streamed = memory_.stream_lists;
    learn(memory_, state, outcome);
    if (streamed && !memory_.stream_lists) {
      const auto* why = error_in(outcome);
      log::info("lists are not streamed by this server; taking LIST instead",
                {{"watch", options_.name}, {"error", why == nullptr ? "cut" : why->message}});
    } else {
      note(outcome);
    }
    auto step = next_watch_state(state, outcome, memory_);
    state = std::move(step.next);
    if (step.back_off) {
      const bool go_on = co_await pause(outcome, stop);
      if (!go_on) break;
    }
  }
}

/// One backoff for everything this reflector asks for, and never less than the server wishes.
Task<bool> Reflector::pause(const WatchOutcome& outcome, Stop& stop) {
  auto time = backoff_.next(options_.timing.now());
  const auto* error = error_in(outcome);
  if (error != nullptr && error->retry_after) {
    const auto wish = std::min(*error->retry_after, transport::longest_retry_after);
    time = std::max<std::chrono::milliseconds>(time, wish);
  }
  const bool go_on = co_await options_.timing.sleep(time, stop);
  co_return go_on;
}

void Reflector::note(const WatchOutcome& outcome) {
  const Error* error = error_in(outcome);
  if (error == nullptr) {
    trouble_.reset();
    return;
  }
  // That a watch's version expires is routine as well.
  const bool listing = std::holds_alternative<watch_outcome::ListFailed>(outcome);
  if (!listing && is_expired(*error)) return;
  if (!trouble_) trouble_since_ = options_.timing.now();
  trouble_ = *error;
  on_error_(*this, *error);
}

std::chrono::steady_clock::duration Reflector::staleness() const {
  return options_.timing.now() - last_heard_;
}

bool Reflector::is_stale() const {
  if (trouble_ && options_.timing.now() - trouble_since_ > kLongestTrouble) return true;
  return staleness() > 2 * options_.min_watch_timeout + options_.idle_margin + kReopening;
}

void Reflector::skip(std::string_view what, const std::string& ns, const std::string& name,
                     const Error& error) {
  ++stats_.skipped;
  log::error("skipped what cannot be read", {{"watch", options_.name},
                                             {"what", what},
                                             {"namespace", ns},
                                             {"name", name},
                                             {"error", error.message}});
}

std::string_view Reflector::answered_kind() const {
  return options_.metadata_only ? kMetadataKind : options_.resource.kind;
}

/// For the form of metadata alone see kubernetes/kubernetes, staging/src/k8s.io/client-go/metadata.
std::string Reflector::accepted_type(bool for_watch) const {
  if (options_.metadata_only) {
    return fmt::format("{};as={}{};g=meta.k8s.io;v=v1", kJson, kMetadataKind,
                       for_watch ? "" : "List");
  }
  if (!options_.resource.protobuf) return std::string(kJson);
  return fmt::format("{}{}", kProtobuf, for_watch ? ";stream=watch" : "");
}

Task<Result<std::unique_ptr<transport::BodyStream>>> Reflector::open(std::string target,
                                                                     bool for_watch) {
  // Only what the sink can decode is accepted: a server that cannot write it says so by a 406.
  const std::string_view wanted = options_.resource.protobuf ? kProtobuf : kJson;
  transport::Request request;
  request.target = std::move(target);
  request.headers.push_back({"Accept", accepted_type(for_watch)});
  auto stream = co_await transport_.open(std::move(request));
  if (!stream) {
    observer_("GET", "<error>");
    co_return fail(std::move(stream.error()));
  }
  observer_("GET", fmt::to_string((*stream)->status()));
  if ((*stream)->status() != 200) {
    auto error = co_await error_of(**stream);
    co_return fail(std::move(error));
  }
  const auto& type = (*stream)->content_type();
  if (!is_media_type(type, wanted)) {
    co_return fail(protocol_error(
        fmt::format("the server answered with {} where {} was asked for (is a proxy in between?)",
                    type.empty() ? "no content type" : type.substr(0, 80), wanted)));
  }
  heard();
  co_return std::move(*stream);
}

}  // namespace bso::kube
