// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "base/stop.h"
#include "base/task_group.h"
#include "controllers/wire.h"
#include "install/prerequisites.h"
#include "kube/document_store.h"
#include "kube/reflector.h"

namespace bso::controllers {

/// Single objects that plug-ins need and somebody else makes: a namespace, a Secret. Each is
/// followed by a watch of that one name, of its metadata alone, from the first look at it until no
/// plug-in asks for it any more.
class NeededObjects {
 public:
  /// Told the plug-in that needs an object of which something has changed.
  using OnChange = std::function<void(const std::string& plugin)>;

  NeededObjects(const Wire& wire, OnChange on_change);

  /// What the watch shows. The first look waits until the server has answered, whatever it says.
  Task<install::NeededObject> look(std::string plugin, kube::Resource resource, std::string ns,
                                   std::string name);
  /// The plug-in no longer needs what it has not looked at since this was called the last time.
  void forget_others(const std::string& plugin);

  /// Carries the watches until stopped; before that nothing can be looked at.
  Task<void> run(Stop& stop);

 private:
  using Key = std::tuple<std::string, std::string, std::string>;  ///< kind, namespace, name
  struct Watched;

  std::shared_ptr<Watched> begin(const Key& key, const kube::Resource& resource);
  static Task<void> follow(std::shared_ptr<Watched> watched);

  Wire wire_;
  OnChange on_change_;
  std::map<Key, std::shared_ptr<Watched>> watched_;
  std::map<std::string, std::set<Key>> looked_at_;  ///< by plug-in, since forget_others()
  TaskGroup* running_ = nullptr;
};

}  // namespace bso::controllers
