// SPDX-License-Identifier: Apache-2.0
#include "transport/tls_context.h"

#include <string_view>

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "transport/bio.h"
#include "transport/tls_failure.h"

namespace bso::transport {
namespace {

BioPtr read_from(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Empties OpenSSL's error queue of this thread and returns its last reason.
std::string take_reason() {
  const auto code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "unreadable";
}

/// Without a callback OpenSSL would ask on the terminal.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) { return -1; }

/// Stands in for X509_verify_cert() in a handshake.
int verify_and_note(X509_STORE_CTX* verification, void* note_pointer) {
  auto& note = *static_cast<VerifyNote*>(note_pointer);
  const int outcome = X509_verify_cert(verification);
  note.failure = outcome > 0 ? std::string() : describe_failure(verification, note.expected_name);
  return outcome;
}

}  // namespace

void TlsContext::Free::operator()(X509* certificate) const { X509_free(certificate); }
void TlsContext::Free::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
void TlsContext::Free::operator()(X509_STORE* store) const { X509_STORE_free(store); }

TlsContext::TlsContext(const Endpoint& endpoint)
    : server_name_(endpoint.server_name.empty() ? endpoint.host : endpoint.server_name),
      verifies_(!endpoint.insecure_skip_verify),
      trust_(X509_STORE_new()),
      context_(boost::asio::ssl::context::tls_client) {
  boost::system::error_code not_an_address;
  boost::asio::ip::make_address(server_name_, not_an_address);
  name_is_address_ = !not_an_address;
  note_.expected_name = server_name_;
}

Result<std::shared_ptr<TlsContext>> TlsContext::make(const Endpoint& endpoint) {
  const std::shared_ptr<TlsContext> made(new TlsContext(endpoint));
  auto trusted = made->load_trust(endpoint.ca_pem);
  if (!trusted) return fail(std::move(trusted.error()));
  auto client = made->load_client(endpoint.client_cert_pem, endpoint.client_key_pem);
  if (!client) return fail(std::move(client.error()));
  if (!made->apply(made->context_.native_handle(), made->note_)) {
    return fail(invalid_input("the client certificate cannot be used: " + take_reason()));
  }
  made->context_.set_verify_mode(made->verifies_ ? boost::asio::ssl::verify_peer
                                                 : boost::asio::ssl::verify_none);
  return made;
}

Result<std::vector<TlsContext::CertificatePtr>> TlsContext::read_certificates(
    const std::string& pem, std::string_view what) {
  std::vector<CertificatePtr> certificates;
  const auto bio = read_from(pem);
  ERR_clear_error();
  while (CertificatePtr next{PEM_read_bio_X509_AUX(bio.get(), nullptr, no_passphrase, nullptr)}) {
    certificates.push_back(std::move(next));
  }
  // The end of the data is reported as a missing start line.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const auto reason = take_reason();
  if (!at_end) {
    return fail(invalid_input(fmt::format("certificate {} in the {} is damaged: {}",
                                          certificates.size() + 1, what, reason)));
  }
  if (certificates.empty()) {
    return fail(invalid_input(fmt::format(
        "no certificate in the {}: PEM text with -----BEGIN CERTIFICATE----- is expected", what)));
  }
  return certificates;
}

Result<void> TlsContext::load_trust(const std::string& ca_pem) {
  // As Go does, any certificate given is an anchor, also an intermediate one.
  X509_STORE_set_flags(trust_.get(), X509_V_FLAG_PARTIAL_CHAIN);
  if (ca_pem.empty()) {
    if (verifies_) X509_STORE_set_default_paths(trust_.get());
    return {};
  }
  auto anchors = read_certificates(ca_pem, "CA data");
  if (!anchors) return fail(std::move(anchors.error()));
  for (const auto& anchor : *anchors) X509_STORE_add_cert(trust_.get(), anchor.get());
  return {};
}

Result<void> TlsContext::load_client(const std::string& certificate_pem,
                                     const std::string& key_pem) {
  if (certificate_pem.empty() && key_pem.empty()) return {};
  if (certificate_pem.empty() || key_pem.empty()) {
    return fail(invalid_input(fmt::format("a client {} is given without its {}: both or none",
                                          key_pem.empty() ? "certificate" : "key",
                                          key_pem.empty() ? "key" : "certificate")));
  }
  auto chain = read_certificates(certificate_pem, "client certificate data");
  if (!chain) return fail(std::move(chain.error()));
  client_chain_ = std::move(*chain);

  if (key_pem.find("ENCRYPTED") != std::string::npos) {
    return fail(invalid_input("the client key is encrypted: give it without a passphrase"));
  }
  const auto bio = read_from(key_pem);
  client_key_.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!client_key_) {
    return fail(invalid_input("no private key in the client key data: " + take_reason()));
  }
  if (X509_check_private_key(client_chain_.front().get(), client_key_.get()) != 1) {
    ERR_clear_error();
    return fail(invalid_input("client certificate and key do not match"));
  }
  return {};
}

bool TlsContext::apply(SSL_CTX* context, VerifyNote& note) const {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set1_cert_store(context, trust_.get());
  auto* parameters = SSL_CTX_get0_param(context);
  // As Go does, the subject's common name is no name of the server.
  X509_VERIFY_PARAM_set_hostflags(
      parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (name_is_address_) {
    X509_VERIFY_PARAM_set1_ip_asc(parameters, server_name_.c_str());
  } else {
    X509_VERIFY_PARAM_set1_host(parameters, server_name_.data(), server_name_.size());
  }
  SSL_CTX_set_cert_verify_callback(context, verify_and_note, &note);

  if (client_chain_.empty()) return true;
  if (SSL_CTX_use_certificate(context, client_chain_.front().get()) != 1) return false;
  for (std::size_t i = 1; i < client_chain_.size(); ++i) {
    if (SSL_CTX_ctrl(context, SSL_CTRL_CHAIN_CERT, 1, client_chain_[i].get()) != 1) return false;
  }
  return SSL_CTX_use_PrivateKey(context, client_key_.get()) == 1;
}

}  // namespace bso::transport
