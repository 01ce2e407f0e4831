// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/oversize.h"

namespace bso::codec {

/// Splits a byte stream into lines. A JSON WATCH body is one document a line, and chunk borders are
/// not line borders. CR before LF and empty lines are dropped; a line beyond the limit is an error
/// unless `oversize` says otherwise.
class LineReader {
 public:
  using OnLine = std::function<Result<void>(std::string_view line)>;

  LineReader(OnLine on_line, std::size_t max_line_bytes, Oversize oversize = {});

  /// More bytes of the stream. An error, also one of `on_line`, is final.
  [[nodiscard]] Result<void> feed(std::string_view bytes);
  /// Hands out a last line without newline. Of one that is being skipped nothing is said.
  [[nodiscard]] Result<void> finish();

 private:
  [[nodiscard]] Result<void> take(std::string_view part, bool ends);
  [[nodiscard]] Result<void> too_long(std::size_t limit) const;

  OnLine on_line_;
  std::size_t max_line_bytes_;
  Oversize oversize_;
  std::string pending_;  ///< the line so far, or the start of one that is being skipped
  bool failed_ = false;
  bool skipping_ = false;
  std::size_t length_ = 0;  ///< of the line that is being skipped, so far
};

}  // namespace bso::codec
