// SPDX-License-Identifier: Apache-2.0
// What a kept object costs: bytes and time. Usage: bench_store [PODS], 100000 without.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <malloc.h>

#include "cluster/decode.h"
#include "cluster/view.h"
#include "controllers/packed_list.h"
#include "kube/object_sink.h"
#include "unit/cluster/proto_objects.h"

using namespace bso;
using namespace bso::cluster;

namespace {

std::size_t heap_bytes() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

/// A field of /proc/self/status in MiB.
double status_mib(const std::string& field) {
  std::ifstream file("/proc/self/status");
  std::string word;
  double kib = 0;
  while (file >> word) {
    if (word == field + ":" && file >> kib) break;
  }
  return kib / 1024;
}

/// Five letters or digits, as the API server appends them.
std::string suffix(std::size_t i) {
  static constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::string text;
  for (int k = 0; k < 5; ++k, i /= kAlphabet.size()) text += kAlphabet[i % kAlphabet.size()];
  return text;
}

std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ x >> 30U) * 0xbf58'476d'1ce4'e5b9U;
  x = (x ^ x >> 27U) * 0x94d0'49bb'1331'11ebU;
  return x ^ x >> 31U;
}

std::string uuid(std::string_view what, std::size_t i) {
  const auto a = mixed(std::hash<std::string_view>{}(what) + i);
  const auto b = mixed(a + 1);
  return fmt::format("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", a >> 32U, (a >> 16U) & 0xffffU,
                     a & 0xfffU, b >> 52U, b & 0xffff'ffff'ffffU);
}

/// What is said of a pod before it is either encoded or made a record.
struct Outline {
  std::string ns;
  std::string name;
  std::string uid;
  std::string version;
  std::string node;
  std::string owner_kind;
  std::string owner;
  std::string owner_uid;
  std::string revision;
  std::string claim;
  std::int64_t created = 0;
};

/// Half of a Deployment's, three to a ReplicaSet, each with a claim of its own choosing; half a
/// StatefulSet's. `generation` makes another pod of the same kind.
Outline outline(std::size_t i, std::size_t generation) {
  Outline made;
  made.ns = fmt::format("team-{}-production", i % 200);
  made.version = fmt::format("{}", 1'000'000 + i * 37 + generation);
  made.node = fmt::format("ip-10-{}-{}-12.eu-central-1.compute.internal", i % 50, i % 97);
  made.uid = uuid("pod", i + generation * 10'000'000);
  made.created = 1'700'000'000 + static_cast<std::int64_t>(i * 13 + generation);
  if (i % 2 == 0) {
    const auto set = i / 6;
    made.revision = fmt::format("{}{}", suffix(set * 7919), suffix(set * 104'729));
    made.owner = fmt::format("service-{}-{}", set, made.revision);
    made.owner_kind = "ReplicaSet";
    made.owner_uid = uuid("set", set);
    made.name = fmt::format("{}-{}", made.owner, suffix(i * 31 + generation));
    made.claim = fmt::format("service-{}-files-{}", set, i);
  } else {
    const auto set = i / 6;
    made.owner = fmt::format("database-cluster-{}", set);
    made.owner_kind = "StatefulSet";
    made.owner_uid = uuid("stateful", set);
    made.name = fmt::format("{}-{}", made.owner, i % 6);
    made.revision = fmt::format("{}-{}{}", made.owner, suffix(set * 7919), suffix(set * 104'729));
    made.claim = fmt::format("data-{}", made.name);
  }
  return made;
}

WallTime at(std::int64_t seconds) { return WallTime{std::chrono::seconds{seconds}}; }

Pod make_pod(const Outline& from) {
  Pod pod;
  pod.ns = Symbol{from.ns};
  pod.name = from.name;
  pod.uid = from.uid;
  pod.resource_version = from.version;
  pod.created = at(from.created);
  pod.scheduled = at(from.created + 2);
  pod.node = Symbol{from.node};
  pod.owner = {Symbol{from.owner_kind}, Symbol{from.owner}, Symbol{from.owner_uid}};
  pod.revision = Symbol{from.revision};
  PodVolume volume;
  volume.name = Symbol{"data"};
  volume.claim = Symbol{from.claim};
  pod.volumes.push_back(std::move(volume));
  pod.phase = Phase::running;
  pod.ready = pod.any_running = pod.any_started = pod.sandbox_ready = true;
  return pod;
}

Pod make_pod(std::size_t i, std::size_t generation = 0) { return make_pod(outline(i, generation)); }

Claim make_claim(std::size_t i) {
  const auto from = outline(i, 0);
  Claim claim;
  claim.ns = Symbol{from.ns};
  claim.name = from.claim;
  claim.uid = uuid("claim", i);
  claim.volume = Symbol{"pvc-" + claim.uid};
  claim.storage_class = Symbol{"gold"};
  claim.modes = kReadWriteOnce;
  claim.bound = true;
  return claim;
}

Volume make_volume(std::size_t i) {
  const auto from = outline(i, 0);
  Volume volume;
  volume.claim_uid = uuid("claim", i);
  volume.name = "pvc-" + volume.claim_uid;
  volume.uid = uuid("volume", i);
  volume.kind = VolumeKind::csi;
  volume.driver = Symbol{"ebs.csi.aws.com"};
  volume.handle = Symbol{fmt::format("vol-{:017x}", i * 2'654'435'761U)};
  volume.claim_ns = Symbol{from.ns};
  volume.claim = Symbol{from.claim};
  volume.storage_class = Symbol{"gold"};
  volume.provisioned_by = Symbol{"ebs.csi.aws.com"};
  volume.reclaim = Symbol{"Delete"};
  volume.modes = kReadWriteOnce;
  return volume;
}

Attachment make_attachment(std::size_t i) {
  Attachment attachment;
  attachment.name = fmt::format("csi-{0:016x}{0:016x}{0:016x}{0:016x}", i * 0x9e37'79b9'7f4a'7c15U);
  attachment.uid = uuid("attachment", i);
  attachment.attacher = Symbol{"ebs.csi.aws.com"};
  attachment.volume = Symbol{"pvc-" + uuid("claim", i)};
  attachment.node = Symbol{outline(i, 0).node};
  attachment.attached = true;
  return attachment;
}

/// The pod as a server would send it: 4.6 KB, most of them of no use here.
std::string encode_pod(const Outline& from, bool with_claim) {
  using test::Proto;
  static const std::string kManaged(3'800, 'x');
  // What is not a disk is a volume all the same.
  const auto source = with_claim ? Proto{}.with(10, Proto{}.text(1, from.claim))
                                 : Proto{}.with(19, Proto{}.text(1, from.claim));
  const auto spec = Proto{}
                        .with(1, Proto{}.text(1, "data").with(2, source))
                        .with(2, Proto{}.text(1, "main").text(2, std::string(300, 'i')))
                        .text(10, from.node);
  const auto condition = [&](const char* type) {
    return Proto{}.text(1, type).text(2, "True").with(4, test::time_of(from.created + 2));
  };
  return Proto{}
      .with(1, Proto{}
                   .text(1, from.name)
                   .text(3, from.ns)
                   .text(5, from.uid)
                   .text(6, from.version)
                   .with(8, test::time_of(from.created))
                   .entry(11, "pod-template-hash", from.revision)
                   .with(13, Proto{}
                                 .text(5, "apps/v1")
                                 .text(1, from.owner_kind)
                                 .text(3, from.owner)
                                 .text(4, from.owner_uid)
                                 .number(6, 1))
                   .with(17, Proto{}.text(1, "kubelet").text(7, kManaged)))
      .with(2, spec)
      .with(3, Proto{}
                   .text(1, "Running")
                   .with(2, condition("PodScheduled"))
                   .with(2, condition("Ready"))
                   .with(8, Proto{}.text(1, "main").with(2, Proto{}.with(2, Proto{}))))
      .str();
}

double cpu_nanoseconds() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) * 1e9 + static_cast<double>(used.tv_nsec);
}

/// Nanoseconds per turn, of the processor's time: others may use the machine.
template <class Turn>
double timed(std::size_t turns, const Turn& turn) {
  const auto begin = cpu_nanoseconds();
  for (std::size_t i = 0; i < turns; ++i) turn(i);
  return (cpu_nanoseconds() - begin) / static_cast<double>(turns);
}

void report(const char* what, double value, const char* unit) {
  fmt::print("{:<46}{:>10.1f} {}\n", what, value, unit);
}

/// Fills the view by `put` and reports the growth of the heap per turn.
template <class Put>
void measure_bytes(const char* what, std::size_t count, const Put& put) {
  const auto before = heap_bytes();
  for (std::size_t i = 0; i < count; ++i) put(i);
  report(what, static_cast<double>(heap_bytes() - before) / static_cast<double>(count), "bytes");
}

Workload make_replica_set(std::size_t i) {
  const auto from = outline(i * 6, 0);
  Workload set;
  set.kind = WorkloadKind::replica_set;
  set.ns = Symbol{from.ns};
  set.name = from.owner;
  set.uid = from.owner_uid;
  const std::string deployment = from.owner.substr(0, from.owner.rfind('-'));
  set.owner = {Symbol{"Deployment"}, Symbol{deployment}, Symbol{uuid("deployment", i)}};
  set.revision = static_cast<std::int64_t>(i % 20);
  return set;
}

void measure_pods(std::size_t count) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937 random(1);
  std::shuffle(order.begin(), order.end(), random);
  std::vector<std::size_t> generation(count, 0);
  View view;
  const auto before = heap_bytes();
  const auto per_pod = [&] {
    return static_cast<double>(heap_bytes() - before) / static_cast<double>(view.pod_count());
  };
  // Making the record is no part of the figures.
  const double making = timed(count, [](std::size_t i) { (void)make_pod(i); });
  report("pod: upsert", timed(count, [&](std::size_t i) { view.upsert(make_pod(i)); }) - making,
         "ns");
  report("pod: held", per_pod(), "bytes");
  report("pod: upsert of the same",
         timed(count, [&](std::size_t i) { view.upsert(make_pod(i)); }) - making, "ns");
  report("pod: upsert with another version",
         timed(count,
               [&](std::size_t i) {
                 auto pod = make_pod(i);
                 pod.resource_version += "1";
                 view.upsert(std::move(pod));
               }) -
             making,
         "ns");
  std::vector<Pod> asked;
  for (std::size_t i = 0; i < 1000; ++i) asked.push_back(make_pod(order[i]));
  std::size_t found = 0;
  report("pod: users of its disk",
         timed(asked.size(),
               [&](std::size_t i) {
                 const Pod& pod = asked[i];
                 found += view.users(pod, pod.volumes[0]).size();
               }),
         "ns");
  if (found != asked.size()) fmt::print("found {} users\n", found);
  std::vector<Pod>().swap(asked);

  for (std::size_t round = 1; round <= 6; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    const auto half = count / 2;
    for (std::size_t k = 0; k < half; ++k) {
      const auto old = outline(order[k], generation[order[k]]);
      view.remove_pod(old.ns, old.name);
    }
    for (std::size_t k = 0; k < half; ++k) view.upsert(make_pod(order[k], round));
    for (std::size_t k = 0; k < half; ++k) generation[order[k]] = round;
  }
  report("pod: held after half were made anew six times", per_pod(), "bytes");
  auto names = view.names<Pod>();
  std::shuffle(names.begin(), names.end(), random);
  const auto tenth = count / 10;
  report("pod: remove",
         timed(count - tenth,
               [&](std::size_t i) { view.remove_pod(names[i].first, names[i].second); }),
         "ns");
  decltype(names)().swap(names);
  report("pod: held when a tenth is left", per_pod(), "bytes");
}

void measure_others(std::size_t count) {
  View view;
  measure_bytes("claim: held", count, [&](std::size_t i) { view.upsert(make_claim(i)); });
  measure_bytes("volume: held", count, [&](std::size_t i) { view.upsert(make_volume(i)); });
  measure_bytes("attachment: held", count, [&](std::size_t i) { view.upsert(make_attachment(i)); });
  measure_bytes("ReplicaSet: held", count,
                [&](std::size_t i) { view.upsert(make_replica_set(i)); });
}

/// A LIST of pods, of which a third has a claim, as it arrives.
void measure_list(std::size_t count) {
  View view;
  kube::RecordSink<Pod> sink({
      .decode = decode_pod,
      .key =
          [](const Pod& pod) {
            return std::pair{pod.ns.str(), pod.name};
          },
      .upsert = [&view](Pod pod) { view.upsert(std::move(pod)); },
      .erase = [&view](const auto& key) { view.remove_pod(key.first, key.second); },
      .keys = [&view] { return view.names<Pod>(); },
      .wanted = pod_may_be_kept,
      .collect =
          [&view] {
            return std::make_unique<controllers::PackedList<Pod>>(
                [&view](const Pod& pod) { return view.has_use_for(pod); });
          },
  });
  report("process before the LIST", status_mib("VmRSS"), "MiB");
  for (const char* what : {"first LIST", "second LIST"}) {
    sink.begin_list();
    const double making =
        timed(count, [](std::size_t i) { (void)encode_pod(outline(i, 0), i % 3 == 0); });
    report(
        what,
        timed(count,
              [&](std::size_t i) { (void)sink.list_item(encode_pod(outline(i, 0), i % 3 == 0)); }) -
            making,
        "ns per item");
    while (!sink.end_list()) {
    }
    report("  process at its greatest", status_mib("VmHWM"), "MiB");
    report("  process after it", status_mib("VmRSS"), "MiB");
  }
  fmt::print("{} of {} pods kept\n", view.pod_count(), count);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100'000;
  measure_list(count);
  measure_pods(count);
  measure_others(count);
  return 0;
}
