// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace bso::runtime {

using Labels = std::map<std::string, std::string>;
using Buckets = std::vector<double>;  ///< upper bounds, ascending, without +Inf

/// `count` bounds from `start`, each `factor` times the one before (client_golang
/// ExponentialBuckets).
[[nodiscard]] Buckets exponential_buckets(double start, double factor, int count);

/// One time series, looked up once and then cheap to change. A handle is a pointer into the Metrics
/// that made it, which outlives it.
class Counter {
 public:
  explicit Counter(prometheus::Counter& series) : series_(&series) {}
  void add(double by = 1.0) const;  ///< `by` is not negative
  [[nodiscard]] double value() const;

 private:
  prometheus::Counter* series_;
};

class Gauge {
 public:
  explicit Gauge(prometheus::Gauge& series) : series_(&series) {}
  void set(double value) const;
  void add(double by) const;
  [[nodiscard]] double value() const;

 private:
  prometheus::Gauge* series_;
};

class Histogram {
 public:
  explicit Histogram(prometheus::Histogram& series) : series_(&series) {}
  void observe(double value) const;

 private:
  prometheus::Histogram* series_;
};

/// The process's metrics in Prometheus' text form, with the standard process_* ones among them.
/// Families are made at first use; label values come from small fixed sets or from namespaces,
/// never from free text. One thread only.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// The series with these labels, which is shown from now on, a counter as 0.
  [[nodiscard]] Counter counter(const std::string& name, const std::string& help,
                                const Labels& labels);
  [[nodiscard]] Gauge gauge(const std::string& name, const std::string& help, const Labels& labels);
  [[nodiscard]] Histogram histogram(const std::string& name, const std::string& help,
                                    const Labels& labels, const Buckets& buckets);

  /// For labels that are known only when something happens: looks the series up each time.
  void count(const std::string& name, const std::string& help, const Labels& labels,
             double by = 1.0);
  void set(const std::string& name, const std::string& help, const Labels& labels, double value);

  /// A gauge that is not to be shown any more: of something that will not come back.
  void remove(const std::string& name, const Labels& labels);

  /// Called before each exposition to set gauges that mirror a state.
  void before_scrape(std::function<void()> refresh);

  /// Text exposition format 0.0.4.
  [[nodiscard]] std::string exposition();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bso::runtime
