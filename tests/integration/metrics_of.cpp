// SPDX-License-Identifier: Apache-2.0
#include "integration/metrics_of.h"

#include <sstream>

namespace bso::test {

double metric(OperatorProcess& op, const std::string& name, const std::string& labels) {
  std::istringstream lines(op.ask("/metrics").body);
  double sum = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name + "{") && line.find(labels) != std::string::npos) {
      sum += std::stod(line.substr(line.rfind(' ') + 1));
    }
  }
  return sum;
}

double reconciles(OperatorProcess& op) {
  return metric(op, "controller_runtime_reconcile_total", "controller=\"plugin\"");
}

}  // namespace bso::test
