// SPDX-License-Identifier: Apache-2.0
#include "runtime/event_document.h"

#include <cctype>
#include <cstdint>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/utf8.h"

namespace bso::runtime {
namespace {

/// Where events about cluster-scoped objects go. Kubernetes up to 1.20 refuses an event with an
/// eventTime anywhere else; later ones take "default" too (pkg/apis/core/validation/events.go).
constexpr std::string_view kClusterScope = "kube-system";

/// FNV-1a, 64 bit: the name has to be stable across runs and builds, which std::hash is not.
std::uint64_t fingerprint(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  return hash;
}

std::string micro_time(WallTime time) {
  const auto text = to_rfc3339(time);
  return text.substr(0, text.size() - 1) + ".000000Z";
}

nlohmann::json reference(const ObjectReference& object) {
  nlohmann::json json = {{"apiVersion", object.api_version},
                         {"kind", object.kind},
                         {"name", object.name},
                         {"uid", object.uid}};
  if (!object.ns.empty()) json["namespace"] = object.ns;
  return json;
}

}  // namespace

std::string event_namespace(const EventNote& note) {
  return note.regarding.ns.empty() ? std::string(kClusterScope) : note.regarding.ns;
}

std::string event_name(const EventNote& note) {
  const auto what =
      fmt::format("{}|{}|{}|{}|{}|{}", note.regarding.uid, note.type, note.reason, note.action,
                  note.related ? note.related->uid : std::string(), note.note);
  // Names are at most 253 bytes; the object's own name is kept readable in front. A cut may leave a
  // dot or a hyphen at the end, which a DNS name must not have before the next dot.
  std::string readable(codec::utf8_prefix(note.regarding.name, 200));
  while (!readable.empty() && std::isalnum(static_cast<unsigned char>(readable.back())) == 0) {
    readable.pop_back();
  }
  return fmt::format("{}.{:016x}", readable, fingerprint(what));
}

nlohmann::json event_document(const EventNote& note, const EventSource& source, WallTime first,
                              const std::optional<EventSeries>& series) {
  const auto word = [](std::string_view text) { return codec::utf8_prefix(text, max_event_word); };
  nlohmann::json event = {
      {"apiVersion", "events.k8s.io/v1"},
      {"kind", "Event"},
      {"metadata", {{"name", event_name(note)}, {"namespace", event_namespace(note)}}},
      {"eventTime", micro_time(first)},
      {"type", note.type},
      {"reason", word(note.reason)},
      {"action", word(note.action)},
      {"note", codec::utf8_prefix(note.note, max_event_note)},
      {"regarding", reference(note.regarding)},
      {"reportingController", source.controller},
      {"reportingInstance", word(source.instance)}};
  if (note.related) event["related"] = reference(*note.related);
  if (series) event.update(series_patch(series->count, series->last_observed));
  return event;
}

nlohmann::json series_patch(std::optional<int> count, WallTime last_observed) {
  nlohmann::json series = {{"lastObservedTime", micro_time(last_observed)}};
  if (count) series["count"] = *count;
  return {{"series", std::move(series)}};
}

}  // namespace bso::runtime
