// SPDX-License-Identifier: Apache-2.0
#include "support/kubeconfig.h"

#include <fmt/format.h>

#include "support/eventually.h"
#include "support/process.h"

namespace bso::test {
namespace {

std::string base64(const std::string& text) {
  Process::Options options;
  options.argv = {"base64", "-w0"};
  options.standard_input = text;
  return run(std::move(options), 10s).output;
}

}  // namespace

std::string make_kubeconfig(const KubeconfigParts& parts) {
  return fmt::format(
      "apiVersion: v1\n"
      "kind: Config\n"
      "clusters:\n"
      "- name: test\n"
      "  cluster:\n"
      "    server: {}\n"
      "    certificate-authority-data: {}\n"
      "users:\n"
      "- name: user\n"
      "  user:\n"
      "    token: {}\n"
      "contexts:\n"
      "- name: test\n"
      "  context:\n"
      "    cluster: test\n"
      "    user: user\n"
      "current-context: test\n",
      parts.server, base64(parts.ca_pem), parts.token);
}

std::string make_strange_ca(const std::string& directory) {
  const auto certificate = directory + "/strange-ca.crt";
  Process::Options options;
  options.argv = {"openssl",
                  "req",
                  "-x509",
                  "-newkey",
                  "ec",
                  "-pkeyopt",
                  "ec_paramgen_curve:prime256v1",
                  "-nodes",
                  "-subj",
                  "/CN=somebody else",
                  "-keyout",
                  directory + "/strange-ca.key",
                  "-out",
                  certificate};
  const auto made = run(std::move(options), 30s);
  if (!made.ok()) throw TestFailure("openssl: " + made.errors);
  return read_file(certificate);
}

}  // namespace bso::test
