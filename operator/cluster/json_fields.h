// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/decode_meta.h"

/// Only for the readers of JSON of this room.
namespace bso::cluster::from_json {

/// A field that has not the type that Kubernetes gives it; caught at the border, in read().
struct WrongField {
  std::string message;
};

/// The fields of one JSON object. What is absent or null is empty, zero or false; what is of
/// another type is a WrongField. Views and Fields point into the document.
class Fields {
 public:
  /// `path` says where the object stands in the document, e.g. "spec.volumes[2]"; "" at its top.
  Fields(const nlohmann::json& object, std::string path);

  [[nodiscard]] std::string_view text(const char* name) const;
  [[nodiscard]] bool flag(const char* name) const;
  [[nodiscard]] std::optional<std::int32_t> number(const char* name) const;
  /// RFC 3339; zero when absent or before 1970, as decode.h has it.
  [[nodiscard]] WallTime time(const char* name) const;
  [[nodiscard]] bool has(const char* name) const { return find(name) != nullptr; }
  [[nodiscard]] std::optional<Fields> object(const char* name) const;
  /// A map of texts, sorted by key.
  [[nodiscard]] wire::Pairs entries(const char* name) const;
  void each_object(const char* name, const std::function<void(const Fields&)>& use) const;
  void each_text(const char* name, const std::function<void(std::string_view)>& use) const;
  /// A number, or a text such as "25%".
  [[nodiscard]] std::optional<IntOrPercent> int_or_percent(const char* name) const;

 private:
  /// nullptr when absent or null.
  [[nodiscard]] const nlohmann::json* find(const char* name) const;
  [[nodiscard]] std::string path_of(std::string_view name) const;
  [[noreturn]] void wrong(std::string_view name, std::string_view wanted) const;

  const nlohmann::json& object_;
  std::string path_;
};

/// metadata of any object.
[[nodiscard]] wire::Meta read_meta(const Fields& object);

/// "Pod shop/web-0: why", as far as the document tells its name.
[[nodiscard]] Error about(std::string_view kind, const nlohmann::json& object,
                          std::string_view why);

/// The border: a WrongField becomes an Error that names the object.
template <class Record, class Read>
[[nodiscard]] Result<Record> read(std::string_view kind, const nlohmann::json& object, Read fill) {
  try {
    Record record;
    fill(Fields(object, {}), record);
    if (!record.name.empty()) return record;
    return fail(about(kind, object, "it has no name"));
  } catch (const WrongField& wrong) {
    return fail(about(kind, object, wrong.message));
  }
}

}  // namespace bso::cluster::from_json
