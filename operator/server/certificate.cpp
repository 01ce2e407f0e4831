// SPDX-License-Identifier: Apache-2.0
#include "server/certificate.h"

#include <fstream>
#include <iterator>

#include <boost/asio/buffer.hpp>
#include <fmt/format.h>

#include "base/log.h"

namespace bso::server {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

namespace {

constexpr std::size_t kMostBytes = 1U << 20U;

Error unusable(std::string message) {
  Error error;
  error.kind = ErrorKind::io;
  error.message = std::move(message);
  return error;
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file || text.empty()) return fail(unusable(path + " cannot be read, or is empty"));
  if (text.size() > kMostBytes) return fail(unusable(path + " is too large for a PEM file"));
  return text;
}

}  // namespace

Result<std::unique_ptr<Certificate>> Certificate::load(std::string certificate_file,
                                                       std::string key_file, Clock clock) {
  std::unique_ptr<Certificate> made(
      new Certificate(std::move(certificate_file), std::move(key_file), std::move(clock)));
  auto read = made->read();
  if (!read) return fail(std::move(read.error()));
  return made;
}

std::shared_ptr<ssl::context> Certificate::context() {
  if (clock_() - looked_at_ < look_again) return context_;
  auto changed = read();
  if (changed) {
    told_.clear();
  } else if (told_ != changed.error().message) {
    told_ = changed.error().message;
    log::warn("the listener's certificate cannot be read again, the old one goes on",
              {{"error", told_}});
  }
  return context_;
}

Result<void> Certificate::read() {
  looked_at_ = clock_();
  auto certificate = read_file(certificate_file_);
  if (!certificate) return fail(std::move(certificate.error()));
  auto key = read_file(key_file_);
  if (!key) return fail(std::move(key.error()));
  if (*certificate == certificate_pem_ && *key == key_pem_) return {};

  auto made = std::make_shared<ssl::context>(ssl::context::tls_server);
  auto* native = made->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  error_code error;
  made->use_certificate_chain(boost::asio::buffer(*certificate), error);
  if (error) {
    return fail(unusable(
        fmt::format("{} is no PEM certificate chain: {}", certificate_file_, error.message())));
  }
  made->use_private_key(boost::asio::buffer(*key), ssl::context::pem, error);
  if (error || SSL_CTX_check_private_key(native) != 1) {
    return fail(unusable(fmt::format("{} is no PEM private key that fits the certificate in {}",
                                     key_file_, certificate_file_)));
  }
  if (context_) log::info("the listener has a new certificate", {{"file", certificate_file_}});
  certificate_pem_ = std::move(*certificate);
  key_pem_ = std::move(*key);
  context_ = std::move(made);
  return {};
}

}  // namespace bso::server
