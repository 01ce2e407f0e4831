// SPDX-License-Identifier: Apache-2.0
// Whatever a spec went through, the cluster is as a fresh installation of the present spec leaves
// it.
#include <iostream>
#include <map>
#include <set>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "integration/cluster_picture.h"
#include "integration/crd_fields.h"
#include "integration/plugin.h"
#include "integration/world.h"

using namespace bso::test;

namespace {

/// Settings by which the operator leaves alone what it finds: after a change to them the cluster
/// rightly differs from one where nothing was found.
bool leaves_alone(const FieldChange& change) {
  static const std::set<std::pair<std::string, std::string>> all{
      {"spec.managementState", "\"Unmanaged\""},
      {"spec.reconcile.mode", "\"Plan\""},
      {"spec.reconcile.mode", "\"Paused\""},
      {"spec.storageClasses.policy", "\"CreateOnly\""},
      {"spec.storageClasses.policy", "\"Unmanaged\""},
      {"spec.storageClasses.classes[].policy", "\"CreateOnly\""},
      {"spec.storageClasses.classes[].policy", "\"Unmanaged\""},
  };
  return all.contains({change.path, change.value});
}

/// Which class is the default one depends on what the cluster was before, and the mark is taken
/// away by Enforce alone.
bool leaves_mark(const FieldChange& change) {
  return change.path.starts_with("spec.storageClasses.default.");
}

Json without_mark(Json picture) {
  for (auto& [key, object] : picture.items()) {
    if (object.contains("metadata") && object["metadata"].contains("annotations")) {
      object["metadata"]["annotations"].erase("storageclass.kubernetes.io/is-default-class");
    }
  }
  for (auto& entry : picture["status"]["storageClasses"]) entry.erase("default");
  return picture;
}

void write_spec(const Json& spec) {
  auto object = plugin();
  object["spec"] = spec;
  world().api.replace(item(kPlugins, "ibmc-block"), object);
  wait_settled();
}

Json install_fresh(const Json& spec) {
  create_plugin(spec);
  wait_settled();
  return cluster_picture();
}

const Json& fresh_picture(const Json& spec) {
  static std::map<std::string, Json> known;
  const auto key = spec.dump();
  if (const auto found = known.find(key); found != known.end()) return found->second;
  auto picture = install_fresh(spec);
  clear_plugin();
  return known.emplace(key, std::move(picture)).first->second;
}

void check_same(Json wanted, const std::string& when, bool with_mark = true) {
  auto now = cluster_picture();
  if (!with_mark) {
    now = without_mark(std::move(now));
    wanted = without_mark(std::move(wanted));
  }
  INFO(when << ": " << Json::diff(wanted, now).dump(1));
  CHECK(now == wanted);
}

void check_refused(const FieldChange& change) {
  const Json before = fresh_picture(change.base);
  create_plugin(change.base);
  wait_settled();
  write_spec(change.changed);
  const auto found = condition(plugin(), "SpecValid");
  CHECK(found.value("status", "") == "False");
  // A name that no bundle has is refused for that, before the lock is asked.
  const auto locked = found.value("message", "").find("installed with") != std::string::npos;
  CHECK(locked);
  write_spec(change.reverted);
  check_same(before, "changed back");
  clear_plugin();
}

void check_change(const FieldChange& change) {
  const Json before = fresh_picture(change.base);
  Json after = install_fresh(change.changed);
  const auto judged = condition(plugin(), "SpecValid");
  INFO(judged.dump(1));
  if (judged.value("status", "") != "True") throw TestFailure("refused: " + judged.dump(1));
  const bool with_mark = !leaves_mark(change);
  write_spec(change.base);
  check_same(before, "removed", with_mark);
  write_spec(change.changed);
  if (!leaves_alone(change)) check_same(after, "changed", with_mark);
  write_spec(change.reverted);
  check_same(before, "reverted", with_mark);
  clear_plugin();
}

}  // namespace

TEST_CASE("a field that is changed, changed back or removed leaves nothing behind",
          "[fields][own][row-14][row-28][row-29]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  op.wait_ready();
  std::size_t tried = 0;
  for (const auto& change : spec_field_changes()) {
    INFO(change.path << " = " << change.value);
    try {
      if (change.locked) {
        check_refused(change);
      } else {
        check_change(change);
      }
    } catch (const TestFailure& failure) {
      FAIL_CHECK(failure.what());
      clear_plugin();
    }
    ++tried;
  }
  std::cout << tried << " changes of a field\n";
  CHECK(tried > 60);
}

TEST_CASE("the schema refuses wrong values of every field, by name", "[fields][own][row-23]") {
  const PluginTest clean;
  std::size_t tried = 0;
  for (const auto& bad : spec_bad_values()) {
    INFO(bad.path << ": " << bad.why);
    const Json object{{"apiVersion", "blockstorage.dev/v1alpha1"},
                      {"kind", "BlockStoragePlugin"},
                      {"metadata", {{"name", "bad-value"}}},
                      {"spec", bad.spec}};
    const auto answer = world().api.call("POST", fmt::format("{}?dryRun=All", kPlugins), object);
    INFO(answer.body);
    CHECK(answer.status == 422);
    // Kubernetes 1.20 leaves the places in lists out.
    auto without_places = bad.path;
    for (std::size_t at = 0; (at = without_places.find("[0]")) != std::string::npos;) {
      without_places.erase(at, 3);
    }
    CHECK((answer.body.find(bad.path) != std::string::npos ||
           answer.body.find(without_places) != std::string::npos));
    ++tried;
  }
  std::cout << tried << " wrong values\n";
  CHECK(tried > 150);
}
