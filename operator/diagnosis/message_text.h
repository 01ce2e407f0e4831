// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Only for the files that read messages. Everything here looks at each byte a bounded number of
/// times, takes any bytes and never fails.
namespace bso::diagnosis {

inline constexpr auto kNoMatch = std::string_view::npos;

/// Takes off what an event recorder puts before a message that stands for many
/// (client-go tools/record/events_cache.go, EventAggregatorByReasonMessageFunc), however often.
[[nodiscard]] std::string_view without_aggregation(std::string_view message);

enum class Quoted { none, cut, whole };

/// Reads a Go string in double quotes (strconv.Quote, as %q writes it) at the start of `text` and
/// takes it off. One that was cut gives what is left of it, without half of an escape.
[[nodiscard]] Quoted take_quoted(std::string_view& text, std::string& value);

/// A driver's words in the form in which they are compared.
struct PlainText {
  /// Control characters are spaces, escaped quotes are quotes, other backslashes are slashes (they
  /// are those of Windows paths), and what a second formatting made of '%' is taken back:
  /// "%!!(MISSING)f(MISSING)" is "%f" (Kubernetes up to 1.20: operation_executor.go
  /// GenerateError and the recorder's Eventf both take the text for a format).
  std::string raw;
  std::string lower;  ///< the same in lower case, byte for byte
  /// Whether the end may be missing. A scheduler ends a cut text with "..."; drivers cut at the
  /// 1024 bytes that a VolumeAttachment takes (pkg/apis/storage/validation).
  bool cut = false;
};
[[nodiscard]] PlainText plain_text(std::string_view text);

/// A word and what stands before it.
struct Word {
  std::string_view raw;
  std::string_view lower;
  bool quoted = false;       ///< directly after a quote, bracket, '=' or, with a space, a colon
  bool enclosed = false;     ///< between two quotes, or two brackets, and nothing else there
  bool begins_list = false;  ///< directly after a square bracket or brace, and maybe a quote
  bool ends_clause = false;  ///< a full stop, comma, semicolon or closing bracket follows
  char next = '\0';          ///< what follows, quotes aside; 0 at the end of the text
};

/// The words of a text, paths and names in one piece, at most `limit` of them.
[[nodiscard]] std::vector<Word> words_of(const PlainText& text, std::size_t limit);

}  // namespace bso::diagnosis
