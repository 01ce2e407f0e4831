// SPDX-License-Identifier: Apache-2.0
#include "install/syntax.h"

#include <string>

#include <catch2/catch.hpp>

#include "install/image_reference.h"

using namespace bso::install;

TEST_CASE("syntax of values") {
  struct Row {
    bool (*check)(std::string_view);
    std::string text;
    bool good;
  };
  const std::string label63(63, 'a');
  const std::vector<Row> rows{
      {is_dns_label, "kube-system", true},
      {is_dns_label, "1a", true},
      {is_dns_label, "", false},
      {is_dns_label, "-a", false},
      {is_dns_label, "a-", false},
      {is_dns_label, "A", false},
      {is_dns_label, "a.b", false},
      {is_dns_label, label63, true},
      {is_dns_label, label63 + "a", false},
      {is_dns_subdomain, "a.b-c.d", true},
      {is_dns_subdomain, "a..b", false},
      {is_dns_subdomain, "a.", false},
      {is_dns_subdomain, std::string(254, 'a'), false},
      {is_label_value, "", true},
      {is_label_value, "A_b.c-1", true},
      {is_label_value, "a b", false},
      {is_label_value, ".a", false},
      {is_label_value, label63 + "a", false},
      {is_label_key, "kubernetes.io/os", true},
      {is_label_key, "", false},
      {is_label_key, "/os", false},
      {is_label_key, "a/", false},
      {is_label_key, "A/b", false},
      {is_label_key, "a/b/c", false},
      {is_absolute_path, "/var/lib/kubelet", true},
      {is_absolute_path, "/", false},
      {is_absolute_path, "", false},
      {is_absolute_path, "var", false},
      {is_absolute_path, "/var/", false},
      {is_absolute_path, "/var//lib", false},
      {is_absolute_path, "/a/../b", false},
      {is_absolute_path, "/a/..", false},
      {is_absolute_path, "/a b", false},
      {is_absolute_path, "/a\n", false},
      {is_absolute_path, "/a/..b", true},
      {is_quantity, "250m", true},
      {is_quantity, "1", true},
      {is_quantity, "0.5", true},
      {is_quantity, "100Mi", true},
      {is_quantity, "", false},
      {is_quantity, "-1", false},
      {is_quantity, ".5", false},
      {is_quantity, "5.", false},
      {is_quantity, "1.2.3", false},
      {is_quantity, "100mi", false},
      {is_quantity, "100 Mi", false},
      {is_quantity, "1e3", false},
      {is_max_unavailable, "1", true},
      {is_max_unavailable, "9999", true},
      {is_max_unavailable, "1%", true},
      {is_max_unavailable, "100%", true},
      {is_max_unavailable, "0", false},
      {is_max_unavailable, "0%", false},
      {is_max_unavailable, "101%", false},
      {is_max_unavailable, "10000", false},
      {is_max_unavailable, "%", false},
      {is_max_unavailable, "", false},
      {is_max_unavailable, "1.5", false},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(row.check(row.text) == row.good);
  }
}

TEST_CASE("image references are read as the kubelet reads them") {
  const std::string sha256(64, 'a');
  const std::string upper64(64, 'A');
  const std::string tag129(129, 'a');
  struct Good {
    std::string text, name, tag, digest;
  };
  for (const Good& row : std::vector<Good>{
           {"busybox", "busybox", "", ""},
           {"icr.io/ibm/driver:2.5.26", "icr.io/ibm/driver", "2.5.26", ""},
           {"localhost:5000/driver", "localhost:5000/driver", "", ""},
           {"localhost:5000/driver:1_a.b-c", "localhost:5000/driver", "1_a.b-c", ""},
           {"Registry.Example.com/driver", "Registry.Example.com/driver", "", ""},
           {"[2001:db8::1]:443/team/driver:1", "[2001:db8::1]:443/team/driver", "1", ""},
           {"a/b__c.d---e:1", "a/b__c.d---e", "1", ""},
           {"x@sha256:" + sha256, "x", "", "sha256:" + sha256},
           {"r.io/x:1@sha256:" + sha256, "r.io/x", "1", "sha256:" + sha256},
       }) {
    INFO(row.text);
    const auto parsed = parse_image_reference(row.text);
    REQUIRE(parsed.has_value());
    CHECK(parsed->name == row.name);
    CHECK(parsed->tag == row.tag);
    CHECK(parsed->digest == row.digest);
  }
  for (const std::string& text : std::vector<std::string>{
           "",
           ":1",
           "@sha256:" + sha256,
           "https://icr.io/ibm/driver:1",
           "icr.io/IBM/driver:1",
           "icr.io//driver",
           "icr.io/driver/",
           "icr.io/driver:",
           "icr.io/driver:1:2",
           "icr.io/driver:-1",
           "icr.io/driver:" + tag129,
           "icr.io/driver 1",
           "icr.io/dri..ver",
           "icr.io/dri___ver",
           "icr.io/driver-",
           "icr.io:port/driver",
           "-icr.io/driver",
           "[::1/driver",
           "driver@sha256:abc",
           "driver@sha256:" + upper64,
           "driver@md5:" + sha256,
           sha256,
           std::string(256, 'a'),
       }) {
    INFO(text);
    const auto parsed = parse_image_reference(text);
    CHECK_FALSE(parsed.has_value());
  }
  CHECK(with_registry("icr.io/ibm/driver", "example.com:5000/x") == "example.com:5000/x/driver");
  CHECK(with_registry("driver", "example.com") == "example.com/driver");
}
