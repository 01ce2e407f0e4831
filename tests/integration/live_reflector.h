// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "kube/client.h"
#include "kube/reflector.h"
#include "transport/transport.h"

namespace bso::test {

/// A reflector against the API server of world(), on a loop that turns while a test waits.
class LiveReflector {
 public:
  /// The user agent of its requests.
  static constexpr const char* kAgent = "watch-test";

  explicit LiveReflector(kube::Reflector::Options options);
  ~LiveReflector();
  LiveReflector(const LiveReflector&) = delete;
  LiveReflector& operator=(const LiveReflector&) = delete;

  /// Begins, and waits for the first list.
  void start();
  /// Turns the loop until it is so. Throws TestFailure when that is in vain.
  void until(const std::string& what, const std::function<bool()>& so);
  /// Waits for these entries of the journal, and checks that no others come.
  void expect(const std::vector<std::string>& events);
  /// kube::resource_version_floor().
  [[nodiscard]] std::string ask_floor();
  [[nodiscard]] const kube::Reflector& reflector() const { return *reflector_; }

  std::vector<std::string> journal;                                 ///< "+name" and "-name"
  std::map<std::pair<std::string, std::string>, std::string> held;  ///< to the resourceVersion
  std::vector<std::string> errors;

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
