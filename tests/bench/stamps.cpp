// SPDX-License-Identifier: Apache-2.0
#include "bench/stamps.h"

#include <atomic>
#include <chrono>

#include <dlfcn.h>
#include <sys/socket.h>

namespace {

using bso::bench::now_ns;

thread_local bso::bench::Nanoseconds received_at = 0;
std::atomic<bool> noting_sends = false;
std::atomic<bso::bench::Nanoseconds> sent_at = 0;

template <class Function>
Function* of_the_library(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

ssize_t received(ssize_t bytes) {
  if (bytes > 0) received_at = now_ns();
  return bytes;
}

void sending() {
  if (noting_sends) sent_at = now_ns();
}

}  // namespace

// The four functions by which Asio moves bytes.
extern "C" {

ssize_t recv(int socket, void* buffer, size_t size, int flags) {
  static const auto next = of_the_library<decltype(::recv)>("recv");
  return received(next(socket, buffer, size, flags));
}

ssize_t recvmsg(int socket, msghdr* message, int flags) {
  static const auto next = of_the_library<decltype(::recvmsg)>("recvmsg");
  return received(next(socket, message, flags));
}

ssize_t send(int socket, const void* buffer, size_t size, int flags) {
  static const auto next = of_the_library<decltype(::send)>("send");
  sending();
  return next(socket, buffer, size, flags);
}

ssize_t sendmsg(int socket, const msghdr* message, int flags) {
  static const auto next = of_the_library<decltype(::sendmsg)>("sendmsg");
  sending();
  return next(socket, message, flags);
}

}  // extern "C"

namespace bso::bench {

Nanoseconds now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Nanoseconds Stamps::last_received() { return received_at; }

void Stamps::begin_sends() {
  sent_at = 0;
  noting_sends = true;
}

Nanoseconds Stamps::end_sends() {
  noting_sends = false;
  return sent_at;
}

namespace {

constexpr std::string_view kPodsWatch = "/api/v1/pods?watch=true";

class StampingStream final : public transport::BodyStream {
 public:
  StampingStream(std::unique_ptr<transport::BodyStream> inner,
                 const StampingTransport::Listener& listener)
      : inner_(std::move(inner)), listener_(listener) {}

  [[nodiscard]] int status() const override { return inner_->status(); }
  [[nodiscard]] const std::string& content_type() const override { return inner_->content_type(); }
  [[nodiscard]] std::optional<std::chrono::seconds> retry_after() const override {
    return inner_->retry_after();
  }
  Task<Result<std::size_t>> read(std::span<char> into, std::chrono::milliseconds idle) override {
    listener_.on_applied();
    auto got = co_await inner_->read(into, idle);
    listener_.on_bytes(Stamps::last_received());
    co_return got;
  }
  void close() override { inner_->close(); }

 private:
  std::unique_ptr<transport::BodyStream> inner_;
  const StampingTransport::Listener& listener_;
};

}  // namespace

StampingTransport::StampingTransport(std::unique_ptr<transport::Transport> inner, Listener listener)
    : inner_(std::move(inner)), listener_(std::move(listener)) {}

Task<Result<transport::Response>> StampingTransport::call(transport::Request request) {
  if (listener_.on_request) listener_.on_request(request.method, request.target);
  if (request.method != "PATCH" || !request.target.starts_with("/api/v1/namespaces/")) {
    auto answer = co_await inner_->call(std::move(request));
    co_return answer;
  }
  const auto path = request.target.substr(0, request.target.find('?'));
  listener_.on_asked(path);
  Stamps::begin_sends();
  auto answer = co_await inner_->call(std::move(request));
  listener_.on_sent(path, Stamps::end_sends());
  co_return answer;
}

Task<Result<std::unique_ptr<transport::BodyStream>>> StampingTransport::open(
    transport::Request request) {
  const bool watched = request.target.starts_with(kPodsWatch);
  auto stream = co_await inner_->open(std::move(request));
  if (stream && watched) {
    co_return std::make_unique<StampingStream>(std::move(*stream), listener_);
  }
  co_return stream;
}

}  // namespace bso::bench
