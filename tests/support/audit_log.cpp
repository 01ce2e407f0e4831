// SPDX-License-Identifier: Apache-2.0
#include "support/audit_log.h"

#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <utility>

#include <fmt/format.h>

namespace bso::test {
namespace {

/// "2026-05-04T03:12:09.123456Z", always UTC with six digits (metav1.MicroTime).
std::chrono::microseconds parse_time(const std::string& text) {
  std::tm parts{};
  int micros = 0;
  if (std::sscanf(text.c_str(), "%d-%d-%dT%d:%d:%d.%6dZ", &parts.tm_year, &parts.tm_mon,
                  &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &micros) != 7) {
    return {};
  }
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return std::chrono::seconds(::timegm(&parts)) + std::chrono::microseconds(micros);
}

AuditEntry read_entry(const nlohmann::json& line) {
  AuditEntry entry;
  entry.verb = line.value("verb", "");
  entry.uri = line.value("requestURI", "");
  entry.agent = line.value("userAgent", "");
  entry.user = line.value("/user/username"_json_pointer, "");
  const auto object = line.value("objectRef", nlohmann::json::object());
  entry.resource = object.value("resource", "");
  if (object.contains("subresource")) {
    entry.resource.append(1, '/').append(object.at("subresource").get<std::string>());
  }
  entry.ns = object.value("namespace", "");
  entry.name = object.value("name", "");
  entry.code = line.value("/responseStatus/code"_json_pointer, 0);
  entry.received = parse_time(line.value("requestReceivedTimestamp", ""));
  entry.answered = parse_time(line.value("stageTimestamp", ""));
  return entry;
}

}  // namespace

bool AuditEntry::writes() const { return verb != "get" && verb != "list" && verb != "watch"; }

bool AuditEntry::by_operator() const { return agent.rfind("block-storage-operator", 0) == 0; }

std::string AuditEntry::text() const {
  return fmt::format("{} {} -> {} by {} ({})", verb, uri, code, user, agent);
}

AuditLog::AuditLog(std::string path) : path_(std::move(path)) {
  std::error_code ignored;
  const auto size = std::filesystem::file_size(path_, ignored);
  position_ = ignored ? 0 : static_cast<std::size_t>(size);
}

std::vector<AuditEntry> AuditLog::entries(const Filter& filter) {
  read_more();
  std::vector<AuditEntry> taken;
  for (const auto& entry : all_) {
    if (filter(entry)) taken.push_back(entry);
  }
  return taken;
}

std::vector<AuditEntry> AuditLog::operator_writes() { return entries(is_operator_write); }

bool is_operator_write(const AuditEntry& entry) { return entry.by_operator() && entry.writes(); }

void wait_silent(AuditLog& log, const AuditLog::Filter& filter, std::chrono::milliseconds quiet,
                 const Look& also) {
  auto since = std::chrono::steady_clock::now();
  std::size_t seen = 0;
  eventually("the operator has come to rest", [&]() -> Missing {
    const auto now = std::chrono::steady_clock::now();
    const auto count = log.entries(filter).size();
    if (count != seen) since = now;
    seen = count;
    auto missing = also ? also() : std::nullopt;
    if (missing) {
      since = now;
      return missing;
    }
    if (now - since > quiet) return std::nullopt;
    return "it still sends";
  });
}

void stays_silent(AuditLog& log, const AuditLog::Filter& filter, std::chrono::milliseconds window) {
  const auto before = log.entries(filter).size();
  holds(
      "the operator is at rest",
      [&]() -> Missing {
        const auto entries = log.entries(filter);
        if (entries.size() > before) return entries[before].text();
        return std::nullopt;
      },
      window);
}

void AuditLog::read_more() {
  std::ifstream file(path_, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(position_));
  for (std::string line; std::getline(file, line);) {
    if (file.eof()) return;  // not written to its end yet
    position_ += line.size() + 1;
    const auto parsed = nlohmann::json::parse(line, nullptr, false);
    if (parsed.is_object()) all_.push_back(read_entry(parsed));
  }
}

}  // namespace bso::test
