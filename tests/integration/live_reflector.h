// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "kube/client.h"
#include "kube/reflector.h"
#include "support/eventually.h"
#include "transport/transport.h"

namespace bso::test {

/// What is known of one object.
struct Held {
  std::string version;
  std::string uid;

  bool operator==(const Held&) const = default;
};
/// By namespace and name.
using Picture = std::map<std::pair<std::string, std::string>, Held>;

/// A reflector against the API server of world(), on a loop that turns while a test waits.
class LiveReflector {
 public:
  /// The user agent of its requests.
  static constexpr const char* kAgent = "watch-test";

  /// By way of another kubeconfig than the administrator's when that is not "".
  explicit LiveReflector(kube::Reflector::Options options, const std::string& kubeconfig = {});
  ~LiveReflector();
  LiveReflector(const LiveReflector&) = delete;
  LiveReflector& operator=(const LiveReflector&) = delete;

  void begin();
  /// Begins, and waits for the first list.
  void start();
  /// Turns the loop until it is so. Throws TestFailure when that is in vain.
  void until(const std::string& what, const std::function<bool()>& so,
             std::chrono::milliseconds patience = kPatience);
  /// Turns the loop for this long.
  void turn(std::chrono::milliseconds time);
  /// Waits for these entries of the journal, and checks that no others come.
  void expect(const std::vector<std::string>& events);
  /// kube::resource_version_floor().
  [[nodiscard]] std::string ask_floor();
  [[nodiscard]] const kube::Reflector& reflector() const { return *reflector_; }

  std::vector<std::string> journal;  ///< "+name" and "-name"
  Picture held;
  std::vector<std::string> errors;
  /// Names of objects that were put back to an older version of themselves: none, whatever happens.
  std::vector<std::string> went_back;

 private:
  struct Seen;
  [[nodiscard]] std::unique_ptr<kube::ObjectSink> make_sink(bool protobuf);

  boost::asio::io_context loop_;
  Stop stop_;
  std::unique_ptr<transport::Transport> transport_;
  std::unique_ptr<kube::Client> client_;
  std::unique_ptr<kube::ObjectSink> sink_;
  std::unique_ptr<kube::Reflector> reflector_;
};

}  // namespace bso::test
