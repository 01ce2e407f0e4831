// SPDX-License-Identifier: Apache-2.0
#include "controllers/packed_list.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "cluster/view.h"

using namespace bso;
using namespace bso::cluster;

namespace {

Pod make_pod(const std::string& name, const std::string& claim, const std::string& version = "1") {
  Pod pod;
  pod.ns = Symbol{"shop"};
  pod.name = name;
  pod.resource_version = version;
  if (!claim.empty()) {
    PodVolume volume;
    volume.claim = Symbol{claim};
    pod.volumes.push_back(volume);
  }
  return pod;
}

std::vector<Pod> all_of(controllers::PackedList<Pod>& list) {
  std::vector<Pod> pods;
  while (auto pod = list.take()) pods.push_back(std::move(*pod));
  return pods;
}

}  // namespace

TEST_CASE("A packed list gives back the last of each name") {
  controllers::PackedList<Pod> list;
  list.add(make_pod("a", "x"));
  list.add(make_pod("b", "y"));
  list.add(make_pod("c", "z"));
  list.add(make_pod("a", "x", "2"));
  list.remove({"shop", "b"});
  list.remove({"shop", "never there"});
  CHECK(all_of(list) == std::vector<Pod>{make_pod("a", "x", "2"), make_pod("c", "z")});
  CHECK_FALSE(list.take());
}

TEST_CASE("Of a list of pods those are kept that the view has a use for") {
  View view;
  view.upsert(make_pod("held", "x"));
  controllers::PackedList<Pod> list([&view](const Pod& pod) { return view.has_use_for(pod); });
  list.add(make_pod("new", "y"));
  list.add(make_pod("without a disk", ""));
  // The view has to be told that it has none any more.
  list.add(make_pod("held", ""));
  // What came last counts, and this one is nothing to keep.
  auto annotated = make_pod("no longer annotated", "");
  annotated.conflict = "text";
  list.add(annotated);
  list.add(make_pod("no longer annotated", ""));
  CHECK(all_of(list) == std::vector<Pod>{make_pod("new", "y"), make_pod("held", "")});
}
