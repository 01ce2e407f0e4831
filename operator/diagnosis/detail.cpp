// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "diagnosis/remedy.h"
#include "diagnosis/sentence.h"

namespace bso::diagnosis {

namespace {

using nlohmann::json;

std::string slashed(std::string_view left, std::string_view right) {
  return right.empty() ? std::string{} : fmt::format("{}/{}", left, right);
}

json holder_json(const Holder& holder) {
  return {{"node", holder.node},
          {"owner", slashed(holder.owner.kind, holder.owner.name)},
          {"phase", holder.phase},
          {"pod", holder.pod},
          {"revision", holder.revision},
          {"terminating", holder.terminating},
          {"uid", holder.uid}};
}

json volume_json(const Verdict& v) {
  return {{"claim", slashed(v.ns, v.claim)},
          {"driver", v.driver},
          {"name", v.volume},
          {"pv", v.pv},
          {"semantics", std::string{to_string(v.semantics.granularity)}},
          {"semanticsFrom", std::string{to_string(v.semantics.source)}}};
}

std::string dump(const json& document) {
  return document.dump(-1, ' ', true, json::error_handler_t::replace);
}

/// What programs need least is dropped first, one entry at a time.
void shrink(json& document) {
  for (const char* list : {"evidence", "holders", "actions"}) {
    while (dump(document).size() > kMaxDetail && !document[list].empty()) {
      document[list].erase(document[list].size() - 1);
    }
  }
}

}  // namespace

std::string detail(const Verdict& verdict) {
  json document{{"v", 1},
                {"actions", remedy_for(verdict).commands},
                {"cause", std::string{to_string(verdict.cause)}},
                {"confidence", std::string{to_string(verdict.confidence)}},
                {"holders", json::array()},
                {"selfHealing", verdict.self_healing()},
                {"since", to_rfc3339(verdict.since)},
                {"state", std::string{to_string(verdict.state)}},
                {"volume", volume_json(verdict)}};
  document["evidence"] = verdict.evidence;
  for (const auto& holder : verdict.holders) document["holders"].push_back(holder_json(holder));
  if (verdict.holders_elsewhere) document["holders"].push_back({{"otherNamespace", true}});
  if (!verdict.attachment.empty()) document["attachment"] = verdict.attachment;
  if (!verdict.holder_node.empty()) document["holderNode"] = verdict.holder_node;
  if (!verdict.vanished_uid.empty()) document["vanishedUID"] = verdict.vanished_uid;
  shrink(document);
  return dump(document);
}

}  // namespace bso::diagnosis
