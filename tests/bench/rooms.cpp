// SPDX-License-Identifier: Apache-2.0
#include "bench/rooms.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>

#include "base/log.h"
#include "kube/client_config.h"

namespace bso::bench {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

}  // namespace

Rooms::Rooms(const std::function<TransportPtr(TransportPtr)>& wrap) {
  log::configure(log::Level::warn, log::Format::text);
  const auto config = must(kube::load_client_config(kube::sources_of_process("", "")));
  transport::TransportOptions options;
  options.endpoint = config.endpoint;
  options.user_agent = "bench";
  options.authorize = kube::make_authorizer(config);
  transport = must(transport::make_transport(loop.get_executor(), std::move(options)));
  if (wrap) transport = wrap(std::move(transport));
  client = std::make_unique<kube::Client>(*transport, "block-storage-operator",
                                          [](std::string_view, std::string_view) {});
  view = std::make_unique<cluster::View>();
  feed = std::make_unique<controllers::ClusterFeed>(wire(), *view);
}

controllers::Wire Rooms::wire() {
  return {
      .executor = loop.get_executor(),
      .transport = *transport,
      .client = *client,
      .observer = [](std::string_view, std::string_view) {},
      .on_watch_error =
          [](const kube::Reflector& reflector, const Error& error) {
            log::warn("a watch failed", {{"watch", reflector.name()}, {"error", error.message}});
          }};
}

void Rooms::run(Task<void> main) {
  boost::asio::co_spawn(loop, std::move(main), [this](std::exception_ptr escaped) {
    loop.stop();
    if (!escaped) return;
    try {
      std::rethrow_exception(escaped);
    } catch (const std::exception& error) {
      give_up(error);
    }
  });
  loop.run();
}

Task<void> Rooms::warm_up() {
  auto called = co_await client->get_path("/version");
  (void)must(std::move(called));
  transport::Request request;
  request.target = "/version";
  auto opened = co_await transport->open(std::move(request));
  const auto stream = must(std::move(opened));
  std::array<char, 4096> chunk;
  while (true) {
    auto got = co_await stream->read(chunk, std::chrono::seconds{10});
    if (must(std::move(got)) == 0) co_return;
  }
}

const kube::Reflector& Rooms::pods_reflector() const {
  const kube::Reflector* found = nullptr;
  feed->for_each_reflector([&found](const kube::Reflector& reflector) {
    if (reflector.name() == "pods") found = &reflector;
  });
  if (found == nullptr) throw std::logic_error("the feed has no pods");
  return *found;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(fmt::format("{} is not set", name));
  return value;
}

Task<void> until(const char* what, std::function<bool()> so, Stop& stop) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes{5};
  while (!so()) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error(fmt::format("in vain: {}", what));
    }
    (void)co_await sleep_for(std::chrono::milliseconds{2}, stop);
  }
}

bool is_annotated(const cluster::View& view, const std::string& key) {
  const auto slash = key.find('/');
  const auto* held = view.pod(key.substr(0, slash), key.substr(slash + 1));
  return held != nullptr && held->annotated();
}

void print_spread(const std::string& name, std::vector<std::int64_t> values, double unit) {
  std::sort(values.begin(), values.end());
  const auto at = [&](std::size_t percent) {
    const auto index = std::min(values.size() - 1, values.size() * percent / 100);
    return static_cast<double>(values[index]) / unit;
  };
  fmt::print("{0}_p50={1:.2f}\n{0}_p99={2:.2f}\n{0}_max={3:.2f}\n", name, at(50), at(99), at(100));
}

void give_up(const std::exception& escaped) {
  std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, escaped.what());
  std::_Exit(1);
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::uint64_t status_kib(const char* field) {
  std::ifstream status("/proc/self/status");
  const auto wanted = std::string(field) + ":";
  for (std::string word; status >> word;) {
    std::uint64_t value = 0;
    if (word == wanted && status >> value) return value;
  }
  throw std::runtime_error("/proc/self/status has no " + wanted);
}

std::uint64_t heap_bytes() {
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

}  // namespace bso::bench
