// SPDX-License-Identifier: Apache-2.0
// Mode Plan: what it lists, that it writes nothing, and that an application then does just that.
#include <algorithm>
#include <map>
#include <set>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "integration/metrics_of.h"
#include "integration/plugin.h"
#include "integration/world.h"

using namespace bso::test;
using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
using Texts = std::vector<std::string>;

namespace {

const std::map<std::string, std::string> kKinds{{"serviceaccounts", "ServiceAccount"},
                                                {"clusterroles", "ClusterRole"},
                                                {"clusterrolebindings", "ClusterRoleBinding"},
                                                {"storageclasses", "StorageClass"},
                                                {"deployments", "Deployment"},
                                                {"daemonsets", "DaemonSet"},
                                                {"csidrivers", "CSIDriver"}};

bool is_dry(const AuditEntry& entry) { return entry.uri.find("dryRun=All") != std::string::npos; }

/// What was done to the objects of the plug-in, in the words of a plan. A class that was deleted
/// and created is one Recreate.
Texts done_in(AuditLog& audit) {
  Texts done;
  for (const auto& entry : audit.operator_writes()) {
    const auto kind = kKinds.find(entry.resource);
    if (kind == kKinds.end() || is_dry(entry) || entry.code > 299) continue;
    const auto object =
        fmt::format("{} {}{}", kind->second, entry.ns.empty() ? "" : entry.ns + "/", entry.name);
    const auto deletion = std::find(done.begin(), done.end(), "Delete " + object);
    if (entry.verb != "delete" && deletion != done.end()) {
      *deletion = "Recreate " + object;
    } else {
      const auto* action = entry.verb == "delete" ? "Delete"
                           : entry.code == 201    ? "Create"
                                                  : "Update";
      done.push_back(fmt::format("{} {}", action, object));
    }
  }
  return done;
}

/// Dry runs, statuses and Events are all that may be sent.
void check_nothing_written(AuditLog& audit) {
  for (const auto& entry : audit.operator_writes()) {
    INFO(entry.text());
    CHECK((is_dry(entry) || entry.resource == "blockstorageplugins/status" ||
           entry.resource == "events"));
  }
}

/// The plan for the present spec.
Json wait_plan() {
  Json status;
  eventually("there is a plan for this spec", [&]() -> Missing {
    const auto object = plugin();
    status = object.value("status", Json::object());
    if (status.contains("plan") &&
        status.value("observedGeneration", 0) == object.at("metadata").at("generation")) {
      return std::nullopt;
    }
    return status.dump(1);
  });
  return status.at("plan");
}

Texts texts_of(const Json& plan) {
  Texts texts;
  for (const auto& entry : plan) {
    texts.push_back(entry.at("action").get<std::string>() + " " +
                    entry.at("object").get<std::string>());
  }
  return texts;
}

std::string reason(const Json& plan, const std::string& object) {
  for (const auto& entry : plan) {
    if (entry.at("object").get<std::string>().find(object) != std::string::npos) {
      return entry.value("reason", "");
    }
  }
  return "no entry for " + object + " in " + plan.dump(1);
}

void change(const Json& spec) { world().api.merge(item(kPlugins, "ibmc-block"), {{"spec", spec}}); }

const Json kPlan{{"reconcile", {{"mode", "Plan"}}}};
const Json kApply{{"reconcile", {{"mode", "Apply"}}}};

/// The steps as the audit log tells them: a class that changes hands, or gets or loses the mark, is
/// patched.
Texts as_written(const Json& plan) {
  Texts texts;
  for (const auto& text : texts_of(plan)) {
    const auto space = text.find(' ');
    const auto action = text.substr(0, space);
    const bool named = action == "Create" || action == "Recreate" || action == "Delete";
    texts.push_back((named ? action : "Update") + text.substr(space));
  }
  return texts;
}

/// A class that is taken back is patched first and applied then: one step of a plan.
Texts without_repeats(const Texts& all) {
  std::set<std::string> seen;
  Texts once;
  for (const auto& text : all) {
    if (seen.insert(text).second) once.push_back(text);
  }
  return once;
}

/// Plans the change of the spec.
Json plan_change(Json spec) {
  auto audit = world().audit();
  spec.update(kPlan);
  change(spec);
  auto plan = wait_plan();
  check_nothing_written(audit);
  return plan;
}

void wait_done(AuditLog& applied, std::size_t steps) {
  eventually("everything planned is done", [&]() -> Missing {
    const auto object = plugin();
    const bool seen = object.at("status").value("observedGeneration", 0) ==
                      object.at("metadata").at("generation");
    if (seen && !object.at("status").contains("plan") && done_in(applied).size() >= steps) {
      return std::nullopt;
    }
    return object.at("status").dump(1);
  });
}

/// Plans the change of the spec, applies it, and compares what was done with what was planned.
Json plan_and_apply(const Json& spec) {
  auto plan = plan_change(spec);
  auto applied = world().audit();
  change(kApply);
  wait_done(applied, plan.size());
  CHECK(done_in(applied) == texts_of(plan));
  return plan;
}

/// The same where classes change hands or the mark moves.
Json plan_and_hand_over(const Json& spec) {
  auto plan = plan_change(spec);
  auto applied = world().audit();
  change(kApply);
  wait_done(applied, plan.size());
  CHECK(without_repeats(done_in(applied)) == as_written(plan));
  // Nothing of it is left to be planned.
  CHECK(plan_change(Json::object()).empty());
  return plan;
}

/// All that the operator sent, watches apart.
std::vector<AuditEntry> sent_in(AuditLog& audit) {
  return audit.entries(
      [](const AuditEntry& entry) { return entry.by_operator() && entry.verb != "watch"; });
}

/// Waits until the operator has had nothing to send for a while: its Events come after the status.
void wait_at_rest() {
  auto audit = world().audit();
  std::size_t seen = 0;
  auto since = std::chrono::steady_clock::now();
  eventually("the operator has come to rest", [&]() -> Missing {
    const auto now = std::chrono::steady_clock::now();
    const auto count = sent_in(audit).size();
    if (count != seen) since = now;
    seen = count;
    if (now - since > 2s) return std::nullopt;
    return "it still asks";
  });
}

std::size_t count_of(const Json& plan, const std::string& action) {
  std::size_t count = 0;
  for (const auto& entry : plan) count += entry.at("action") == action ? 1U : 0U;
  return count;
}

constexpr const char* kDefaultMark = "storageclass.kubernetes.io/is-default-class";
const std::string kOthersClass = item(kClasses, "class-of-others");

/// A class of somebody else, which is the default one.
class OthersDefault {
 public:
  OthersDefault() {
    world().api.remove(kOthersClass);
    world().api.create(
        kClasses,
        {{"metadata", {{"name", "class-of-others"}, {"annotations", {{kDefaultMark, "true"}}}}},
         {"provisioner", "example.com/other"}});
  }
  ~OthersDefault() { world().api.remove(kOthersClass); }
  OthersDefault(const OthersDefault&) = delete;
  OthersDefault& operator=(const OthersDefault&) = delete;
};

std::string default_mark(const std::string& path) {
  return world()
      .api.get(path)
      .at("metadata")
      .value("annotations", Json::object())
      .value(kDefaultMark, "");
}

}  // namespace

TEST_CASE("a first installation is planned without a write, and done as planned",
          "[own][plan][row-18][row-A]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  op.wait_ready();
  auto audit = world().audit();
  create_plugin(kPlan);
  const auto plan = wait_plan();
  CHECK(plan.size() == managed_paths().size());
  for (const auto& entry : plan) {
    CHECK(entry.at("action") == "Create");
    CHECK(entry.at("reason") == "it does not exist");
  }
  const auto paused = wait_condition("Paused", "True", "PlanOnly");
  CHECK_THAT(paused.value("message", ""),
             Contains(fmt::format("{} to create, 0 to change, 0 to delete", plan.size())));
  CHECK_FALSE(plugin().at("metadata").contains("finalizers"));
  for (const auto& path : managed_paths()) CHECK_FALSE(world().api.find(path));
  check_nothing_written(audit);

  auto applied = world().audit();
  change(kApply);
  wait_applied();
  CHECK(done_in(applied) == texts_of(plan));
  CHECK_FALSE(plugin().at("status").contains("plan"));
}

TEST_CASE("changes of settings and removed tiers are done as planned",
          "[own][plan][row-18][row-A]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();

  auto plan = plan_and_apply({{"controller", {{"replicas", 2}}},
                              {"images", {{"registry", "registry.example.com/storage"}}}});
  CHECK_THAT(reason(plan, "Deployment"), Contains("spec.replicas 1 -> 2") && Contains("image"));
  CHECK(texts_of(plan) == Texts{"Update Deployment kube-system/ibmcloud-block-storage-plugin",
                                "Update DaemonSet kube-system/ibmcloud-block-storage-driver"});

  plan = plan_and_apply({{"storageClasses", {{"presets", {{"tiers", {"Gold"}}}}}}});
  CHECK(plan.size() == 6);
  CHECK(texts_of(plan).front() == "Delete StorageClass ibmc-block-bronze");

  // Nothing more to do, and that is a plan too.
  change(kPlan);
  CHECK(wait_plan().empty());
  CHECK_THAT(wait_condition("Paused", "True", "PlanOnly").value("message", ""),
             Contains("nothing to do"));
}

TEST_CASE("a plan names what the server would refuse, and the application meets it",
          "[own][plan][row-A]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin({{"driver", {{"namespace", "nowhere"}}}, {"reconcile", {{"mode", "Plan"}}}});
  auto plan = wait_plan();
  CHECK_THAT(reason(plan, "ServiceAccount"),
             Contains("would be refused") && Contains("Create the namespace"));
  CHECK_THAT(wait_condition("Paused", "True", "PlanOnly").value("message", ""),
             Contains("3 of them would be refused"));

  change({{"driver", {{"namespace", "kube-system"}}}, {"reconcile", {{"mode", "Apply"}}}});
  wait_applied();
  // Before the other one comes, or it would be set right at once.
  change({{"reconcile", {{"mode", "Plan"}, {"drift", "Report"}}}});
  (void)wait_plan();
  world().api.apply(
      kProvisioner,
      {{"apiVersion", "apps/v1"},
       {"kind", "Deployment"},
       {"metadata", {{"name", "ibmcloud-block-storage-plugin"}, {"namespace", "kube-system"}}},
       {"spec", {{"replicas", 3}}}},
      "gitops-tool", true);
  change({{"controller", {{"replicas", 2}}}});
  // The watch of Deployments may be behind that of the plug-in.
  const auto planned = [](const Catch::MatcherBase<std::string>& wanted) {
    return [&wanted]() -> Missing {
      const auto text = reason(wait_plan(), "Deployment");
      if (wanted.match(text)) return std::nullopt;
      return text;
    };
  };
  eventually("the plan names who refuses", planned(Contains("would be refused") &&
                                                   Contains("gitops-tool manages .spec.replicas")));
  // Where drift is repaired the field is taken back.
  change({{"reconcile", {{"drift", "Repair"}}}});
  eventually("the plan takes it back", planned(Equals("spec.replicas 3 -> 2")));
  change({{"reconcile", {{"mode", "Apply"}}}});
  eventually("it is taken back", []() -> Missing {
    const auto replicas = world().api.get(kProvisioner).at("spec").at("replicas");
    if (replicas == 2) return std::nullopt;
    return replicas.dump();
  });
}

TEST_CASE("a plan that stands costs no request", "[own][plan][row-A]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin(kPlan);
  (void)wait_plan();
  wait_at_rest();
  auto audit = world().audit();
  for (int i = 0; i < 3; ++i) {
    const auto before = reconciles(op);
    world().api.merge(item(kPlugins, "ibmc-block"),
                      {{"metadata", {{"annotations", {{"example.com/n", std::to_string(i)}}}}}});
    eventually("the operator has looked", [&]() -> Missing {
      if (reconciles(op) > before) return std::nullopt;
      return op.log();
    });
  }
  holds(
      "the operator sends nothing",
      [&]() -> Missing {
        const auto sent = sent_in(audit);
        if (sent.empty()) return std::nullopt;
        return sent.front().text();
      },
      1s);
}

TEST_CASE("a plan follows what others do in the cluster", "[own][plan]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin({{"reconcile", {{"mode", "Plan"}}},
                 {"storageClasses", {{"presets", {{"tiers", {"Gold"}}}}}}});
  CHECK(wait_plan().size() == 7);
  world().api.create(kClasses, {{"metadata", {{"name", "ibmc-block-gold"}}},
                                {"provisioner", "example.com/other"}});
  eventually("the stranger's class is left alone", [&]() -> Missing {
    const auto plan = plugin().at("status").at("plan");
    if (plan.size() == 6) return std::nullopt;
    return plan.dump(1);
  });
  CHECK_THAT(wait_condition("Paused", "True", "PlanOnly").value("message", ""),
             Contains("1 left alone"));
}

TEST_CASE("classes that change hands are planned, and done as planned", "[own][plan]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  auto plan = plan_and_hand_over(
      {{"storageClasses", {{"onRemovedFromSpec", "Orphan"}, {"presets", {{"tiers", {"Gold"}}}}}}});
  CHECK(plan.size() == 6);
  CHECK(count_of(plan, "GiveUp") == 6);
  CHECK(world().api.find(item(kClasses, "ibmc-block-bronze")));

  plan = plan_and_hand_over({{"storageClasses", {{"presets", {{"tiers", nullptr}}}}}});
  CHECK(plan.size() == 6);
  CHECK(count_of(plan, "TakeBack") == 6);
  CHECK_THAT(reason(plan, "StorageClass ibmc-block-bronze"), Contains("it was given up"));
}

TEST_CASE("another default class is planned, and made as planned", "[own][plan]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin({{"reconcile", {{"mode", "Plan"}}},
                 {"storageClasses", {{"default", {{"className", "ibmc-block-gold"}}}}}});
  auto plan = wait_plan();
  CHECK(texts_of(plan).back() == "SetDefault StorageClass ibmc-block-gold");
  CHECK_THAT(reason(Json::array({plan.back()}), "ibmc-block-gold"), Contains("once it is created"));
  CHECK_THAT(wait_condition("Paused", "True", "PlanOnly").value("message", ""),
             Contains("the default StorageClass changes"));
  auto applied = world().audit();
  change(kApply);
  wait_applied();
  wait_done(applied, plan.size());
  CHECK(done_in(applied) == as_written(plan));  // created, and marked at the end
  CHECK(default_mark(item(kClasses, "ibmc-block-gold")) == "true");

  const OthersDefault others;
  plan = plan_and_hand_over(
      {{"storageClasses",
        {{"default", {{"mode", "Enforce"}, {"className", "ibmc-block-silver"}}}}}});
  CHECK(texts_of(plan) == Texts{"SetDefault StorageClass ibmc-block-silver",
                                "UnsetDefault StorageClass class-of-others",
                                "UnsetDefault StorageClass ibmc-block-gold"});
  CHECK(default_mark(kOthersClass) == "false");
}

TEST_CASE("what Removed would delete is planned, with what blocks it", "[own][plan]") {
  const PluginTest clean;
  const std::string volume = "/api/v1/persistentvolumes/planned-removal";
  world().api.remove(volume);
  world().api.create("/api/v1/persistentvolumes",
                     {{"metadata", {{"name", "planned-removal"}}},
                      {"spec",
                       {{"accessModes", {"ReadWriteOnce"}},
                        {"capacity", {{"storage", "20Gi"}}},
                        {"flexVolume", {{"driver", "ibm/ibmc-block"}}}}}});
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  auto plan = plan_change({{"managementState", "Removed"}});
  CHECK(plan.size() == managed_paths().size());
  CHECK(count_of(plan, "Delete") == plan.size());
  CHECK_THAT(reason(plan, "DaemonSet"), Contains("not as long as volumes use the driver"));
  CHECK_THAT(wait_condition("DeletionBlocked", "True", "ReconcilePaused").value("message", ""),
             Contains("1 volume uses the driver ibm/ibmc-block: planned-removal"));
  for (const auto& path : managed_paths()) CHECK(world().api.find(path));

  world().api.remove(volume);
  eventually("nothing blocks it any more", [&]() -> Missing {
    plan = plugin().at("status").value("plan", Json::array());
    if (reason(plan, "DaemonSet").find("once the provisioner has ended") != std::string::npos) {
      return std::nullopt;
    }
    return plugin().at("status").dump(1);
  });
  CHECK(plan.size() == managed_paths().size());
  auto applied = world().audit();
  change(kApply);
  eventually("it is removed", [&]() -> Missing {
    const auto status = plugin().at("status");
    if (status.value("phase", "") == "Removed") return std::nullopt;
    return status.dump(1);
  });
  CHECK(done_in(applied) == texts_of(plan));
  CHECK_FALSE(plugin().at("status").contains("plan"));
}
