// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "cluster/view.h"
#include "diagnosis/sentence.h"
#include "runtime/event_recorder.h"

namespace bso::controllers {

/// The Events about pods that wait: one on each pod, and where a person has to act one on what owns
/// the pods and one on the claim, so that `kubectl describe` of any of the three shows it. They
/// stand as long as the state. However many pods of one owner wait for one cause, owner and claim
/// get one Event each: the first pod's words stand for all.
class Announcements {
 public:
  /// Both outlive it.
  Announcements(const cluster::View& view, runtime::EventRecorder& recorder)
      : view_(view), recorder_(recorder) {}

  /// The pod of this key ("namespace/name") waits; said again with each change of the verdict.
  void say(const std::string& key, const cluster::Pod& pod, const diagnosis::Verdict& verdict,
           WallTime now);
  /// It waits no longer. `pod` is what is known of it, nullptr when it is gone: one that lives on
  /// gets an Event that says so.
  void settle(const std::string& key, const cluster::Pod* pod);

 private:
  /// Pods that one Event stands for.
  struct Group {
    std::set<std::string> pods;
    std::string speaker;  ///< whose words it has; "" when that one waits no longer
  };
  struct Shared {
    std::string group;
    runtime::EventNote note;
  };

  [[nodiscard]] std::vector<Shared> shared_notes(const cluster::Pod& pod,
                                                 const diagnosis::Verdict& verdict,
                                                 const diagnosis::Notice& notice) const;
  void share(const std::string& key, std::vector<Shared> notes);
  void leave(const std::string& key, const std::string& group);

  const cluster::View& view_;
  runtime::EventRecorder& recorder_;
  std::map<std::string, Group> groups_;
  std::unordered_map<std::string, std::set<std::string>> groups_of_;  ///< by pod
};

}  // namespace bso::controllers
