// SPDX-License-Identifier: Apache-2.0
#include "transport/tls_files.h"

#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "base/file.h"
#include "base/log.h"
#include "transport/tls_context.h"

namespace bso::transport {
namespace {

constexpr std::chrono::seconds kLook{60};
/// After unusable material: the other half of a change is usually there within moments.
constexpr std::chrono::seconds kLookSoon{5};

/// What `file` holds, into `pem`. Nothing to do when none is named, or when it is a pipe, which can
/// be read once only and would block.
Result<void> read_into(std::string& pem, const std::string& file) {
  std::error_code ignored;
  if (file.empty() || std::filesystem::is_fifo(file, ignored)) return {};
  auto content = read_file(file);
  if (!content) return fail(std::move(content.error()));
  // An empty CA would mean the system's store: never that by accident.
  if (content->find_first_not_of(" \t\r\n") == std::string::npos) {
    return fail(invalid_input(file + " is empty"));
  }
  pem = std::move(*content);
  return {};
}

bool same_material(const Endpoint& a, const Endpoint& b) {
  return a.ca_pem == b.ca_pem && a.client_cert_pem == b.client_cert_pem &&
         a.client_key_pem == b.client_key_pem;
}

}  // namespace

TlsFiles::TlsFiles(Endpoint endpoint, SteadyClock clock)
    : endpoint_(std::move(endpoint)),
      clock_(std::move(clock)),
      has_files_(!endpoint_.ca_file.empty() || !endpoint_.client_cert_file.empty() ||
                 !endpoint_.client_key_file.empty()),
      due_(clock_() + kLook) {}

Result<Endpoint> TlsFiles::read() const {
  auto fresh = endpoint_;
  auto done = read_into(fresh.ca_pem, fresh.ca_file);
  if (done) done = read_into(fresh.client_cert_pem, fresh.client_cert_file);
  if (done) done = read_into(fresh.client_key_pem, fresh.client_key_file);
  if (!done) return fail(std::move(done.error()));
  if (same_material(fresh, endpoint_)) return fresh;
  auto usable = TlsContext::make(fresh);
  if (!usable) return fail(std::move(usable.error()));
  return fresh;
}

void TlsFiles::refresh(bool at_once) {
  const auto now = clock_();
  if (!has_files_ || (!at_once && now < due_)) return;
  auto fresh = read();
  if (!fresh) {
    due_ = now + kLookSoon;
    if (!warned_) {
      log::warn("changed TLS files cannot be used, the old ones go on",
                {{"error", fresh.error().message}, {"server", endpoint_.host}});
    }
    warned_ = true;
    return;
  }
  due_ = now + kLook;
  warned_ = false;
  if (same_material(*fresh, endpoint_)) return;
  log::info("TLS files have changed, new connections use them", {{"server", endpoint_.host}});
  endpoint_ = std::move(*fresh);
}

}  // namespace bso::transport
