// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <protozero/pbf_writer.hpp>

namespace bso::test {

/// A protobuf message put together from its fields; nested by passing `str()` of another one.
class Proto {
 public:
  Proto&& text(std::uint32_t field, std::string_view value) && {
    protozero::pbf_writer{bytes_}.add_string(field, value.data(), value.size());
    return std::move(*this);
  }
  Proto&& with(std::uint32_t field, const Proto& message) && {
    protozero::pbf_writer{bytes_}.add_message(field, message.bytes_);
    return std::move(*this);
  }
  Proto&& number(std::uint32_t field, std::int64_t value) && {
    protozero::pbf_writer{bytes_}.add_int64(field, value);
    return std::move(*this);
  }
  Proto&& entry(std::uint32_t field, std::string_view key, std::string_view value) && {
    return std::move(*this).with(field, Proto{}.text(1, key).text(2, value));
  }
  [[nodiscard]] const std::string& str() const { return bytes_; }

 private:
  std::string bytes_;
};

inline Proto time_of(std::int64_t seconds) { return Proto{}.number(1, seconds); }

/// A pod as a server would send it, with fields this operator has no use for in between.
inline Proto full_pod() {
  return Proto{}
      .with(1, Proto{}
                   .text(1, "web-0")
                   .text(3, "shop")
                   .text(5, "0e39f8c6-ab9b-11e9-bc03-7eb7daa184af")
                   .text(6, "4711")
                   .number(7, 3)
                   .with(8, time_of(1'700'000'000))
                   .with(9, time_of(1'700'000'500))
                   .entry(11, "pod-template-hash", "6d7f5b8c49")
                   .entry(11, "app", "web")
                   .entry(12, "kubernetes.io/config.hash", "0123456789abcdef0123456789abcdef")
                   .entry(12, "blockstorage.dev/mount-conflict", "old text")
                   .with(13, Proto{}.text(1, "Node").text(3, "n").text(4, "u0"))
                   .with(13, Proto{}
                                 .text(5, "apps/v1")
                                 .text(1, "ReplicaSet")
                                 .text(3, "web")
                                 .text(4, "rs-uid")
                                 .number(6, 1))
                   .with(17, Proto{}.text(1, "kubectl").text(7, std::string(5000, 'x'))))
      .with(
          2,
          Proto{}
              .with(1, Proto{}.text(1, "data").with(
                           2, Proto{}.with(10, Proto{}.text(1, "data-claim").number(2, 1))))
              .with(1, Proto{}.text(1, "cfg").with(2, Proto{}.with(19, Proto{}.text(1, "c"))))
              .with(1,
                    Proto{}.text(1, "flex").with(
                        2, Proto{}.with(
                               12, Proto{}.text(1, "ibm/ibmc-block").entry(5, "VolumeID", "42"))))
              .with(1,
                    Proto{}.text(1, "scratch").with(2, Proto{}.with(29, Proto{}.with(1, Proto{}))))
              .with(1,
                    Proto{}
                        .text(1, "inline")
                        .with(2, Proto{}.with(28, Proto{}.text(1, "secrets-store.csi.k8s.io"))))
              .with(1, Proto{}.text(1, "pd").with(
                           2, Proto{}.with(3, Proto{}.text(1, "disk-1").number(4, 1))))
              .with(2, Proto{}.text(1, "container"))
              .text(10, "node-a"))
      .with(
          3,
          Proto{}
              .text(1, "Pending")
              .with(2,
                    Proto{}.text(1, "PodScheduled").text(2, "True").with(4, time_of(1'700'000'010)))
              .with(8, Proto{}.text(1, "c").with(
                           2, Proto{}.with(1, Proto{}.text(1, "ContainerCreating")))));
}

}  // namespace bso::test
