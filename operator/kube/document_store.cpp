// SPDX-License-Identifier: Apache-2.0
#include "kube/document_store.h"

#include <nlohmann/json.hpp>

namespace bso::kube {

Result<Document> decode_document(std::string_view text) {
  auto parsed = codec::parse_json(text);
  if (!parsed) return fail(std::move(parsed.error()));
  Document document;
  document.ns = codec::string_at(*parsed, {"metadata", "namespace"});
  document.name = codec::string_at(*parsed, {"metadata", "name"});
  document.uid = codec::string_at(*parsed, {"metadata", "uid"});
  document.resource_version = codec::string_at(*parsed, {"metadata", "resourceVersion"});
  if (document.name.empty()) return fail(invalid_input("an object without metadata.name"));
  (*parsed)["metadata"].erase("managedFields");
  document.body = std::make_shared<const nlohmann::json>(std::move(*parsed));
  return document;
}

DocumentStore::DocumentStore(OnChange on_change)
    : on_change_(std::move(on_change)),
      sink_({.decode = decode_document,
             .key =
                 [](const Document& document) {
                   return Key{document.ns, document.name};
                 },
             .upsert = [this](Document document) { upsert(std::move(document)); },
             .erase = [this](const Key& key) { erase(key); },
             .keys = [this] { return keys(); }}) {}

const Document* DocumentStore::find(const std::string& ns, const std::string& name) const {
  const auto found = documents_.find({ns, name});
  return found == documents_.end() ? nullptr : &found->second;
}

void DocumentStore::upsert(Document document) {
  auto& stored = documents_[{document.ns, document.name}];
  stored = std::move(document);
  on_change_(stored);
}

void DocumentStore::erase(const Key& key) {
  const auto found = documents_.find(key);
  if (found == documents_.end()) return;
  const auto last = std::move(found->second);
  documents_.erase(found);
  on_change_(last);
}

std::vector<DocumentStore::Key> DocumentStore::keys() const {
  std::vector<Key> keys;
  keys.reserve(documents_.size());
  for (const auto& [key, unused] : documents_) keys.push_back(key);
  return keys;
}

}  // namespace bso::kube
