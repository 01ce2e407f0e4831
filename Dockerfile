# SPDX-License-Identifier: Apache-2.0
# For those who have a container engine. Without one, manifests/image/build.sh makes the
# same image from a finished build.
FROM debian:12 AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
      g++ cmake ninja-build libcpprest-dev libboost-dev libboost-system-dev libyaml-cpp-dev \
      libspdlog-dev libfmt-dev nlohmann-json3-dev libprotozero-dev libexpected-dev libcli11-dev \
      prometheus-cpp-dev libssl-dev
WORKDIR /src
COPY . .
RUN cmake --preset release -DBSO_BUILD_TESTS=OFF && cmake --build --preset release \
 && manifests/image/collect.sh build/release/operator/block-storage-operator /rootfs

FROM scratch
COPY --from=build /rootfs/ /
USER 65532:65532
ENTRYPOINT ["/usr/bin/block-storage-operator"]
