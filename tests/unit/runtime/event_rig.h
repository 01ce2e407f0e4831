// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include "fake_clock.h"
#include "runtime/event_recorder.h"

namespace bso::runtime {

/// What a server makes of Events, as far as a recorder can see: create, merge patch, expiry an hour
/// after the last write. `fault`, where set, answers instead.
class EventServer final : public transport::Transport {
 public:
  using Answer = Result<transport::Response>;

  explicit EventServer(FakeClock& clock) : clock_(clock) {}

  struct Request {
    std::string method;
    std::string target;
    nlohmann::json body;
  };
  struct Stored {
    nlohmann::json event;
    Clock::Instant written;
  };

  std::vector<Request> requests;
  std::map<std::string, Stored> events;  ///< by name
  std::function<std::optional<Answer>(const Request& request)> fault;

  Task<Result<transport::Response>> call(transport::Request wire) override {
    Request request{wire.method, wire.target, nlohmann::json::parse(wire.body)};
    requests.push_back(request);
    std::optional<Answer> answer;
    const auto scripted = fault;  // which may put another one in its place
    if (scripted) answer = scripted(request);
    if (!answer) answer = serve(request);
    co_return *answer;
  }
  Task<Result<std::unique_ptr<transport::BodyStream>>> open(transport::Request) override {
    co_return fail(Error{});
  }

  static Answer status(int code, const std::string& reason, const std::string& cause = {}) {
    nlohmann::json body = {{"kind", "Status"},      {"apiVersion", "v1"}, {"status", "Failure"},
                           {"message", "scripted"}, {"reason", reason},   {"code", code}};
    if (!cause.empty()) body["details"]["causes"] = {{{"reason", cause}}};
    transport::Response response;
    response.status = code;
    response.content_type = "application/json";
    response.body = body.dump();
    return response;
  }
  static Answer network(bool may_have_executed) {
    Error error;
    error.kind = ErrorKind::network;
    error.message = "connection reset";
    error.may_have_executed = may_have_executed;
    return fail(std::move(error));
  }
  void expire() {
    std::erase_if(events, [this](const auto& one) {
      return clock_.now() - one.second.written >= std::chrono::hours(1);
    });
  }
  [[nodiscard]] std::size_t count(const std::string& method) const {
    return static_cast<std::size_t>(
        std::count_if(requests.begin(), requests.end(),
                      [&](const Request& request) { return request.method == method; }));
  }

  Answer serve(const Request& request) {
    expire();
    if (request.method == "POST") {
      const auto name = request.body.at("metadata").at("name").get<std::string>();
      if (events.contains(name)) return status(409, "AlreadyExists");
      return store(name, request.body);
    }
    const auto path = request.target.substr(0, request.target.find('?'));
    const auto name = path.substr(path.rfind('/') + 1);
    const auto found = events.find(name);
    if (found == events.end()) return status(404, "NotFound");
    auto event = found->second.event;
    event.merge_patch(request.body);
    if (event.at("series").value("count", 0) < 2) return status(422, "Invalid");
    return store(name, event);
  }

 private:
  Answer store(const std::string& name, const nlohmann::json& event) {
    events[name] = {event, clock_.now()};
    transport::Response response;
    response.status = 200;
    response.content_type = "application/json";
    response.body = event.dump();
    return response;
  }

  FakeClock& clock_;
};

struct EventRig {
  boost::asio::io_context loop;
  FakeClock clock;
  EventServer server{clock};
  Metrics metrics;
  kube::Client client{server, "test", [](std::string_view, std::string_view) {}, {.tries = 1}};
  double chance = 0;
  Stop stop;
  bool ended = false;
  EventRecorder recorder{loop.get_executor(),      client,   metrics,
                         "block-storage-operator", "node-1", clock,
                         [this] { return chance; }};

  EventRig() {
    boost::asio::co_spawn(loop, run(), boost::asio::detached);
    poll();
  }
  ~EventRig() {
    stop.request();
    poll();
  }

  static EventNote note(const std::string& text, const std::string& action = "Diagnose") {
    EventNote note;
    note.regarding = {"v1", "Pod", "shop", "web-0", "uid-web-0"};
    note.type = "Warning";
    note.reason = "VolumeHeld";
    note.action = action;
    note.note = text;
    return note;
  }
  void record(const std::string& text) {
    recorder.record(note(text));
    poll();
  }
  void poll() {
    loop.restart();
    loop.poll();
  }
  void advance(Clock::Duration by) {
    clock.advance(by);
    poll();
  }
  const EventServer::Request& last() { return server.requests.back(); }
  double shown(const std::string& name) {
    const auto text = metrics.exposition();
    const auto at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
  }

 private:
  Task<void> run() {
    co_await recorder.run(stop);
    ended = true;
  }
};

}  // namespace bso::runtime
