// SPDX-License-Identifier: Apache-2.0
#include "install/overlap.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "unit/install/support.h"

using namespace bso::install;
using namespace bso::install::test;
using Catch::Matchers::Contains;

namespace {

ObjectRef storage_class(const std::string& name) {
  return make_ref(*find_kind("storage.k8s.io", "StorageClass"), "", name);
}
ObjectRef daemon_set(const std::string& ns, const std::string& name) {
  return make_ref(*find_kind("apps", "DaemonSet"), ns, name);
}

Claim claim(const std::string& name, const std::string& created, const std::string& driver,
            std::vector<ObjectRef> wanted) {
  return {.plugin = name,
          .created = created,
          .driver = {.kind = "CSI", .driver = driver, .provisioner = driver},
          .wanted = std::move(wanted)};
}

std::vector<std::string> refused(const std::vector<Claim>& claims) {
  std::vector<std::string> names;
  for (const Claim& mine : claims) {
    if (!judge_overlap(mine, claims).empty()) names.push_back(mine.plugin);
  }
  return names;
}

using Names = std::vector<std::string>;
const std::string kFirst = "2026-01-01T00:00:00Z";
const std::string kSecond = "2026-01-01T00:00:01Z";
const std::string kThird = "2026-01-01T00:00:02Z";

}  // namespace

TEST_CASE("of two plug-ins for one driver the older one keeps it") {
  const std::vector<Claim> claims{claim("b", kFirst, "d", {}), claim("a", kSecond, "d", {})};
  CHECK(refused(claims) == Names{"a"});
  const auto faults = judge_overlap(claims[1], claims);
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].reason == "Overlap");
  CHECK(faults[0].field == "spec.driver.name");
  CHECK_THAT(faults[0].sentence(), Contains("BlockStoragePlugin b") && Contains("driver d"));
  CHECK(refused({claim("b", kFirst, "d", {}), claim("a", kFirst, "d", {})}) == Names{"b"});
}

TEST_CASE("different drivers may not have a class or an object in common") {
  const std::vector<Claim> classes{claim("a", kFirst, "d", {storage_class("gold")}),
                                   claim("b", kSecond, "e", {storage_class("gold")})};
  CHECK(refused(classes) == Names{"b"});
  const auto fault = judge_overlap(classes[1], classes).front();
  CHECK(fault.field == "spec.storageClasses");
  CHECK_THAT(fault.sentence(), Contains("StorageClass gold") && Contains("BlockStoragePlugin a"));

  CHECK(refused({claim("a", kFirst, "d", {daemon_set("x", "n")}),
                 claim("b", kSecond, "e", {daemon_set("x", "n")})}) == Names{"b"});
  CHECK(refused({claim("a", kFirst, "d", {daemon_set("x", "n")}),
                 claim("b", kSecond, "e", {daemon_set("y", "n")})})
            .empty());
}

TEST_CASE("what is installed, or has begun to be, gives way to nobody") {
  auto older = claim("a", kFirst, "d", {storage_class("gold")});
  auto younger = claim("b", kSecond, "d", {storage_class("gold")});
  younger.begun = true;
  CHECK(refused({older, younger}) == Names{"a"});
  older.begun = true;
  younger.held = {storage_class("gold")};
  younger.driver_held = true;
  CHECK(refused({older, younger}) == Names{"a"});
}

TEST_CASE("of three plug-ins the next one follows when the first goes") {
  std::vector<Claim> claims{claim("a", kFirst, "d", {}), claim("b", kSecond, "d", {}),
                            claim("c", kThird, "d", {})};
  CHECK(refused(claims) == Names{"b", "c"});
  claims.erase(claims.begin());
  CHECK(refused(claims) == Names{"c"});
}

TEST_CASE("who asks for nothing keeps only what is installed") {
  auto object = plugin();
  object["spec"]["managementState"] = "Unmanaged";
  CHECK_FALSE(claim_of(object, parse_spec(object, shipped()), {storage_class("x")}).driver.known());
  object["status"]["inventory"] = {
      {{"group", "storage.k8s.io"}, {"version", "v1"}, {"kind", "StorageClass"}, {"name", "x"}}};
  const auto kept = claim_of(object, parse_spec(object, shipped()), {storage_class("y")});
  CHECK(kept.wanted.empty());
  CHECK(kept.held.size() == 1);
  CHECK(kept.driver.driver == "ibm/ibmc-block");
}
