// SPDX-License-Identifier: Apache-2.0
#include "kube/resource.h"

#include <catch2/catch.hpp>

using namespace bso::kube;

TEST_CASE("paths of collections and objects") {
  CHECK(collection_path(pods, "") == "/api/v1/pods");
  CHECK(collection_path(pods, "shop") == "/api/v1/namespaces/shop/pods");
  CHECK(collection_path(storage_classes, "ignored") == "/apis/storage.k8s.io/v1/storageclasses");
  CHECK(object_path(deployments, "kube-system", "a") ==
        "/apis/apps/v1/namespaces/kube-system/deployments/a");
  CHECK(object_path(pods, "a/../b", "x?y") == "/api/v1/namespaces/a%2F..%2Fb/pods/x%3Fy");
}

TEST_CASE("query parameters are encoded and empty ones left out") {
  CHECK(Query().text().empty());
  CHECK(Query().add("a", "").add("fieldSelector", "reason=FailedMount,x=y z").text() ==
        "?fieldSelector=reason%3DFailedMount%2Cx%3Dy%20z");
  CHECK(Query().add("a", "1").add("b", "2").text() == "?a=1&b=2");
}
