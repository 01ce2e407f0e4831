// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace bso::install {

/// What is wrong with a field that a person wrote, and what helps.
struct SpecFault {
  std::string field;                         ///< "spec.images.registry"
  std::string message;                       ///< "\"Foo\" is not ..."
  std::string remedy;                        ///< "Write ..."
  std::string reason = "InvalidParameters";  ///< of the condition SpecValid

  /// All three as one text.
  [[nodiscard]] std::string sentence() const;
};

/// Reads typed fields of a document by dotted path and collects what is wrong instead of stopping
/// at the first fault. An absent field and a null give the fallback. Paths have no dots in their
/// keys.
class FieldReader {
 public:
  explicit FieldReader(const nlohmann::json& document) : document_(document) {}

  using Check = bool (*)(std::string_view);

  /// nullptr when absent, null, or below something that is not an object.
  [[nodiscard]] const nlohmann::json* at(std::string_view path) const;

  std::string text(std::string_view path, std::string_view fallback);
  /// A text that has to pass `check`; `remedy` says what does.
  std::string text(std::string_view path, std::string_view fallback, Check check,
                   std::string_view remedy);
  std::string choice(std::string_view path, std::string_view fallback,
                     std::initializer_list<std::string_view> allowed);
  bool flag(std::string_view path, bool fallback);
  std::int64_t integer(std::string_view path, std::int64_t fallback, std::int64_t min,
                       std::int64_t max);
  std::vector<std::string> text_list(std::string_view path, std::vector<std::string> fallback);
  std::map<std::string, std::string> text_map(std::string_view path);
  /// The object at a path, or an empty one.
  const nlohmann::json& object(std::string_view path);
  /// The list at a path, or an empty one.
  const nlohmann::json& list(std::string_view path);

  /// Complains about keys of the object at `path` that are not among `known`.
  void only(std::string_view path, std::initializer_list<std::string_view> known);

  void add(SpecFault fault) { faults_.push_back(std::move(fault)); }
  [[nodiscard]] const std::vector<SpecFault>& faults() const { return faults_; }
  [[nodiscard]] std::vector<SpecFault> take_faults() { return std::move(faults_); }

 private:
  void wrong_type(std::string_view path, const nlohmann::json& found, std::string_view wanted);

  const nlohmann::json& document_;
  std::vector<SpecFault> faults_;
};

}  // namespace bso::install
