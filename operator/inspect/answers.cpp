// SPDX-License-Identifier: Apache-2.0
#include "inspect/answers.h"

#include <algorithm>
#include <tuple>

#include "inspect/not_stuck.h"

namespace bso::inspect {
namespace {

using diagnosis::State;

int rank(const Answer& answer) {
  if (!answer.verdict) return 4;
  switch (answer.verdict->state) {
    case State::deadlock:
      return 0;
    case State::needs_operator:
      return 1;
    case State::unknown:
      return 2;
    case State::waiting:
      break;
  }
  return 3;
}

void sort_worst_first(std::vector<Answer>& answers) {
  std::sort(answers.begin(), answers.end(), [](const Answer& a, const Answer& b) {
    const auto since = [](const Answer& one) {
      return one.verdict ? one.verdict->since : WallTime{};
    };
    return std::tuple(rank(a), since(a), std::tie(a.ns, a.pod)) <
           std::tuple(rank(b), since(b), std::tie(b.ns, b.pod));
  });
}

/// Calls `use` with each pod of the scope that may have a verdict.
template <class Use>
void each_concerned(const Snapshot& snapshot, const std::string& ns, Use use) {
  const auto& view = snapshot.view();
  for (const auto& key : view.concerned_pods()) {
    const auto slash = key.find('/');
    const auto pod_ns = key.substr(0, slash);
    if (slash == std::string::npos || (!ns.empty() && pod_ns != ns)) continue;
    const auto* pod = view.pod(pod_ns, key.substr(slash + 1));
    if (pod != nullptr) use(*pod);
  }
}

}  // namespace

bool Answers::conflict() const {
  return std::any_of(pods.begin(), pods.end(),
                     [](const Answer& answer) { return answer.verdict.has_value(); });
}

Answers answer_asked(const Snapshot& snapshot, WallTime now) {
  Answers answers;
  answers.now = now;
  for (const auto& asked : snapshot.asked()) {
    Answer answer;
    answer.ns = asked.pod.ns.str();
    answer.pod = asked.pod.name;
    answer.verdict = snapshot.verdict(asked.pod, now);
    if (!answer.verdict) answer.reason = why_not_stuck(snapshot, asked, now);
    answers.pods.push_back(std::move(answer));
  }
  answers.looked_at = answers.pods.size();
  sort_worst_first(answers.pods);
  return answers;
}

Answers answer_scope(const Snapshot& snapshot, const std::string& ns, WallTime now) {
  Answers answers;
  answers.now = now;
  answers.looked_at = snapshot.pods_in(ns);
  each_concerned(snapshot, ns, [&](const cluster::Pod& pod) {
    auto verdict = snapshot.verdict(pod, now);
    if (verdict) answers.pods.push_back({pod.ns.str(), pod.name, std::move(verdict), {}});
  });
  sort_worst_first(answers.pods);
  return answers;
}

bool others_may_matter(const Snapshot& snapshot, const std::string& ns, WallTime now) {
  bool matter = false;
  each_concerned(snapshot, ns, [&](const cluster::Pod& pod) {
    if (matter || !pod.waiting() || pod.volumes.empty()) return;
    const auto verdict = snapshot.verdict(pod, now);
    matter = !verdict || verdict->holders.empty();
  });
  return matter;
}

}  // namespace bso::inspect
