// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace bso::test {

/// A message and what is to be read in it; "" and no pods: nothing.
struct MessageCase {
  std::string id;  ///< of the catalogue, or the address of the public source
  std::string reason;
  std::string message;
  std::optional<bool> conflict;
  std::string kind;
  std::string pv;
  std::vector<std::string> holder_pods;
  std::string holder_uid;
  std::string holder_node;
  std::string wanted_node;
  std::string driver;
};

/// The lines of tests/unit/diagnosis/<file>, each one JSON object. Throws when one is not.
[[nodiscard]] std::vector<MessageCase> read_message_cases(const std::string& file);

}  // namespace bso::test
