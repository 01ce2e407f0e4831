// SPDX-License-Identifier: Apache-2.0
// client-go plugin/pkg/client/auth/exec/exec.go, 1.36.
#include "kube/exec_credential.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "kube/config_file.h"
#include "kube/pem.h"
#include "kube/token.h"

namespace bso::kube {

using nlohmann::json;

namespace {

/// The text in a member of `status`; an error when it is something else.
Result<std::string> text_of(const json& status, const char* member) {
  const json* value = codec::find(status, {member});
  if (value == nullptr || value->is_null()) return std::string();
  if (!value->is_string()) {
    return fail(invalid_input(fmt::format("its answer's status.{} is no text", member)));
  }
  return value->get<std::string>();
}

Result<ExecCredential> read_status(const json& status) {
  auto token = text_of(status, "token");
  if (!token) return fail(std::move(token.error()));
  auto certificate = text_of(status, "clientCertificateData");
  if (!certificate) return fail(std::move(certificate.error()));
  auto key = text_of(status, "clientKeyData");
  if (!key) return fail(std::move(key.error()));
  auto expires = text_of(status, "expirationTimestamp");
  if (!expires) return fail(std::move(expires.error()));

  if (token->empty() && certificate->empty() && key->empty()) {
    return fail(invalid_input("its answer holds neither a token nor a certificate and key"));
  }
  if (certificate->empty() != key->empty()) {
    return fail(invalid_input("its answer holds only one of certificate and key"));
  }
  ExecCredential credential;
  if (!token->empty()) {
    auto clean = clean_token(*token, "its token");
    if (!clean) return fail(std::move(clean.error()));
    credential.token = std::move(*clean);
  }
  if (!certificate->empty()) {
    auto checked =
        check_pem(*certificate, PemKind::certificate, "its answer's status.clientCertificateData");
    if (checked)
      checked = check_pem(*key, PemKind::private_key, "its answer's status.clientKeyData");
    if (!checked) return fail(std::move(checked.error()));
    credential.client_cert_pem = std::move(*certificate);
    credential.client_key_pem = std::move(*key);
  }
  if (!expires->empty()) {
    credential.expires = from_rfc3339(*expires);
    if (!credential.expires) {
      return fail(invalid_input("its answer's status.expirationTimestamp is no RFC 3339 time"));
    }
  }
  return credential;
}

}  // namespace

std::string exec_info(const ExecPlugin& plugin, bool interactive) {
  json spec = {{"interactive", interactive}};
  if (!plugin.cluster_info.empty()) {
    if (auto cluster = codec::parse_json(plugin.cluster_info))
      spec["cluster"] = *std::move(cluster);
  }
  return codec::dump_json(
      {{"apiVersion", plugin.api_version}, {"kind", "ExecCredential"}, {"spec", std::move(spec)}});
}

Result<ExecCredential> parse_exec_credential(std::string_view printed,
                                             const std::string& api_version) {
  if (trim(printed).empty()) return fail(invalid_input("it printed nothing"));
  auto document = codec::parse_json(printed);
  if (!document) {
    auto error = std::move(document).error().with_context("it printed no JSON");
    error.kind = ErrorKind::invalid_input;
    return fail(std::move(error));
  }
  if (codec::string_at(*document, {"kind"}) != "ExecCredential") {
    return fail(invalid_input("it printed no ExecCredential"));
  }
  if (codec::string_at(*document, {"apiVersion"}) != api_version) {
    return fail(invalid_input(fmt::format(
        "it answers in another version of ExecCredential than {}, which the kubeconfig's "
        "exec.apiVersion asks for; make them agree",
        api_version)));
  }
  const json* status = codec::find(*document, {"status"});
  if (status == nullptr || !status->is_object()) {
    return fail(invalid_input("its answer has no status"));
  }
  return read_status(*status);
}

}  // namespace bso::kube
