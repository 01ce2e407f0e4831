// SPDX-License-Identifier: Apache-2.0
#include "install/trouble.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "unit/install/support.h"

using namespace bso;
using namespace bso::install;
using namespace bso::install::test;

namespace {

WriteFault fault_of(int code, std::string reason, std::string message,
                    std::vector<StatusCause> causes = {}) {
  Error error;
  error.kind = ErrorKind::status;
  error.code = code;
  error.reason = std::move(reason);
  error.message = std::move(message);
  error.causes = std::move(causes);
  return {.ref = make_ref(*find_kind("apps", "DaemonSet"), "kube-system", "driver"),
          .error = error};
}

}  // namespace

TEST_CASE("the missing right is read from the server's words") {
  // As kube-apiserver 1.20 writes them.
  const auto right = parse_missing_right(
      "daemonsets.apps \"driver\" is forbidden: User "
      "\"system:serviceaccount:block-storage-operator:block-storage-operator\" cannot patch "
      "resource "
      "\"daemonsets\" in API group \"apps\" in the namespace \"kube-system\"");
  REQUIRE(right.has_value());
  CHECK(right->user == "system:serviceaccount:block-storage-operator:block-storage-operator");
  CHECK(right->verb == "patch");
  CHECK(right->resource == "daemonsets");
  CHECK(right->group == "apps");
  CHECK(right->ns == "kube-system");

  const auto cluster = parse_missing_right(
      "storageclasses.storage.k8s.io \"gold\" is forbidden: User \"u\" cannot create resource "
      "\"storageclasses\" in API group \"storage.k8s.io\" at the cluster scope");
  REQUIRE(cluster.has_value());
  CHECK(cluster->ns.empty());
  CHECK(cluster->verb == "create");

  const auto core = parse_missing_right(
      "serviceaccounts \"x\" is forbidden: User \"u\" cannot patch resource \"serviceaccounts\" in "
      "API "
      "group \"\" in the namespace \"kube-system\"");
  REQUIRE(core.has_value());
  CHECK(core->group.empty());

  for (const char* text : {"", "exceeded quota: pods", "User \"u\" cannot",
                           "cannot patch resource \"x\"", "User \"u"}) {
    INFO(text);
    CHECK_FALSE(parse_missing_right(text).has_value());
  }
}

TEST_CASE("a refused write becomes a reason and a remedy") {
  struct Row {
    WriteFault fault;
    std::string reason;
    std::vector<std::string> words;
  };
  for (const Row& row : std::vector<Row>{
           {fault_of(403, "Forbidden",
                     "daemonsets.apps \"driver\" is forbidden: User \"u\" cannot patch resource "
                     "\"daemonsets\" in API group \"apps\" in the namespace \"kube-system\""),
            "ApplyForbidden",
            {"patch on daemonsets", "\"apps\"", "namespace kube-system", "Grant it", "manifests/"}},
           {fault_of(
                403, "Forbidden",
                "clusterroles.rbac.authorization.k8s.io \"x\" is forbidden: user \"u\" "
                "(groups=[\"g\"]) is attempting to grant RBAC permissions not currently held:\n"
                "{APIGroups:[\"\"], Resources:[\"nodes\"], Verbs:[\"get\"]}"),
            "ApplyForbidden",
            {"does not hold itself", "\"nodes\""}},
           {fault_of(403, "Forbidden", "daemonsets.apps \"x\" is forbidden: exceeded quota: q"),
            "ApplyForbidden",
            {"admission", "exceeded quota: q"}},
           {fault_of(409, "Conflict", "Apply failed with 2 conflicts",
                     {{"FieldManagerConflict", "conflict with \"kubectl-edit\" using apps/v1",
                       ".spec.replicas"},
                      {"FieldManagerConflict", "conflict with \"helm\"", ".spec.paused"}}),
            "ConflictingManager",
            {"kubectl-edit manages .spec.replicas", "helm manages .spec.paused"}},
           {fault_of(
                409, "Conflict", "many",
                std::vector<StatusCause>(7, {"FieldManagerConflict", "conflict with \"a\"", ".x"})),
            "ConflictingManager",
            {"and 2 more"}},
           {fault_of(409, "Conflict", "the object has been modified"),
            "ApplyFailed",
            {"tries again"}},
           {fault_of(422, "Invalid", "spec.selector: field is immutable"),
            "ApplyRejected",
            {"field is immutable"}},
           {fault_of(404, "NotFound", "namespaces \"kube-system\" not found"),
            "ApplyFailed",
            {"Create the namespace"}},
           {fault_of(500, "InternalError", "boom"), "ApplyFailed", {"boom"}},
       }) {
    const Trouble trouble = explain(row.fault);
    INFO(trouble.message);
    CHECK(trouble.reason == row.reason);
    CHECK(trouble.message.find("DaemonSet kube-system/driver") == 0);
    for (const std::string& word : row.words) {
      INFO(word);
      CHECK(trouble.message.find(word) != std::string::npos);
    }
  }
}

TEST_CASE("the worst trouble comes first and no object is named twice") {
  const auto desired =
      rendered(nlohmann::json::parse(R"({"storageClasses": {"onImmutableChange": "Block"}})"));
  auto observed = all_running(desired);
  ObservedObject& gold = observed_named(observed, "StorageClass", "ibmc-block-gold");
  gold.immutable_drift = {"parameters.fsType"};
  ObservedObject& role = observed_named(observed, "ClusterRole", kController);
  role.owner = Owner::nobody;
  ObservedObject& node = observed_named(observed, "DaemonSet", kNode);
  node.owner = Owner::nobody;
  WriteFault fault = fault_of(403, "Forbidden", "exceeded quota");
  fault.ref = node.ref;
  const ImagePullFault pull{.workload = observed_named(observed, "Deployment", kController).ref,
                            .container = "c",
                            .image = "x:1",
                            .reason = "ImagePullBackOff",
                            .message = "not found"};
  const auto troubles =
      find_troubles(desired, observed, std::span(&fault, 1), std::span(&pull, 1), "ibmc-block");
  std::vector<std::string> reasons;
  for (const Trouble& trouble : troubles) {
    reasons.push_back(trouble.reason);
  }
  CHECK(reasons == std::vector<std::string>{"ApplyForbidden", "ForeignObject",
                                            "ImmutableChangeBlocked", "ImagePullFailed"});
  CHECK(troubles[1].message.find("blockstorage.dev/plugin=ibmc-block") != std::string::npos);
  CHECK(troubles[2].message.find("Delete the class") != std::string::npos);
  CHECK(troubles[3].message.find("x:1") != std::string::npos);
  CHECK(find_troubles(desired, all_running(desired), {}, {}, "ibmc-block").empty());
}
