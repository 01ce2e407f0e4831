// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/memory.h"

#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "diagnosis/detail_words.h"
#include "diagnosis/sentence.h"

namespace bso::diagnosis {

namespace {

/// The annotation may be anybody's: no deeper than ours, and no more pods than a message names.
constexpr int kDepth = 8;
constexpr std::size_t kMaxPods = 16;

Words words_in(const nlohmann::json& document) {
  Words words;
  words.kind = words_kind(codec::string_at(document, {"words", "kind"}));
  if (words.kind == Words::Kind::none) return words;
  words.at_attach = codec::string_at(document, {"words", "step"}) == kAttachStep;
  words.node = codec::string_at(document, {"words", "node"});
  words.machine = codec::string_at(document, {"words", "machine"});
  const auto* pods = codec::find(document, {"words", "pods"});
  if (pods == nullptr || !pods->is_array()) return words;
  for (const auto& uid : *pods) {
    if (!uid.is_string() || words.pods.size() == kMaxPods) break;
    words.pods.push_back(uid.get<std::string>());
  }
  return words;
}

}  // namespace

std::optional<Memory> recall(const cluster::Pod& pod, std::string_view volume) {
  if (pod.conflict_detail.empty() || pod.conflict_detail.size() > kMaxDetail) return std::nullopt;
  const auto document = codec::parse_json(pod.conflict_detail, kDepth);
  if (!document || codec::string_at(*document, {"podUID"}) != pod.uid ||
      codec::string_at(*document, {"volume", "name"}) != volume) {
    return std::nullopt;
  }
  Memory memory;
  memory.cause = codec::string_at(*document, {"cause"});
  memory.text = codec::string_at(*document, {"text"});
  memory.words = words_in(*document);
  memory.released = from_rfc3339(codec::string_at(*document, {"releasedAt"}));
  return memory;
}

}  // namespace bso::diagnosis
