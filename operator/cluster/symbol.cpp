// SPDX-License-Identifier: Apache-2.0
#include "cluster/symbol.h"

#include <cstring>
#include <new>
#include <vector>

#include "cluster/chains.h"

namespace bso::cluster {

/// The entries by id, and by text through the chains.
struct Symbol::Pool {
  Segments<Entry*> entries;
  std::vector<std::uint32_t> free;
  Chains chains{1};

  Pool() { entries.push_back(nullptr); }  // the id of ""

  [[nodiscard]] static std::uint32_t hash_of(std::string_view text) {
    const std::uint64_t hash = std::hash<std::string_view>{}(text);
    return static_cast<std::uint32_t>(hash >> 32U ^ hash);
  }
  [[nodiscard]] std::uint32_t& next(std::uint32_t id) { return entries[id]->next; }
  [[nodiscard]] std::uint32_t hash(std::uint32_t id) const { return hash_of(entries[id]->text()); }

  [[nodiscard]] Entry* find(std::string_view text, std::uint32_t hash) {
    for (auto id = chains.first(hash); id != Chains::kEnd; id = next(id)) {
      if (entries[id]->text() == text) return entries[id];
    }
    return nullptr;
  }
  Entry* add(std::string_view text, std::uint32_t hash) {
    if (free.empty()) {
      free.push_back(entries.size());
      entries.push_back(nullptr);
    }
    const std::uint32_t id = free.back();
    auto* entry = new (::operator new(sizeof(Entry) + text.size()))
        Entry{0, 0, id, static_cast<std::uint32_t>(text.size())};
    std::memcpy(entry + 1, text.data(), text.size());
    free.pop_back();
    entries[id] = entry;
    chains.add(id, hash, *this);
    return entry;
  }
  void remove(Entry* entry) {
    const std::uint32_t id = entry->id;
    chains.remove(id, hash_of(entry->text()), *this);
    ::operator delete(entry);
    entries[id] = nullptr;
    free.push_back(id);
  }
};

/// Never destroyed: records in static storage may outlive any order of destruction.
Symbol::Pool& Symbol::pool() {
  static auto* instance = new Pool;
  return *instance;
}

Symbol::Symbol(std::string_view text) {
  if (text.empty()) return;
  const auto hash = Pool::hash_of(text);
  entry_ = pool().find(text, hash);
  if (entry_ == nullptr) entry_ = pool().add(text, hash);
  acquire();
}

void Symbol::release() noexcept {
  if (entry_ != nullptr && --entry_->count == 0) pool().remove(entry_);
}

void Symbol::drop(std::uint32_t id) noexcept {
  Symbol last;
  last.entry_ = pool().entries[id];
}

Symbol Symbol::of(std::uint32_t id) {
  Symbol symbol;
  symbol.entry_ = pool().entries[id];
  symbol.acquire();
  return symbol;
}

std::string_view Symbol::text_of(std::uint32_t id) {
  const Entry* entry = pool().entries[id];
  return entry == nullptr ? std::string_view{} : entry->text();
}

std::size_t Symbol::pool_size() { return pool().chains.size(); }

}  // namespace bso::cluster
