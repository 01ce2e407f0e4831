// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/records.h"
#include "cluster/wire.h"

/// Only for the decoders of this room.
namespace bso::cluster::wire {

using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

/// metav1.ObjectMeta; views into the input.
struct Meta {
  std::string_view name;
  std::string_view ns;
  std::string_view uid;
  std::string_view resource_version;
  WallTime created{};
  WallTime deletion{};
  bool deleting = false;
  Owner owner;
  Pairs labels;
  Pairs annotations;
};

[[nodiscard]] Meta read_meta(std::string_view raw);
/// metav1.Time and MicroTime; zero when unset.
[[nodiscard]] WallTime read_time(std::string_view raw);
/// One entry of a map<string, string>.
[[nodiscard]] std::pair<std::string_view, std::string_view> read_entry(std::string_view raw);
/// The value of a key, or "".
[[nodiscard]] std::string_view lookup(const Pairs& pairs, std::string_view key);
[[nodiscard]] AccessModes read_access_mode(std::string_view text);

[[nodiscard]] Error damaged(std::string_view kind, std::string_view why);

/// The border to protozero: exceptions become an Error that names the kind.
template <class Record, class Read>
[[nodiscard]] Result<Record> decode(std::string_view kind, std::string_view raw, Read read) {
  try {
    Record record;
    read(raw, record);
    if (!record.name.empty()) return record;
    return fail(damaged(kind, "it has no name"));
  } catch (const protozero::exception& problem) {
    return fail(damaged(kind, problem.what()));
  }
}

}  // namespace bso::cluster::wire
