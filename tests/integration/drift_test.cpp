// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "integration/plugin.h"
#include "integration/world.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

const std::string kGold = item(kClasses, "ibmc-block-gold");

std::string message(const Json& condition) { return condition.value("message", ""); }

/// Waits until Degraded tells this, and returns its message.
std::string wait_degraded(const std::string& reason) {
  return message(wait_condition("Degraded", "True", reason));
}

Json labels_of(const std::string& path) {
  return world().api.get(path).at("metadata").value("labels", Json::object());
}

}  // namespace

TEST_CASE("what is deleted comes back", "[install][own][row-15]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  for (const auto& path : managed_paths()) {
    const auto before = world().api.get(path).at("metadata").at("uid");
    world().api.remove(path);
    eventually(path + " comes back", [&]() -> Missing {
      const auto now = world().api.find(path);
      if (now && now->at("metadata").at("uid") != before) return std::nullopt;
      return plugin().at("status").dump(1);
    });
  }
}

TEST_CASE("what others take away is set right", "[install][own][row-15]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  const Json without{{"metadata", {{"labels", {{"app.kubernetes.io/part-of", nullptr}}}}}};
  for (const auto& path : managed_paths()) {
    world().api.merge(path, without);
    eventually("the label of " + path + " comes back", [&]() -> Missing {
      const auto labels = labels_of(path);
      if (labels.value("app.kubernetes.io/part-of", "") == "ibmc-block") return std::nullopt;
      return labels.dump();
    });
  }
}

TEST_CASE("a class that cannot be changed is reported, not fought", "[install][own]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin({{"storageClasses", {{"onImmutableChange", "Block"}}}});
  wait_applied();
  (void)op.stop();  // or it would make the class anew before we do
  auto other = world().api.get(kGold);
  other["metadata"] = {{"name", "ibmc-block-gold"},
                       {"labels", other.at("metadata").at("labels")},
                       {"annotations", other.at("metadata").value("annotations", Json::object())}};
  other["parameters"]["iopsPerGB"] = "3";
  world().api.remove(kGold);
  const auto made = world().api.create(kClasses, other);

  OperatorProcess again(operator_options());
  const auto text = wait_degraded("ImmutableChangeBlocked");
  CHECK_THAT(text, Contains("StorageClass ibmc-block-gold") && Contains("iopsPerGB") &&
                       Contains("Delete the class"));
  CHECK(message(wait_condition("StorageClassesReady", "False")) == text);
  CHECK(world().api.get(kGold) == made);

  world().api.remove(kGold);
  wait_condition("Degraded", "False");
  CHECK(world().api.get(kGold).at("parameters").at("iopsPerGB") == "10");
}

TEST_CASE("a stranger's object under our name is left alone and reported",
          "[install][own][row-H]") {
  const PluginTest clean;
  const auto foreign = world().api.create(kClasses, {{"metadata", {{"name", "ibmc-block-gold"}}},
                                                     {"provisioner", "example.com/other"}});
  const auto account =
      world().api.create("/api/v1/namespaces/kube-system/serviceaccounts",
                         {{"metadata",
                           {{"name", "ibmcloud-block-storage-plugin"},
                            {"labels", {{"app.kubernetes.io/managed-by", "other-operator"}}}}}});
  OperatorProcess op(operator_options());
  create_plugin();
  eventually("both are reported", [&]() -> Missing {
    const auto text = message(condition(plugin(), "Degraded"));
    if (text.find("StorageClass ibmc-block-gold exists and was not made by the operator") !=
            std::string::npos &&
        text.find("ServiceAccount kube-system/ibmcloud-block-storage-plugin belongs to") !=
            std::string::npos) {
      return std::nullopt;
    }
    return text;
  });
  CHECK(world().api.get(kGold) == foreign);
  CHECK(world().api.get(kAccount) == account);
  CHECK(world().api.find(item(kClasses, "ibmc-block-silver")));

  // The remedy that the message names works.
  world().api.remove(kGold);
  const Json handed_over{{"metadata",
                          {{"labels",
                            {{"app.kubernetes.io/managed-by", "block-storage-operator"},
                             {"blockstorage.dev/plugin", "ibmc-block"}}}}}};
  world().api.merge(kAccount, handed_over);
  wait_condition("Degraded", "False");
  CHECK(labels_of(kAccount).value("app.kubernetes.io/part-of", "") == "ibmc-block");
}
