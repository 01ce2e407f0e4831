// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <algorithm>
#include <cstddef>

namespace bso::cli {
namespace {

/// Characters, not bytes: those that continue a character of UTF-8 are not counted.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) >> 6U) != 2U;
  }));
}

/// Control characters could move the cursor of a terminal; they come from other people's objects.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

}  // namespace

std::string Table::text(const std::string& indent) const {
  const std::size_t columns = rows_.front().size();
  std::vector<std::size_t> widths(columns, 0);
  std::vector<bool> shown(columns, false);
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      widths[column] = std::max(widths[column], width_of(rows_[row][column]));
      if (row > 0 && !rows_[row][column].empty()) shown[column] = true;
    }
  }
  std::string all;
  for (const auto& row : rows_) {
    std::string line = indent;
    for (std::size_t column = 0; column < columns; ++column) {
      if (!shown[column]) continue;
      const auto cell = one_line(row[column]);
      line += cell + std::string(widths[column] - width_of(cell) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    all += line + "\n";
  }
  return all;
}

}  // namespace bso::cli
