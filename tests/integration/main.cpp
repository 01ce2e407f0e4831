// SPDX-License-Identifier: Apache-2.0
#define CATCH_CONFIG_RUNNER
#include <iostream>
#include <sstream>

#include <catch2/catch.hpp>

#include "integration/world.h"

namespace {

constexpr std::size_t kShownLines = 60;

std::string tail(const std::string& text) {
  std::size_t start = text.size();
  for (std::size_t lines = 0; lines <= kShownLines && start != std::string::npos; ++lines) {
    start = start == 0 ? std::string::npos : text.rfind('\n', start - 1);
  }
  return start == std::string::npos ? text : text.substr(start + 1);
}

/// Shows what the operator logged in a test that failed.
class OperatorLogs : public Catch::TestEventListenerBase {
 public:
  using TestEventListenerBase::TestEventListenerBase;

  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    const auto logs = bso::test::OperatorProcess::take_recent_logs();
    if (stats.totals.assertions.allOk()) return;
    for (const auto& log : logs) {
      std::cout << "--- operator in \"" << stats.testInfo.name << "\"\n" << tail(log) << "---\n";
    }
  }
};
CATCH_REGISTER_LISTENER(OperatorLogs)

}  // namespace

int main(int argc, char** argv) {
  Catch::Session session;
  if (const int bad = session.applyCommandLine(argc, argv); bad != 0) return bad;
  if (bso::test::ControlPlane::use_existing()) {
    auto& wanted = session.configData().testsOrTags;
    if (wanted.empty()) wanted.emplace_back();
    for (auto& pattern : wanted) {
      for (std::size_t at = 0; at != std::string::npos; at = pattern.find(',', at + 1)) {
        pattern.insert(at == 0 ? 0 : at + 1, "~[own]");
      }
    }
  }
  const int failed = session.run();
  bso::test::end_world();
  return failed;
}
