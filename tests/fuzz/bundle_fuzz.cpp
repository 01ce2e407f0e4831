// SPDX-License-Identifier: Apache-2.0
// What people write: bundles, image references, BlockStoragePlugins; and objects that others wrote.
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "codec/yaml.h"
#include "fuzz/fuzz.h"
#include "install/bundle.h"
#include "install/diff.h"
#include "install/image_reference.h"
#include "install/kinds.h"
#include "install/observe.h"
#include "install/plan.h"
#include "install/render.h"
#include "install/spec.h"

namespace bso::fuzz {
namespace {

using nlohmann::json;

const std::vector<install::Bundle>& shipped() {
  static const auto bundles = install::load_bundles(install::embedded_bundles());
  demand(bundles.has_value(), "the bundles in the program load");
  return *bundles;
}

void check_refusal(const Error& error) {
  demand(error.kind == ErrorKind::invalid_input && !error.message.empty(), "an error says why");
}

void check_rendered(const install::Bundle& bundle, const install::PluginSpec& spec) {
  const auto objects = install::render(bundle, spec, {});
  const auto again = install::render(bundle, spec, {});
  demand(objects.size() == again.size() &&
             (spec.external || objects.size() + bundle.gates.size() >= bundle.manifests.size()),
         "every manifest becomes an object, but for those that the server's version takes away");
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const auto& object = objects[i];
    demand(object.hash == again[i].hash && *object.document == *again[i].document,
           "equal input gives equal bytes");
    demand(codec::string_at(*object.document, {"apiVersion"}) == object.ref.api_version() &&
               codec::string_at(*object.document, {"kind"}) == object.ref.kind &&
               codec::string_at(*object.document, {"metadata", "name"}) == object.ref.name &&
               codec::string_at(*object.document, {"metadata", "namespace"}) == object.ref.ns,
           "an object is what its address says");
    demand(install::differences(*object.document, *object.document).empty(),
           "an object does not differ from itself");
  }
}

/// The files stand one after the other; a line "# bundle.yaml" begins one of that name.
void fuzz_bundle(const Input& input) {
  constexpr std::string_view kBegin = "\n# ";
  std::vector<std::string> names;
  std::vector<std::string_view> texts;
  for (std::string_view rest = input.bytes(); !rest.empty();) {
    std::string_view text = take_part(rest, kBegin);
    names.push_back("x/" + std::string(take_part(text, "\n")));
    texts.push_back(text);
  }
  std::vector<install::BundleFile> files;
  for (std::size_t i = 0; i < names.size(); ++i) files.push_back({names[i], texts[i]});
  const auto bundle = install::load_bundle(files);
  if (!bundle) return check_refusal(bundle.error());

  const json plugin = {
      {"metadata", {{"name", "p"}}},
      {"spec",
       {{"driver", {{"name", bundle->name}}},
        {"images", {{"registry", "r.example.com/x"}, {"pullSecrets", {{{"name", "s"}}}}}},
        {"node", {{"nodeSelector", {{"a", "b"}}}}},
        {"controller", {{"nodeSelector", {{"a", "b"}}}}},
        {"storageClasses", {{"presets", {{"tiers", json::array()}}}}}}}};
  auto parsed = install::parse_spec(plugin, std::span(&*bundle, 1));
  demand(parsed.bundle == &*bundle, "the bundle is found");
  if (!parsed.spec) return;
  for (const auto& tier : bundle->classes.tiers) parsed.spec->classes.tiers->push_back(tier.name);
  parsed.spec->kubelet_root_dir = "/k";
  parsed.spec->log_level = install::LogLevel::debug;
  parsed.spec->credentials = install::CredentialsSettings{.name = "c"};
  install::ContainerResources resources;
  resources.requests["cpu"] = "1";
  for (const auto& [container, unused] : bundle->images) {
    parsed.spec->node.resources[container] = resources;
    parsed.spec->controller.resources[container] = resources;
  }
  check_rendered(*bundle, *parsed.spec);
}

void fuzz_image(const Input& input) {
  const auto text = input.bytes();
  const auto reference = install::parse_image_reference(text);
  if (!reference) return check_refusal(reference.error());
  std::string printed = reference->name;
  if (!reference->tag.empty()) printed += ":" + reference->tag;
  if (!reference->digest.empty()) printed += "@" + reference->digest;
  demand(printed == text, "what was read is what was written");
  constexpr std::size_t kLongestName = 255;
  const auto moved = install::with_registry(reference->name, "r.example.com:5000/x");
  demand(moved.size() > kLongestName || install::parse_image_reference(moved).has_value(),
         "another registry may have it too");
}

void fuzz_spec(const Input& input) {
  const auto plugin = codec::yaml_document_to_json(input.bytes());
  if (!plugin) return;
  const auto parsed = install::parse_spec(*plugin, shipped());
  demand(parsed.spec.has_value() == parsed.faults.empty(), "a spec is there or its faults are");
  for (const auto& fault : parsed.faults) {
    demand(!fault.message.empty() && !fault.remedy.empty() && !fault.reason.empty(),
           "a fault says what helps");
  }
  static_cast<void>(install::is_managed(*plugin));
  if (!parsed.spec) return;
  demand(parsed.bundle != nullptr && !parsed.spec->version.empty(), "a good spec is complete");
  check_rendered(*parsed.bundle, *parsed.spec);
}

/// Somebody else's object in the place of one of ours.
void fuzz_live(const Input& input) {
  const auto live = codec::parse_json(input.bytes());
  if (!live || !live->is_object()) return;
  for (const auto& entry : install::read_inventory(*live)) {
    demand(!entry.ref.kind.empty() && !entry.ref.plural.empty(), "an entry has an address");
  }
  demand(install::differences(*live, *live).empty(), "an object does not differ from itself");
  demand(install::immutable_class_differences(*live, *live).empty(), "nor does a class");
  static const auto desired = [] {
    const json plugin = {{"metadata", {{"name", "p"}}},
                         {"spec", {{"driver", {{"name", shipped().front().name}}}}}};
    const auto parsed = install::parse_spec(plugin, shipped());
    return install::render(*parsed.bundle, *parsed.spec, {});
  }();
  for (const auto& object : desired) {
    const auto observed = install::observe(object.ref, &*live, &object, "p");
    demand(observed.exists && observed.drift.size() <= 5, "drift is told in short");
    demand(install::plan(std::span(&object, 1), std::span(&observed, 1)).size() == 1,
           "there is one step for one object");
  }
}

}  // namespace
}  // namespace bso::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bso::fuzz;
  const Input input(data, size);
  switch (input.parser()) {
    case 'i':
      fuzz_image(input);
      break;
    case 's':
      fuzz_spec(input);
      break;
    case 'o':
      fuzz_live(input);
      break;
    default:
      fuzz_bundle(input);
  }
  return 0;
}
