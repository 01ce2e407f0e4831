// SPDX-License-Identifier: Apache-2.0
#include "kube/child_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <exception>
#include <memory>
#include <system_error>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/task_group.h"
#include "kube/excerpt.h"

namespace bso::kube {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

constexpr std::size_t kComplaintBytes = 4096;  ///< of standard error that are kept
/// A program that has ended may have left a helper that holds its pipes open.
constexpr std::chrono::seconds kLastBytes{1};

Error io_error(std::string message) {
  Error error;
  error.kind = ErrorKind::io;
  error.message = std::move(message);
  return error;
}

std::string reason_of(int number) { return std::generic_category().message(number); }

/// Both ends of a pipe; what is not handed on is closed.
struct Pipe {
  std::array<int, 2> ends{-1, -1};
  Pipe() = default;
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    for (const int end : ends) {
      if (end >= 0) ::close(end);
    }
  }
  [[nodiscard]] bool open() { return ::pipe2(ends.data(), O_CLOEXEC) == 0; }
  [[nodiscard]] int take_reader() { return std::exchange(ends[0], -1); }
  void close_writer() { ::close(std::exchange(ends[1], -1)); }
};

/// posix_spawn's two objects, which want to be destroyed.
struct SpawnSettings {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_with(
    const std::vector<std::pair<std::string, std::string>>& added) {
  std::vector<std::string> result;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view ours = *entry;
    bool replaced = false;
    for (const auto& [name, value] : added) {
      replaced = replaced || (ours.starts_with(name) && ours.substr(name.size()).starts_with('='));
    }
    if (!replaced) result.emplace_back(ours);
  }
  for (const auto& [name, value] : added) result.push_back(name + "=" + value);
  return result;
}

/// The number of an error, or 0 with `pid` set.
int spawn(const ChildCommand& command, int out, int err, pid_t& pid) {
  SpawnSettings settings;
  auto* actions = &settings.actions;
  if (!command.interactive) {
    posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  }
  posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(actions, err, STDERR_FILENO);
  // Sockets of ours must not live on in there.
  posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);

  auto* attributes = &settings.attributes;
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(attributes, &signals);
  sigaddset(&signals, SIGPIPE);
  posix_spawnattr_setsigdefault(attributes, &signals);
  int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  // A group of its own can be killed whole, but is stopped when it reads from the terminal.
  if (!command.interactive) flags |= POSIX_SPAWN_SETPGROUP;
  posix_spawnattr_setflags(attributes, static_cast<short>(flags));

  std::vector<std::string> args{command.program};
  args.insert(args.end(), command.args.begin(), command.args.end());
  auto environment = environment_with(command.env);
  return posix_spawnp(&pid, command.program.c_str(), actions, attributes, pointers_to(args).data(),
                      pointers_to(environment).data());
}

/// A program under way. Its coroutines hold it together; the last one to let go reaps it.
struct Child {
  Child(const Executor& executor, pid_t id, bool owns_group)
      : pid(id),
        has_group(owns_group),
        out(executor),
        err(executor),
        end(executor),
        timer(executor) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (ended) return;
    kill();
    ::waitpid(pid, nullptr, 0);
  }

  void kill() const { ::kill(has_group ? -pid : pid, SIGKILL); }
  void time_is_up() {
    if (!ended) {
      timed_out = true;
      kill();
    }
    boost::system::error_code ignored;
    out.close(ignored);
    err.close(ignored);
  }

  pid_t pid;
  bool has_group;
  Descriptor out;
  Descriptor err;
  Descriptor end;  ///< readable when the program has ended
  asio::steady_timer timer;
  std::string output;
  std::string complaint;
  bool ended = false;
  bool timed_out = false;
  bool too_much = false;
  int status = 0;
};
using ChildPtr = std::shared_ptr<Child>;

void set_time(const ChildPtr& child, std::chrono::milliseconds left) {
  child->timer.expires_after(left);
  child->timer.async_wait([child](const boost::system::error_code& canceled) {
    if (!canceled) child->time_is_up();
  });
}

Task<void> read_output(ChildPtr child, std::size_t most) {
  std::vector<char> chunk(64U << 10U);
  boost::system::error_code error;
  while (!error) {
    const auto got = co_await child->out.async_read_some(
        asio::buffer(chunk), asio::redirect_error(asio::use_awaitable, error));
    if (child->too_much) continue;
    child->output.append(chunk.data(), got);
    if (child->output.size() <= most) continue;
    child->too_much = true;
    child->output.clear();
    if (!child->ended) child->kill();
  }
}

Task<void> read_complaint(ChildPtr child) {
  std::array<char, 4096> chunk{};
  boost::system::error_code error;
  while (!error) {
    const auto got = co_await child->err.async_read_some(
        asio::buffer(chunk), asio::redirect_error(asio::use_awaitable, error));
    child->complaint.append(chunk.data(), std::min(got, kComplaintBytes - child->complaint.size()));
  }
}

Task<void> wait_for_end(ChildPtr child) {
  boost::system::error_code ignored;
  co_await child->end.async_wait(Descriptor::wait_read,
                                 asio::redirect_error(asio::use_awaitable, ignored));
  ::waitpid(child->pid, &child->status, 0);
  child->ended = true;
  set_time(child, kLastBytes);
}

Result<ChildPtr> start(const Executor& executor, const ChildCommand& command) {
  Pipe out;
  Pipe err;
  if (!out.open() || !err.open()) return fail(io_error("cannot make a pipe: " + reason_of(errno)));
  pid_t pid = 0;
  if (const int number = spawn(command, out.ends[1], err.ends[1], pid); number != 0) {
    auto error = io_error(fmt::format("cannot start {}: {}", command.program, reason_of(number)));
    if (number == ENOENT || number == EACCES) error.kind = ErrorKind::invalid_input;
    return fail(std::move(error));
  }
  auto child = std::make_shared<Child>(executor, pid, !command.interactive);
  // Not pidfd_open(): the header of glibc 2.36 declares it as a function of C++.
  const int end = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (end < 0) return fail(io_error("cannot wait for a program: " + reason_of(errno)));
  child->end.assign(end);
  child->out.assign(out.take_reader());
  child->err.assign(err.take_reader());
  return child;  // the writing ends close here: their end is then the program's
}

Result<std::string> outcome(Child& child, const ChildCommand& command) {
  const auto said = excerpt(child.complaint, 500);
  const auto complaint = said.empty() ? "" : fmt::format("; it wrote: {}", said);
  if (child.timed_out) {
    auto error = io_error(fmt::format("{} did not end within {} s{}", command.program,
                                      command.timeout.count() / 1000, complaint));
    error.kind = ErrorKind::timeout;
    return fail(std::move(error));
  }
  if (child.too_much) {
    return fail(io_error(
        fmt::format("{} printed more than {} bytes", command.program, command.max_output)));
  }
  if (WIFSIGNALED(child.status)) {
    return fail(io_error(fmt::format("{} was ended by signal {}{}", command.program,
                                     WTERMSIG(child.status), complaint)));
  }
  if (WEXITSTATUS(child.status) != 0) {
    return fail(io_error(fmt::format("{} failed with exit code {}{}", command.program,
                                     WEXITSTATUS(child.status), complaint)));
  }
  return std::move(child.output);
}

}  // namespace

Task<Result<std::string>> run_child(ChildCommand command) {
  const Executor executor = co_await asio::this_coro::executor;
  auto started = start(executor, command);
  if (!started) co_return fail(std::move(started.error()));
  const ChildPtr child = std::move(*started);
  set_time(child, command.timeout);
  // What these do cannot throw but for want of memory.
  TaskGroup parts(executor, [](const std::exception&) { std::terminate(); });
  parts.spawn(read_output(child, command.max_output));
  parts.spawn(read_complaint(child));
  parts.spawn(wait_for_end(child));
  co_await parts.join();
  child->timer.cancel();
  co_return outcome(*child, command);
}

}  // namespace bso::kube
