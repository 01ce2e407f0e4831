// SPDX-License-Identifier: Apache-2.0
#include "runtime/reflector_metrics.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

namespace bso::runtime {
namespace {

std::optional<double> as_number(const std::string& resource_version) {
  std::uint64_t value = 0;
  const auto* end = resource_version.data() + resource_version.size();
  const auto [stopped, error] = std::from_chars(resource_version.data(), end, value);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return static_cast<double>(value);
}

/// Counters are told what has been added since the last scrape.
class Exporter {
 public:
  Exporter(const kube::Reflector& reflector, Metrics& metrics)
      : reflector_(reflector), metrics_(metrics), labels_{{"watch", reflector.name()}} {}

  void operator()() {
    const auto now = reflector_.stats();
    const Labels by_name{{"name", reflector_.name()}};
    const auto count = [this](const char* name, const char* help, const Labels& labels,
                              std::uint64_t is, std::uint64_t was) {
      metrics_.count(name, help, labels, static_cast<double>(is - was));
    };
    count("reflector_lists_total", "Total number of API lists done by the reflectors", by_name,
          now.lists, told_.lists);
    count("reflector_watches_total", "Total number of API watches done by the reflectors", by_name,
          now.watches, told_.watches);
    count("reflector_short_watches_total",
          "Total number of short API watches done by the reflectors", by_name, now.short_watches,
          told_.short_watches);
    count("blockstorage_reflector_items_total", "Objects that came in lists", labels_,
          now.listed_items, told_.listed_items);
    count("blockstorage_reflector_events_total", "Events of watches, bookmarks included", labels_,
          now.events, told_.events);
    count("blockstorage_reflector_skipped_total", "Objects and events that could not be read",
          labels_, now.skipped, told_.skipped);
    told_ = now;

    const std::chrono::duration<double> silent = reflector_.staleness();
    metrics_.set("blockstorage_reflector_last_heard_seconds",
                 "How long ago the server was last heard on this watch", labels_, silent.count());
    metrics_.set("blockstorage_reflector_synced", "1 when the first list has been applied", labels_,
                 reflector_.synced() ? 1 : 0);
    metrics_.set("blockstorage_reflector_stale", "1 when what is held must not be trusted any more",
                 labels_, reflector_.is_stale() ? 1 : 0);
    if (const auto version = as_number(reflector_.last_resource_version())) {
      metrics_.set("reflector_last_resource_version",
                   "Last resource version seen for the reflectors", by_name, *version);
    }
  }

 private:
  const kube::Reflector& reflector_;
  Metrics& metrics_;
  Labels labels_;
  kube::Reflector::Stats told_;
};

}  // namespace

void export_reflector_metrics(const kube::Reflector& reflector, Metrics& metrics) {
  metrics.before_scrape(Exporter(reflector, metrics));
}

}  // namespace bso::runtime
