// SPDX-License-Identifier: Apache-2.0
#include "runtime/metrics.h"

#include <unordered_map>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "runtime/process_metrics.h"

namespace bso::runtime {

Buckets exponential_buckets(double start, double factor, int count) {
  Buckets bounds;
  bounds.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i, start *= factor) bounds.push_back(start);
  return bounds;
}

void Counter::add(double by) const { series_->Increment(by); }
double Counter::value() const { return series_->Value(); }
void Gauge::set(double value) const { series_->Set(value); }
void Gauge::add(double by) const { series_->Increment(by); }
double Gauge::value() const { return series_->Value(); }
void Histogram::observe(double value) const { series_->Observe(value); }

struct Metrics::Impl {
  prometheus::Registry registry;
  std::unordered_map<std::string, prometheus::Family<prometheus::Counter>*> counters;
  std::unordered_map<std::string, prometheus::Family<prometheus::Gauge>*> gauges;
  std::unordered_map<std::string, prometheus::Family<prometheus::Histogram>*> histograms;
  std::vector<std::function<void()>> refreshers;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) { show_process_metrics(*this); }
Metrics::~Metrics() = default;

Counter Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
  auto& family = impl_->counters[name];
  if (family == nullptr) {
    family = &prometheus::BuildCounter().Name(name).Help(help).Register(impl_->registry);
  }
  return Counter(family->Add(labels));
}

Gauge Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  auto& family = impl_->gauges[name];
  if (family == nullptr) {
    family = &prometheus::BuildGauge().Name(name).Help(help).Register(impl_->registry);
  }
  return Gauge(family->Add(labels));
}

Histogram Metrics::histogram(const std::string& name, const std::string& help, const Labels& labels,
                             const Buckets& buckets) {
  auto& family = impl_->histograms[name];
  if (family == nullptr) {
    family = &prometheus::BuildHistogram().Name(name).Help(help).Register(impl_->registry);
  }
  return Histogram(family->Add(labels, buckets));
}

void Metrics::count(const std::string& name, const std::string& help, const Labels& labels,
                    double by) {
  counter(name, help, labels).add(by);
}

void Metrics::set(const std::string& name, const std::string& help, const Labels& labels,
                  double value) {
  gauge(name, help, labels).set(value);
}

void Metrics::remove(const std::string& name, const Labels& labels) {
  const auto family = impl_->gauges.find(name);
  if (family == impl_->gauges.end() || !family->second->Has(labels)) return;
  family->second->Remove(&family->second->Add(labels));
}

void Metrics::before_scrape(std::function<void()> refresh) {
  impl_->refreshers.push_back(std::move(refresh));
}

std::string Metrics::exposition() {
  for (const auto& refresh : impl_->refreshers) refresh();
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace bso::runtime
