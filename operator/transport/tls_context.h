// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/ssl/context.hpp>
#include <openssl/types.h>

#include "base/result.h"
#include "transport/transport.h"

namespace bso::transport {

/// Why the last verification failed: asio keeps only "certificate verify failed". Written during a
/// handshake, so each belongs to one thread; a success clears it.
struct VerifyNote {
  std::string expected_name;
  std::string failure;
};

/// The TLS side of one Endpoint, parsed once and shared by all its connections (OpenSSL 3 takes
/// tens of milliseconds to load a system trust store). Unchanging after make(), and the OpenSSL
/// objects in it are reference-counted and locked, so that other threads may apply() it.
class TlsContext {
 public:
  /// Fails (invalid_input) naming what is wrong with the CA data, the certificate or the key.
  [[nodiscard]] static Result<std::shared_ptr<TlsContext>> make(const Endpoint& endpoint);

  /// Sets up a context of somebody else's: trust, least version, name to check, client certificate.
  /// `note` has to outlive every handshake of the context. False (with OpenSSL's error queue set)
  /// when the client certificate or key is too weak for this machine's security level.
  bool apply(SSL_CTX* context, VerifyNote& note) const;

  /// For connections on the loop, and what their last verification said.
  [[nodiscard]] boost::asio::ssl::context& context() { return context_; }
  [[nodiscard]] const VerifyNote& note() const { return note_; }

  [[nodiscard]] const std::string& server_name() const { return server_name_; }
  /// An address is never sent as SNI (RFC 6066 section 3).
  [[nodiscard]] bool name_is_address() const { return name_is_address_; }
  [[nodiscard]] bool verifies() const { return verifies_; }

 private:
  struct Free {
    void operator()(X509* certificate) const;
    void operator()(EVP_PKEY* key) const;
    void operator()(X509_STORE* store) const;
  };
  using CertificatePtr = std::unique_ptr<X509, Free>;
  using KeyPtr = std::unique_ptr<EVP_PKEY, Free>;
  using StorePtr = std::unique_ptr<X509_STORE, Free>;

  explicit TlsContext(const Endpoint& endpoint);
  [[nodiscard]] static Result<std::vector<CertificatePtr>> read_certificates(const std::string& pem,
                                                                             std::string_view what);
  [[nodiscard]] Result<void> load_trust(const std::string& ca_pem);
  [[nodiscard]] Result<void> load_client(const std::string& certificate_pem,
                                         const std::string& key_pem);

  std::string server_name_;
  bool name_is_address_;
  bool verifies_;
  StorePtr trust_;
  std::vector<CertificatePtr> client_chain_;  ///< the first is ours, the others lead to its CA
  KeyPtr client_key_;
  VerifyNote note_;
  boost::asio::ssl::context context_;
};

}  // namespace bso::transport
