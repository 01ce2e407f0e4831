// SPDX-License-Identifier: Apache-2.0
// Every message of catalogue.jsonl: Kubernetes' own (K) as its sources format them, drivers' (D) as
// theirs do, unknown drivers' (U) and look-alikes (L).
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "diagnosis/messages.h"
#include "unit/diagnosis/message_cases.h"

using namespace bso::diagnosis;
using bso::test::MessageCase;

namespace {

const std::vector<MessageCase>& catalogue() {
  static const auto cases = bso::test::read_message_cases("catalogue.jsonl");
  return cases;
}

void check_fields(const MessageCase& one, const std::string& message) {
  INFO(one.id << ": " << message);
  const auto parsed = parse_message(message, one.reason);
  CHECK(parsed.is_conflict == one.conflict);
  CHECK(to_string(parsed.kind) == one.kind);
  CHECK((parsed.volume_whole ? parsed.volume : "") == one.pv);
  CHECK(parsed.pods == one.holder_pods);
  CHECK(parsed.holder_uid == one.holder_uid);
  CHECK(parsed.holder_node == one.holder_node);
  CHECK(parsed.wanted_node == one.wanted_node);
  CHECK(parsed.driver == one.driver);
}

/// Go's Sprintf of a text that is taken for the format, without arguments (fmt/print.go: flags,
/// width and precision are dropped, the verb is told).
std::string formatted(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto percent = text.find('%');
    result += text.substr(0, percent);
    if (percent == std::string_view::npos) break;
    text.remove_prefix(percent + 1);
    text.remove_prefix(std::min(text.find_first_not_of("+-# 0123456789."), text.size()));
    if (text.empty()) {
      result += "%!(NOVERB)";
    } else {
      result += "%!";
      result += text.front();
      result += "(MISSING)";
      text.remove_prefix(1);
    }
  }
  return result;
}

/// As strconv.Quote writes it.
std::string go_quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

bool is_or_none(std::string_view value, std::string_view expected) {
  return value.empty() || value == expected;
}

}  // namespace

TEST_CASE("Every catalogued message is read", "[messages]") {
  REQUIRE(catalogue().size() > 120);
  for (const auto& one : catalogue()) check_fields(one, one.message);
}

TEST_CASE("Aggregation takes nothing from a message", "[messages]") {
  for (const auto& one : catalogue()) {
    check_fields(one, std::string{"(combined from similar events): "}.append(one.message));
  }
}

TEST_CASE("Formatted twice, a message says the same", "[messages]") {
  CHECK(formatted(formatted("disk 100% full, path /mnt/a%2Fb")) ==
        "disk 100%!!(MISSING)f(MISSING)ull, path /mnt/a%!!(MISSING)F(MISSING)b");
  for (const auto& one : catalogue()) {
    auto message = one.message;
    const auto words = message.find(" : ");
    if (words != std::string::npos) message.insert(words + 3, "/mnt/a%2Fb is 100% full: ");
    check_fields(one, formatted(message));
    check_fields(one, formatted(formatted(message)));
  }
}

TEST_CASE("Quoted, a message says the same", "[messages]") {
  for (const auto& one : catalogue()) check_fields(one, go_quoted(one.message));
}

TEST_CASE("A message that was cut names nobody wrongly", "[messages]") {
  for (const auto& one : catalogue()) {
    for (std::size_t size = 0; size <= one.message.size(); ++size) {
      const auto message = one.message.substr(0, size) + " ...";
      const auto parsed = parse_message(message, one.reason);
      const bool pods = std::all_of(parsed.pods.begin(), parsed.pods.end(), [&](const auto& pod) {
        return std::find(one.holder_pods.begin(), one.holder_pods.end(), pod) !=
               one.holder_pods.end();
      });
      const bool right = pods && is_or_none(parsed.holder_uid, one.holder_uid) &&
                         is_or_none(parsed.holder_node, one.holder_node) &&
                         is_or_none(parsed.wanted_node, one.wanted_node) &&
                         is_or_none(parsed.driver, one.driver) &&
                         is_or_none(parsed.volume_whole ? parsed.volume : "", one.pv) &&
                         (parsed.is_conflict != true || one.conflict != false);
      if (right) continue;
      INFO(one.id << ": " << message << "\n  holder " << parsed.holder_node << " "
                  << parsed.holder_uid << ", wanted " << parsed.wanted_node << ", driver "
                  << parsed.driver << ", volume " << parsed.volume << ", kind "
                  << to_string(parsed.kind));
      CHECK(right);
    }
  }
}

TEST_CASE("In a log, in YAML, in JSON or in a table, a message says the same", "[messages]") {
  struct Around {
    std::string before;
    bool quoted;
    std::string after;
  };
  const std::string klog = "E0801 12:00:00.123456    1234 nestedpendingoperations.go:301] ";
  const std::array<Around, 9> places{
      Around{"    message: '", false, "'"},
      {"    message: ", false, ""},
      {"`", false, "`"},
      {"        \"message\": ", true, ","},
      {"Aug 01 12:00:00 n-1 kubelet[1234]: " + klog +
           "Operation for \"{volumeName:x podName: nodeName:}\" failed. No retries permitted until "
           "2021-08-01 12:02:02 (durationBeforeRetry 2m2s). Error: ",
       true, ""},
      {"time=\"2021-08-01T12:00:00Z\" level=error msg=", true, " component=csi"},
      {"{\"level\":\"error\",\"ts\":1627819200.1,\"msg\":", true, "}"},
      {"  Warning  FailedMount  35s (x8 over 107s)  kubelet  ", false, ""},
      {"2m\t1m\t4\t{kubelet n-1}\t\t\tWarning\t\tFailedMount\t", false, ""}};
  for (const auto& place : places) {
    for (const auto& one : catalogue()) {
      if (one.conflict != true) continue;
      const auto message =
          place.before + (place.quoted ? go_quoted(one.message) : one.message) + place.after;
      INFO(one.id << ": " << message);
      const auto parsed = parse_message(message, "");
      CHECK(parsed.is_conflict == true);
      CHECK(parsed.pods == one.holder_pods);
      CHECK(parsed.holder_uid == one.holder_uid);
      CHECK(parsed.holder_node == one.holder_node);
    }
  }
}
