// SPDX-License-Identifier: Apache-2.0
// Answers that are not what was asked for, and certificates that vouch for nobody.
#include <fstream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "fault/fault_bench.h"
#include "fault/passage.h"
#include "integration/world.h"

using namespace bso::test;

namespace {

struct Lie {
  const char* name;
  void (*tell)(Passage& passage);
  const char* said;  ///< in the error
};

/// The head of an answer of protobuf or JSON, as the request wants it.
std::string head_of(Passage& passage, std::string_view more = {}) {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: {}\r\n{}Transfer-Encoding: chunked\r\n\r\n",
                     passage.request().header("Accept"), more);
}

void flood(Passage& passage, std::string_view start, std::string_view more) {
  passage.send(head_of(passage));
  passage.send_chunk(start);
  const std::string part = [&] {
    std::string text;
    while (text.size() < 65536) text += more;
    return text;
  }();
  for (std::size_t sent = 0; sent < 100'000'000; sent += part.size()) passage.send_chunk(part);
  passage.end_body();
}

const std::vector<Lie>& lies() {
  static const std::vector<Lie> all{
      {"a page of a proxy", [](Passage& p) { p.answer(200, "<html>Welcome</html>", "text/html"); },
       "text/html where application/"},
      {"a page of a proxy that fails",
       [](Passage& p) { p.answer(502, "<html><body>Bad Gateway</body></html>", "text/html"); },
       "502"},
      {"nothing", [](Passage&) { throw Gone(); }, ""},
      {"an empty list of nothing",
       [](Passage& p) {
         p.send(head_of(p));
         p.end_body();
       },
       ""},
      {"gzip that nobody asked for",
       [](Passage& p) {
         p.forward();
         p.send(head_of(p, "Content-Encoding: gzip\r\n"));
         p.send_chunk(
             std::string_view("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xae\x05\x00", 14));
         p.end_body();
       },
       ""},
      {"headers without end",
       [](Passage& p) {
         p.send("HTTP/1.1 200 OK\r\n");
         const std::string header = fmt::format("X-Header: {}\r\n", std::string(1000, 'x'));
         for (int i = 0; i < 100'000; ++i) p.send(header);
       },
       ""},
      {"no HTTP",
       [](Passage& p) {
         p.send("SSH-2.0-OpenSSH_9.2\r\n");
         throw Gone();
       },
       ""},
      {"a status of no sense",
       [](Passage& p) {
         p.send("HTTP/1.1 99999 OK\r\n\r\n");
         throw Gone();
       },
       ""},
      {"a chunk of negative size",
       [](Passage& p) {
         p.send(head_of(p) + "-5\r\nabc\r\n");
         throw Gone();
       },
       ""},
      {"100 MB of blanks", [](Passage& p) { flood(p, "", " "); }, ""},
      {"100 MB in one line",
       [](Passage& p) { flood(p, R"({"kind":"ConfigMapList","items":[")", "x"); }, ""},
      {"100 MB of brackets", [](Passage& p) { flood(p, "", "["); }, ""},
      {"100 MB of zeros",
       [](Passage& p) { flood(p, std::string_view("k8s\0", 4), std::string_view("\0", 1)); }, ""},
      {"the list of another kind",
       [](Passage& p) {
         p.answer(
             200,
             R"({"kind":"SecretList","apiVersion":"v1","metadata":{"resourceVersion":"9"},"items":[]})",
             p.request().header("Accept"));
       },
       ""},
      {"a list without a version",
       [](Passage& p) {
         p.answer(200, R"({"kind":"ConfigMapList","apiVersion":"v1","metadata":{},"items":[]})",
                  p.request().header("Accept"));
       },
       ""},
      {"a list cut in its middle",
       [](Passage& p) {
         p.forward();
         p.send_head();
         p.send_chunk(p.read(200));
         throw Gone();
       },
       ""},
      {"a redirection",
       [](Passage& p) { p.answer(302, "", "text/plain", "Location: https://example.com/\r\n"); },
       "302"},
  };
  return all;
}

std::string all_of(const std::vector<std::string>& errors) {
  return fmt::format("{}", fmt::join(errors, "; "));
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t pages = 0;
  file >> pages >> pages;
  return pages * 4096;
}

}  // namespace

TEST_CASE("a server that lies changes nothing that is held", "[fault][lies][own]") {
  for (const bool protobuf : {true, false}) {
    for (const auto& lie : lies()) {
      for (const bool at_watch : {false, true}) {
        INFO(lie.name << (at_watch ? ", to a WATCH" : ", to a LIST")
                      << (protobuf ? ", in protobuf" : ", in JSON"));
        FaultBench bench;
        bench.options.resource.protobuf = protobuf;
        bench.options.min_watch_timeout = 2s;
        create(bench.ns, "stays");
        create(bench.ns, "goes");
        bench.start();
        bench.await_watch();
        const auto before = bench.live().held;
        const auto memory = resident_bytes();
        bench.live().errors.clear();
        if (at_watch) {
          bench.proxy.on(match::watch(bench.ns), lie.tell, 1);
        } else {
          bench.proxy.on(match::list(bench.ns), lie.tell, 1);
          bench.proxy.on(
              match::watch(bench.ns), [](Passage& p) { p.refuse(410, "Expired"); }, 1);
        }
        bench.proxy.cut_all();
        bench.live().turn(60ms);
        CHECK(bench.live().held == before);
        remove(bench.ns, "goes");
        create(bench.ns, "new");
        bench.wait_truth();
        if (!at_watch || *lie.said != '\0') {
          // It may be met only after the truth is there: a list comes before the watch.
          bench.live().until("it is told", [&] {
            const auto told = all_of(bench.live().errors);
            return !told.empty() && told.find(lie.said) != std::string::npos;
          });
          CHECK(bench.live().errors.size() <= 3);
          for (const auto& error : bench.live().errors) CHECK(error.size() < 600);
        }
        if (kMemoryIsOurs) CHECK(resident_bytes() < memory + 96'000'000);
      }
    }
  }
}

TEST_CASE("a certificate that vouches for nobody is refused by name, and waits for a better one",
          "[fault][lies][own]") {
  struct Case {
    const char* name;
    Leaf leaf;
    bool strange;  ///< signed by somebody else
    const char* said;
  };
  const std::vector<Case> cases{
      {"expired",
       {.common_name = "127.0.0.1",
        .names = {"IP:127.0.0.1"},
        .valid_from_hours = -48,
        .valid_until_hours = -24},
       false,
       "expired"},
      {"not valid yet",
       {.common_name = "127.0.0.1",
        .names = {"IP:127.0.0.1"},
        .valid_from_hours = 24,
        .valid_until_hours = 48},
       false,
       "not yet valid"},
      {"for another host",
       {.common_name = "other", .names = {"DNS:other.example.com"}},
       false,
       "127.0.0.1"},
      {"of an authority nobody knows",
       {.common_name = "127.0.0.1", .names = {"IP:127.0.0.1"}},
       true,
       "refused"},
  };
  const Authority strange("strange");
  for (const auto& each : cases) {
    INFO(each.name);
    FaultBench bench;
    create(bench.ns, "goes");
    bench.start();
    bench.await_watch();
    bench.live().errors.clear();
    bench.proxy.present(each.strange ? strange.issue(each.leaf) : bench.proxy.issue(each.leaf));
    bench.proxy.cut_all();
    remove(bench.ns, "goes");
    create(bench.ns, "new");
    bench.live().until("it is told", [&] {
      return all_of(bench.live().errors).find(each.said) != std::string::npos;
    });
    CHECK(bench.holds("goes"));
    bench.proxy.present(bench.proxy.issue({.common_name = "127.0.0.1", .names = {"IP:127.0.0.1"}}));
    bench.wait_truth();
  }
}
