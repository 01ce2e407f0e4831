// SPDX-License-Identifier: Apache-2.0
#include "cluster/symbol.h"

#include <unordered_map>

namespace bso::cluster {

namespace {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

using Pool = std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>>;

/// Never destroyed: records in static storage may outlive any order of destruction.
Pool& pool() {
  static auto* instance = new Pool;
  return *instance;
}

}  // namespace

Symbol::Symbol(std::string_view text) {
  if (text.empty()) return;
  Pool& texts = pool();
  auto found = texts.find(text);
  if (found == texts.end()) found = texts.emplace(std::string{text}, 0).first;
  entry_ = &*found;
  acquire();
}

void Symbol::release() noexcept {
  if (entry_ == nullptr || --entry_->second != 0) return;
  Pool& texts = pool();
  texts.erase(texts.find(std::string_view{entry_->first}));
}

std::size_t Symbol::pool_size() { return pool().size(); }

}  // namespace bso::cluster
