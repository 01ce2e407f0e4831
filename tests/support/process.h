// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace bso::test {

/// How a process ended. Exactly one of the two is set.
struct ExitStatus {
  std::optional<int> code;
  std::optional<int> signal;

  [[nodiscard]] std::string text() const;
  bool operator==(const ExitStatus&) const = default;
};

using Arguments = std::vector<std::string>;
using Environment = std::map<std::string, std::string>;

/// The environment of this process.
[[nodiscard]] Environment own_environment();

/// A child process, started without a shell. It does not outlive this object, and not this process
/// either, however that ends.
class Process {
 public:
  struct Options {
    Arguments argv;  ///< the program is looked for in PATH when it has no slash
    Environment environment = own_environment();
    std::string standard_input;
    std::string output_path;  ///< both streams are appended to this file; "" keeps them in memory
    bool dies_with_us = true;
  };

  /// Throws TestFailure when the program cannot be started.
  explicit Process(Options options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool running();
  void send_signal(int number);
  /// Waits for the end. Throws TestFailure when it does not come in time.
  ExitStatus wait(std::chrono::milliseconds deadline);
  /// Standard output and error so far, when they are kept in memory.
  [[nodiscard]] std::string output() const;
  [[nodiscard]] std::string errors() const;

 private:
  std::string name_;
  pid_t pid_ = -1;
  int output_ = -1;
  int errors_ = -1;
  std::optional<ExitStatus> status_;
};

struct Finished {
  ExitStatus status;
  std::string output;
  std::string errors;

  [[nodiscard]] bool ok() const { return status.code == 0; }
};

/// Runs a program to its end.
[[nodiscard]] Finished run(Process::Options options, std::chrono::milliseconds deadline);

/// The whole file; "" when there is none.
[[nodiscard]] std::string read_file(const std::string& path);
void write_file(const std::string& path, std::string_view text);

/// A new directory below $TMPDIR or /tmp, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(std::string_view name) const {
    return path_ + "/" + std::string(name);
  }

 private:
  std::string path_;
};

}  // namespace bso::test
