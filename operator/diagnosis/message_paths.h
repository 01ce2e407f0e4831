// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "diagnosis/message_text.h"
#include "diagnosis/messages.h"

/// Only for the files that read messages.
namespace bso::diagnosis {

struct FoundPaths {
  std::vector<PodPath> all;  ///< each once, in order, at most 16
  /// The first directory of which the words say that the volume is mounted there; "" without one.
  /// One after "Mounting arguments:" or "cannot mount ... at" is the waiting pod's own.
  PodPath holder;
  bool own_target = false;  ///< mount(8) tells of the directory where it was to mount
};

/// Pods' directories in a driver's words. `volume` is the one that the message is about, or "" when
/// that is not known: a holder has its directory for the same volume.
[[nodiscard]] FoundPaths pod_paths(const PlainText& text, std::string_view volume);

/// The driver that a directory below the kubelet's, or the kubelet's words, name; "" without one.
/// Directories: pkg/volume/csi/csi_attacher.go makeDeviceMountPath (1.24 and later),
/// pkg/volume/flexvolume/plugin.go; words: pkg/volume/csi/csi_plugin.go.
[[nodiscard]] std::string driver_in(const PlainText& text);

}  // namespace bso::diagnosis
