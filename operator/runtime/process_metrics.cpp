// SPDX-License-Identifier: Apache-2.0
#include "runtime/process_metrics.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

namespace bso::runtime {
namespace {

/// Seconds since the epoch at which the machine started, or 0 when /proc does not say.
double boot_time() {
  std::ifstream file("/proc/stat");
  std::string word;
  while (file >> word) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return 0;
}

/// Clock ticks after boot at which this process started: field 22 of /proc/self/stat (proc(5)).
double start_ticks() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  // The second field is the program's name in brackets and may hold blanks.
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(line.substr(name_end + 1));
  constexpr int kFirst = 3;
  constexpr int kStartTime = 22;
  std::string skipped;
  for (int field = kFirst; field < kStartTime; ++field) fields >> skipped;
  double ticks = 0;
  fields >> ticks;
  return ticks;
}

double cpu_seconds() {
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double open_fds() {
  std::error_code failed;
  double count = 0;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", failed), end;
       !failed && entry != end; entry.increment(failed)) {
    ++count;
  }
  return count > 0 ? count - 1 : 0;  // without the one that reads the folder
}

double max_fds() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<double>(limit.rlim_cur) : 0;
}

}  // namespace

void show_process_metrics(Metrics& metrics) {
  const auto started = metrics.gauge("process_start_time_seconds",
                                     "Start time of the process since unix epoch in seconds.", {});
  started.set(boot_time() + start_ticks() / static_cast<double>(::sysconf(_SC_CLK_TCK)));

  const auto cpu = metrics.counter("process_cpu_seconds_total",
                                   "Total user and system CPU time spent in seconds.", {});
  const auto resident =
      metrics.gauge("process_resident_memory_bytes", "Resident memory size in bytes.", {});
  const auto virtual_size =
      metrics.gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", {});
  const auto fds = metrics.gauge("process_open_fds", "Number of open file descriptors.", {});
  const auto most =
      metrics.gauge("process_max_fds", "Maximum number of open file descriptors.", {});

  metrics.before_scrape([=] {
    // Two clocks of the kernel are added up: guard against a step back, which a counter forbids.
    if (const auto more = cpu_seconds() - cpu.value(); more > 0) cpu.add(more);
    std::ifstream memory("/proc/self/statm");
    double pages = 0;
    double resident_pages = 0;
    memory >> pages >> resident_pages;
    const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
    virtual_size.set(pages * page);
    resident.set(resident_pages * page);
    fds.set(open_fds());
    most.set(max_fds());
  });
}

}  // namespace bso::runtime
