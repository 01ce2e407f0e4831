// SPDX-License-Identifier: Apache-2.0
// Fills a control plane with pods, and changes them. run.sh tells how the two are used.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <fmt/format.h>

#include "bench/etcd.h"
#include "bench/pod_mold.h"
#include "support/api.h"
#include "support/eventually.h"

namespace {

using bso::bench::Etcd;
using bso::bench::PodMold;
using bso::bench::Put;
using Clock = std::chrono::steady_clock;

constexpr const char* kUsage =
    "Usage: bench_pods fill DIR FROM TO\n"
    "       bench_pods update DIR COUNT RATE SECONDS FILE\n"
    "\n"
    "  fill    writes the pods number FROM to TO-1 into etcd; DIR keeps what they are made from\n"
    "  update  changes RATE of COUNT pods each second, and writes a line for each transaction to\n"
    "          FILE: its revision, and the monotonic time in nanoseconds at which it was sent\n"
    "\n"
    "Environment: KUBECONFIG, BSO_KUBECTL, BSO_ETCD_URL\n";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw bso::test::TestFailure(fmt::format("{} is not set", name));
  return value;
}

PodMold mold_in(const std::string& directory, const Etcd& etcd) {
  if (std::ifstream(directory + "/mold")) return PodMold::load(directory);
  const bso::test::Api api(variable("BSO_KUBECTL"), variable("KUBECONFIG"));
  auto mold = PodMold::cast(api, etcd);
  mold.save(directory);
  return mold;
}

void fill(const std::string& directory, std::size_t from, std::size_t to) {
  const Etcd etcd(variable("BSO_ETCD_URL"));
  const auto mold = mold_in(directory, etcd);
  std::vector<Put> puts;
  for (auto index = from; index < to; ++index) {
    puts.push_back(mold.pod(index, 0));
    if (puts.size() < Etcd::most_puts && index + 1 < to) continue;
    (void)etcd.put(puts);
    puts.clear();
  }
  fmt::print("stored_bytes={}\njson_bytes={}\n", mold.stored_bytes(), mold.json_bytes());
}

void update(const std::string& directory, std::size_t count, std::size_t rate, std::size_t seconds,
            const std::string& file) {
  // Few enough that the updates flow, many enough that writing them costs the machine little.
  constexpr std::size_t kPutsAtOnce = 20;
  // Without a common factor with any count that ends in zeros: all pods have their turn.
  constexpr std::size_t kStride = 7919;
  const Etcd etcd(variable("BSO_ETCD_URL"));
  const auto mold = PodMold::load(directory);
  std::ofstream lines(file);
  const auto begun = Clock::now();
  for (std::size_t done = 0; done < rate * seconds;) {
    std::this_thread::sleep_until(begun + std::chrono::microseconds{done * 1'000'000 / rate});
    std::vector<Put> puts;
    for (std::size_t i = 0; i < kPutsAtOnce; ++i, ++done) {
      puts.push_back(mold.pod(done * kStride % count, done + 1));
    }
    const auto sent = Clock::now().time_since_epoch();
    const auto revision = etcd.put(puts);
    lines << revision << ' ' << std::chrono::nanoseconds(sent).count() << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    if (words.size() == 4 && words[0] == "fill") {
      fill(words[1], std::stoul(words[2]), std::stoul(words[3]));
    } else if (words.size() == 6 && words[0] == "update") {
      update(words[1], std::stoul(words[2]), std::stoul(words[3]), std::stoul(words[4]), words[5]);
    } else {
      std::fputs(kUsage, stderr);
      return 2;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_pods: %s\n", error.what());
    return 1;
  }
  return 0;
}
