// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace bso::codec {

/// Limits for YAML from outside. Aliases and merge keys count as what they stand for, so
/// `max_nodes` and `max_bytes` (times 4 for strings) also bound alias bombs; `max_depth` counts
/// through aliases. All of them hold for a whole text, not for each document.
struct YamlLimits {
  std::size_t max_bytes = 3U << 20U;
  std::size_t max_nodes = 200'000;
  int max_depth = 100;
};

/// The one door for YAML: a stream split on lines that are "---" (as apimachinery's YAMLReader
/// does, pkg/util/yaml/decoder.go), each document read by yaml-cpp's event parser and turned into
/// JSON at once with Kubernetes' own reading (sigs.k8s.io/yaml v1.4, goyaml.v2/resolve.go): `yes`
/// and `on` are booleans, 0777 is octal, quoted scalars stay strings, integral floats become
/// integers. Merge keys ("<<") are honoured: explicit keys win, then the earlier map of a list.
/// Strict: a duplicate key, a null or compound key, an anchor that contains itself, a binary tag,
/// a control character, text after a document's end are errors. Every error is `invalid_input` and
/// starts with "line N: ". Documents that are empty, null or only comments are left out.
/// (YAML::LoadAll is not used: in 0.7 it never returns for ",".)
[[nodiscard]] Result<std::vector<nlohmann::json>> yaml_to_json(std::string_view text,
                                                               const YamlLimits& limits = {});

/// For a text that has to hold exactly one document.
[[nodiscard]] Result<nlohmann::json> yaml_document_to_json(std::string_view text,
                                                           const YamlLimits& limits = {});

}  // namespace bso::codec
