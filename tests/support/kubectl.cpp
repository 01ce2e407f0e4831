// SPDX-License-Identifier: Apache-2.0
#include "support/kubectl.h"

#include <utility>

#include <fmt/format.h>

#include "support/eventually.h"

namespace bso::test {
namespace {

constexpr std::chrono::seconds kDeadline{60};

}  // namespace

Finished Kubectl::attempt(Arguments words, std::string standard_input) const {
  // Its own: kubectl keeps what a server serves for ten minutes by the server's address, and here
  // another server may have had that address before.
  const TemporaryDirectory cache;
  Process::Options options;
  options.argv = {program_, "--kubeconfig", kubeconfig_, "--cache-dir", cache.file("cache")};
  options.argv.insert(options.argv.end(), words.begin(), words.end());
  options.standard_input = std::move(standard_input);
  return test::run(std::move(options), kDeadline);
}

std::string Kubectl::run(Arguments words, std::string standard_input) const {
  const auto named = words;
  auto done = attempt(std::move(words), std::move(standard_input));
  if (!done.ok()) {
    throw TestFailure(fmt::format("kubectl {}: {}: {}{}", fmt::join(named, " "), done.status.text(),
                                  done.output, done.errors));
  }
  return std::move(done.output);
}

nlohmann::json Kubectl::json(Arguments words) const {
  words.insert(words.end(), {"-o", "json"});
  return nlohmann::json::parse(run(std::move(words)));
}

void Kubectl::apply_path(const std::string& path) const { (void)run({"apply", "-f", path}); }

void Kubectl::apply_text(const std::string& manifests) const {
  (void)run({"apply", "-f", "-"}, manifests);
}

}  // namespace bso::test
