// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "install/field_reader.h"
#include "install/spec.h"

namespace bso::install {

// Parts of a spec, read from a whole BlockStoragePlugin. Faults go to the reader.

/// spec.controller or spec.node: what both have.
[[nodiscard]] PodSettings read_pods(FieldReader& reader, const std::string& path);
[[nodiscard]] ImageSettings read_images(FieldReader& reader);
[[nodiscard]] ClassSettings read_classes(FieldReader& reader);

}  // namespace bso::install
