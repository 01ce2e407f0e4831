// SPDX-License-Identifier: Apache-2.0
#include "kube/watch_machine.h"

#include <catch2/catch.hpp>

using namespace bso;
using namespace bso::kube;
using namespace std::chrono_literals;
using watch_state::List;
using watch_state::StreamList;
using watch_state::Watch;

namespace {

Error status(int code, std::string reason, std::string cause = {}, std::string message = {}) {
  Error error;
  error.kind = ErrorKind::status;
  error.code = code;
  error.reason = std::move(reason);
  error.message = message;
  if (!cause.empty()) error.causes.push_back({std::move(cause), std::move(message), {}});
  return error;
}

Error broken(bool may_have_executed) {
  Error error;
  error.kind = ErrorKind::network;
  error.may_have_executed = may_have_executed;
  return error;
}

Error later(int code, std::string cause = {}) {
  auto error = status(code, code == 504 ? "Timeout" : "ServiceUnavailable", std::move(cause));
  error.retry_after = 1s;
  return error;
}

Error tls() {
  Error error;
  error.kind = ErrorKind::tls;
  return error;
}

std::string describe(const WatchStep& step) {
  std::string text;
  if (const auto* list = std::get_if<List>(&step.next)) {
    text = "list rv=" + list->resource_version + (list->paged ? " paged" : "");
  } else if (const auto* stream = std::get_if<StreamList>(&step.next)) {
    text = "stream rv=" + stream->resource_version;
  } else {
    text = "watch rv=" + std::get<Watch>(step.next).resource_version;
  }
  return text + (step.back_off ? " after a pause" : "");
}

watch_outcome::WatchEnded ended(std::size_t events, std::chrono::milliseconds lasted) {
  return {.resource_version = "42", .events = events, .lasted = lasted, .error = {}};
}

watch_outcome::WatchEnded ended_with(Error error) {
  return {.resource_version = "42",
          .events = 1,
          .lasted = 5s,
          .has_error = true,
          .error = std::move(error)};
}

}  // namespace

TEST_CASE("a reflector's first list takes what the server has cached") {
  CHECK(describe({first_watch_state({}), false}) == "list rv=0 paged");
  CHECK(describe({first_watch_state({.last_seen = "7"}), false}) == "list rv=7");
  CHECK(describe({first_watch_state({.last_seen = "7", .paged = true}), false}) ==
        "list rv=7 paged");
  CHECK(describe({first_watch_state({.last_seen = "", .stream_lists = true}), false}) ==
        "stream rv=");
  CHECK(describe({first_quorum_state({.last_seen = "7"}), false}) == "list rv= paged");
  CHECK(describe({first_quorum_state({.last_seen = "7", .stream_lists = true}), false}) ==
        "stream rv=");
}

TEST_CASE("what a reflector does next") {
  struct Case {
    const char* name;
    WatchState now;
    WatchOutcome outcome;
    const char* expected;
  };
  const List first{"0", true};
  const List again{"40", false};
  const List quorum{"", true};
  const Watch watching{"40"};
  const std::vector<Case> cases{
      {"listed", first, watch_outcome::Listed{"41"}, "watch rv=41"},
      {"list fails: the same after a pause", again, watch_outcome::ListFailed{broken(true)},
       "list rv=40 after a pause"},
      {"list forbidden: the same after a pause", first,
       watch_outcome::ListFailed{status(403, "Forbidden")}, "list rv=0 paged after a pause"},
      {"list expired: quorum at once", again, watch_outcome::ListFailed{status(410, "Expired")},
       "list rv= paged"},
      {"list gone (before 1.18): quorum at once", again,
       watch_outcome::ListFailed{status(410, "Gone")}, "list rv= paged"},
      {"too large version, by cause", again,
       watch_outcome::ListFailed{status(504, "Timeout", "ResourceVersionTooLarge")},
       "list rv= paged"},
      {"too large version, 1.17 to 1.18.5", again,
       watch_outcome::ListFailed{status(504, "Timeout", "x", "Too large resource version")},
       "list rv= paged"},
      {"too large version, by message", again,
       watch_outcome::ListFailed{
           status(504, "Timeout", "", "Too large resource version: 40, current: 3")},
       "list rv= paged"},
      {"another timeout is not that", again, watch_outcome::ListFailed{status(504, "Timeout")},
       "list rv=40 after a pause"},
      {"an expired quorum list must not loop hot", quorum,
       watch_outcome::ListFailed{status(410, "Expired")}, "list rv= paged after a pause"},
      {"continue token expired: one full list", first,
       watch_outcome::ListFailed{status(410, "Expired"), true}, "list rv=0"},
      {"outdated list: quorum at once", again, watch_outcome::ListOutdated{}, "list rv= paged"},
      {"a server that asks to come again keeps the watch", watching,
       watch_outcome::WatchRefused{later(503)}, "watch rv=40 after a pause"},
      {"but not for ever", Watch{"40", 9}, watch_outcome::WatchRefused{later(503)},
       "list rv=43 after a pause"},
      {"a version that is too large is not waited for", watching,
       watch_outcome::WatchRefused{later(504, "ResourceVersionTooLarge")},
       "list rv=43 after a pause"},
      {"a certificate that fails keeps the watch", watching, watch_outcome::WatchRefused{tls()},
       "watch rv=40 after a pause"},
      {"events that bring nothing forward count as none", Watch{"42"}, ended(5, 999ms),
       "list rv=43 after a pause"},
      {"connection refused keeps the watch", watching, watch_outcome::WatchRefused{broken(false)},
       "watch rv=40 after a pause"},
      {"429 keeps the watch", watching, watch_outcome::WatchRefused{status(429, "TooManyRequests")},
       "watch rv=40 after a pause"},
      {"410 on the watch request relists", watching,
       watch_outcome::WatchRefused{status(410, "Expired")}, "list rv=43 after a pause"},
      {"500 on the watch request relists", watching,
       watch_outcome::WatchRefused{status(500, "InternalError")}, "list rv=43 after a pause"},
      {"clean end resumes at once", watching, ended(3, 5s), "watch rv=42"},
      {"quiet long watch resumes at once", watching, ended(0, 300s), "watch rv=42"},
      {"events in a short watch count", watching, ended(1, 10ms), "watch rv=42"},
      {"very short empty watch relists", watching, ended(0, 999ms), "list rv=43 after a pause"},
      {"ERROR 410 in the stream relists", watching, ended_with(status(410, "Expired")),
       "list rv=43 after a pause"},
      {"ERROR 429 in the stream keeps the watch", watching,
       ended_with(status(429, "TooManyRequests")), "watch rv=42 after a pause"},
      {"ERROR 500 in the stream relists", watching, ended_with(status(500, "InternalError")),
       "list rv=43 after a pause"},
  };
  for (const auto& test : cases) {
    INFO(test.name);
    CHECK(describe(next_watch_state(test.now, test.outcome, {.last_seen = "43"})) == test.expected);
  }
}

TEST_CASE("before anything was seen a relist starts from the cache") {
  const auto step = next_watch_state(Watch{"1"}, ended_with(status(500, "InternalError")), {});
  CHECK(describe(step) == "list rv=0 paged after a pause");
}

TEST_CASE("a collection without a watch cache is known by a first list in pages") {
  const auto paged_after = [](WatchState now, bool in_pages) {
    WatchMemory memory;
    learn(memory, now, watch_outcome::Listed{"9", in_pages});
    CHECK(memory.last_seen == "9");
    return memory.paged;
  };
  CHECK(paged_after(List{"0", true}, true));
  CHECK_FALSE(paged_after(List{"0", true}, false));
  CHECK_FALSE(paged_after(List{"", true}, true));  // any server does that when asked to
  const auto step = next_watch_state(Watch{"9"}, ended_with(status(410, "Expired")),
                                     {.last_seen = "9", .paged = true});
  CHECK(describe(step) == "list rv=9 paged after a pause");
}

TEST_CASE("a streamed list gives way to LIST for good, or tries again") {
  struct Case {
    const char* name;
    StreamList now;
    WatchOutcome outcome;
    const char* expected;
  };
  const auto refused = [](Error error) { return watch_outcome::WatchRefused{std::move(error)}; };
  const auto cut_by = [](Error error) {
    return watch_outcome::StreamListCut{true, std::move(error)};
  };
  const watch_outcome::StreamListCut cut{};
  const std::vector<Case> cases{
      {"not known to the server", {"43"}, refused(status(422, "Invalid")), "list rv=43"},
      {"forbidden", {"43"}, refused(status(403, "Forbidden")), "list rv=43"},
      {"server error", {"43"}, refused(status(500, "InternalError")), "list rv=43"},
      {"busy", {"43"}, refused(status(429, "TooManyRequests")), "stream rv=43 after a pause"},
      {"not there", {"43"}, refused(broken(false)), "stream rv=43 after a pause"},
      {"going down", {"43"}, refused(later(503)), "stream rv=43 after a pause"},
      {"down time after time", {"43", 2}, refused(later(503)), "list rv=43"},
      {"expired", {"43"}, refused(status(410, "Expired")), "stream rv="},
      {"expired, of all things, as of now", {""}, refused(status(410, "Expired")), "list rv=43"},
      {"too large",
       {"43"},
       cut_by(status(504, "Timeout", "ResourceVersionTooLarge")),
       "stream rv="},
      {"busy in the stream",
       {"43"},
       cut_by(status(429, "TooManyRequests")),
       "stream rv=43 after a pause"},
      {"an error in the stream", {"43"}, cut_by(status(500, "InternalError")), "list rv=43"},
      {"cut", {"43"}, cut, "stream rv=43 after a pause"},
      {"cut too often", {"43", 2}, cut, "list rv=43"},
  };
  for (const auto& test : cases) {
    INFO(test.name);
    WatchMemory memory{.last_seen = "43", .stream_lists = true};
    learn(memory, test.now, test.outcome);
    CHECK(describe(next_watch_state(test.now, test.outcome, memory)) == test.expected);
    CHECK(memory.stream_lists == (std::string_view(test.expected).substr(0, 6) == "stream"));
  }
}
