// SPDX-License-Identifier: Apache-2.0
#include "install/prerequisites.h"

#include <catch2/catch.hpp>

#include "install/names.h"
#include "unit/install/scene.h"

using namespace bso;
using namespace bso::install;
using namespace bso::install::test;
using Catch::Matchers::Contains;
using nlohmann::json;
using Presence = NeededObject::Presence;

namespace {

NeededObject object(Presence presence, std::string resource_version = "1") {
  return {.presence = presence, .uid = "u", .resource_version = std::move(resource_version)};
}

NeededObject refused(const char* what) {
  NeededObject found = object(Presence::unreadable);
  found.error.message =
      std::string(
          "secrets is forbidden: User "
          "\"system:serviceaccount:storage-operator:operator\" cannot list resource \"") +
      what + "\" in API group \"\" in the namespace \"kube-system\"";
  return found;
}

const json kWithSecret =
    json::parse(R"({"driver": {"credentialsSecretRef": {"name": "account"}}})");

}  // namespace

TEST_CASE("what the plug-in needs is named with the command that makes it", "[row-33]") {
  const PluginSpec spec = valid_spec(kWithSecret);
  struct Row {
    Needs needs;
    bool known;
    const char* reason;
    const char* says;
    bool applies;
  };
  const auto present = object(Presence::present);
  const auto row = GENERATE_COPY(values<Row>({
      {{object(Presence::absent), present},
       true,
       "NamespaceMissing",
       "kubectl create namespace kube-system",
       false},
      {{object(Presence::terminating), present},
       true,
       "NamespaceMissing",
       "is being deleted",
       false},
      {{refused("namespaces"), present},
       false,
       "NamespaceUnreadable",
       "--serviceaccount=storage-operator:operator",
       true},
      {{present, object(Presence::absent)},
       true,
       "SecretMissing",
       "kubectl -n kube-system create secret generic account",
       true},
      {{present, refused("secrets")},
       false,
       "SecretUnreadable",
       "--verb=get,list,watch --resource=secrets --resource-name=account",
       true},
      {{present, object(Presence::unknown)}, false, "NotObserved", "could not be looked at", true},
  }));
  const auto unmet = first_unmet(row.needs, spec);
  REQUIRE(unmet);
  CHECK(unmet->known == row.known);
  CHECK(unmet->reason == row.reason);
  CHECK_THAT(unmet->message, Contains(row.says));
  CHECK(may_apply(row.needs) == row.applies);
}

TEST_CASE("with everything there the prerequisites are met", "[row-33]") {
  const PluginSpec spec = valid_spec(kWithSecret);
  CHECK_FALSE(first_unmet({object(Presence::present), object(Presence::present)}, spec));
  CHECK_FALSE(first_unmet({}, spec));
  CHECK(may_apply({}));
}

TEST_CASE("without its namespace a plug-in is Degraded and does not progress", "[row-33]") {
  Scene scene;
  Needs needs;
  needs.ns = object(Presence::absent);
  scene.needs = &needs;
  json status = scene.status();
  CHECK(brief(status, "PrerequisitesMet") == "False NamespaceMissing");
  CHECK(brief(status, "Progressing") == "False NamespaceMissing");
  CHECK(brief(status, "Degraded") == "True NamespaceMissing");
  CHECK(status["phase"] == "Degraded");
  needs.ns = object(Presence::present);
  status = scene.status();
  CHECK(brief(status, "PrerequisitesMet") == "True Met");
  CHECK(brief(status, "Degraded") == "False AsExpected");
}

TEST_CASE("nodes that the images are not made for are named", "[row-25]") {
  Scene scene;
  Needs needs;
  scene.needs = &needs;
  const auto driver_on = [&](const std::string& node, const std::string& architecture, bool ready) {
    DriverPod pod;
    pod.node = node;
    pod.architecture = architecture;
    pod.ready = ready;
    scene.pods.push_back(pod);
  };
  driver_on("a", "amd64", false);
  driver_on("b", "", false);
  CHECK(brief(scene.status(), "PrerequisitesMet") == "True Met");
  driver_on("c", "arm64", true);  // it runs: an image of the user's own
  CHECK(brief(scene.status(), "PrerequisitesMet") == "True Met");
  for (const char* node : {"i", "h", "g", "f", "e", "d", "d"}) driver_on(node, "arm64", false);
  const json status = scene.status();
  CHECK(brief(status, "PrerequisitesMet") == "False ArchitectureUnsupported");
  const std::string message = condition(status, "PrerequisitesMet")["message"];
  CHECK_THAT(message, Contains("(amd64 only)"));
  CHECK_THAT(message,
             Contains("d (arm64), e (arm64), f (arm64), g (arm64), h (arm64) and 1 more."));
  CHECK_THAT(message, Contains("spec.node.nodeSelector: {kubernetes.io/arch: amd64}"));
}

TEST_CASE("pods are marked anew when the Secret changes after it was first seen", "[row-30]") {
  const CredentialsSettings wanted{.name = "account"};
  const auto first = follow_secret({}, wanted, object(Presence::present, "1"));
  CHECK(first.secret == "account");
  CHECK_FALSE(first.seen.empty());
  CHECK(first.revision.empty());
  CHECK(follow_secret(first, wanted, object(Presence::present, "1")) == first);
  // Neither gone nor unreadable is a change.
  CHECK(follow_secret(first, wanted, object(Presence::absent)) == first);
  CHECK(follow_secret(first, wanted, refused("secrets")) == first);
  CHECK(follow_secret(first, wanted, std::nullopt) == first);

  const auto second = follow_secret(first, wanted, object(Presence::present, "2"));
  CHECK(second.revision == second.seen);
  CHECK(second.seen != first.seen);
  CHECK(follow_secret(second, wanted, object(Presence::present, "2")) == second);

  const auto ignored =
      follow_secret(second, {.name = "account", .restart = false}, object(Presence::present, "3"));
  CHECK(ignored.revision == second.revision);
  CHECK(follow_secret(ignored, wanted, object(Presence::present, "3")).revision == second.revision);
  const auto another = follow_secret(second, {.name = "other"}, object(Presence::present, "9"));
  CHECK(another.secret == "other");
  CHECK(another.revision == second.revision);
}

TEST_CASE("the mark of the Secret stands on the pods, and only there", "[row-30]") {
  json document = plugin(kWithSecret);
  const auto annotation = [&] {
    const auto parsed = parse_spec(document, shipped());
    std::vector<std::string> found;
    for (const DesiredObject& desired : render(*parsed.bundle, *parsed.spec, {})) {
      const std::string text = codec::string_at(
          *desired.document, {"spec", "template", "metadata", "annotations", kCredentialsRevision});
      if (!text.empty()) {
        found.push_back(desired.ref.kind + " " + text);
      }
    }
    return found;
  };
  CHECK(annotation().empty());
  document["status"]["credentials"] =
      credentials_json({.secret = "account", .seen = "abc", .revision = "abc"});
  CHECK(annotation() == std::vector<std::string>{"Deployment abc", "DaemonSet abc"});
  CHECK(credentials_state_of(document).revision == "abc");
  CHECK(credentials_json({}).empty());
}
