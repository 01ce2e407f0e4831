// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "codec/json.h"
#include "install/kinds.h"

namespace bso::controllers {

/// How the objects of a plug-in are looked at: by stores that watches keep, or by one GET each.
class Look {
 public:
  Look() = default;
  Look(const Look&) = delete;
  Look& operator=(const Look&) = delete;
  virtual ~Look() = default;

  /// The object as it stands. nullptr: there is none.
  virtual Task<Result<codec::JsonPtr>> look(install::ObjectRef ref) = 0;
};

}  // namespace bso::controllers
