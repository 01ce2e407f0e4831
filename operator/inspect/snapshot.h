// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/view.h"
#include "diagnosis/driver_facts.h"
#include "diagnosis/verdict.h"

namespace bso::inspect {

/// A pod that is asked for; `ns` "" is any namespace, `name` "" is no pod.
struct PodName {
  std::string ns;
  std::string name;
};

/// What an event said about the pod that is asked for.
struct Remark {
  WallTime time{};
  std::string pod_uid;
  std::string reason;
  std::string message;
  bool warning = false;
};

/// The pod that is asked for, with what a View does not keep.
struct Asked {
  cluster::Pod pod;
  /// The object as it came; never null.
  std::shared_ptr<const nlohmann::json> object;
};

/// A cluster at one moment, put together from JSON objects, be they from a dump or from a server.
/// Not for following changes: an object that is taken twice stands there as it came last.
class Snapshot {
 public:
  /// `asked` is a pod of which everything is kept.
  explicit Snapshot(PodName asked = {}) : asked_(std::move(asked)) {}
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  /// Takes an object of a kind that a diagnosis needs, and passes over those of other kinds. An
  /// error (`invalid_input`) names the object and what is wrong with it; nothing of it is taken.
  [[nodiscard]] Result<void> take(const nlohmann::json& object);
  /// For an item of a server's list, which has no kind of its own.
  [[nodiscard]] Result<void> take_as(std::string_view kind, const nlohmann::json& object);
  /// After the last object: gives claims whose PersistentVolume was not to be had one in its place,
  /// made from the claim. Its driver is the claim's provisioner, and its disk is not known.
  void complete();

  /// What a bundle says of its driver, see Bundle::access_granularity.
  void take_bundle(const std::string& driver, std::string_view granularity) {
    facts_.take_bundle(driver, granularity);
  }

  [[nodiscard]] const cluster::View& view() const { return view_; }
  /// What the objects say of drivers: StorageClasses, CSIDrivers, the ConfigMap with rules.
  [[nodiscard]] const diagnosis::SemanticsOverrides& overrides() const {
    return facts_.overrides();
  }
  [[nodiscard]] std::optional<diagnosis::Verdict> verdict(const cluster::Pod& pod,
                                                          WallTime now) const;
  /// The pods that fit `asked`, by namespace.
  [[nodiscard]] const std::vector<Asked>& asked() const { return found_; }
  /// Events about one of those pods, for whatever reason, oldest first.
  [[nodiscard]] std::vector<Remark> remarks(const cluster::Pod& pod) const;
  /// The newest time at which something had happened; zero when no object tells.
  [[nodiscard]] WallTime newest() const { return newest_; }
  /// How many objects of a kind were taken.
  [[nodiscard]] std::size_t count(std::string_view kind) const;
  /// Of claims that got a stand-in from complete().
  [[nodiscard]] std::size_t stand_ins() const { return stand_ins_; }
  /// Pods in a namespace, or in all with ""; those without volumes too.
  [[nodiscard]] std::size_t pods_in(std::string_view ns) const;

 private:
  template <class Record>
  Result<void> put(Result<Record> record);
  Result<void> take_pod(const nlohmann::json& object);
  Result<void> take_claim(const nlohmann::json& object);
  Result<void> take_event(const nlohmann::json& object);
  Result<void> take_config_map(const nlohmann::json& object);

  PodName asked_;
  cluster::View view_;
  diagnosis::DriverFacts facts_;
  std::vector<Asked> found_;
  std::multimap<std::string, Remark> remarks_;  ///< by "ns/name"
  std::map<std::string, std::size_t, std::less<>> counts_;
  std::map<std::string, std::unordered_set<std::string>, std::less<>> pods_;  ///< by namespace
  std::map<std::pair<std::string, std::string>, std::string> provisioners_;   ///< by claim
  std::size_t stand_ins_ = 0;
  WallTime newest_{};
};

/// The newest time in the fields that say when something happened. Times to come, such as the end
/// of a grace period, are in other fields; those in annotations are anybody's.
[[nodiscard]] WallTime newest_time_in(const nlohmann::json& object);

}  // namespace bso::inspect
