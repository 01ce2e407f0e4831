// SPDX-License-Identifier: Apache-2.0
#include "cli/dump.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "codec/json.h"
#include "diagnosis/sentence.h"
#include "inspect/documents.h"
#include "inspect/gaps.h"
#include "install/bundle_map.h"

namespace bso::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFiles = 10'000;
constexpr std::size_t kMaxWarnings = 20;

/// A line a second on standard error.
class Ticker {
 public:
  void at(const std::string& file, std::size_t objects) {
    const auto now = Clock::now();
    if (now - told_ < std::chrono::seconds{1}) return;
    told_ = now;
    std::fprintf(stderr, "... reading %s, %zu objects\n", file.c_str(), objects);
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point told_ = Clock::now();
};

Error about(const std::string& path, std::string_view why) {
  return invalid_input(fmt::format("{}: {}", path, why));
}

std::string name_of_file(const std::string& path) {
  return path == "-" ? std::string("standard input") : path;
}

bool is_document(const fs::path& path) {
  const auto extension = path.extension();
  return extension == ".json" || extension == ".yaml" || extension == ".yml";
}

Result<std::vector<std::string>> files_below(const std::string& path) {
  std::vector<std::string> files;
  std::error_code failed;
  fs::recursive_directory_iterator at(path, failed);
  for (const fs::recursive_directory_iterator end; !failed && at != end; at.increment(failed)) {
    std::error_code unknown;
    if (!at->is_regular_file(unknown) || !is_document(at->path())) continue;
    files.push_back(at->path().string());
    if (files.size() > kMaxFiles) {
      return fail(about(path, fmt::format("more than {} files", kMaxFiles)));
    }
  }
  if (failed) return fail(about(path, failed.message()));
  if (files.empty()) return fail(about(path, "no .json, .yaml or .yml file in this directory"));
  std::sort(files.begin(), files.end());
  return files;
}

Result<std::vector<std::string>> files_of(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const auto& path : paths) {
    std::error_code unknown;
    if (path == "-" || !fs::is_directory(path, unknown)) {
      files.push_back(path);
      continue;
    }
    auto below = files_below(path);
    if (!below) return below;
    files.insert(files.end(), below->begin(), below->end());
  }
  return files;
}

Result<std::string> read_text(const std::string& path, std::size_t limit) {
  errno = 0;
  const Stream file(path == "-" ? stdin : std::fopen(path.c_str(), "rbe"));
  const auto why = [] { return std::generic_category().message(errno); };
  if (file == nullptr) return fail(about(path, why()));
  std::string text;
  switch (read_to_end(file.get(), limit, text)) {
    case StreamEnd::complete:
      break;
    case StreamEnd::too_large:
      return fail(about(name_of_file(path),
                        fmt::format("with it the dump is larger than {} MiB", kMaxDump >> 20U)));
    case StreamEnd::failed:
      return fail(about(name_of_file(path), why()));
  }
  return text;
}

class Reader {
 public:
  Reader(inspect::PodName asked, const std::vector<install::Bundle>& shipped)
      : snapshot_(std::make_unique<inspect::Snapshot>(std::move(asked))) {
    for (const auto& bundle : shipped) {
      snapshot_->take_bundle(bundle.driver, bundle.access_granularity);
    }
  }

  Result<void> read(const std::string& path) {
    auto text = read_text(path, kMaxDump - bytes_);
    if (!text) return fail(std::move(text.error()));
    bytes_ += text->size();
    const auto name = name_of_file(path);
    inspect::DocumentHandlers to;
    to.on_object = [&](nlohmann::json object, const std::string& where) {
      ticker_.at(name, ++objects_);
      take_bundle(object);
      const auto taken = snapshot_->take(object);
      if (!taken) warn(fmt::format("{}, {}: {}", name, where, taken.error().message));
    };
    to.on_bad = [&](const std::string& message) { warn(fmt::format("{}, {}", name, message)); };
    auto done = inspect::read_documents(*text, to);
    // The parsers quote what they do not like, and it is anybody's.
    if (!done) return fail(about(name, diagnosis::printable(done.error().message, 1000)));
    return {};
  }

  Dump finish() {
    snapshot_->complete();
    if (unheard_ != 0)
      warnings_.push_back(fmt::format("{} more objects were passed over.", unheard_));
    for (auto& gap : inspect::gaps(*snapshot_)) warnings_.push_back(std::move(gap));
    return {std::move(snapshot_), std::move(warnings_)};
  }

 private:
  /// A bundle of one's own says what its driver allows. What is wrong with one is no matter here.
  void take_bundle(const nlohmann::json& object) {
    if (codec::string_at(object, {"kind"}) != "ConfigMap") return;
    if (codec::string_at(object, {"metadata", "labels", install::kBundleLabel}).empty()) return;
    const auto map = install::read_bundle_map(object);
    if (map.loaded) snapshot_->take_bundle(map.loaded->driver, map.loaded->access_granularity);
  }
  void warn(const std::string& why) {
    if (warnings_.size() >= kMaxWarnings) {
      ++unheard_;
      return;
    }
    warnings_.push_back(
        diagnosis::printable(fmt::format("An object was passed over: {}.", why), 1000));
  }

  std::unique_ptr<inspect::Snapshot> snapshot_;
  std::vector<std::string> warnings_;
  std::size_t unheard_ = 0;
  std::size_t bytes_ = 0;
  std::size_t objects_ = 0;
  Ticker ticker_;
};

}  // namespace

Result<Dump> read_dump(const std::vector<std::string>& paths, inspect::PodName asked,
                       const std::vector<install::Bundle>& shipped) {
  const auto files = files_of(paths);
  if (!files) return fail(files.error());
  Reader reader(std::move(asked), shipped);
  for (const auto& file : *files) {
    auto done = reader.read(file);
    if (!done) return fail(std::move(done.error()));
  }
  auto dump = reader.finish();
  if (dump.snapshot->count("Pod") == 0) {
    auto text = std::string("There is no pod in the dump; --help tells how to make one.");
    for (const auto& warning : dump.warnings) text += fmt::format("\n  {}", warning);
    return fail(invalid_input(std::move(text)));
  }
  return dump;
}

}  // namespace bso::cli
