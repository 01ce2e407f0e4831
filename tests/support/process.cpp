// SPDX-License-Identifier: Apache-2.0
#include "support/process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/eventually.h"

namespace bso::test {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw TestFailure(what + ": " + std::generic_category().message(errno));
}

int memory_file(const char* name) {
  const int file = ::memfd_create(name, MFD_CLOEXEC);
  if (file < 0) fail("memfd_create");
  return file;
}

int input_file(const std::string& text) {
  const int file = memory_file("stdin");
  std::size_t done = 0;
  while (done < text.size()) {
    const auto count = ::write(file, text.data() + done, text.size() - done);
    if (count < 0) fail("write");
    done += static_cast<std::size_t>(count);
  }
  ::lseek(file, 0, SEEK_SET);
  return file;
}

std::string contents(int file) {
  std::string text;
  std::array<char, 16384> buffer{};
  off_t at = 0;
  while (true) {
    const auto count = ::pread(file, buffer.data(), buffer.size(), at);
    if (count <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    at += count;
  }
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (auto& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

}  // namespace

std::string ExitStatus::text() const {
  return code ? fmt::format("exit status {}", *code) : fmt::format("signal {}", signal.value_or(0));
}

Environment own_environment() {
  Environment all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string::npos) all[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return all;
}

Process::Process(Options options) : name_(options.argv.at(0)) {
  const int input = input_file(options.standard_input);
  if (options.output_path.empty()) {
    output_ = memory_file("stdout");
    errors_ = memory_file("stderr");
  } else {
    output_ = ::open(options.output_path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (output_ < 0) fail(options.output_path);
    errors_ = ::fcntl(output_, F_DUPFD_CLOEXEC, 0);
  }
  std::vector<std::string> environment;
  for (const auto& [key, value] : options.environment) environment.push_back(key + "=" + value);
  // Everything that allocates is done before the fork.
  const auto argv = pointers(options.argv);
  const auto envp = pointers(environment);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) fail("fork");
  if (pid_ == 0) {
    if (options.dies_with_us) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(126);
    }
    ::dup2(input, STDIN_FILENO);
    ::dup2(output_, STDOUT_FILENO);
    ::dup2(errors_, STDERR_FILENO);
    // Asio's sockets are not close-on-exec: a child would keep a port of ours open.
    (void)::close_range(3, ~0U, 0);
    ::execvpe(argv[0], argv.data(), envp.data());
    ::dprintf(STDERR_FILENO, "%s: cannot be run: %s\n", argv[0], std::strerror(errno));
    ::_exit(127);
  }
  ::close(input);
}

Process::~Process() {
  if (running()) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(output_);
  ::close(errors_);
}

bool Process::running() {
  if (status_) return false;
  int raw = 0;
  if (::waitpid(pid_, &raw, WNOHANG) != pid_) return true;
  status_.emplace();
  if (WIFEXITED(raw)) {
    status_->code = WEXITSTATUS(raw);
  } else {
    status_->signal = WTERMSIG(raw);
  }
  return false;
}

void Process::send_signal(int number) {
  if (running()) ::kill(pid_, number);
}

ExitStatus Process::wait(std::chrono::milliseconds deadline) {
  eventually(
      name_ + " ends",
      [&]() -> Missing {
        if (running()) return "still running";
        return std::nullopt;
      },
      deadline);
  return *status_;
}

std::string Process::output() const { return contents(output_); }
std::string Process::errors() const { return contents(errors_); }

Finished run(Process::Options options, std::chrono::milliseconds deadline) {
  Process process(std::move(options));
  const auto status = process.wait(deadline);
  return {status, process.output(), process.errors()};
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_file(const std::string& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  if (!file.flush()) throw TestFailure("cannot write " + path);
}

TemporaryDirectory::TemporaryDirectory() {
  const char* base = std::getenv("TMPDIR");
  path_ = std::string(base == nullptr || *base == '\0' ? "/tmp" : base) + "/bso-test.XXXXXX";
  if (::mkdtemp(path_.data()) == nullptr) fail(path_);
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace bso::test
