// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "cli/explain_command.h"
#include "cli/explain_reader.h"
#include "cli/explain_view.h"

using namespace bso;
using namespace bso::cli;
using Catch::Matchers::Contains;

namespace {

constexpr const char* kMultiAttach =
    "Multi-Attach error for volume \"pvc-1\" Volume is already used by pod(s) web-0";

nlohmann::json explained(const std::string& text) {
  const auto read = read_events(text);
  REQUIRE(read.events.size() == 1);
  CHECK(read.unread.empty());
  return nlohmann::json::parse(explained_json(explain(read.events).front().parsed));
}

}  // namespace

TEST_CASE("explain prints what programs rely on", "[cli][explain]") {
  const auto line = explained(kMultiAttach);
  CHECK(line == nlohmann::json::parse(R"({"conflict":true,"kind":"multi-attach","pv":"pvc-1",
    "holderPods":["web-0"],"holderPodUid":null,"holderNode":null,"wantedNode":null,
    "driver":null})"));
  const auto other = explained(
      "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[data]: "
      "timed out waiting for the condition");
  CHECK(other == nlohmann::json::parse(R"({"conflict":null,"kind":"ambiguous","pv":null,
    "holderPods":[],"holderPodUid":null,"holderNode":null,"wantedNode":null,"driver":null})"));
  const auto driver = explained(
      R"({"reason":"FailedMount","source":"kubelet","message":"MountVolume.SetUp failed for )"
      R"(volume \"pvc-1\" : RWO check has failed. DevicePath /d is already mounted on mountpath )"
      R"(/var/lib/kubelet/pods/0e39f8c6-ab9b-11e9-bc03-7eb7daa184af/volumes/ibm~ibmc-block/pvc-1 "})");
  CHECK(driver.at("kind") == "single-pod-mount");
  CHECK(driver.at("holderPodUid") == "0e39f8c6-ab9b-11e9-bc03-7eb7daa184af");
  CHECK(driver.at("driver") == "ibm/ibmc-block");
}

TEST_CASE("explain reads what kubectl and people write", "[cli][explain]") {
  const std::string message = kMultiAttach;
  const auto escaped = nlohmann::json(message).dump();
  struct Row {
    std::string text;
    std::string reason;
    std::string source;
  };
  for (const auto& row : std::vector<Row>{
           {message, "", ""},
           {"\xef\xbb\xbf\n  " + message + "\r\n\n", "", ""},
           {"{\"message\":" + escaped + "}", "", ""},
           {"{\"reason\":\"FailedAttachVolume\",\"source\":\"attachdetach-controller\","
            "\"message\":" +
                escaped + "}",
            "FailedAttachVolume", "attachdetach-controller"},
           {"{\"reason\":\"FailedAttachVolume\",\"source\":{\"component\":\"c\"},\"message\":" +
                escaped + "}",
            "FailedAttachVolume", "c"},
           {"{\"reason\":\"r\",\"reportingController\":\"c\",\"note\":" + escaped + "}", "r", "c"},
           {"{\"kind\":\"List\",\"items\":[{\"message\":" + escaped + "}]}", "", ""},
           {"{\n \"kind\": \"List\",\n \"items\": [{\"message\":" + escaped + "}]\n}\n", "", ""},
           {"{\n \"message\":" + escaped + "\n}\n", "", ""},
           {"Events:\n  Type     Reason  Age  From  Message\n  ----     ------  ----  ----  "
            "-------\n"
            "  Warning  FailedAttachVolume  16s (x3 over 2m)  attachdetach-controller  " +
                message + "\n",
            "FailedAttachVolume", "attachdetach-controller"},
           {"LAST SEEN   TYPE      REASON               OBJECT      MESSAGE\n"
            "75s         Warning   FailedAttachVolume   pod/web-1   " +
                message + "\n",
            "FailedAttachVolume", ""},
           {"shop        75s         Warning   FailedAttachVolume   pod/web-1   " + message + "\n",
            "FailedAttachVolume", ""},
           {"W0105 10:24:00.334518       1 reconciler.go:267] " + message, "", ""}}) {
    INFO(row.text);
    const auto read = read_events(row.text);
    REQUIRE(read.events.size() == 1);
    CHECK(read.unread.empty());
    CHECK(read.events[0].message == message);
    CHECK(read.events[0].reason == row.reason);
    CHECK(read.events[0].source == row.source);
  }
  CHECK(read_events("").events.empty());
  CHECK(read_events(" \n\t\n").events.empty());
  CHECK(read_events("{\n\"items\": []\n}").is_list);
}

TEST_CASE("explain names the line that it cannot read and goes on", "[cli][explain]") {
  const auto read = read_events(
      "{\"message\":\"a\"}\n"
      "\n"
      "{\"message\":\n"
      "{\"reason\":\"FailedMount\"}\n"
      "{\"message\":7}\n"
      "{\"message\":\"a\",\"reason\":{}}\n"
      "{\"message\":\"a\",\"source\":[1]}\n" +
      std::string(kMaxEventLine + 1, 'x') + "\nplain\n");
  REQUIRE(read.events.size() == 2);
  CHECK(read.events[0].number == 1);
  CHECK(read.events[1].number == 9);
  REQUIRE(read.unread.size() == 6);
  for (std::size_t i = 0; i < read.unread.size(); ++i) CHECK(read.unread[i].number == i + 3);
  CHECK_THAT(read.unread[0].why, Contains("begins like JSON") && Contains("write one JSON object"));
  CHECK_THAT(read.unread[1].why, Contains("no \"message\""));
  CHECK_THAT(read.unread[5].why, Contains("bytes"));

  const auto list = read_events("{\"items\":[\n{\"message\":\"a\"},\n7]}\n");
  CHECK(list.is_list);
  CHECK(list.events.size() == 1);
  REQUIRE(list.unread.size() == 1);
  CHECK(list.unread[0].number == 2);
}

TEST_CASE("explain shows people no control characters", "[cli][explain]") {
  const auto read =
      read_events("AttachVolume.Attach failed for volume \"a\x1b[31mb\" : x\n" +
                  std::string(kMultiAttach) + " and 2 pod(s) in different namespaces\n");
  const auto text = explained_text(explain(read.events), "LINE");
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK_THAT(text, Contains("LINE  CONFLICT  KIND") && Contains("multi-attach"));
  CHECK_THAT(text, Contains("pod web-0, pods of other namespaces"));
}

TEST_CASE("the status of explain says whether all could be read", "[cli][explain]") {
  const auto directory = std::filesystem::temp_directory_path();
  const auto good = directory / "bso-explain-good";
  const auto bad = directory / "bso-explain-bad";
  std::ofstream(good) << "plain\n";
  std::ofstream(bad) << "{\nplain\n";
  Options options;
  options.output = Output::json;
  options.files = {good.string()};
  CHECK(explain_command(options) == exit_ok);
  options.files = {bad.string(), good.string()};
  CHECK(explain_command(options) == exit_error);
  options.files = {(directory / "bso-explain-absent").string()};
  CHECK(explain_command(options) == exit_error);
  options.files = {directory.string()};
  CHECK(explain_command(options) == exit_error);
  std::filesystem::remove(good);
  std::filesystem::remove(bad);
}
