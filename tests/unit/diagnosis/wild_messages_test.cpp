// SPDX-License-Identifier: Apache-2.0
// Messages as people met them: wild_messages.jsonl, collected from public threads in three rounds
// and labelled by hand before the reader had seen any of the round. What it said when it first saw
// them: round 1, 89 messages: 29 of 34 conflicts found, 1 false alarm, no holder wrong; round 2, 44
// messages, after general rules had been added: 14 of 15 found, 1 false alarm, and that one with a
// wrong holder; round 3, 10 messages, after a few more: both conflicts found, nothing wrong. These
// figures, and not those that the test prints, say what to expect of messages nobody has seen yet.
// unseen_messages.jsonl is a fourth round of 121 messages. At first sight 37 of 42 conflicts were
// found (recall 0.881), with 3 false alarms (precision 0.925) and one wrong holder (the waiting
// pod's own directory); after that a few general rules were added.
// unseen_messages_5.jsonl is a fifth of 89, many of them no events of Kubernetes: 26 of 31 found
// (0.839), 2 false alarms (0.929), one wrong holder, again the waiting pod's own directory, for
// which the reader was mended, and for nothing else of that round. No label was corrected.
// unseen_messages_6.jsonl is a sixth of 140, only of events and of logs of Kubernetes and drivers.
// They were labelled, and the labels gone over a second time, before the reader, which had got more
// general rules after the fifth round, saw any of them. The first 75 lines had been put aside to
// judge by: 25 of 27 conflicts found at first sight (recall 0.926), one false alarm (precision
// 0.962), no wrong holder. Of the other 65, which it saw before those, 30 of 30 and no false alarm.
// After that it was mended for these three.
// unseen_messages_7.jsonl is a seventh of 85, labelled and gone over like the sixth, of which none
// has the wording of an earlier one: what is left over is odd. At first sight 10 of 14 conflicts
// were found (0.714), with one false alarm (0.909) and no wrong holder; it was mended for these.
// unseen_messages_8.jsonl is an eighth of 94, collected and labelled without a look at the reader,
// which had got more general rules meanwhile, and all of it named beforehand to judge by: at first
// sight 23 of 23 conflicts were found, with no false alarm and no wrong holder. Most of the 23 are
// worded as people mostly meet them, so as the catalogue has it; of rare words the seventh tells.
// unseen_messages_9.jsonl is a ninth, and a harder one: not what people reported, but the words
// that lesser known drivers have in their sources, with values filled in, of which none is worded
// like an earlier message. In three parts, each read after the reader had been mended for those
// before: 12 of 15 conflicts found and 4 false alarms; 7 of 8 and 1; 7 of 12 and 2. In the first
// part three holders were named wrongly, in the others none.
// unseen_messages_10.jsonl is a tenth of 114, again only of words unlike those of all earlier
// rounds: 40 from drivers' and hypervisors' sources, of which 14 of 19 conflicts were found at
// first sight, with one false alarm; 74 from threads, of which 3 of 5 were found, with one false
// alarm. No holder was wrong. So of words that nobody has used before expect a quarter to be
// missed, and see docs/driver-rules.md: an administrator can tell the operator what an unknown
// driver allows. unseen_messages_11.jsonl is an eleventh, for what people mostly meet: from each of
// 95 threads that no earlier round had used the first message about a volume, whatever it was,
// collected without a look at the reader and all of it named beforehand to judge by. At first sight
// 19 of 19 conflicts were found, with no false alarm and no wrong holder; 18 of them are
// Kubernetes' Multi-Attach.
// unseen_messages_12.jsonl is a twelfth of 82, taken from other threads in the same way, but
// without Multi-Attach and the kubelet's time-outs, and with a search for trouble where a volume is
// held. Of Kubernetes 13 of 13 conflicts were found at first sight, with one false alarm (a log of
// kops) and one wrong holder (the beginning of a name that was left out); of Nomad and of tools for
// virtual machines none of 4. Six labels were corrected or filled in afterwards, four of them to
// what earlier rounds had of the same words. unseen_messages_13.jsonl is a thirteenth of 83, the
// same of Kubernetes alone, read after the reader had been mended for the twelfth: 5 of 5 at first
// sight, no false alarm, no wrong holder. Two labels were corrected, one to what the catalogue says
// of the same words.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>

#include <catch2/catch.hpp>

#include "diagnosis/messages.h"
#include "unit/diagnosis/message_cases.h"

using namespace bso::diagnosis;

namespace {

/// Whether every holder that the reader names is the one that a person reads there.
bool names_right(const ParsedMessage& parsed, const bso::test::MessageCase& one) {
  const bool pods = std::all_of(parsed.pods.begin(), parsed.pods.end(), [&](const auto& pod) {
    return std::find(one.holder_pods.begin(), one.holder_pods.end(), pod) != one.holder_pods.end();
  });
  return pods && (parsed.holder_node.empty() || parsed.holder_node == one.holder_node) &&
         (parsed.holder_uid.empty() || parsed.holder_uid == one.holder_uid);
}

/// What the reader says of a file of labelled messages.
struct Reading {
  std::size_t messages = 0;
  int found = 0;
  int missed = 0;
  int false_alarms = 0;
  int wrong_holders = 0;

  [[nodiscard]] double precision() const {
    return static_cast<double>(found) / std::max(found + false_alarms, 1);
  }
  [[nodiscard]] double recall() const {
    return static_cast<double>(found) / std::max(found + missed, 1);
  }
};

/// Reads `file`, prints where the reader and its labels differ, and one line of figures.
Reading read_all(const std::string& file) {
  const auto cases = bso::test::read_message_cases(file);
  Reading reading{.messages = cases.size()};
  int kinds = 0;
  int named = 0;
  int to_name = 0;
  for (const auto& one : cases) {
    const auto parsed = parse_message(one.message, one.reason);
    const bool right = names_right(parsed, one);
    const bool says = parsed.is_conflict == true;
    const bool is = one.conflict == true;
    reading.found += says && is ? 1 : 0;
    reading.missed += !says && is ? 1 : 0;
    reading.false_alarms += says && !is ? 1 : 0;
    reading.wrong_holders += right ? 0 : 1;
    kinds += to_string(parsed.kind) == one.kind ? 1 : 0;
    to_name += one.holder_node.empty() && one.holder_pods.empty() ? 0 : 1;
    named += parsed.holder_node.empty() && parsed.pods.empty() ? 0 : 1;
    if (!right) std::printf("  wrong holder: %s: %s\n", one.id.c_str(), one.message.c_str());
    if (says != is || to_string(parsed.kind) != one.kind) {
      std::printf("  differs: %s reads %s, a person %s\n", one.id.c_str(),
                  std::string(to_string(parsed.kind)).c_str(), one.kind.c_str());
    }
  }
  std::printf(
      "%s, %zu messages: precision %.3f, recall %.3f of conflicts (%d found, %d missed, %d "
      "false), "
      "%d kinds as labelled, %d of %d holders named\n",
      file.c_str(), reading.messages, reading.precision(), reading.recall(), reading.found,
      reading.missed, reading.false_alarms, kinds, named, to_name);
  return reading;
}

}  // namespace

TEST_CASE("Messages from public threads", "[messages][wild]") {
  struct Round {
    const char* file;
    double least_precision;
    double least_recall;
  };
  const auto round = GENERATE(values<Round>({{"wild_messages.jsonl", 0.98, 0.95},
                                             {"unseen_messages.jsonl", 0.98, 0.95},
                                             {"unseen_messages_5.jsonl", 0.98, 0.90},
                                             {"unseen_messages_6.jsonl", 0.98, 0.95},
                                             {"unseen_messages_7.jsonl", 0.98, 0.95},
                                             {"unseen_messages_8.jsonl", 0.98, 0.95},
                                             {"unseen_messages_9.jsonl", 0.98, 0.90},
                                             {"unseen_messages_10.jsonl", 0.98, 0.80},
                                             {"unseen_messages_11.jsonl", 0.98, 0.95},
                                             {"unseen_messages_12.jsonl", 0.98, 0.95},
                                             {"unseen_messages_13.jsonl", 0.98, 0.95}}));
  const auto reading = read_all(round.file);
  REQUIRE(reading.messages >= 60);
  CHECK(reading.wrong_holders == 0);
  CHECK(reading.precision() >= round.least_precision);
  CHECK(reading.recall() >= round.least_recall);
}
