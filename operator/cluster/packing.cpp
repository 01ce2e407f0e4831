// SPDX-License-Identifier: Apache-2.0
#include "cluster/packing.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace bso::cluster {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::size_t kUuidBytes = 16;
constexpr std::size_t kUuidText = 36;
using UuidBytes = std::array<char, kUuidBytes>;

constexpr bool is_dash(std::size_t position) {
  return position == 8 || position == 13 || position == 18 || position == 23;
}

/// nullopt when to_text() would not give the very same text.
std::optional<UuidBytes> uuid_bytes(std::string_view text) {
  if (text.size() != kUuidText) return std::nullopt;
  UuidBytes result{};
  std::size_t digits = 0;
  for (std::size_t i = 0; i < kUuidText; ++i) {
    if (is_dash(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const auto digit = kHexDigits.find(text[i]);
    if (digit == kHexDigits.npos) return std::nullopt;
    auto& byte = result[digits / 2];
    byte = static_cast<char>(std::size_t{static_cast<unsigned char>(byte)} << 4U | digit);
    ++digits;
  }
  return result;
}

std::array<char, kUuidText> uuid_text(std::string_view bytes) {
  std::array<char, kUuidText> result{};
  std::size_t digits = 0;
  for (std::size_t i = 0; i < kUuidText; ++i) {
    if (is_dash(i)) {
      result[i] = '-';
      continue;
    }
    const auto byte = static_cast<unsigned char>(bytes[digits / 2]);
    result[i] = kHexDigits[digits % 2 == 0 ? byte >> 4U : byte & 15U];
    ++digits;
  }
  return result;
}

/// nullopt when it would not come back as the very same text.
std::optional<std::uint64_t> decimal(std::string_view text) {
  if (text.empty() || (text.front() == '0' && text.size() > 1)) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  // One bit is needed to tell it from a text.
  if (value > UINT64_MAX / 2) return std::nullopt;
  return value;
}

// How a UID begins. A text of n bytes begins with n + kUidText.
constexpr std::uint64_t kNoUid = 0;
constexpr std::uint64_t kUuid = 1;
constexpr std::uint64_t kUidText = 1;

/// Saying where a shared part is takes three bytes at most, as long as names are short.
constexpr std::size_t kLeastShared = 4;
// How a text begins: these bits, and above them the length of what comes before the shared part,
// or of all. Most shared parts begin where the name does, or end the text.
constexpr std::uint64_t kShares = 1;
constexpr std::uint64_t kNotFirst = 2;  ///< where in the name it begins follows
constexpr std::uint64_t kNotLast = 4;   ///< the length of what comes after it follows
constexpr unsigned kTextBits = 3;
/// Longer texts are no names, and the search takes the product of both lengths.
constexpr std::size_t kLongestRelative = 255;

struct SharedPart {
  std::size_t in_text = 0;
  std::size_t in_name = 0;
  std::size_t size = 0;
};

/// The longest text of at least kLeastShared that is part of both, the first one of several.
SharedPart longest_shared(std::string_view text, std::string_view name) {
  using Start = std::uint32_t;
  static_assert(sizeof(Start) == kLeastShared);
  const auto start_at = [](std::string_view of, std::size_t position) {
    Start start = 0;
    std::memcpy(&start, of.data() + position, sizeof start);
    return start;
  };
  SharedPart best;
  const std::size_t least = kLeastShared;
  for (std::size_t i = 0; i + std::max(best.size + 1, least) <= text.size(); ++i) {
    const Start start = start_at(text, i);
    for (std::size_t k = 0; k + std::max(best.size + 1, least) <= name.size(); ++k) {
      if (start_at(name, k) != start) continue;
      const std::size_t limit = std::min(text.size() - i, name.size() - k);
      std::size_t size = least;
      while (size < limit && text[i + size] == name[k + size]) ++size;
      if (size > best.size) best = {i, k, size};
    }
  }
  return best;
}

}  // namespace

void PackWriter::varint(std::uint64_t value) {
  const bool zero = value == 0;
  while (value >= 0x80) {
    out_.push_back(static_cast<char>(value | 0x80U));
    value >>= 7U;
  }
  out_.push_back(static_cast<char>(value));
  if (!zero) solid_ = out_.size();
}

void PackWriter::zigzag(std::int64_t value) {
  const auto doubled = static_cast<std::uint64_t>(value) << 1U;
  varint(value < 0 ? ~doubled : doubled);
}

void PackWriter::bytes(std::string_view value) {
  out_.append(value);
  if (!value.empty()) solid_ = out_.size();
}

void PackWriter::end_bits() {
  varint(bits_);
  bits_ = 0;
  bits_width_ = 0;
}

void PackWriter::literal(std::string_view value) {
  varint(value.size());
  bytes(value);
}

void PackWriter::relative(std::string_view value) {
  SharedPart part;
  if (std::max(value.size(), name_.size()) <= kLongestRelative) {
    part = longest_shared(value, name_);
  }
  if (part.size < kLeastShared) {
    varint(std::uint64_t{value.size()} << kTextBits);
    bytes(value);
    return;
  }
  const auto after = value.substr(part.in_text + part.size);
  varint(std::uint64_t{part.in_text} << kTextBits | kShares | (part.in_name != 0 ? kNotFirst : 0) |
         (!after.empty() ? kNotLast : 0));
  varint(part.size);
  if (part.in_name != 0) varint(part.in_name);
  if (!after.empty()) varint(after.size());
  bytes(value.substr(0, part.in_text));
  bytes(after);
}

void PackWriter::uid_of(std::string_view value) {
  if (value.empty()) {
    varint(kNoUid);
  } else if (const auto uuid = uuid_bytes(value)) {
    varint(kUuid);
    bytes({uuid->data(), uuid->size()});
  } else {
    varint(value.size() + kUidText);
    bytes(value);
  }
}

void PackWriter::version(const std::string& value) {
  if (const auto number = decimal(value)) {
    varint(*number << 1U | 1U);
    return;
  }
  varint(std::uint64_t{value.size()} << 1U);
  bytes(value);
}

void PackWriter::time(const WallTime& value, const WallTime& since) {
  // Without a sign nothing overflows: the difference comes back exactly from any two.
  const auto difference = static_cast<std::uint64_t>(value.time_since_epoch().count()) -
                          static_cast<std::uint64_t>(since.time_since_epoch().count());
  zigzag(static_cast<std::int64_t>(difference));
}

std::uint64_t PackReader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; !rest_.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) break;
  }
  return value;
}

std::int64_t PackReader::zigzag() {
  const std::uint64_t value = varint();
  return static_cast<std::int64_t>((value & 1U) != 0 ? ~(value >> 1U) : value >> 1U);
}

std::string_view PackReader::bytes(std::size_t size) {
  const auto result = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return result;
}

std::string_view PackReader::literal() {
  const auto size = varint();
  return bytes(size);
}

PackReader::Parts PackReader::relative() {
  const auto head = varint();
  const auto before = head >> kTextBits;
  if ((head & kShares) == 0) return {bytes(before), {}, {}};
  const auto shared = varint();
  const auto in_name = (head & kNotFirst) != 0 ? varint() : 0;
  const auto after = (head & kNotLast) != 0 ? varint() : 0;
  Parts parts;
  parts.before = bytes(before);
  parts.of_name = name_.substr(in_name, shared);
  parts.after = bytes(after);
  return parts;
}

void PackReader::text(std::string& value) {
  const auto parts = relative();
  value.reserve(parts.before.size() + parts.of_name.size() + parts.after.size());
  value.assign(parts.before).append(parts.of_name).append(parts.after);
}

void PackReader::text(Symbol& value) {
  start_views();
  std::string_view view;
  text(view);
  value = Symbol{view};
}

void PackReader::text(std::string_view& value) {
  const auto parts = relative();
  if (parts.of_name.empty()) {
    value = parts.before;
    return;
  }
  const std::size_t start = views_;
  for (const auto part : {parts.before, parts.of_name, parts.after}) {
    std::memcpy(view_bytes_.data() + views_, part.data(), part.size());
    views_ += part.size();
  }
  value = {view_bytes_.data() + start, views_ - start};
}

void PackReader::uid(std::string& value) {
  const auto head = varint();
  if (head == kUuid) {
    const auto text = uuid_text(bytes(kUuidBytes));
    value.assign(text.data(), text.size());
  } else if (head != kNoUid) {
    value = bytes(head - kUidText);
  } else {
    value.clear();
  }
}

void PackReader::uid(Symbol& value) {
  std::string text;
  uid(text);
  value = Symbol{text};
}

void PackReader::uid(std::string_view& packed) {
  const auto start = rest_;
  const auto head = varint();
  if (head == kUuid) {
    bytes(kUuidBytes);
  } else if (head != kNoUid) {
    bytes(head - kUidText);
  }
  packed = head == kNoUid ? std::string_view{} : start.substr(0, start.size() - rest_.size());
}

void PackReader::version(std::string& value) {
  const auto head = varint();
  if ((head & 1U) == 0) {
    value = bytes(head >> 1U);
    return;
  }
  std::array<char, 20> digits{};
  const auto [end, problem] =
      std::to_chars(digits.data(), digits.data() + digits.size(), head >> 1U);
  value.assign(digits.data(), end);
}

void PackReader::time(WallTime& value, const WallTime& since) {
  const auto seconds = static_cast<std::uint64_t>(zigzag()) +
                       static_cast<std::uint64_t>(since.time_since_epoch().count());
  value = WallTime{std::chrono::seconds{static_cast<std::int64_t>(seconds)}};
}

std::string packed_uid(std::string_view uid) {
  std::string result;
  PackWriter writer(result, PackWriter::Symbols::borrowed);
  writer.uid_of(uid);
  writer.finish();
  return result;
}

}  // namespace bso::cluster
