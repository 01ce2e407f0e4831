// SPDX-License-Identifier: Apache-2.0
#include "codec/lines.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace bso::codec {
namespace {

Result<void> hand_out(const LineReader::OnLine& on_line, std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) return {};
  return on_line(line);
}

tl::unexpected<Error> bad_line(std::string message) {
  Error error;
  error.kind = ErrorKind::protocol;
  error.message = std::move(message);
  return fail(std::move(error));
}

}  // namespace

LineReader::LineReader(OnLine on_line, std::size_t max_line_bytes, Oversize oversize)
    : on_line_(std::move(on_line)),
      max_line_bytes_(max_line_bytes),
      oversize_(std::move(oversize)) {}

Result<void> LineReader::feed(std::string_view bytes) {
  if (failed_) return bad_line("the lines have failed before");
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    const bool ends = newline != std::string_view::npos;
    if (auto taken = take(bytes.substr(0, newline), ends); !taken) {
      failed_ = true;
      pending_.clear();
      return taken;
    }
    bytes.remove_prefix(ends ? newline + 1 : bytes.size());
  }
  return {};
}

/// More of the present line; `ends`: and that is all of it.
Result<void> LineReader::take(std::string_view part, bool ends) {
  if (!skipping_ && pending_.size() + part.size() > max_line_bytes_) {
    if (!oversize_.on_skipped) return too_long(max_line_bytes_);
    skipping_ = true;
    length_ = pending_.size();
    pending_.resize(std::min(pending_.size(), oversize_start_bytes));
  }
  if (skipping_) {
    pending_.append(part.substr(0, oversize_start_bytes - pending_.size()));
    length_ += part.size();
    if (length_ > oversize_.most) return too_long(oversize_.most);
    if (!ends) return {};
    skipping_ = false;
    oversize_.on_skipped(length_, pending_);
    pending_.clear();
    return {};
  }
  if (ends && pending_.empty()) return hand_out(on_line_, part);
  pending_.append(part);
  if (!ends) return {};
  auto done = hand_out(on_line_, pending_);
  pending_.clear();
  return done;
}

Result<void> LineReader::too_long(std::size_t limit) const {
  return bad_line(fmt::format("a line of the body is longer than {} bytes", limit));
}

Result<void> LineReader::finish() {
  if (failed_) return bad_line("the lines have failed before");
  const std::string last = std::exchange(pending_, {});
  if (std::exchange(skipping_, false)) return {};
  return hand_out(on_line_, last);
}

}  // namespace bso::codec
