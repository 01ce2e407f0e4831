// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace bso::log {

enum class Level { trace, debug, info, warn, error };
enum class Format { text, json };

/// One key and value of a structured line. Values are written as given: no secrets in here.
using Field = std::pair<std::string_view, std::string_view>;
using Fields = std::initializer_list<Field>;

/// Sets where lines go (standard error) and how. Call once, before other threads start.
void configure(Level level, Format format);

/// Reads trace, debug, info, warn or error; false when it is none of them.
[[nodiscard]] bool parse_level(std::string_view text, Level& level);

void write(Level level, std::string_view message, Fields fields = {});

inline void debug(std::string_view message, Fields fields = {}) {
  write(Level::debug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}) {
  write(Level::info, message, fields);
}
inline void warn(std::string_view message, Fields fields = {}) {
  write(Level::warn, message, fields);
}
inline void error(std::string_view message, Fields fields = {}) {
  write(Level::error, message, fields);
}

}  // namespace bso::log
