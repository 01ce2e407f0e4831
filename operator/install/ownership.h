// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "install/spec.h"

namespace bso::install {

/// Whose an object is, by its labels, annotations and owner references.
enum class Owner {
  ours,     ///< our managed-by label and the name of this BlockStoragePlugin
  nobody,   ///< it says nothing: somebody made it by hand
  release,  ///< a release of Helm 3 or of Helm 2 with Tiller made it
  somebody  ///< an add-on manager, another operator or another BlockStoragePlugin
};

/// A release of Helm that an object came from. Any part may be "" where the object does not tell.
struct Release {
  std::string tool;  ///< "Helm" or "Tiller"
  std::string name;
  std::string ns;

  [[nodiscard]] std::string display() const;  ///< "Helm release default/blkstg"
  friend bool operator==(const Release&, const Release&) = default;
};

struct Ownership {
  Owner owner = Owner::nobody;
  std::string name;  ///< for people; "" when nobody
  /// Of Owner::release, and of an object of ours that still bears the marks of one.
  std::optional<Release> release;
};

/// Reads it off a live object. Those who write an object again and again count before our own
/// label: an object of ours that an add-on manager has taken is no longer ours.
[[nodiscard]] Ownership read_ownership(const nlohmann::json& live, std::string_view plugin);

/// Whether spec.reconcile.adopt lets us take over an object with this owner.
[[nodiscard]] bool may_adopt(Owner owner, Adopt adopt);

/// The RFC 7386 patch that takes Helm's marks off an object that is ours now, and an empty object
/// when there are none. Labels that `desired` sets itself stay.
[[nodiscard]] nlohmann::json release_marks_patch(const nlohmann::json& live,
                                                 const nlohmann::json& desired);

/// The RFC 7386 patch that ends the claims of those who wrote an object before it was taken over,
/// and an empty object when there are none. The fields that we set hold their values, and a new
/// version of ours would look like a change of theirs. What tells the status stays, and so do the
/// claims of others who apply.
[[nodiscard]] nlohmann::json former_managers_patch(const nlohmann::json& live);

/// What a release keeps in the cluster about itself.
struct Leftover {
  std::string object;
  std::string remedy;

  friend bool operator==(const Leftover&, const Leftover&) = default;
};

/// Told without a look: Secrets cannot be listed without the right to read them, and what the
/// command names by label may be there or not.
[[nodiscard]] std::vector<Leftover> leftovers_of(const Release& release);

/// status.leftovers as it was and what the releases of this pass left, each once, sorted; none once
/// the BlockStoragePlugin says by kLeftoversAnnotation that they are gone.
[[nodiscard]] std::vector<Leftover> merge_leftovers(const nlohmann::json& plugin,
                                                    std::span<const Release> adopted);

}  // namespace bso::install
