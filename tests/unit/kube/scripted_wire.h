// SPDX-License-Identifier: Apache-2.0
// An API server that says what a test has written down, request by request.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "kube/document_store.h"
#include "kube/reflector.h"

namespace bso::test {

using namespace std::chrono_literals;

/// No test takes so long, sanitizers and a loaded machine included.
inline constexpr std::chrono::seconds kLongest{120};

inline constexpr kube::Resource kThings{"example.com", "v1", "things", "Thing", true, false};

/// One answer to one request.
struct Answer {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::string> chunks = {};  ///< as they come from the wire
  bool hang = false;                     ///< stay open after the last chunk, until stopped
  bool cut = false;                      ///< break off after the last chunk
  bool silent = false;                   ///< say nothing more until the reader loses patience
  std::optional<std::chrono::seconds> retry_after = {};
  std::optional<Error> refused = {};  ///< no answer at all
};

inline Error wire_error(ErrorKind kind, bool may_have_executed) {
  Error error;
  error.kind = kind;
  error.message = "scripted";
  error.may_have_executed = may_have_executed;
  return error;
}

class ScriptedStream final : public transport::BodyStream {
 public:
  /// `idles`: told how long each read was ready to wait.
  ScriptedStream(Answer answer, Executor executor, std::vector<std::chrono::milliseconds>& idles)
      : answer_(std::move(answer)), timer_(executor), idles_(idles) {}

  [[nodiscard]] int status() const override { return answer_.status; }
  [[nodiscard]] const std::string& content_type() const override { return answer_.content_type; }
  [[nodiscard]] std::optional<std::chrono::seconds> retry_after() const override {
    return answer_.retry_after;
  }

  Task<Result<std::size_t>> read(std::span<char> into, std::chrono::milliseconds idle) override {
    idles_.push_back(idle);
    if (next_ < answer_.chunks.size()) {
      const std::string_view chunk = answer_.chunks[next_];
      const auto count = std::min(into.size(), chunk.size() - used_);
      std::copy_n(chunk.begin() + static_cast<std::ptrdiff_t>(used_), count, into.begin());
      used_ += count;
      if (used_ == chunk.size()) {
        ++next_;
        used_ = 0;
      }
      co_return count;
    }
    if (answer_.hang && !closed_) {
      boost::system::error_code ignored;
      timer_.expires_at(boost::asio::steady_timer::time_point::max());
      co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
    if (answer_.silent) co_return fail(wire_error(ErrorKind::timeout, true));
    if (answer_.hang || answer_.cut) co_return fail(wire_error(ErrorKind::network, true));
    co_return std::size_t{0};
  }
  void close() override {
    closed_ = true;
    timer_.cancel();
  }

 private:
  Answer answer_;
  boost::asio::steady_timer timer_;
  std::vector<std::chrono::milliseconds>& idles_;
  std::size_t next_ = 0;
  std::size_t used_ = 0;  ///< of the chunk that is next
  bool closed_ = false;
};

class ScriptedTransport final : public transport::Transport {
 public:
  explicit ScriptedTransport(Executor executor) : executor_(std::move(executor)) {}

  Task<Result<transport::Response>> call(transport::Request request) override {
    targets.push_back(request.target);
    if (script.empty()) co_return fail(wire_error(ErrorKind::network, false));
    const auto answer = std::move(script.front());
    script.pop_front();
    if (answer.refused) co_return fail(*answer.refused);
    transport::Response response;
    response.status = answer.status;
    response.content_type = answer.content_type;
    response.retry_after = answer.retry_after;
    for (const auto& chunk : answer.chunks) response.body += chunk;
    co_return response;
  }
  /// What the script does not foresee is left without an end.
  Task<Result<std::unique_ptr<transport::BodyStream>>> open(transport::Request request) override {
    targets.push_back(request.target);
    for (const auto& header : request.headers) {
      if (header.name == "Accept") accepts.push_back(header.value);
    }
    Answer answer;
    if (script.empty()) {
      answer.hang = true;
      if (on_end) on_end();
    } else {
      answer = std::move(script.front());
      script.pop_front();
    }
    if (answer.refused) co_return fail(*answer.refused);
    co_return std::make_unique<ScriptedStream>(std::move(answer), executor_, idles);
  }

  std::deque<Answer> script;
  std::vector<std::string> targets;
  std::vector<std::string> accepts;
  std::vector<std::chrono::milliseconds> idles;
  std::function<void()> on_end;

 private:
  Executor executor_;
};

inline std::string thing(const std::string& name, const std::string& version) {
  return R"({"kind":"Thing","apiVersion":"example.com/v1","metadata":{"name":")" + name +
         R"(","namespace":"n","uid":"u-)" + name + R"(","resourceVersion":")" + version + R"("}})";
}

inline std::string event(const std::string& type, const std::string& object) {
  return R"({"type":")" + type + R"(","object":)" + object + "}\n";
}

inline std::string bookmark(const std::string& version) {
  return event("BOOKMARK",
               R"({"kind":"Thing","metadata":{"resourceVersion":")" + version + R"("}})");
}

/// The bookmark at the end of a streamed list.
inline std::string initial_end(const std::string& version, const std::string& value = "true") {
  return event("BOOKMARK", R"({"kind":"Thing","metadata":{"resourceVersion":")" + version +
                               R"(","annotations":{"k8s.io/initial-events-end":")" + value +
                               R"("}}})");
}

inline std::string status_text(int code, const std::string& reason, const std::string& message = {},
                               const std::string& details = "{}") {
  return R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":")" + message +
         R"(","reason":")" + reason + R"(","details":)" + details + R"(,"code":)" +
         std::to_string(code) + "}";
}

/// An unsuccessful answer.
inline Answer refusal(int code, const std::string& reason, const std::string& message = {},
                      const std::string& details = "{}") {
  return {.status = code, .chunks = {status_text(code, reason, message, details)}};
}

inline Answer refused(ErrorKind kind, bool may_have_executed) {
  Answer answer;
  answer.refused = wire_error(kind, may_have_executed);
  return answer;
}

inline Answer list(const std::string& version, const std::vector<std::string>& items,
                   const std::string& token = {}) {
  std::string body = R"({"kind":"ThingList","metadata":{"resourceVersion":")" + version +
                     R"(","continue":")" + token + R"("},"items":[)";
  for (std::size_t i = 0; i < items.size(); ++i) body += (i > 0 ? "," : "") + items[i];
  Answer answer;
  answer.chunks = {body + "]}"};
  return answer;
}

inline Answer watch(std::vector<std::string> chunks) { return {.chunks = std::move(chunks)}; }

/// A watch that ends by an ERROR event.
inline Answer watch_error(int code, const std::string& reason,
                          std::vector<std::string> before = {}) {
  before.push_back(event("ERROR", status_text(code, reason)));
  return {.chunks = std::move(before)};
}

/// A reflector, its store and the scripted server.
struct Bench {
  Stop stop;  ///< outlives what a loop that was not used up still holds
  boost::asio::io_context loop;
  ScriptedTransport wire{loop.get_executor()};
  kube::DocumentStore store{[this](const kube::Document& document) {
    changes.push_back(document.name + "@" + document.resource_version);
    if (on_change) on_change(document);
  }};
  std::vector<std::string> changes;
  std::function<void(const kube::Document&)> on_change;
  std::vector<std::string> errors;
  std::vector<std::chrono::milliseconds> pauses;  ///< that the reflector wanted to make
  /// The reflector's clock: stands still but for the pauses, which take no real time.
  std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now();
  kube::Reflector::Options options = [this] {
    kube::Reflector::Options made;
    made.resource = kThings;
    made.timing.now = [this] { return now; };
    made.timing.random = [] { return 0.0; };
    made.timing.sleep = [this](std::chrono::milliseconds time, Stop& stopped) {
      pauses.push_back(time);
      now += time;
      return sleep_for(0ms, stopped);
    };
    return made;
  }();
  std::unique_ptr<kube::Reflector> reflector;

  /// Runs until the script is used up.
  void run() {
    start();
    loop.run_for(kLongest);
    REQUIRE(loop.stopped());  // the reflector has ended
  }
  void start() {
    reflector = std::make_unique<kube::Reflector>(
        wire, options, store.sink(), [](std::string_view, std::string_view) {},
        [this](const kube::Reflector&, const Error& error) { errors.push_back(error.message); });
    wire.on_end = [this] { stop.request(); };
    boost::asio::co_spawn(loop, reflector->run(stop), boost::asio::detached);
  }
  [[nodiscard]] std::string names() const {
    std::string text;
    for (const auto& [key, document] : store.all()) {
      text += key.second + "@" + document.resource_version + " ";
    }
    return text;
  }
  /// The requests, one line each, reduced to what decides: "list rv=0 limit=500", "watch rv=10".
  [[nodiscard]] std::vector<std::string> requests() const;
};

/// The value of a query parameter, still percent-encoded; nullopt when it is absent.
inline std::optional<std::string> parameter(const std::string& target, const std::string& key) {
  const auto query = target.find('?');
  if (query == std::string::npos) return std::nullopt;
  const auto text = "&" + target.substr(query + 1) + "&";
  const auto at = text.find("&" + key + "=");
  if (at == std::string::npos) return std::nullopt;
  const auto start = at + key.size() + 2;
  return text.substr(start, text.find('&', start) - start);
}

inline std::vector<std::string> Bench::requests() const {
  std::vector<std::string> lines;
  for (const auto& target : wire.targets) {
    const bool watches = parameter(target, "watch").has_value();
    std::string line = watches ? "watch" : "list";
    if (const auto token = parameter(target, "continue")) {
      line += " continue=" + *token;
    } else {
      line += " rv=" + parameter(target, "resourceVersion").value_or("");
    }
    if (const auto match = parameter(target, "resourceVersionMatch")) line += " " + *match;
    if (const auto limit = parameter(target, "limit")) line += " limit=" + *limit;
    if (parameter(target, "sendInitialEvents")) line += " initial";
    lines.push_back(std::move(line));
  }
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace bso::test
