// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace bso::codec {

/// An immutable, shared JSON document. Headers name it without needing the parser.
using JsonPtr = std::shared_ptr<const nlohmann::json>;

/// Parses one JSON text: whole, UTF-8, at most `max_depth` levels deep. The error (of kind
/// `protocol`) names line and column and never repeats the text, which may hold secrets.
[[nodiscard]] Result<nlohmann::json> parse_json(std::string_view text, int max_depth = 200);

/// Compact text with sorted keys (nlohmann's default map), so equal documents give equal bytes.
/// Strings that are not UTF-8 get U+FFFD instead of an exception.
[[nodiscard]] std::string dump_json(const nlohmann::json& document);

/// The value at a path of object keys, or nullptr. Never throws, never inserts.
[[nodiscard]] const nlohmann::json* find(const nlohmann::json& document,
                                         std::initializer_list<std::string_view> path);
/// The string at a path, or "" when it is absent or something else.
[[nodiscard]] std::string string_at(const nlohmann::json& document,
                                    std::initializer_list<std::string_view> path);

/// The RFC 7386 merge patch that turns `from` into `to`: changed members, and null for those that
/// are gone. `to` must hold no nulls. An empty object when nothing differs.
[[nodiscard]] nlohmann::json merge_patch(const nlohmann::json& from, const nlohmann::json& to);

}  // namespace bso::codec
