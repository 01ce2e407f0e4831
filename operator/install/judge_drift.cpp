// SPDX-License-Identifier: Apache-2.0
#include "install/judge_drift.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace bso::install {
namespace {

constexpr std::size_t kShownChanges = 5;

std::string sentences_of(const std::vector<std::string>& all) {
  const std::size_t shown = std::min(all.size(), kShownChanges);
  std::string text = fmt::format(
      "{}", fmt::join(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(shown), "; "));
  return all.size() > shown ? fmt::format("{}; and {} more.", text, all.size() - shown)
                            : text + ".";
}

bool repairs_drift(const StatusInput& input) {
  return !input.parsed.spec || input.parsed.spec->reconcile.repair_drift;
}

/// Held after repairs, not for the sake of the spec.
bool is_fought(const DriftEntry& entry, const StatusInput& input) {
  return entry.held && repairs_drift(input);
}

bool is_known(const DriftLedger& ledger, const std::string& object, const std::string& field) {
  return std::any_of(ledger.fields.begin(), ledger.fields.end(), [&](const DriftEntry& entry) {
    return entry.object == object && entry.field == field;
  });
}

/// What differs now and is not held: told of by the ledger with its manager, else by what was
/// found.
std::vector<std::string> reported(const StatusInput& input, const DriftLedger& ledger) {
  std::vector<std::string> all;
  for (const DriftEntry& entry : ledger.fields) {
    if (entry.held || entry.repairs == 0) {
      all.push_back(sentence_of(entry));
    }
  }
  for (const ObservedObject& found : input.observed) {
    const std::string object = found.ref.display();
    for (const std::string& field : found.drift) {
      if (found.exists && found.owner == Owner::ours && !is_known(ledger, object, field)) {
        all.push_back(fmt::format("{}: {} is not as it was installed", object, field));
      }
    }
  }
  return all;
}

}  // namespace

Verdict judge_drift(const StatusInput& input) {
  const DriftLedger ledger = input.drift == nullptr ? read_drift(input.plugin) : *input.drift;
  std::vector<std::string> fought;
  std::vector<std::string> repaired;
  for (const DriftEntry& entry : ledger.fields) {
    if (is_fought(entry, input)) {
      fought.push_back(sentence_of(entry));
    } else if (entry.repairs > 0 && !entry.held) {
      repaired.push_back(fmt::format("{} and set right ({} of {} times)", sentence_of(entry),
                                     entry.repairs, kMaxRepairs));
    }
  }
  if (!fought.empty()) {
    return {"True", "DriftHeld",
            sentences_of(fought) +
                " It was set right often enough and is left as it is now, and with it all of the "
                "object. Set it through the BlockStoragePlugin and keep the other from writing it; "
                "a change of the spec, or the field set back, ends the hold."};
  }
  const std::vector<std::string> differing = reported(input, ledger);
  if (!differing.empty()) {
    return {"True", "DriftReported", sentences_of(differing)};
  }
  if (!repaired.empty()) {
    return {"True", "DriftRepaired", sentences_of(repaired)};
  }
  return {"False", "NoDrift", "Everything is as it was installed."};
}

void add_drift_troubles(std::vector<Trouble>& troubles, const StatusInput& input) {
  const DriftLedger ledger = input.drift == nullptr ? read_drift(input.plugin) : *input.drift;
  for (const DesiredObject& desired : input.desired) {
    if (find_trouble(troubles, desired.ref) != nullptr) {
      continue;
    }
    const std::string object = desired.ref.display();
    const auto held = std::find_if(
        ledger.fields.begin(), ledger.fields.end(),
        [&](const DriftEntry& entry) { return entry.object == object && is_fought(entry, input); });
    if (held != ledger.fields.end()) {
      troubles.push_back(
          {desired.ref, "ConflictingManager",
           fmt::format("{} again and again, so it is left as it is. See DriftDetected.",
                       sentence_of(*held))});
    }
  }
}

}  // namespace bso::install
