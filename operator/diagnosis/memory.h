// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cluster/records.h"
#include "diagnosis/verdict.h"

/// Only for the files that make the verdict.
namespace bso::diagnosis {

/// What the pod's own annotation tells of an earlier verdict. Events expire after an hour (--event-
/// ttl, kubernetes 1.20 cmd/kube-apiserver/app/options/options.go), and nothing else would survive
/// a restart of this program. It is no better than a hint: who may write the pod may write it.
struct Memory {
  std::string cause;
  std::string text;
  Words words;
  std::optional<WallTime> released;  ///< see Verdict::released
};

/// What was said of this volume of the pod, `volume` being its name there. Nothing when there is no
/// such annotation, when it cannot be read, or when it was copied from another pod.
[[nodiscard]] std::optional<Memory> recall(const cluster::Pod& pod, std::string_view volume);

}  // namespace bso::diagnosis
