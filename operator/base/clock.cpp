// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <array>
#include <cctype>

#include <fmt/format.h>

namespace bso {

WallTime wall_now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::string to_rfc3339(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

namespace {

/// Reads exactly `digits` decimal digits at `position`; -1 when there are others.
int number_at(std::string_view text, size_t position, size_t digits) {
  if (position + digits > text.size()) return -1;
  int value = 0;
  for (size_t i = position; i < position + digits; ++i) {
    if (std::isdigit(static_cast<unsigned char>(text[i])) == 0) return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

}  // namespace

std::optional<WallTime> from_rfc3339(std::string_view text) {
  using namespace std::chrono;
  constexpr size_t kShortest = sizeof("2026-05-04T03:12:09Z") - 1;
  if (text.size() < kShortest || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
      text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const std::array<int, 6> field{number_at(text, 0, 4),  number_at(text, 5, 2),
                                 number_at(text, 8, 2),  number_at(text, 11, 2),
                                 number_at(text, 14, 2), number_at(text, 17, 2)};
  for (const int value : field) {
    if (value < 0) return std::nullopt;
  }
  const year_month_day date{year{field[0]}, month{static_cast<unsigned>(field[1])},
                            day{static_cast<unsigned>(field[2])}};
  if (!date.ok() || field[3] > 23 || field[4] > 59 || field[5] > 60) return std::nullopt;

  size_t rest = 19;
  if (text[rest] == '.') {
    ++rest;
    while (rest < text.size() && std::isdigit(static_cast<unsigned char>(text[rest])) != 0) ++rest;
  }
  seconds offset{0};
  if (rest < text.size() && text[rest] == 'Z' && rest + 1 == text.size()) {
    // UTC
  } else if (rest + 6 == text.size() && (text[rest] == '+' || text[rest] == '-') &&
             text[rest + 3] == ':') {
    const int offset_hours = number_at(text, rest + 1, 2);
    const int offset_minutes = number_at(text, rest + 4, 2);
    if (offset_hours < 0 || offset_minutes < 0) return std::nullopt;
    offset = hours{offset_hours} + minutes{offset_minutes};
    if (text[rest] == '-') offset = -offset;
  } else {
    return std::nullopt;
  }
  return sys_days{date} + hours{field[3]} + minutes{field[4]} + seconds{field[5]} - offset;
}

}  // namespace bso
