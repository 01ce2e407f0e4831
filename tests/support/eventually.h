// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bso::test {

using namespace std::chrono_literals;

/// A test cannot go on. Catch2 reports its text.
class TestFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The same where further waiting is in vain: eventually() lets it through.
class Hopeless : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What is still missing, as seen now; nullopt when nothing is.
using Missing = std::optional<std::string>;
using Look = std::function<Missing()>;

/// How long anything may take on a busy machine. Waiting ends as soon as the state is reached, so
/// only a failing test ever waits this long.
inline constexpr std::chrono::milliseconds kPatience = 30s;

/// Looks again and again until nothing is missing. Throws TestFailure with what was seen last when
/// `deadline` has passed. A TestFailure of the look itself counts as something missing.
void eventually(std::string_view what, const Look& look,
                std::chrono::milliseconds deadline = kPatience);

/// Looks again and again for `window` and throws TestFailure when something is missing once: for
/// states that must last.
void holds(std::string_view what, const Look& look, std::chrono::milliseconds window);

}  // namespace bso::test
