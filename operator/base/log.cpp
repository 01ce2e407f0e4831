// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace bso::log {
namespace {

Format g_format = Format::text;

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::trace:
      return spdlog::level::trace;
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = spdlog::stderr_logger_mt("operator");
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %L %v", spdlog::pattern_time_type::utc);
    return made;
  }();
  return *instance;
}

/// Control characters in a value (a server's or a driver's text) must not forge log lines.
std::string quoted(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string as_text(std::string_view message, Fields fields) {
  std::string line(message);
  for (const auto& [key, value] : fields) line += fmt::format(" {}={}", key, quoted(value));
  return line;
}

std::string as_json(std::string_view message, Fields fields) {
  std::string line = fmt::format("\"msg\":{}", quoted(message));
  for (const auto& [key, value] : fields) line += fmt::format(",{}:{}", quoted(key), quoted(value));
  return line;
}

}  // namespace

void configure(Level level, Format format) {
  g_format = format;
  logger().set_level(to_spdlog(level));
  logger().flush_on(spdlog::level::trace);
  if (format == Format::json) {
    logger().set_pattern(R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
                         spdlog::pattern_time_type::utc);
  }
}

bool parse_level(std::string_view text, Level& level) {
  constexpr std::pair<std::string_view, Level> kNames[] = {{"trace", Level::trace},
                                                           {"debug", Level::debug},
                                                           {"info", Level::info},
                                                           {"warn", Level::warn},
                                                           {"error", Level::error}};
  for (const auto& [name, value] : kNames) {
    if (name == text) {
      level = value;
      return true;
    }
  }
  return false;
}

void write(Level level, std::string_view message, Fields fields) {
  auto& out = logger();
  const auto native = to_spdlog(level);
  if (!out.should_log(native)) return;
  out.log(native, "{}",
          g_format == Format::json ? as_json(message, fields) : as_text(message, fields));
}

}  // namespace bso::log
