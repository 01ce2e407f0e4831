// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/error.h"
#include "install/spec.h"

namespace bso::install {

/// An object that the plug-in needs and somebody else makes, by its metadata alone.
struct NeededObject {
  enum class Presence {
    unknown,  ///< the server has not answered yet
    absent,
    terminating,  ///< it is being deleted
    present,
    unreadable  ///< the server refuses: see error
  };
  Presence presence = Presence::unknown;
  std::string uid = {};
  std::string resource_version = {};
  Error error = {};
};

/// What the plug-in needs, as found. What its spec does not name is not set.
struct Needs {
  std::optional<NeededObject> ns;
  std::optional<NeededObject> secret;
};

/// Whether anything may be applied. Without its namespace none of the workloads can be made, so the
/// rest is not made either. A missing Secret only keeps the plug-in from working.
[[nodiscard]] bool may_apply(const Needs& needs);

/// One reason why something that is needed is not there, with the remedy.
struct Unmet {
  bool known = true;  ///< false: whether it is there cannot be told
  std::string reason;
  std::string message;
};

/// The first thing that stands in the way; nullopt when nothing does.
[[nodiscard]] std::optional<Unmet> first_unmet(const Needs& needs, const PluginSpec& spec);

/// status.credentials: which state of the Secret the pods run with.
struct CredentialsState {
  std::string secret;    ///< its name
  std::string seen;      ///< hash of the state that was seen last; "" before the first
  std::string revision;  ///< what the pods are marked with; "" until the Secret changes

  friend bool operator==(const CredentialsState&, const CredentialsState&) = default;
};

[[nodiscard]] CredentialsState credentials_state_of(const nlohmann::json& plugin);
/// Its JSON, without empty texts.
[[nodiscard]] nlohmann::json credentials_json(const CredentialsState& state);

/// What becomes of it by what is seen of the Secret now. The first sight marks no pod, so that
/// neither the first installation nor an operator that learns to look rolls any; nor does a Secret
/// that is missing or cannot be read.
[[nodiscard]] CredentialsState follow_secret(const CredentialsState& before,
                                             const CredentialsSettings& wanted,
                                             const std::optional<NeededObject>& secret);

}  // namespace bso::install
