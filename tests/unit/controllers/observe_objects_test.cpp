// SPDX-License-Identifier: Apache-2.0
#include "controllers/plugin/observe_objects.h"

#include <map>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "unit/run_task.h"

using namespace bso;
using namespace bso::controllers;

namespace {

install::ObjectRef map_ref(std::string name) {
  return install::make_ref(*install::find_kind("", "ConfigMap"), "ns", std::move(name));
}

class FakeLook final : public Look {
 public:
  Task<Result<codec::JsonPtr>> look(install::ObjectRef ref) override {
    asked.push_back(ref.name);
    if (ref.name == "hidden") co_return fail(invalid_input("not to be seen"));
    if (ref.name == "absent") co_return codec::JsonPtr{};
    nlohmann::json object;
    object["metadata"]["name"] = ref.name;
    object["metadata"]["uid"] = "uid-of-" + ref.name;
    co_return std::make_shared<const nlohmann::json>(std::move(object));
  }

  std::vector<std::string> asked;
};

}  // namespace

TEST_CASE("each object is looked at once, and what cannot be seen is told", "[plan]") {
  nlohmann::json wanted;
  wanted["metadata"]["name"] = "one";
  wanted["data"]["key"] = "value";
  std::vector<install::DesiredObject> desired(2);
  desired[0].ref = map_ref("one");
  desired[0].document = std::make_shared<const nlohmann::json>(wanted);
  desired[1].ref = map_ref("hidden");
  desired[1].document = desired[0].document;
  const LookList list{
      "p",
      desired,
      {map_ref("one"), map_ref("hidden"), map_ref("absent"), map_ref("more"), map_ref("more")}};
  FakeLook look;
  boost::asio::io_context loop;
  const auto looked = test::run(loop, observe_objects(look, list));
  CHECK(look.asked == std::vector<std::string>{"one", "hidden", "absent", "more"});
  REQUIRE(looked.observed.size() == 3);
  CHECK(looked.observed[0].uid == "uid-of-one");
  CHECK_FALSE(looked.observed[0].drift.empty());  // compared with what is desired
  CHECK_FALSE(looked.observed[1].exists);
  CHECK(looked.observed[2].drift.empty());
  REQUIRE(looked.unread.size() == 1);
  CHECK(looked.unread.front().ref.name == "hidden");
}
