// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "codec/json.h"
#include "kube/object_sink.h"

namespace bso::kube {

/// A whole object as JSON, without its managedFields. For kinds of which there are few.
struct Document {
  std::string ns;
  std::string name;
  std::string uid;
  std::string resource_version;
  codec::JsonPtr body;
};

/// Documents of one collection by namespace and name, kept in step by a reflector through sink().
class DocumentStore {
 public:
  using Key = std::pair<std::string, std::string>;  ///< namespace, name
  using OnChange = std::function<void(const Document& document)>;

  /// `on_change` is told of every upsert and, with the last known document, of every removal.
  explicit DocumentStore(OnChange on_change);

  [[nodiscard]] ObjectSink& sink() { return sink_; }
  /// Valid until the next change.
  [[nodiscard]] const Document* find(const std::string& ns, const std::string& name) const;
  [[nodiscard]] const std::map<Key, Document>& all() const { return documents_; }

 private:
  void upsert(Document document);
  void erase(const Key& key);
  [[nodiscard]] std::vector<Key> keys() const;

  std::map<Key, Document> documents_;
  OnChange on_change_;
  RecordSink<Document> sink_;
};

/// Reads one object's JSON text. An object without a name is an error.
[[nodiscard]] Result<Document> decode_document(std::string_view text);

}  // namespace bso::kube
