// SPDX-License-Identifier: Apache-2.0
#include "integration/live_reflector.h"

#include <chrono>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "codec/json.h"
#include "codec/kube_protobuf.h"
#include "integration/world.h"
#include "kube/client_config.h"
#include "kube/resource_version.h"
#include "support/eventually.h"

namespace bso::test {

struct LiveReflector::Seen {
  std::string ns;
  std::string name;
  Held held;

  static Result<Seen> from_protobuf(std::string_view object) {
    const auto key = codec::decode_object_key(object);
    if (!key) return fail(key.error());
    return Seen{std::string(key->ns),
                std::string(key->name),
                {std::string(key->resource_version), std::string(key->uid)}};
  }
  static Result<Seen> from_json(std::string_view object) {
    const auto document = codec::parse_json(object);
    if (!document) return fail(document.error());
    return Seen{codec::string_at(*document, {"metadata", "namespace"}),
                codec::string_at(*document, {"metadata", "name"}),
                {codec::string_at(*document, {"metadata", "resourceVersion"}),
                 codec::string_at(*document, {"metadata", "uid"})}};
  }
};

LiveReflector::LiveReflector(kube::Reflector::Options options, const std::string& kubeconfig) {
  const auto& file = kubeconfig.empty() ? world().plane.kubeconfig() : kubeconfig;
  auto config = kube::load_client_config(kube::sources_of_process(file, ""));
  if (!config) throw TestFailure(config.error().message);
  transport::TransportOptions wire;
  wire.endpoint = config->endpoint;
  wire.user_agent = kAgent;
  wire.authorize = kube::make_authorizer(*config);
  auto transport = transport::make_transport(loop_.get_executor(), std::move(wire));
  if (!transport) throw TestFailure(transport.error().message);
  transport_ = std::move(*transport);
  const auto observer = [](std::string_view, std::string_view) {};
  client_ = std::make_unique<kube::Client>(*transport_, kAgent, observer);
  sink_ = make_sink(options.resource.protobuf);
  reflector_ = std::make_unique<kube::Reflector>(
      *transport_, std::move(options), *sink_, observer,
      [this](const kube::Reflector&, const Error& error) { errors.push_back(error.message); });
}

LiveReflector::~LiveReflector() {
  stop_.request();
  loop_.restart();
  loop_.run_for(5s);
}

std::unique_ptr<kube::ObjectSink> LiveReflector::make_sink(bool protobuf) {
  using Sink = kube::RecordSink<Seen>;
  return std::make_unique<Sink>(Sink::Store{
      .decode = protobuf ? Seen::from_protobuf : Seen::from_json,
      .key =
          [](const Seen& seen) {
            return Sink::Key{seen.ns, seen.name};
          },
      .upsert =
          [this](Seen seen) {
            journal.push_back("+" + seen.name);
            auto& known = held[{seen.ns, seen.name}];
            if (known.uid == seen.held.uid && kube::is_older(seen.held.version, known.version)) {
              went_back.push_back(seen.name);
            }
            known = std::move(seen.held);
          },
      .erase =
          [this](const Sink::Key& key) {
            if (held.erase(key) > 0) journal.push_back("-" + key.second);
          },
      .keys =
          [this] {
            std::vector<Sink::Key> keys;
            for (const auto& [key, known] : held) keys.push_back(key);
            return keys;
          }});
}

void LiveReflector::begin() {
  boost::asio::co_spawn(loop_, reflector_->run(stop_), boost::asio::detached);
}

void LiveReflector::start() {
  begin();
  until("the first list is there", [this] { return reflector_->synced(); });
}

void LiveReflector::until(const std::string& what, const std::function<bool()>& so,
                          std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!so()) {
    if (std::chrono::steady_clock::now() > deadline) {
      const auto& stats = reflector().stats();
      throw TestFailure(fmt::format("in vain: {}; seen: {}; errors: {}; {} lists, {} watches", what,
                                    fmt::join(journal, " "), fmt::join(errors, "; "), stats.lists,
                                    stats.watches));
    }
    turn(5ms);
  }
}

void LiveReflector::turn(std::chrono::milliseconds time) {
  loop_.restart();
  loop_.run_for(time);
}

void LiveReflector::expect(const std::vector<std::string>& events) {
  until("all events", [&] { return journal.size() >= events.size(); });
  turn(50ms);
  CHECK(journal == events);
}

std::string LiveReflector::ask_floor() {
  std::string floor;
  const auto ask = [](kube::Client& client, std::string& into) -> Task<void> {
    into = co_await kube::resource_version_floor(client, kube::storage_classes);
  };
  boost::asio::co_spawn(loop_, ask(*client_, floor), boost::asio::detached);
  until("the floor is known", [&] { return !floor.empty(); });
  return floor;
}

}  // namespace bso::test
