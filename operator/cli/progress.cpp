// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <chrono>
#include <cstdio>

namespace bso::cli {

Progress::Progress(const Executor& executor) : timer_(executor) { wait(); }

void Progress::wait() {
  timer_.expires_after(std::chrono::seconds{1});
  timer_.async_wait([this](boost::system::error_code canceled) {
    if (canceled) return;
    if (!what_.empty() && what_ != told_) {
      std::fprintf(stderr, "... %s\n", what_.c_str());
      told_ = what_;
    }
    wait();
  });
}

}  // namespace bso::cli
