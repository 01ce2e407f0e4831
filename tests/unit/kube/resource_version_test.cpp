// SPDX-License-Identifier: Apache-2.0
#include "kube/resource_version.h"

#include <catch2/catch.hpp>

#include "unit/kube/scripted_wire.h"

using namespace bso;
using namespace bso::kube;
using namespace bso::test;

TEST_CASE("versions are ordered as decimal numbers", "[resource_version]") {
  CHECK(is_older("9", "10"));
  CHECK_FALSE(is_older("10", "9"));
  CHECK_FALSE(is_older("10", "10"));
  CHECK_FALSE(is_older("010", "10"));
  CHECK(is_older("0", "1"));
  CHECK(is_older("18446744073709551615", "18446744073709551616"));  // beyond 64 bits
  for (const char* odd : {"", "a", "-1", "1.5", "0x10", " 1", "1a"}) {
    INFO(odd);
    CHECK_FALSE(is_older(odd, "10"));
    CHECK_FALSE(is_older("10", odd));
  }
}

TEST_CASE("the floor is the version of a quorum list of one", "[resource_version]") {
  const auto [answer, floor] = GENERATE(table<Answer, std::string>({
      {list("4711", {}), "4711"},
      {list("", {}), "0"},
      {list("abc", {}), "0"},
      {refusal(403, "Forbidden"), "0"},
      {refused(ErrorKind::network, false), "0"},
  }));
  boost::asio::io_context loop;
  ScriptedTransport wire(loop.get_executor());
  wire.script = {answer};
  Client client(wire, "test", [](std::string_view, std::string_view) {}, {.tries = 1});
  std::string got;
  const auto ask = [](Client& to, std::string& into) -> Task<void> {
    into = co_await resource_version_floor(to, storage_classes);
  };
  boost::asio::co_spawn(loop, ask(client, got), boost::asio::detached);
  loop.run_for(kLongest);
  CHECK(got == floor);
  CHECK(wire.targets == Lines{"/apis/storage.k8s.io/v1/storageclasses?limit=1"});
}
