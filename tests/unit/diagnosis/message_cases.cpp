// SPDX-License-Identifier: Apache-2.0
#include "unit/diagnosis/message_cases.h"

#include <fstream>

#include <nlohmann/json.hpp>

namespace bso::test {

std::vector<MessageCase> read_message_cases(const std::string& file) {
  std::ifstream lines(std::string{BSO_SOURCE_DIR "/tests/unit/diagnosis/"}.append(file));
  std::vector<MessageCase> cases;
  std::string line;
  while (std::getline(lines, line)) {
    const auto document = nlohmann::json::parse(line);
    const auto& expect = document.at("expect");
    MessageCase one;
    one.id = document.contains("id") ? document.at("id") : document.at("url");
    one.reason = document.value("reason", "");
    one.message = document.at("message");
    if (!expect.at("conflict").is_null()) one.conflict = expect.at("conflict").get<bool>();
    one.kind = expect.at("kind");
    one.pv = expect.value("pv", "");
    one.holder_pods = expect.value("holderPods", std::vector<std::string>{});
    one.holder_uid = expect.value("holderPodUid", "");
    one.holder_node = expect.value("holderNode", "");
    one.wanted_node = expect.value("wantedNode", "");
    one.driver = expect.value("driver", "");
    cases.push_back(std::move(one));
  }
  return cases;
}

}  // namespace bso::test
