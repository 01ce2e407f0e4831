// SPDX-License-Identifier: Apache-2.0
// Precompiled for the rooms that know no wire. Only for speed: every file includes what it uses.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
