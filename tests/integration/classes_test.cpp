// SPDX-License-Identifier: Apache-2.0
// StorageClasses: policies, what is made anew because it cannot be changed, and the default class.
#include <atomic>
#include <chrono>
#include <thread>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "fault/fault_bench.h"
#include "fault/passage.h"
#include "integration/plugin.h"
#include "integration/world.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

constexpr const char* kMark = "storageclass.kubernetes.io/is-default-class";
const std::string kGold = item(kClasses, "ibmc-block-gold");
const std::string kForeignClass = item(kClasses, "file-of-others");
const std::string kPlugin = item(kPlugins, "ibmc-block");
const std::string kBinding = item(kClusterRoleBindings, "ibmcloud-block-storage-plugin");

/// Somebody else's class, as the default one or not.
class ForeignClass {
 public:
  explicit ForeignClass(bool marked) {
    world().api.remove(kForeignClass);
    world().api.create(
        kClasses,
        {{"metadata",
          {{"name", "file-of-others"}, {"annotations", {{kMark, marked ? "true" : "false"}}}}},
         {"provisioner", "example.com/file"}});
  }
  ~ForeignClass() { world().api.remove(kForeignClass); }
  ForeignClass(const ForeignClass&) = delete;
  ForeignClass& operator=(const ForeignClass&) = delete;
};

bool is_default(const std::string& path) {
  const auto found = world().api.find(path);
  return found &&
         found->at("metadata").value("annotations", Json::object()).value(kMark, "") == "true";
}

void mark(const std::string& path, bool marked) {
  world().api.merge(path, {{"metadata", {{"annotations", {{kMark, marked ? "true" : "false"}}}}}});
}

void change_classes(const Json& classes) {
  world().api.merge(kPlugin, {{"spec", {{"storageClasses", classes}}}});
}

std::string state_of(const std::string& name) {
  for (const auto& entry : plugin().value("/status/storageClasses"_json_pointer, Json::array())) {
    if (entry.at("name") == name) return entry.value("state", "");
  }
  return "not listed";
}

void wait_state(const std::string& name, const std::string& state) {
  eventually(fmt::format("{} is {}", name, state), [&]() -> Missing {
    if (state_of(name) == state) return std::nullopt;
    return plugin().value("status", Json()).dump(1);
  });
}

void wait_billing(const std::string& path, const std::string& billing) {
  eventually(path + " is billed " + billing, [&]() -> Missing {
    const auto found = world().api.find(path);
    if (found && found->at("parameters").value("billingType", "") == billing) return std::nullopt;
    return found ? found->dump(1) : "it is missing";
  });
}

void wait_described(const std::vector<std::string>& words) {
  eventually("the Events are there", [&]() -> Missing {
    const auto text = world().kubectl.run({"describe", "bsp", "ibmc-block"});
    for (const auto& word : words) {
      if (text.find(word) == std::string::npos) return fmt::format("{} in\n{}", word, text);
    }
    return std::nullopt;
  });
}

/// Makes the object anew by hand, as ours, with another content.
void replace_by_hand(const std::string& collection, Json object) {
  const auto name = object.at("metadata").at("name").get<std::string>();
  auto& metadata = object["metadata"];
  for (const char* field : {"uid", "resourceVersion", "creationTimestamp", "managedFields"}) {
    metadata.erase(field);
  }
  object.erase("status");
  world().api.remove(item(collection, name));
  world().api.create(collection, object);
}

const Json kMonthly{{"presets", {{"billingType", "monthly"}}}};

}  // namespace

TEST_CASE("a class that cannot be changed is made anew with all that others wrote on it",
          "[classes][own][row-8][row-9][row-E]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  mark(kGold, true);
  world().api.merge(
      kGold,
      {{"metadata",
        {{"labels", {{"team", "storage"}}}, {"annotations", {{"example.com/note", "kept"}}}}}});
  const auto before = world().api.get(kGold);
  auto audit = world().audit();

  change_classes(kMonthly);
  for (const auto& name : class_names()) wait_billing(item(kClasses, name), "monthly");
  wait_condition("StorageClassesReady", "True");
  const auto after = world().api.get(kGold);
  CHECK(after.at("metadata").at("uid") != before.at("metadata").at("uid"));
  CHECK(is_default(kGold));
  CHECK(after.at("metadata").at("labels").at("team") == "storage");
  CHECK(after.at("metadata").at("annotations").at("example.com/note") == "kept");
  // Each deletion is followed by the creation, and nothing in between.
  const auto writes = audit.operator_writes();
  int deleted = 0;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    if (writes[i].verb != "delete") continue;
    ++deleted;
    auto next = i + 1;
    while (next < writes.size() && writes[next].resource == "events") ++next;
    REQUIRE(next < writes.size());
    CHECK(writes[next].verb == "patch");
    CHECK(writes[next].resource == "storageclasses");
    CHECK(writes[next].name == writes[i].name);
  }
  CHECK(deleted == 8);
  wait_described({"Recreating", "StorageClass ibmc-block-gold is deleted and made anew"});

  // A claim without a class still gets the default one.
  const auto ns = make_namespace("claims");
  const auto claim = world().api.create("/api/v1/namespaces/" + ns + "/persistentvolumeclaims",
                                        {{"metadata", {{"name", "data"}}},
                                         {"spec",
                                          {{"accessModes", {"ReadWriteOnce"}},
                                           {"resources", {{"requests", {{"storage", "20Gi"}}}}}}}});
  CHECK(claim.at("spec").value("storageClassName", "") == "ibmc-block-gold");

  // It is not for once: what was carried over is still others', and is carried over again.
  change_classes({{"presets", {{"billingType", "hourly"}}}});
  for (const auto& name : class_names()) wait_billing(item(kClasses, name), "hourly");
  wait_condition("StorageClassesReady", "True");
  CHECK(is_default(kGold));
  CHECK(world().api.get(kGold).at("metadata").at("labels").at("team") == "storage");
  CHECK_FALSE(plugin().at("status").contains("recreating"));
  // And others may take it away.
  world().kubectl.run({"annotate", "storageclass", "ibmc-block-gold", "example.com/note-"});
  holds(
      "the annotation stays away",
      []() -> Missing {
        if (!world().api.get(kGold).at("metadata").at("annotations").contains("example.com/note")) {
          return std::nullopt;
        }
        return "it is back";
      },
      1s);
}

TEST_CASE("kill -9 between the deletion of a class and its creation loses nothing",
          "[classes][own][row-8][row-9][row-E]") {
  for (const bool other_default : {false, true}) {
    INFO("another default class was chosen meanwhile: " << other_default);
    const PluginTest clean;
    const ForeignClass foreign(false);
    WorldProxy proxy;
    {
      OperatorProcess op(operator_options());
      create_plugin();
      wait_applied();
      mark(kGold, true);
      world().api.merge(kGold, {{"metadata", {{"labels", {{"team", "storage"}}}}}});
      (void)op.stop();
    }
    change_classes(kMonthly);
    std::atomic<bool> deleted = false;
    proxy.on(
        match::write("DELETE", "storageclasses/ibmc-block-gold"),
        [&](Passage& p) {
          p.forward();
          (void)p.read_all();
          deleted = true;
          p.hang();
        },
        1);
    {
      OperatorProcess op(operator_options(proxy.admin()));
      eventually("the class is deleted", [&]() -> Missing {
        if (deleted) return std::nullopt;
        return "not yet";
      });
      op.kill();
    }
    CHECK_FALSE(world().api.find(kGold));
    CHECK_THAT(plugin().at("status").at("recreating").dump(), Contains(kMark));
    if (other_default) mark(kForeignClass, true);

    OperatorProcess op(operator_options());
    wait_billing(kGold, "monthly");
    wait_condition("StorageClassesReady", "True");
    // Two default classes are an outage on Kubernetes 1.20.
    CHECK(is_default(kGold) == !other_default);
    CHECK(world().api.get(kGold).at("metadata").at("labels").at("team") == "storage");
    eventually("the status is done with it", []() -> Missing {
      if (!plugin().at("status").contains("recreating")) return std::nullopt;
      return plugin().at("status").at("recreating").dump(1);
    });
  }
}

TEST_CASE("a class whose creation is refused after its deletion comes back whole",
          "[classes][own][row-8]") {
  const PluginTest clean;
  WorldProxy proxy;
  OperatorProcess op(operator_options(proxy.admin()));
  create_plugin();
  wait_applied();
  mark(kGold, true);
  std::atomic<bool> deleted = false;
  std::atomic<bool> refusing = true;
  proxy.on(match::write("DELETE", "storageclasses/ibmc-block-gold"), [&](Passage& p) {
    p.forward();
    deleted = true;
    p.send_head();
    p.pass_on();
  });
  proxy.on(match::write("PATCH", "storageclasses/ibmc-block-gold"), [&](Passage& p) {
    if (deleted && refusing) {
      p.refuse(403, "Forbidden", "exceeded quota: few-classes");
      return;
    }
    p.forward();
    p.send_head();
    p.pass_on();
  });
  change_classes(kMonthly);
  const auto told = wait_condition("StorageClassesReady", "False", "ApplyForbidden");
  CHECK_THAT(told.at("message").get<std::string>(), Contains("few-classes"));
  CHECK(state_of("ibmc-block-gold") == "Missing");
  refusing = false;
  world().api.merge(kPlugin, {{"metadata", {{"annotations", {{"example.com/mended", "yes"}}}}}});
  wait_billing(kGold, "monthly");
  CHECK(is_default(kGold));
}

TEST_CASE("policies: created only, left alone, removed", "[classes][own][row-7]") {
  const PluginTest clean;
  const auto foreign = world().api.create(kClasses, {{"metadata", {{"name", "ibmc-block-gold"}}},
                                                     {"provisioner", "example.com/other"}});
  OperatorProcess op(operator_options());
  create_plugin({{"storageClasses",
                  {{"policy", "CreateOnly"},
                   {"classes",
                    {{{"name", "ibmc-block-silver"}, {"policy", "Unmanaged"}},
                     {{"name", "ibmc-block-bronze"}, {"policy", "Removed"}}}}}}});
  wait_condition("StorageClassesReady", "True", "AsExpected");
  CHECK(world().api.get(kGold) == foreign);
  CHECK_FALSE(world().api.find(item(kClasses, "ibmc-block-silver")));
  CHECK_FALSE(world().api.find(item(kClasses, "ibmc-block-bronze")));
  CHECK(world().api.find(item(kClasses, "ibmc-block-custom")));
  CHECK(state_of("ibmc-block-gold") == "InSync");
  CHECK(state_of("ibmc-block-silver") == "Unmanaged");
  CHECK(state_of("ibmc-block-bronze") == "Removed");
  // What was made once is the user's to change.
  const auto custom = item(kClasses, "ibmc-block-custom");
  world().api.merge(custom, {{"allowVolumeExpansion", false}});
  change_classes(kMonthly);
  wait_condition("StorageClassesReady", "True", "AsExpected");
  CHECK(world().api.get(custom).at("allowVolumeExpansion") == false);
  CHECK(world().api.get(custom).at("parameters").at("billingType") == "hourly");

  change_classes({{"policy", "Removed"}, {"classes", nullptr}});
  eventually("ours are gone", []() -> Missing {
    const auto left = world().api.get(kClasses).at("items").size();
    if (left == 1) return std::nullopt;
    return std::to_string(left) + " classes";
  });
  CHECK(world().api.get(kGold) == foreign);
  world().api.remove(kGold);
  change_classes({{"policy", "Managed"}});
  wait_applied();
}

TEST_CASE("classes that are no longer managed survive, and can be taken back",
          "[classes][own][row-7]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  const auto uid = world().api.get(kGold).at("metadata").at("uid");
  change_classes({{"policy", "Unmanaged"}});
  wait_state("ibmc-block-gold", "Unmanaged");
  eventually("the classes are nobody's", []() -> Missing {
    for (const auto& name : class_names()) {
      const auto metadata = world().api.get(item(kClasses, name)).at("metadata");
      if (metadata.contains("labels")) return metadata.dump(1);
    }
    return std::nullopt;
  });
  eventually("the inventory has no class", []() -> Missing {
    const auto text = plugin().at("status").at("inventory").dump();
    if (text.find("StorageClass") == std::string::npos) return std::nullopt;
    return text;
  });
  change_classes({{"policy", "Managed"}});
  wait_state("ibmc-block-gold", "InSync");
  const auto back = world().api.get(kGold);
  CHECK(back.at("metadata").at("uid") == uid);
  CHECK(back.at("metadata").at("labels").at("blockstorage.dev/plugin") == "ibmc-block");
  CHECK_FALSE(back.at("metadata").at("annotations").contains("blockstorage.dev/orphaned-from"));

  // Taken out of the spec, and orphaned.
  change_classes({{"onRemovedFromSpec", "Orphan"}, {"presets", {{"tiers", {"Silver"}}}}});
  eventually("gold is nobody's", []() -> Missing {
    const auto metadata = world().api.get(kGold).at("metadata");
    if (!metadata.contains("labels")) return std::nullopt;
    return metadata.dump(1);
  });
  change_classes({{"policy", "Unmanaged"}});
  wait_state("ibmc-block-silver", "Unmanaged");
  (void)world().api.call("DELETE", kPlugin);
  eventually("the plug-in is gone", []() -> Missing {
    if (world().api.find(kPlugin)) return "it is still there";
    return std::nullopt;
  });
  CHECK_FALSE(world().api.find(kNodeDriver));
  CHECK(world().api.get(kGold).at("metadata").at("uid") == uid);
  CHECK(world().api.find(item(kClasses, "ibmc-block-silver")));
}

TEST_CASE("Preserve marks the default class only while there is none",
          "[classes][own][row-9][row-E]") {
  const PluginTest clean;
  const ForeignClass foreign(true);
  OperatorProcess op(operator_options());
  create_plugin({{"storageClasses", {{"default", {{"className", "ibmc-block-gold"}}}}}});
  const auto kept = wait_condition("StorageClassesReady", "True", "DefaultPreserved");
  CHECK_THAT(kept.at("message").get<std::string>(), Contains("file-of-others"));
  CHECK_FALSE(is_default(kGold));

  mark(kForeignClass, false);
  wait_condition("StorageClassesReady", "True", "AsExpected");
  CHECK(is_default(kGold));
  wait_described({"DefaultClassSet"});

  // Two of them: told, with both names, and not touched.
  mark(kForeignClass, true);
  const auto two = wait_condition("StorageClassesReady", "False", "MultipleDefaults");
  CHECK_THAT(two.at("message").get<std::string>(), Contains("file-of-others, ibmc-block-gold"));
  wait_described({"MultipleDefaults"});
  CHECK(is_default(kGold));
  CHECK(is_default(kForeignClass));
}

TEST_CASE("Enforce takes the mark from others, and does not fight",
          "[classes][own][row-9][row-E]") {
  const PluginTest clean;
  const ForeignClass foreign(true);
  const auto labels = world().api.get(kForeignClass).at("metadata").value("labels", Json());
  OperatorProcess op(operator_options());
  create_plugin(
      {{"storageClasses", {{"default", {{"mode", "Enforce"}, {"className", "ibmc-block-gold"}}}}}});
  for (int round = 0; round < 3; ++round) {
    if (round > 0) mark(kForeignClass, true);
    eventually("the other class has lost the mark", []() -> Missing {
      if (!is_default(kForeignClass) && is_default(kGold)) return std::nullopt;
      return plugin().value("status", Json()).dump(1);
    });
    wait_condition("StorageClassesReady", "True", "AsExpected");
  }
  wait_described({"DefaultClassTaken", "file-of-others is no longer a default class"});
  CHECK(world().api.get(kForeignClass).at("metadata").value("labels", Json()) == labels);

  mark(kForeignClass, true);
  const auto held = wait_condition("StorageClassesReady", "False", "MultipleDefaults");
  CHECK_THAT(held.at("message").get<std::string>(), Contains("left alone until the spec changes"));
  holds(
      "it is left alone",
      []() -> Missing {
        if (is_default(kForeignClass)) return std::nullopt;
        return "it lost the mark again";
      },
      1s);
  // Nor after a restart: it stands in the status.
  (void)op.stop();
  OperatorProcess again(operator_options());
  again.wait_ready();
  holds(
      "it is left alone after a restart",
      []() -> Missing {
        if (is_default(kForeignClass)) return std::nullopt;
        return "it lost the mark again";
      },
      1s);
  change_classes({{"default", {{"mode", "Never"}}}});
  wait_condition("StorageClassesReady", "False", "MultipleDefaults");
  CHECK(is_default(kGold));
}

TEST_CASE("a binding with another role is made anew", "[classes][own][row-I]") {
  const PluginTest clean;
  {
    OperatorProcess op(operator_options());
    create_plugin();
    wait_applied();
    (void)op.stop();
  }
  auto binding = world().api.get(kBinding);
  binding["roleRef"]["name"] = "view";
  binding["metadata"]["annotations"]["example.com/note"] = "kept";
  replace_by_hand(kClusterRoleBindings, binding);

  OperatorProcess op(operator_options());
  eventually("the role is right", []() -> Missing {
    const auto now = world().api.find(kBinding);
    if (now && now->at("roleRef").at("name") == "ibmcloud-block-storage-plugin") {
      return std::nullopt;
    }
    return now ? now->dump(1) : "it is missing";
  });
  wait_applied();
  CHECK(world().api.get(kBinding).at("metadata").at("annotations").at("example.com/note") ==
        "kept");
}

TEST_CASE("workloads with another selector are replaced", "[classes][own][row-I]") {
  const PluginTest clean;
  {
    OperatorProcess op(operator_options());
    create_plugin();
    wait_applied();
    (void)op.stop();
  }
  const auto narrow = [](Json object, bool pods_too) {
    object["spec"]["selector"]["matchLabels"]["old"] = "selector";
    object["spec"]["template"]["metadata"]["labels"]["old"] = "selector";
    if (!pods_too) {
      const auto selected = world().api.get(kNodeDriver).at("spec").at("selector");
      for (const auto& [key, value] : selected.at("matchLabels").items()) {
        object["spec"]["selector"]["matchLabels"].erase(key);
        object["spec"]["template"]["metadata"]["labels"].erase(key);
      }
    }
    return object;
  };
  const std::string daemon_sets = "/apis/apps/v1/namespaces/kube-system/daemonsets";
  const std::string deployments = "/apis/apps/v1/namespaces/kube-system/deployments";
  const auto wanted = world().api.get(kNodeDriver).at("spec").at("selector");
  const auto is_new = [&]() -> Missing {
    const auto now = world().api.find(kNodeDriver);
    if (now && now->at("spec").at("selector") == wanted) return std::nullopt;
    return now ? now->dump(1) : "it is missing";
  };
  // There is no garbage collector here: its part is played.
  const auto collect = [](const std::string& path, const std::string& finalizer) {
    eventually(path + " waits for its dependents", [&]() -> Missing {
      const auto now = world().api.get(path);
      const auto finalizers = now.at("metadata").value("finalizers", Json::array());
      if (finalizers == Json{finalizer}) return std::nullopt;
      return now.at("metadata").dump(1);
    });
    world().api.merge(path, {{"metadata", {{"finalizers", Json::array()}}}});
  };

  SECTION("the pods of the old DaemonSet go to the new one when it selects them") {
    replace_by_hand(daemon_sets, narrow(world().api.get(kNodeDriver), true));
    OperatorProcess op(operator_options());
    collect(kNodeDriver, "orphan");
    eventually("the DaemonSet is the new one", is_new);
  }
  SECTION("else they go with it") {
    replace_by_hand(daemon_sets, narrow(world().api.get(kNodeDriver), false));
    OperatorProcess op(operator_options());
    eventually("the DaemonSet is the new one", is_new);
    CHECK_FALSE(world().api.get(kNodeDriver).at("metadata").contains("finalizers"));
  }
  SECTION("the pods of the old Deployment go before the new one comes") {
    replace_by_hand(deployments, narrow(world().api.get(kProvisioner), true));
    OperatorProcess op(operator_options());
    collect(kProvisioner, "foregroundDeletion");
    eventually("the Deployment is the new one", []() -> Missing {
      const auto now = world().api.find(kProvisioner);
      if (now && !now->at("spec").at("selector").at("matchLabels").contains("old")) {
        return std::nullopt;
      }
      return now ? now->dump(1) : "it is missing";
    });
  }
}
