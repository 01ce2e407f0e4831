// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json_text.h"
#include "diagnosis/detail_words.h"
#include "diagnosis/remedy.h"
#include "diagnosis/sentence.h"

namespace bso::diagnosis {

namespace {

using codec::JsonText;
using nlohmann::json;

std::string slashed(std::string_view left, std::string_view right) {
  return right.empty() ? std::string{} : fmt::format("{}/{}", left, right);
}

void put_holder(const Holder& holder, JsonText& text) {
  text.begin_object()
      .member("node", holder.node)
      .member("owner", slashed(holder.owner.kind, holder.owner.name))
      .member("phase", holder.phase)
      .member("pod", holder.pod)
      .member("revision", holder.revision)
      .member("terminating", holder.terminating)
      .member("uid", holder.uid)
      .end_object();
}

void put_holders(const Verdict& v, JsonText& text) {
  text.key("holders").begin_array();
  for (const auto& holder : v.holders) put_holder(holder, text);
  if (v.holders_elsewhere) text.begin_object().member("otherNamespace", true).end_object();
  text.end_array();
}

void put_volume(const Verdict& v, JsonText& text) {
  text.key("volume")
      .begin_object()
      .member("claim", slashed(v.ns, v.claim))
      .member("driver", v.driver)
      .member("name", v.volume)
      .member("pv", v.pv)
      .member("semantics", to_string(v.semantics.granularity))
      .member("semanticsFrom", to_string(v.semantics.source))
      .end_object();
}

/// Only where the verdict rests on it: recall() reads it back.
void put_words(const Verdict& v, JsonText& text) {
  text.key("words").begin_object().member("kind", to_string(v.words.kind));
  if (!v.words.machine.empty()) text.member("machine", v.words.machine);
  if (!v.words.node.empty()) text.member("node", v.words.node);
  if (!v.words.pods.empty()) text.member("pods", v.words.pods);
  text.member("step", v.words.at_attach ? kAttachStep : kMountStep).end_object();
}

void put_other_volumes(const Verdict& v, JsonText& text) {
  text.key("moreVolumes").begin_array();
  for (const auto& other : v.more_volumes) {
    text.begin_object()
        .member("cause", to_string(other.cause))
        .member("claim", other.claim)
        .member("holders", other.holders)
        .member("name", other.volume)
        .member("state", to_string(other.state))
        .end_object();
  }
  text.end_array();
}

std::string dump(const json& document) {
  return document.dump(-1, ' ', true, json::error_handler_t::replace);
}

/// Drops entries from the end of a list while the text is too long; `least` of them stay.
void shorten(json& document, const char* list, std::size_t least, std::string& text) {
  if (!document.contains(list)) return;
  auto& entries = document[list];
  while (text.size() > kMaxDetail && entries.size() > least) {
    entries.erase(entries.size() - 1);
    text = dump(document);
  }
}

/// As text of at most kMaxDetail. What programs need least is dropped first, one entry at a time.
/// Names that are still too long are none that the API server checks: a FlexVolume's driver is free
/// text.
std::string fitting(std::string text) {
  if (text.size() <= kMaxDetail) return text;
  auto document = json::parse(text);
  shorten(document, "evidence", 0, text);
  shorten(document, "holders", 1, text);
  shorten(document, "moreVolumes", 0, text);
  shorten(document, "holders", 0, text);
  shorten(document, "actions", 0, text);
  if (text.size() > kMaxDetail) document.erase("words");
  if (text.size() <= kMaxDetail) return text;
  constexpr std::size_t kMaxText = 100;
  for (json* map : {&document, &document["volume"]}) {
    for (json& value : *map) {
      if (value.is_string()) value = printable(value.get_ref<const std::string&>(), kMaxText);
    }
  }
  return dump(document);
}

}  // namespace

std::string detail(const Verdict& verdict) {
  const bool has_words = verdict.words.kind != Words::Kind::none;
  JsonText text;
  // In the order of a document's sorted keys.
  text.begin_object().member("actions", remedy_for(verdict).commands);
  if (!verdict.attachment.empty()) text.member("attachment", verdict.attachment);
  text.member("cause", to_string(verdict.cause))
      .member("confidence", to_string(verdict.confidence))
      .member("evidence", verdict.evidence);
  if (!verdict.holder_node.empty()) text.member("holderNode", verdict.holder_node);
  put_holders(verdict, text);
  if (!verdict.more_volumes.empty()) put_other_volumes(verdict, text);
  text.member("podUID", verdict.pod_uid);
  if (verdict.released != WallTime{}) text.member("releasedAt", to_rfc3339(verdict.released));
  text.member("selfHealing", verdict.self_healing())
      .member("since", to_rfc3339(verdict.since))
      .member("state", to_string(verdict.state));
  // Who is named says it all; else the sentence quotes the text.
  constexpr std::size_t kMaxWords = 200;
  if (has_words && verdict.words.pods.empty()) {
    text.member("text", printable(verdict.text, kMaxWords));
  }
  text.member("v", 1);
  if (!verdict.vanished_uid.empty()) text.member("vanishedUID", verdict.vanished_uid);
  put_volume(verdict, text);
  if (has_words) put_words(verdict, text);
  return fitting(text.end_object().take());
}

}  // namespace bso::diagnosis
