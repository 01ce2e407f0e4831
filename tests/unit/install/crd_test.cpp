// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <functional>
#include <regex>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "codec/yaml.h"
#include "install/spec.h"
#include "install/status.h"
#include "unit/install/support.h"

using namespace bso;
using namespace bso::install;
using namespace bso::install::test;
using nlohmann::json;

namespace {

json read_yaml(const std::string& path) {
  auto document = codec::yaml_document_to_json(read_file(path));
  INFO((document ? "" : document.error().message));
  REQUIRE(document.has_value());
  return std::move(*document);
}

json schema() {
  return read_yaml(
      "crds/blockstorageplugins.yaml")["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
}

// Calls `visit` for each named property with its path.
template <class Visit>
void walk(const json& node, const std::string& path, const Visit& visit) {
  if (node.contains("properties")) {
    for (const auto& [name, property] : node["properties"].items()) {
      visit(path + "." + name, property);
      walk(property, path + "." + name, visit);
    }
  }
  if (node.contains("items")) {
    walk(node["items"], path + "[]", visit);
  }
  if (node.contains("additionalProperties") && node["additionalProperties"].is_object()) {
    walk(node["additionalProperties"], path + "{}", visit);
  }
}

void check_type(const json& node, const json& value, std::vector<std::string>& faults,
                const std::string& path) {
  const std::string type = node.value("type", "");
  const bool good =
      (type == "object" && value.is_object()) || (type == "array" && value.is_array()) ||
      (type == "string" && value.is_string()) || (type == "boolean" && value.is_boolean()) ||
      (type == "integer" && value.is_number_integer());
  if (!good) {
    faults.push_back(path + ": not a " + type);
  }
}

// The part of JSON Schema that the CRD uses; unknown fields are faults although a server prunes
// them.
void validate(const json& node, const json& value, const std::string& path,
              std::vector<std::string>& faults) {
  check_type(node, value, faults, path);
  if (node.contains("enum") &&
      std::find(node["enum"].begin(), node["enum"].end(), value) == node["enum"].end()) {
    faults.push_back(path + ": not in the enum");
  }
  if (value.is_string()) {
    const auto text = value.get<std::string>();
    if (node.contains("pattern") &&
        !std::regex_search(text, std::regex(node["pattern"].get<std::string>()))) {
      faults.push_back(path + ": pattern");
    }
    if (text.size() > node.value("maxLength", std::string::npos) ||
        text.size() < node.value("minLength", 0U)) {
      faults.push_back(path + ": length");
    }
  }
  if (value.is_number_integer() && (value > node.value("maximum", json(INT64_MAX)) ||
                                    value < node.value("minimum", json(INT64_MIN)))) {
    faults.push_back(path + ": range");
  }
  if (value.is_array()) {
    if (value.size() > node.value("maxItems", std::string::npos)) {
      faults.push_back(path + ": too many items");
    }
    for (const json& item : value) {
      validate(node["items"], item, path + "[]", faults);
    }
  }
  if (value.is_object() && node.contains("type") && path != ".metadata") {
    for (const json& name : node.value("required", json::array())) {
      if (!value.contains(name.get<std::string>())) {
        faults.push_back(path + "." + name.get<std::string>() + ": missing");
      }
    }
    for (const auto& [key, item] : value.items()) {
      if (node.contains("properties") && node["properties"].contains(key)) {
        validate(node["properties"][key], item, path + "." + key, faults);
      } else if (node.value("x-kubernetes-preserve-unknown-fields", false)) {
        continue;
      } else if (node.contains("additionalProperties")) {
        validate(node["additionalProperties"], item, path + "." + key, faults);
      } else {
        faults.push_back(path + "." + key + ": unknown");
      }
    }
  }
}

std::vector<std::string> faults_of(const json& value) {
  std::vector<std::string> faults;
  validate(schema(), value, "", faults);
  return faults;
}

// As the API server does: defaults of absent fields, outside in.
void set_defaults(const json& node, json& value) {
  if (value.is_object() && node.contains("properties")) {
    for (const auto& [name, property] : node["properties"].items()) {
      if (!value.contains(name) && property.contains("default")) {
        value[name] = property["default"];
      }
      if (value.contains(name)) {
        set_defaults(property, value[name]);
      }
    }
  }
}

}  // namespace

TEST_CASE("every field of the CRD is explained") {
  std::size_t count = 0;
  walk(schema(), "", [&](const std::string& path, const json& property) {
    ++count;
    INFO(path);
    // The server refuses a description of metadata, it knows that itself.
    const bool exempt = path == ".metadata";
    CHECK((exempt || property.value("description", "").size() > 10));
    CHECK(property.contains("type"));
  });
  CHECK(count > 70);
}

TEST_CASE("the CRD uses nothing that Kubernetes 1.20 cannot hold") {
  const std::string text = codec::dump_json(read_yaml("crds/blockstorageplugins.yaml"));
  for (const char* word : {"x-kubernetes-validations", "int-or-string", "anyOf"}) {
    CHECK(text.find(word) == std::string::npos);
  }
}

TEST_CASE("every default is valid and is the program's own") {
  walk(schema(), "", [](const std::string& path, const json& property) {
    if (property.contains("default")) {
      std::vector<std::string> faults;
      validate(property, property["default"], path, faults);
      INFO(path);
      CHECK(faults.empty());
    }
  });
  json defaulted = plugin();
  set_defaults(schema(), defaulted);
  CHECK(defaulted["spec"]["node"]["updateStrategy"]["maxUnavailable"] == "10%");
  const ParsedSpec parsed = parse_spec(defaulted, shipped());
  REQUIRE(parsed.spec.has_value());
  CHECK(*parsed.spec == valid_spec());
}

TEST_CASE("the examples are valid to the schema and to the program") {
  for (const char* path :
       {"examples/blockstorageplugin-minimal.yaml", "examples/blockstorageplugin-full.yaml",
        "examples/blockstorageplugin-vpc.yaml", "examples/blockstorageplugin-external.yaml"}) {
    INFO(path);
    const json example = read_yaml(path);
    CHECK(faults_of(example) == std::vector<std::string>{});
    const ParsedSpec parsed = parse_spec(example, shipped());
    CHECK(parsed.spec.has_value());
  }
}

TEST_CASE("the full example has every field of the spec") {
  const json example = read_yaml("examples/blockstorageplugin-full.yaml");
  const json full = schema()["properties"]["spec"];
  const std::function<void(const json&, const json&, const std::string&)> covered =
      [&](const json& node, const json& value, const std::string& path) {
        if (node.contains("properties")) {
          for (const auto& [name, property] : node["properties"].items()) {
            const json* found = &value;
            if (value.is_array()) {
              for (const json& item : value) {
                found = item.contains(name) ? &item : found;
              }
            }
            INFO(path << "." << name);
            // It belongs to install: External, where much of the rest is refused.
            if (name == "csiDriverName") continue;
            REQUIRE(found->is_object());
            REQUIRE(found->contains(name));
            covered(property, found->at(name), path + "." + name);
          }
        } else if (node.contains("items") && node["items"].contains("properties") &&
                   path != "spec.node.tolerations") {  // explained once, for the controller
          covered(node["items"], value, path + "[]");
        }
      };
  covered(full, example["spec"], "spec");
}

TEST_CASE("bad values fail the schema as they fail the program", "[row-23]") {
  for (const char* text : {
           R"({"driver": {"name": "A"}})",
           R"({"driver": {"version": "latest"}})",
           R"({"driver": {"kubeletRootDir": "/var/"}})",
           R"({"driver": {"flexVolumePluginDir": "x"}})",
           R"({"managementState": "Gone"})",
           R"({"controller": {"replicas": 6}})",
           R"({"node": {"updateStrategy": {"maxUnavailable": "0%"}}})",
           R"({"node": {"updateStrategy": {"maxUnavailable": 1}}})",
           R"({"node": {"tolerations": ["x"]}})",
           R"({"storageClasses": {"presets": {"fsType": "ntfs"}}})",
           R"({"images": {"pullSecrets": [{}]}})",
           R"({"imagess": {}})",
       }) {
    INFO(text);
    CHECK_FALSE(faults_of(plugin(json::parse(text))).empty());
  }
}

TEST_CASE("a computed status fits the schema") {
  const auto desired = rendered();
  const auto observed = all_running(desired);
  json document = plugin();
  const ParsedSpec parsed = parse_spec(document, shipped());
  document["status"] = *compute_status({.plugin = document,
                                        .parsed = parsed,
                                        .desired = desired,
                                        .observed = observed,
                                        .operator_version = "0.1.0",
                                        .now = "2026-05-04T03:12:09Z"});
  CHECK(faults_of(document) == std::vector<std::string>{});
}
