// SPDX-License-Identifier: Apache-2.0
#include "cli/planned_object.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "controllers/plugin/resource.h"

namespace bso::cli {
namespace {

using controllers::block_storage_plugins;

/// What makes the spec of the object there that of the file.
nlohmann::json spec_patch(const nlohmann::json& document, const nlohmann::json& present) {
  static const nlohmann::json nothing = nlohmann::json::object();
  const auto spec_of = [](const nlohmann::json& object) -> const nlohmann::json& {
    const auto* spec = codec::find(object, {"spec"});
    return spec != nullptr && spec->is_object() ? *spec : nothing;
  };
  return codec::merge_patch(spec_of(present), spec_of(document));
}

}  // namespace

Task<Result<Present>> find_present(Session& session, std::string name) {
  session.progress().at("asking for BlockStoragePlugin " + name);
  auto live = co_await session.client().get(block_storage_plugins, "", name);
  Present present;
  if (live) {
    present.plugin = std::move(*live);
  } else if (live.error().not_found() || live.error().code == 404) {
    // "... "NAME" not found" is said of the object; without the CRD the path itself is not known.
    present.crd =
        live.error().message.find(fmt::format("\"{}\" not found", name)) != std::string::npos;
  } else {
    co_return fail(std::move(live.error()));
  }
  co_return present;
}

Task<Result<void>> check_schema(Session& session, nlohmann::json document, PluginPlan& plan) {
  auto dry = session.client().dry_run();
  auto made = co_await dry.create(block_storage_plugins, "",
                                  std::make_shared<const nlohmann::json>(std::move(document)));
  // That the name is taken is said after the object was found valid.
  if (made || made.error().is_status("AlreadyExists")) co_return Result<void>{};
  if (made.error().forbidden()) {
    plan.notes.push_back(
        fmt::format("You may not create BlockStoragePlugins, so the server did not check the file "
                    "against its schema: {}.",
                    made.error().message));
    co_return Result<void>{};
  }
  if (made.error().is_status("Invalid") || made.error().is_status("BadRequest")) {
    plan.faults.push_back(fmt::format("The server refuses it: {}", made.error().message));
    co_return Result<void>{};
  }
  co_return fail(std::move(made.error()));
}

Task<Result<nlohmann::json>> as_applied(Session& session, const nlohmann::json& document,
                                        const codec::JsonPtr& present) {
  nlohmann::json planned = document;
  planned.erase("status");
  if (present == nullptr) co_return planned;
  for (const char* field : {"uid", "generation"}) {
    if (const auto* value = codec::find(*present, {"metadata", field})) {
      planned["metadata"][field] = *value;
    }
  }
  if (const auto* status = codec::find(*present, {"status"})) planned["status"] = *status;
  auto patch = spec_patch(document, *present);
  if (patch.empty()) co_return planned;
  auto dry = session.client().dry_run();
  auto body = std::make_shared<const nlohmann::json>(nlohmann::json{{"spec", std::move(patch)}});
  const auto name = codec::string_at(document, {"metadata", "name"});
  auto patched = co_await dry.merge_patch(block_storage_plugins, "", name, std::move(body));
  if (patched) {
    if (const auto* generation = codec::find(**patched, {"metadata", "generation"})) {
      planned["metadata"]["generation"] = *generation;
    }
  } else if (patched.error().kind != ErrorKind::status) {
    co_return fail(std::move(patched.error()));
  } else if (auto* generation = codec::find(*present, {"metadata", "generation"});
             generation != nullptr && generation->is_number_integer()) {
    planned["metadata"]["generation"] = generation->get<std::int64_t>() + 1;
  }
  co_return planned;
}

}  // namespace bso::cli
