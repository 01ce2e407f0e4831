// SPDX-License-Identifier: Apache-2.0
#include "app/application.h"
#include "app/options.h"

int main(int argc, char** argv) {
  using namespace bso::app;
  const auto parsed = parse_options(argc, argv);  // --help and --version end here
  if (parsed.exit_code) return *parsed.exit_code;

  Application application(parsed.options);
  if (const auto code = application.configure()) return *code;  // kubeconfig, TLS, listening socket
  application.wire();                                           // view, controllers, probes
  return application.run();                                     // until SIGTERM
}
