// SPDX-License-Identifier: Apache-2.0
// The parts of bundle.yaml that say what in the manifests a setting reaches. Only bundle.cpp reads
// them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "install/bundle.h"
#include "install/field_reader.h"

namespace bso::install {

/// What is wrong is among the reader's faults.
[[nodiscard]] DirectoryUse read_directory(FieldReader& reader, std::string_view path);
[[nodiscard]] std::map<std::string, LogLevelUse> read_log_levels(FieldReader& reader);
[[nodiscard]] CredentialsUse read_credentials(FieldReader& reader);
[[nodiscard]] std::vector<VersionGate> read_gates(FieldReader& reader);

}  // namespace bso::install
