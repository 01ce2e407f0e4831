// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/task.h"
#include "kube/client.h"
#include "kube/resource.h"

namespace bso::kube {

/// Whether version `a` came before `b`. Versions of one server are revisions of its etcd and can be
/// compared as decimal numbers of any length (KEP-5504). What is not a decimal number is never
/// older: then nothing is known.
[[nodiscard]] bool is_older(std::string_view a, std::string_view b);

/// The first 1.x release whose watch cache is fit for resource_version_floor().
inline constexpr int first_minor_with_floor = 31;

/// The present version of the server, as a floor for Reflector::Options; `resource` is one that the
/// process may list. A process that has just started thus never sees what
/// was overtaken before it started, although its LISTs come from the server's watch cache
/// (kubernetes/kubernetes#59848). "0", which is no floor, when it cannot be had; that is logged.
///
/// Only for servers from first_minor_with_floor on, whose watch cache asks etcd how far it has come
/// (KEP-2340). An older one waits until its cache of a quiet kind happens to move, gives up after 3
/// s, and each LIST then falls back to a quorum read.
[[nodiscard]] Task<std::string> resource_version_floor(Client& client, Resource resource);

}  // namespace bso::kube
