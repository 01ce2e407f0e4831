// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "integration/plugin.h"
#include "integration/world.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

const std::string kThePlugin = item(kPlugins, "ibmc-block");
const std::string kImageOfOthers = "registry.example.com/patched:1";

std::string container_image() {
  return world()
      .api.get(kNodeDriver)
      .at("/spec/template/spec/containers/0/image"_json_pointer)
      .get<std::string>();
}

/// A GitOps tool that has its own opinion of the image, and force.
void apply_image(const std::string& manager) {
  world().api.apply(
      kNodeDriver,
      {{"apiVersion", "apps/v1"},
       {"kind", "DaemonSet"},
       {"metadata", {{"name", "ibmcloud-block-storage-driver"}, {"namespace", "kube-system"}}},
       {"spec",
        {{"template",
          {{"spec",
            {{"containers",
              {{{"name", "ibmcloud-block-storage-driver-container"},
                {"image", kImageOfOthers}}}}}}}}}}},
      manager, true);
}

void wait_image_repaired() {
  eventually("the image is set right", []() -> Missing {
    const auto image = container_image();
    if (image != kImageOfOthers) return std::nullopt;
    return plugin().at("status").value("drift", Json()).dump(1);
  });
}

Json drift() { return plugin().at("status").value("drift", Json::object()); }

Json drift_of(const std::string& field) {
  for (const auto& entry : drift().value("fields", Json::array())) {
    if (entry.at("field").get<std::string>().find(field) != std::string::npos) return entry;
  }
  return Json::object();
}

void stays(const std::string& path) {
  const auto version = world().api.get(path).at("metadata").at("resourceVersion");
  holds(
      path + " is not written",
      [&]() -> Missing {
        const auto now = world().api.get(path).at("metadata").at("resourceVersion");
        if (now == version) return std::nullopt;
        return now.dump();
      },
      2s);
}

/// Three repairs, and the fourth change stays.
void fight_image() {
  for (int i = 1; i <= 3; ++i) {
    apply_image("gitops-tool");
    wait_image_repaired();
    CHECK(drift_of(".image").value("repairs", 0) == i);
  }
  apply_image("gitops-tool");
}

Json with_log_level(const std::string& level) { return {{"spec", {{"logLevel", level}}}}; }

}  // namespace

TEST_CASE("another manager's change is set right three times, then held until the spec changes",
          "[own][drift][row-15][row-16][row-19][row-B]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  fight_image();
  const auto text =
      wait_condition("DriftDetected", "True", "DriftHeld").at("message").get<std::string>();
  CHECK_THAT(text, Contains("gitops-tool") && Contains("image") &&
                       Contains("DaemonSet kube-system/ibmcloud-block-storage-driver"));
  wait_condition("Degraded", "True", "ConflictingManager");
  const auto entry = drift_of(".image");
  CHECK(entry.at("manager") == "gitops-tool");
  CHECK(entry.at("repairs") == 3);
  CHECK(entry.at("held") == true);
  CHECK(drift().at("repaired") == 3);
  CHECK(drift().at("lastManager") == "gitops-tool");
  CHECK(container_image() == kImageOfOthers);
  stays(kNodeDriver);

  // A restart forgets nothing.
  (void)op.stop();
  OperatorProcess again(operator_options());
  stays(kNodeDriver);
  CHECK(drift_of(".image") == entry);

  // What is not held is still looked after.
  world().api.remove(item(kClasses, "ibmc-block-gold"));
  eventually("the class comes back", [&]() -> Missing {
    if (world().api.find(item(kClasses, "ibmc-block-gold"))) return std::nullopt;
    return drift().dump(1);
  });

  world().api.merge(kThePlugin, with_log_level("Debug"));
  wait_image_repaired();
  wait_condition("Degraded", "False");
  CHECK(wait_condition("DriftDetected", "True", "DriftRepaired").at("observedGeneration") == 2);
  CHECK(drift_of(".image").value("repairs", 0) == 1);
}

TEST_CASE("a hold ends when the field agrees again", "[own][drift][row-B]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  const auto image = container_image();
  fight_image();
  wait_condition("DriftDetected", "True", "DriftHeld");
  Json document = world().api.get(kNodeDriver);
  document["spec"]["template"]["spec"]["containers"][0]["image"] = image;
  world().api.replace(kNodeDriver, document);
  wait_condition("DriftDetected", "False", "NoDrift");
  wait_condition("Degraded", "False");
  // And counts from the start.
  apply_image("gitops-tool");
  wait_image_repaired();
  CHECK(drift_of(".image").value("repairs", 0) == 1);
}

TEST_CASE("kubectl's changes are named by kubectl's command and set right",
          "[own][drift][row-15][row-16]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  const auto& kubectl = world().kubectl;
  kubectl.run(
      {"-n", "kube-system", "scale", "deployment/ibmcloud-block-storage-plugin", "--replicas=4"});
  kubectl.run({"-n", "kube-system", "label", "--overwrite",
               "serviceaccount/ibmcloud-block-storage-plugin",
               "app.kubernetes.io/part-of=something"});
  kubectl.run({"-n", "kube-system", "patch", "daemonset/ibmcloud-block-storage-driver", "-p",
               R"({"spec":{"updateStrategy":{"rollingUpdate":{"maxUnavailable":7}}}})"});
  eventually("all three are set right", []() -> Missing {
    const auto& api = world().api;
    const bool done =
        api.get(kProvisioner).at("spec").at("replicas") == 1 &&
        api.get(kAccount).at("/metadata/labels/app.kubernetes.io~1part-of"_json_pointer) ==
            "ibmc-block" &&
        api.get(kNodeDriver).at("/spec/updateStrategy/rollingUpdate/maxUnavailable"_json_pointer) ==
            "10%";
    if (done) return std::nullopt;
    return drift().dump(1);
  });
  wait_condition("DriftDetected", "True", "DriftRepaired");
  CHECK_THAT(drift_of("part-of").value("manager", ""), Contains("kubectl"));
  CHECK_THAT(drift_of("maxUnavailable").value("manager", ""), Contains("kubectl"));
  kubectl.run(
      {"-n", "kube-system", "scale", "deployment/ibmcloud-block-storage-plugin", "--replicas=4"});
  eventually("scaling is undone too, whoever the server says it was", []() -> Missing {
    if (world().api.get(kProvisioner).at("spec").at("replicas") == 1) return std::nullopt;
    return drift().dump(1);
  });
  // What we do not apply is nobody's business.
  const auto repaired = drift().at("repaired");
  kubectl.run({"annotate", "storageclass/ibmc-block-gold",
               "storageclass.kubernetes.io/is-default-class=true"});
  stays(item(kClasses, "ibmc-block-gold"));
  CHECK(drift().at("repaired") == repaired);
}

TEST_CASE("drift that is only to be reported is named and left",
          "[own][drift][row-16]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin({{"reconcile", {{"drift", "Report"}}}});
  wait_applied();
  apply_image("gitops-tool");
  const auto text =
      wait_condition("DriftDetected", "True", "DriftReported").at("message").get<std::string>();
  CHECK_THAT(text, Contains("gitops-tool") && Contains("image"));
  stays(kNodeDriver);
  world().api.remove(item(kClasses, "ibmc-block-gold"));
  eventually("the deletion is told of", []() -> Missing {
    const auto told = condition(plugin(), "DriftDetected").value("message", "");
    if (told.find("StorageClass ibmc-block-gold was deleted") != std::string::npos) {
      return std::nullopt;
    }
    return told;
  });
  holds(
      "the class is not made again",
      []() -> Missing {
        if (!world().api.find(item(kClasses, "ibmc-block-gold"))) return std::nullopt;
        return "it is there";
      },
      2s);
  CHECK(condition(plugin(), "Degraded").at("status") == "False");
  world().api.merge(kThePlugin, {{"spec", {{"reconcile", {{"drift", "Repair"}}}}}});
  wait_image_repaired();
  eventually("the class is made again", []() -> Missing {
    if (world().api.find(item(kClasses, "ibmc-block-gold"))) return std::nullopt;
    return drift().dump(1);
  });
}

TEST_CASE("a class that is deleted again and again is made again three times",
          "[own][drift][row-15][row-B]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  const auto path = item(kClasses, "ibmc-block-gold");
  for (int i = 1; i <= 3; ++i) {
    // The status knows the new one before it goes.
    eventually("the class is there and noted", [&]() -> Missing {
      const auto there = world().api.find(path);
      if (!there) return "missing";
      const auto uid = there->at("metadata").at("uid");
      const auto inventory = plugin().at("status").at("inventory");
      for (const auto& entry : inventory) {
        if (entry.value("uid", Json()) == uid) return std::nullopt;
      }
      return drift().dump(1);
    });
    world().api.remove(path);
    eventually("it is counted", [&]() -> Missing {
      if (drift_of(".").value("repairs", 0) == i) return std::nullopt;
      return drift().dump(1);
    });
  }
  eventually("the class comes back", [&]() -> Missing {
    if (world().api.find(path)) return std::nullopt;
    return drift().dump(1);
  });
  wait_condition("DriftDetected", "True", "DriftRepaired");
  world().api.remove(path);
  const auto held = wait_condition("DriftDetected", "True", "DriftHeld");
  CHECK_THAT(held.at("message").get<std::string>(), Contains("ibmc-block-gold was deleted"));
  CHECK_FALSE(world().api.find(path));
  world().api.merge(kThePlugin, with_log_level("Debug"));
  eventually("a change of the spec makes it again", [&]() -> Missing {
    if (world().api.find(path)) return std::nullopt;
    return drift().dump(1);
  });
}

TEST_CASE("a field that somebody took is taken back by a new spec, three times at most",
          "[own][drift][row-19]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  fight_image();
  wait_condition("DriftDetected", "True", "DriftHeld");
  world().api.merge(kThePlugin, {{"spec", {{"driver", {{"version", "2.5.27"}}}}}});
  eventually("the new version is there", []() -> Missing {
    const auto image = container_image();
    if (image.find("2.5.27") != std::string::npos) return std::nullopt;
    return image + plugin().at("status").dump(1);
  });
  CHECK(drift_of(".image").value("repairs", 0) == 1);
}
