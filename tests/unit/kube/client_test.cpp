// SPDX-License-Identifier: Apache-2.0
// The verbs and their retries against a scripted transport. Cases of client-go's
// rest/request_test.go and rest/with_retry_test.go stand under their names.
#include "kube/client.h"

#include <array>
#include <deque>

#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "kube/status_error.h"
#include "unit/run_task.h"

using namespace std::chrono_literals;
using namespace bso;
using namespace bso::kube;
using namespace bso::test;
using Catch::Matchers::Contains;
using nlohmann::json;
using transport::Request;
using transport::Response;

namespace {

constexpr Resource kThings{"example.com", "v1", "things", "Thing", true, false};

Response answer(int status, std::optional<std::chrono::seconds> retry_after = std::nullopt,
                std::string body = "{}") {
  return {status, "application/json", retry_after, std::move(body)};
}

Error network(bool may_have_executed) {
  Error error;
  error.kind = ErrorKind::network;
  error.message = "connection reset by peer";
  error.may_have_executed = may_have_executed;
  return error;
}

/// Answers by a script, and from its end on with 200.
class Scripted final : public transport::Transport {
 public:
  Task<Result<Response>> call(Request request) override {
    seen.push_back(std::move(request));
    if (script.empty()) co_return answer(200);
    auto next = std::move(script.front());
    script.pop_front();
    co_return next;
  }
  Task<Result<std::unique_ptr<transport::BodyStream>>> open(Request) override {
    co_return fail(invalid_input("not scripted"));
  }

  std::deque<Result<Response>> script;
  std::vector<Request> seen;
};

struct ClientRig {
  boost::asio::io_context loop;
  Scripted wire;
  std::vector<std::string> observed;
  std::vector<std::string> retried;
  RetryPolicy policy;

  ClientRig() {
    policy.pause = {1ms, 2.0, 4ms, 0.0, 0ms};
    policy.on_retry = [this](std::string_view method, std::string_view code) {
      retried.push_back(std::string(method) + " " + std::string(code));
    };
  }
  Client client() {
    return {wire, "tester",
            [this](std::string_view method, std::string_view code) {
              observed.push_back(std::string(method) + " " + std::string(code));
            },
            policy};
  }
};

codec::JsonPtr doc(const char* text) { return std::make_shared<const json>(json::parse(text)); }

/// How one verb is called.
enum class Verb {
  get,
  list,
  create,
  apply,
  blind_merge,
  bound_merge,
  text_merge,
  blind_json,
  bound_json,
  remove
};

template <class T>
std::optional<Error> error_of(Result<T> result) {
  if (result) return std::nullopt;
  return std::move(result.error());
}

std::optional<Error> call(ClientRig& rig, Verb verb) {
  auto client = rig.client();
  auto& loop = rig.loop;
  switch (verb) {
    case Verb::get:
      return error_of(run(loop, client.get(kThings, "ns", "a")));
    case Verb::list:
      return error_of(run(loop, client.list(kThings, "ns", {})));
    case Verb::create:
      return error_of(run(loop, client.create(kThings, "ns", doc("{}"))));
    case Verb::apply:
      return error_of(run(loop, client.apply(kThings, "ns", "a", doc("{}"))));
    case Verb::blind_merge:
      return error_of(run(loop, client.merge_patch(kThings, "ns", "a", doc(R"({"spec":{}})"))));
    case Verb::bound_merge:
      return error_of(
          run(loop, client.merge_patch(kThings, "ns", "a",
                                       doc(R"({"metadata":{"resourceVersion":"7"},"spec":{}})"))));
    case Verb::text_merge:
      return error_of(run(
          loop,
          client.merge_patch_text(kThings, "ns", "a", R"({"metadata":{"resourceVersion":"7"}})")));
    case Verb::blind_json:
      return error_of(run(
          loop, client.json_patch(kThings, "ns", "a", doc(R"([{"op":"remove","path":"/a"}])"))));
    case Verb::bound_json:
      return error_of(
          run(loop, client.json_patch(kThings, "ns", "a",
                                      doc(R"([{"op":"test","path":"/metadata/uid","value":"u"},
                                              {"op":"remove","path":"/a"}])"))));
    case Verb::remove:
      return error_of(run(loop, client.remove(kThings, "ns", "a", {"uid", "7"})));
  }
  return std::nullopt;
}

const std::vector<Verb> kHarmless{Verb::get,         Verb::list,       Verb::apply,
                                  Verb::bound_merge, Verb::text_merge, Verb::bound_json,
                                  Verb::remove};
const std::vector<Verb> kHarmful{Verb::create, Verb::blind_merge, Verb::blind_json};

}  // namespace

TEST_CASE("what the patch verbs send", "[kube][client]") {
  ClientRig rig;
  auto client = rig.client();
  REQUIRE(run(rig.loop, client.apply(kThings, "ns", "a", doc(R"({"kind":"Thing"})"))));
  ApplyOptions forced;
  forced.force = true;
  forced.subresource = "status";
  REQUIRE(run(rig.loop, client.apply(kThings, "ns", "a", doc("{}"), forced)));
  REQUIRE(run(rig.loop, client.json_patch(kThings, "ns", "a", doc("[]"))));
  REQUIRE(run(rig.loop, client.json_patch(kThings, "ns", "a", doc("[]"), "status")));
  REQUIRE(run(rig.loop, client.merge_patch(kThings, "ns", "a", doc("{}"), "status")));
  REQUIRE(run(rig.loop, client.merge_patch_text(kThings, "ns", "a", R"({"metadata":{}})")));
  const std::string path = "/apis/example.com/v1/namespaces/ns/things/a";
  const std::vector<std::array<std::string, 3>> expected{
      {path + "?fieldManager=tester", "application/apply-patch+yaml", R"({"kind":"Thing"})"},
      {path + "/status?fieldManager=tester&force=true", "application/apply-patch+yaml", "{}"},
      {path + "?fieldManager=tester", "application/json-patch+json", "[]"},
      {path + "/status?fieldManager=tester", "application/json-patch+json", "[]"},
      {path + "/status?fieldManager=tester", "application/merge-patch+json", "{}"},
      {path + "?fieldManager=tester", "application/merge-patch+json", R"({"metadata":{}})"}};
  REQUIRE(rig.wire.seen.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(rig.wire.seen[i].method == "PATCH");
    CHECK(rig.wire.seen[i].target == expected[i][0]);
    CHECK(rig.wire.seen[i].content_type == expected[i][1]);
    CHECK(rig.wire.seen[i].body == expected[i][2]);
    CHECK(rig.wire.seen[i].timeout <= 30s);
    CHECK(rig.wire.seen[i].timeout > 0s);
  }
}

TEST_CASE("an answer that nobody reads has to be the server's all the same", "[kube][client]") {
  ClientRig rig;
  auto client = rig.client();
  const auto patch = [&] {
    return run(rig.loop, client.merge_patch_text(kThings, "ns", "a", R"({"metadata":{}})"));
  };
  CHECK(patch());
  REQUIRE(rig.wire.seen.front().headers.size() == 1);
  CHECK_THAT(rig.wire.seen.front().headers.front().value, Contains("as=PartialObjectMetadata"));

  rig.wire.script = {Response{200, "text/html", std::nullopt, "<html>Please log in</html>"}};
  const auto foreign = patch();
  REQUIRE_FALSE(foreign);
  CHECK(foreign.error().kind == ErrorKind::protocol);
  CHECK(foreign.error().may_have_executed);

  rig.wire.script = {answer(409, std::nullopt, R"({"kind":"Status","reason":"Conflict"})")};
  const auto conflict = patch();
  REQUIRE_FALSE(conflict);
  CHECK(conflict.error().is_status("Conflict"));
}

TEST_CASE("a dry run says so in each of its writes, and may be sent again", "[kube][client]") {
  ClientRig rig;
  auto client = rig.client().dry_run();
  REQUIRE(run(rig.loop, client.get(kThings, "ns", "a")));
  REQUIRE(run(rig.loop, client.create(kThings, "ns", doc("{}"))));
  REQUIRE(run(rig.loop, client.apply(kThings, "ns", "a", doc("{}"))));
  REQUIRE(run(rig.loop, client.merge_patch(kThings, "ns", "a", doc("{}"))));
  REQUIRE(run(rig.loop, client.json_patch(kThings, "ns", "a", doc("[]"))));
  REQUIRE(run(rig.loop, client.remove(kThings, "ns", "a", {"uid", "7"})));
  REQUIRE(rig.wire.seen.size() == 6);
  CHECK_THAT(rig.wire.seen[0].target, !Contains("dryRun"));
  for (std::size_t i = 1; i < rig.wire.seen.size(); ++i) {
    CHECK_THAT(rig.wire.seen[i].target, Contains("dryRun=All"));
  }
  const auto options = json::parse(rig.wire.seen[5].body);
  CHECK(options.at("dryRun") == json{"All"});
  CHECK(options.at("preconditions") == json{{"uid", "uid"}, {"resourceVersion", "7"}});

  rig.wire.script = {fail(network(true))};
  CHECK(run(rig.loop, client.create(kThings, "ns", doc("{}"))));
  CHECK(rig.wire.seen.size() == 8);
}

TEST_CASE("calls can be bounded more tightly", "[kube][client]") {
  ClientRig rig;
  auto client = rig.client();
  client.limit_calls_to(2s);
  REQUIRE(run(rig.loop, client.get(kThings, "ns", "a")));
  CHECK(rig.wire.seen.front().timeout <= 2s);
}

TEST_CASE("TestConnectionResetByPeerIsRetried", "[upstream][request_retries]") {
  ClientRig rig;
  rig.wire.script = {fail(network(true)), fail(network(true))};
  SECTION("what does the same again") {
    const auto verb = GENERATE(from_range(kHarmless));
    CHECK_FALSE(call(rig, verb));
    CHECK(rig.wire.seen.size() == 3);
    CHECK(rig.retried.size() == 2);
  }
  SECTION("but not what does not") {
    const auto verb = GENERATE(from_range(kHarmful));
    const auto error = call(rig, verb);
    REQUIRE(error);
    CHECK(error->may_have_executed);
    CHECK(rig.wire.seen.size() == 1);
    CHECK(rig.retried.empty());
  }
}

TEST_CASE("a request that never left is sent again, whatever it does", "[kube][client]") {
  ClientRig rig;
  rig.wire.script = {fail(network(false))};
  const auto verb = GENERATE(from_range(kHarmless), from_range(kHarmful));
  CHECK_FALSE(call(rig, verb));
  CHECK(rig.wire.seen.size() == 2);
  CHECK(rig.observed.size() == 2);
  CHECK(rig.observed.front().ends_with(" <error>"));
  CHECK(rig.retried.front().ends_with(" <error>"));
}

TEST_CASE("TestCheckRetryHandles429And5xx", "[upstream][request_retries]") {
  ClientRig rig;
  rig.policy.tries = 10;
  SECTION("what does the same again, with its body") {
    const auto verb = GENERATE(from_range(kHarmless));
    rig.wire.script = {answer(429, 0s), answer(500, 0s), answer(503), answer(504)};
    CHECK_FALSE(call(rig, verb));
    REQUIRE(rig.wire.seen.size() == 5);
    for (const auto& request : rig.wire.seen) {
      CHECK(request.body == rig.wire.seen.front().body);
      CHECK(request.target == rig.wire.seen.front().target);
    }
    const auto method = rig.wire.seen.front().method;
    CHECK(rig.retried == std::vector<std::string>{method + " 429", method + " 500", method + " 503",
                                                  method + " 504"});
  }
  SECTION("what does not: only a refusal before anything was done") {
    const auto verb = GENERATE(from_range(kHarmful));
    rig.wire.script = {answer(429, 0s)};
    const int status = GENERATE(500, 503, 504);
    rig.wire.script.push_back(answer(status, 0s));
    const auto error = call(rig, verb);
    REQUIRE(error);
    CHECK(error->code == status);
    CHECK(rig.wire.seen.size() == 2);
  }
  SECTION("what no retry makes better") {
    const int status = GENERATE(400, 401, 403, 404, 405, 409, 410, 422, 500, 501, 502, 505);
    rig.wire.script = {answer(status)};
    const auto error = call(rig, Verb::get);
    REQUIRE(error);
    CHECK(error->code == status);
    CHECK(rig.wire.seen.size() == 1);
  }
}

TEST_CASE("TestRequestMaxRetries", "[upstream][request_retries]") {
  ClientRig rig;
  const auto [tries, good] = GENERATE(table<int, bool>({{1, false}, {2, true}, {6, true}}));
  rig.policy.tries = tries;
  rig.wire.script = {answer(429, 0s)};
  CHECK(call(rig, Verb::get).has_value() != good);
  CHECK(rig.wire.seen.size() == (good ? 2U : 1U));
}

TEST_CASE("TestRequestDoWithRetry", "[upstream][request_retries]") {
  ClientRig rig;
  rig.policy.tries = 3;
  SECTION("server always returns retry-after response") {
    for (int i = 0; i < 5; ++i) rig.wire.script.push_back(answer(429, 0s));
    REQUIRE(call(rig, Verb::get));
    CHECK(rig.wire.seen.size() == 3);
  }
  SECTION("server always returns retryable error") {
    for (int i = 0; i < 5; ++i) rig.wire.script.push_back(fail(network(true)));
    REQUIRE(call(rig, Verb::get));
    CHECK(rig.wire.seen.size() == 3);
  }
  SECTION("server returns success on the final retry") {
    rig.wire.script = {answer(429, 0s), fail(network(true))};
    CHECK_FALSE(call(rig, Verb::get));
    CHECK(rig.wire.seen.size() == 3);
  }
  CHECK(rig.observed.size() == 3);
  CHECK(rig.retried.size() == 2);
}

TEST_CASE("TestNextRetry", "[upstream][request_retries]") {
  const std::chrono::steady_clock::time_point now{1h};
  RetryPolicy policy;
  policy.pause = {1000ms, 2.0, 5000ms, 0.0, 0ms};
  const auto status = [](int code, std::optional<std::chrono::seconds> after) {
    Error error;
    error.kind = ErrorKind::status;
    error.code = code;
    error.retry_after = after;
    return error;
  };
  SECTION("the server's wish is the least, our pause the other") {
    Retries retries(policy, Repeat::harmful, now + 30s);
    CHECK(retries.next(status(429, 2s), now) == 2s);
    CHECK(retries.next(status(429, 1s), now) == 2s);
    CHECK(retries.next(status(429, std::nullopt), now) == 4s);
    CHECK_FALSE(retries.next(status(429, 1s), now));
  }
  SECTION("zero maximum retry") {
    policy.tries = 1;
    CHECK_FALSE(Retries(policy, Repeat::harmless, now + 30s).next(network(false), now));
  }
  SECTION("a pause that ends after the deadline is not begun") {
    CHECK_FALSE(Retries(policy, Repeat::harmless, now + 30s).next(status(429, 30s), now));
    CHECK(Retries(policy, Repeat::harmless, now + 30s).next(status(429, 29s), now) == 29s);
  }
  SECTION("nothing after the end is asked for") {
    Stop stop;
    policy.stop = &stop;
    Retries retries(policy, Repeat::harmless, now + 30s);
    CHECK(retries.next(network(false), now));
    stop.request();
    CHECK_FALSE(retries.next(network(false), now));
  }
  SECTION("other kinds of failure") {
    for (const auto kind : {ErrorKind::invalid_input, ErrorKind::timeout, ErrorKind::tls,
                            ErrorKind::protocol, ErrorKind::canceled, ErrorKind::io}) {
      auto error = network(false);
      error.kind = kind;
      CHECK_FALSE(worth_a_retry(error, Repeat::harmless));
    }
  }
}

TEST_CASE("a stop breaks the pause before a retry", "[kube][client]") {
  ClientRig rig;
  Stop stop;
  rig.policy.stop = &stop;
  rig.policy.pause.initial = 20s;
  rig.wire.script = {answer(503)};
  auto client = rig.client();
  boost::asio::post(rig.loop, [&] { boost::asio::post(rig.loop, [&] { stop.request(); }); });
  const auto begin = std::chrono::steady_clock::now();
  CHECK_FALSE(run(rig.loop, client.get(kThings, "ns", "a")));
  CHECK(std::chrono::steady_clock::now() - begin < 10s);
  CHECK(rig.wire.seen.size() == 1);
}

TEST_CASE("both kinds of 409 can be told apart", "[kube][client]") {
  ClientRig rig;
  SECTION("a field of somebody else's") {
    rig.wire.script = {answer(
        409, std::nullopt,
        R"({"kind":"Status","code":409,"reason":"Conflict","message":"Apply failed with 2 conflicts",
            "details":{"causes":[
              {"reason":"FieldManagerConflict","message":"conflict with \"kubectl-edit\" using apps/v1","field":".spec.replicas"},
              {"reason":"FieldManagerConflict","message":"conflict with \"helm\"","field":".data.x"},
              {"reason":"FieldManagerConflict","message":"odd","field":".y"},
              {"reason":"Other","message":"z","field":".z"}]}})")};
    const auto error = call(rig, Verb::apply);
    REQUIRE(error);
    CHECK_FALSE(is_stale(*error));
    const auto conflicts = field_conflicts(*error);
    REQUIRE(conflicts.size() == 3);
    CHECK(conflicts[0].field == ".spec.replicas");
    CHECK(conflicts[0].manager == "kubectl-edit");
    CHECK(conflicts[1].manager == "helm");
    CHECK(conflicts[2].manager == "odd");
  }
  SECTION("an older resourceVersion") {
    rig.wire.script = {answer(
        409, std::nullopt,
        R"({"kind":"Status","code":409,"reason":"Conflict","message":"the object has been modified"})")};
    const auto error = call(rig, Verb::bound_merge);
    REQUIRE(error);
    CHECK(is_stale(*error));
    CHECK(field_conflicts(*error).empty());
  }
  SECTION("something that is there already is neither") {
    rig.wire.script = {
        answer(409, std::nullopt, R"({"kind":"Status","code":409,"reason":"AlreadyExists"})")};
    const auto error = call(rig, Verb::create);
    REQUIRE(error);
    CHECK_FALSE(is_stale(*error));
    CHECK(field_conflicts(*error).empty());
  }
}

TEST_CASE("whoever answers in place of the API server is quoted, briefly and safely",
          "[kube][client]") {
  ClientRig rig;
  const int status = GENERATE(200, 403, 502);
  Response html{status, "text/html; charset=utf-8", std::nullopt,
                "<html>\n<title>Log\x1b[2Jin</title>\nAuthorization: Bearer SECRET Basic SECRET\n" +
                    std::string(5000, 'x')};
  rig.wire.script = {html};
  rig.policy.tries = 1;
  const auto error = call(rig, Verb::get);
  REQUIRE(error);
  CAPTURE(error->message);
  CHECK(error->kind == (status == 200 ? ErrorKind::protocol : ErrorKind::status));
  CHECK_THAT(error->message, Contains("a proxy or another server answers") &&
                                 Contains("text/html") && Contains("<html> <title>Log [2Jin") &&
                                 !Contains("SECRET"));
  CHECK(error->message.size() < 400);
}

TEST_CASE("an object that is cut is not quoted", "[kube][client]") {
  ClientRig rig;
  rig.wire.script = {answer(200, std::nullopt, R"({"kind":"Secret","data":{"password":"SECRET")")};
  const auto error = call(rig, Verb::get);
  REQUIRE(error);
  CHECK(error->kind == ErrorKind::protocol);
  CHECK_THAT(error->message, !Contains("SECRET"));
}

TEST_CASE("no server silences us for long", "[kube][client]") {
  const auto error = error_from_response(
      429, "application/json",
      R"({"kind":"Status","code":429,"details":{"retryAfterSeconds":86400}})", std::nullopt);
  CHECK(error.retry_after == 60s);
}
