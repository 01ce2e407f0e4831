// SPDX-License-Identifier: Apache-2.0
#include "integration/crd_fields.h"

#include <functional>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "codec/yaml.h"
#include "support/eventually.h"
#include "support/process.h"

namespace bso::test {
namespace {

/// What else a spec needs so that the field may be set; a path in a list's items: what else the
/// item. Only what the rules between fields ask for.
const std::map<std::string, Json>& contexts() {
  static const std::map<std::string, Json> all{
      {"spec.driver.csiDriverName",
       {{"driver", {{"name", "ibm-vpc-block"}, {"install", "External"}}}}},
      {"spec.driver.credentialsSecretRef.name",
       {{"driver", {{"credentialsSecretRef", Json::object()}}}}},
      {"spec.driver.credentialsSecretRef.onChange",
       {{"driver", {{"credentialsSecretRef", Json::object()}}}}},
      {"spec.node.startupTaint.remove", {{"node", {{"startupTaint", {{"key", "example.com/t"}}}}}}},
      {"spec.storageClasses.presets.zone",
       {{"storageClasses", {{"presets", {{"region", "us-south"}}}}}}},
      {"spec.storageClasses.default.mode",
       {{"storageClasses", {{"default", {{"className", "ibmc-block-gold"}}}}}}},
      {"spec.upgrade.approvedVersion", {{"upgrade", {{"approval", "Manual"}}}}},
  };
  return all;
}

Json item_context(const std::string& path) {
  const auto ends = [&](std::string_view end) { return path.ends_with(end); };
  if (ends("tolerations[].key") || ends("tolerations[].effect")) return {{"operator", "Exists"}};
  if (ends("tolerations[].operator")) return {{"key", "example.com/taint"}};
  if (ends("tolerations[].value")) return {{"key", "example.com/taint"}, {"operator", "Equal"}};
  if (ends("tolerations[].tolerationSeconds")) {
    return {{"operator", "Exists"}, {"effect", "NoExecute"}};
  }
  return Json::object();
}

Json spec_schema() {
  const auto file =
      codec::yaml_document_to_json(read_file(BSO_SOURCE_DIR "/crds/blockstorageplugins.yaml"));
  if (!file) throw TestFailure("crds/blockstorageplugins.yaml: " + file.error().message);
  return file->at("/spec/versions/0/schema/openAPIV3Schema/properties/spec"_json_pointer);
}

/// What the description gives after "Example: ", up to the sentence's end.
std::optional<Json> example_of(const Json& schema) {
  const auto description = schema.value("description", "");
  constexpr std::string_view mark = "Example: ";
  const auto at = description.find(mark);
  if (at == std::string::npos) return std::nullopt;
  auto text = description.substr(at + mark.size());
  text = text.substr(0, text.find(". "));
  if (text.ends_with('.')) text.pop_back();
  if (schema.value("type", "") == "string") return Json(text);
  auto value = codec::yaml_document_to_json(text);
  if (!value) throw TestFailure(fmt::format("example \"{}\": {}", text, value.error().message));
  return std::move(*value);
}

/// Values that are not the default.
std::vector<Json> samples(const Json& schema, const std::string& path) {
  const auto type = schema.value("type", "");
  const Json fallback = schema.value("default", Json());
  std::vector<Json> values;
  if (schema.contains("enum")) {
    for (const auto& word : schema.at("enum")) {
      if (word != fallback) values.push_back(word);
    }
  } else if (const auto example = example_of(schema)) {
    values.push_back(*example);
  } else if (type == "boolean") {
    values.emplace_back(fallback.is_boolean() ? !fallback.get<bool>() : true);
  } else if (type == "integer") {
    const auto most = schema.value("maximum", std::int64_t{1000});
    const auto now = fallback.is_number_integer() ? fallback.get<std::int64_t>() : 0;
    values.emplace_back(now < most ? now + 1 : now - 1);
  }
  if (values.empty() || values.front() == fallback) {
    throw TestFailure(path + ": no value for a test; write \"Example: ...\" into its description");
  }
  return values;
}

/// {"a": {"b": value}} for "spec.a.b".
Json nested(const std::string& path, Json value) {
  const auto dot = path.rfind('.');
  if (dot == std::string::npos) return value;
  return nested(path.substr(0, dot), Json{{path.substr(dot + 1), std::move(value)}});
}

class Walk {
 public:
  void properties(const Json& schema, const std::string& path) {
    for (const auto& [name, property] : schema.at("properties").items()) {
      field(property, path + "." + name);
    }
  }
  std::vector<FieldChange> take() { return std::move(changes_); }

 private:
  void field(const Json& schema, const std::string& path) {
    if (schema.contains("properties")) return properties(schema, path);
    for (const auto& value : samples(schema, path)) add(schema, path, value);
    if (schema.contains("items") && schema.at("items").contains("properties")) {
      items(schema.at("items"), path);
    }
  }

  /// Each field of a list's items, in a list of one.
  void items(const Json& schema, const std::string& path) {
    for (const auto& [name, property] : schema.at("properties").items()) {
      const auto inside = fmt::format("{}[].{}", path, name);
      for (const auto& value : samples(property, inside)) {
        Json item = item_context(inside);
        for (const auto& needed : schema.value("required", Json::array())) {
          const auto& key = needed.get_ref<const std::string&>();
          item[key] = samples(schema.at("properties").at(key), inside).front();
        }
        FieldChange change{
            .path = inside, .value = value.dump(), .base = {}, .changed = {}, .reverted = {}};
        change.base = base_spec(path);
        if (!item.empty() && !item.contains(name)) {
          change.base.merge_patch(nested(path, Json::array({item})));
        }
        item[name] = value;
        change.changed = change.base;
        change.changed.merge_patch(nested(path, Json::array({item})));
        change.reverted = change.base;
        changes_.push_back(std::move(change));
      }
    }
  }

  static Json base_spec(const std::string& path) {
    Json base{{"driver", {{"name", "ibmc-block"}}}};
    if (const auto found = contexts().find(path); found != contexts().end()) {
      base.merge_patch(found->second);
    }
    return base;
  }

  void add(const Json& schema, const std::string& path, const Json& value) {
    FieldChange change{.path = path,
                       .value = value.dump(),
                       .base = base_spec(path),
                       .changed = {},
                       .reverted = {}};
    change.changed = change.base;
    change.changed.merge_patch(nested(path, value));
    change.reverted = change.base;
    if (schema.contains("default")) {
      change.reverted.merge_patch(nested(path, schema.at("default")));
    }
    change.locked = schema.value("description", "").find("Cannot be changed once installed") !=
                    std::string::npos;
    changes_.push_back(std::move(change));
  }

  std::vector<FieldChange> changes_;
};

/// {"why", value} for what the schema of one field excludes.
std::vector<std::pair<std::string, Json>> bad_values(const Json& schema) {
  const auto type = schema.at("type").get<std::string>();
  const auto text_of = [](std::size_t length) { return Json(std::string(length, 'a')); };
  std::vector<std::pair<std::string, Json>> bad;
  bad.emplace_back("another type", type == "string" ? Json(7) : Json("text"));
  if (schema.contains("enum")) bad.emplace_back("not in the enumeration", "Nonsense");
  if (schema.contains("pattern")) bad.emplace_back("outside of the pattern", "not this!");
  if (schema.contains("maxLength")) {
    const auto most = schema.at("maxLength").get<std::size_t>();
    bad.emplace_back(fmt::format("longer than {}", most), text_of(most + 1));
  }
  if (schema.value("minLength", 0) > 0) bad.emplace_back("empty", "");
  if (schema.contains("minimum")) {
    bad.emplace_back("too small", schema.at("minimum").get<std::int64_t>() - 1);
  }
  if (schema.contains("maximum")) {
    bad.emplace_back("too large", schema.at("maximum").get<std::int64_t>() + 1);
  }
  if (schema.contains("maxProperties")) {
    Json many = Json::object();
    const auto most = schema.at("maxProperties").get<std::size_t>();
    const bool texts = schema.at("additionalProperties").at("type") == "string";
    for (std::size_t i = 0; i <= most; ++i) {
      many[fmt::format("key-{}", i)] = texts ? Json("v") : Json::object();
    }
    bad.emplace_back(fmt::format("more than {} entries", most), std::move(many));
  }
  if (schema.contains("maxItems")) {
    Json many = Json::array();
    const auto most = schema.at("maxItems").get<std::size_t>();
    const auto& items = schema.at("items");
    for (std::size_t i = 0; i <= most; ++i) {
      const auto name = fmt::format("item-{}", i);
      many.push_back(items.at("type") == "string" ? Json(name)
                     : items.contains("required") ? Json{{"name", name}}
                                                  : Json{{"operator", "Exists"}});
    }
    bad.emplace_back(fmt::format("more than {} items", most), std::move(many));
  }
  return bad;
}

/// All fields below a schema of type object, items of lists included.
void collect_bad(const Json& schema, const std::string& path,
                 const std::function<Json(Json)>& whole, std::vector<BadValue>& found) {
  for (const auto& [name, property] : schema.at("properties").items()) {
    const auto here = path + "." + name;
    const auto field = name;
    const auto with = [&whole, field](Json value) {
      return whole(Json{{field, std::move(value)}});
    };
    for (auto& [why, value] : bad_values(property)) {
      found.push_back({here, why, with(std::move(value))});
    }
    if (property.contains("properties")) collect_bad(property, here, with, found);
    if (property.contains("items") && property.at("items").contains("properties")) {
      const auto& items = property.at("items");
      const Json named = items.contains("required") ? Json{{"name", "item"}} : Json::object();
      const auto in_list = [&with, &named](Json value) {
        Json item = named;
        item.merge_patch(value);
        return with(Json::array({std::move(item)}));
      };
      collect_bad(items, here + "[0]", in_list, found);
    }
  }
}

}  // namespace

std::vector<FieldChange> spec_field_changes() {
  Walk walk;
  walk.properties(spec_schema(), "spec");
  return walk.take();
}

std::vector<BadValue> spec_bad_values() {
  std::vector<BadValue> found;
  const auto whole = [](Json value) {
    Json spec{{"driver", {{"name", "ibmc-block"}}}};
    spec.merge_patch(value);
    return spec;
  };
  collect_bad(spec_schema(), "spec", whole, found);
  return found;
}

}  // namespace bso::test
