// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/error.h"
#include "kube/kubeconfig.h"
#include "kube/pem.h"

namespace bso::kube {

/// A PEM text and, when it was read from one, its file.
struct PemText {
  std::string text;
  std::string file;
};

/// Reads the fields of one kubeconfig entry. The first error stays and later reads give nothing, so
/// that the caller reads all it wants and looks once. Messages name the field, its owner and the
/// remedy; values, which may be secret, are not repeated.
class Fields {
 public:
  /// `owner` is told in messages: user "u".
  Fields(const KubeconfigEntry& entry, std::string owner);
  /// A map inside an entry. `file` is that of the entry.
  Fields(codec::JsonPtr body, std::string file, std::string owner);

  std::string text(std::string_view field);
  bool flag(std::string_view field);
  std::vector<std::string> texts(std::string_view field);
  std::map<std::string, std::vector<std::string>> lists_of_texts(std::string_view field);
  /// The fields of the map in `field`; nullopt when there is none.
  std::optional<Fields> map(std::string_view field);
  /// Those of each map in a list.
  std::vector<Fields> maps(std::string_view field);
  /// The value as it stands; nullptr when it is absent or null.
  const nlohmann::json* raw(std::string_view field) const;

  /// The PEM text of FIELD-data, which beats the file that FIELD names; empty when neither is
  /// there.
  PemText pem(const std::string& field, PemKind kind);

  void refuse(std::string message);
  /// Takes over the error of an inner map.
  void adopt(const Fields& inner);

  [[nodiscard]] const std::string& owner() const { return owner_; }
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  std::optional<std::string> text_of(const nlohmann::json& value, std::string_view name);

  codec::JsonPtr body_;
  std::string file_;
  std::string owner_;
  std::optional<Error> error_;
};

/// Reads what a kubeconfig's user entry says into `config`, whose endpoint is that of the cluster.
/// `cluster_info` is ExecCredential's spec.cluster, for a plug-in that wants it.
void read_user(Fields& user, const std::string& cluster_info, ClientConfig& config);

}  // namespace bso::kube
