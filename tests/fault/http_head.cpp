// SPDX-License-Identifier: Apache-2.0
#include "fault/http_head.h"

#include <algorithm>
#include <cctype>

namespace bso::test {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

/// Calls `each` with name and value of every header, and the whole line.
template <class Each>
void for_headers(std::string_view head, Each each) {
  head.remove_prefix(std::min(head.size(), head.find("\r\n") + 2));
  while (!head.starts_with("\r\n") && !head.empty()) {
    const auto line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(std::min(head.size(), line.size() + 2));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    auto value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    each(line.substr(0, colon), value, line);
  }
}

}  // namespace

std::optional<std::string> take_head(std::string& buffer) {
  const auto end = buffer.find("\r\n\r\n");
  if (end == std::string::npos) return std::nullopt;
  auto head = buffer.substr(0, end + 4);
  buffer.erase(0, end + 4);
  return head;
}

std::optional<std::string> header_of(std::string_view head, std::string_view name) {
  std::optional<std::string> found;
  for_headers(head, [&](std::string_view each, std::string_view value, std::string_view /*line*/) {
    if (same_name(each, name)) found = value;
  });
  return found;
}

AnswerHead parse_answer_head(std::string_view head) {
  AnswerHead answer;
  const auto first = head.substr(0, head.find("\r\n"));
  answer.status = std::atoi(std::string(first.substr(first.find(' ') + 1)).c_str());
  answer.text = std::string(first) + "\r\n";
  for_headers(head, [&](std::string_view name, std::string_view value, std::string_view line) {
    if (same_name(name, "Content-Length")) {
      answer.length = std::stoul(std::string(value));
    } else if (same_name(name, "Transfer-Encoding")) {
      answer.chunked = true;
    } else {
      answer.text += std::string(line) + "\r\n";
    }
  });
  return answer;
}

Exchange parse_request_head(std::string head) {
  Exchange exchange;
  exchange.method = head.substr(0, head.find(' '));
  const auto target = exchange.method.size() + 1;
  exchange.target = head.substr(target, head.find(' ', target) - target);
  exchange.head = std::move(head);
  exchange.begun = std::chrono::steady_clock::now();
  return exchange;
}

std::string Exchange::header(std::string_view name) const {
  return header_of(head, name).value_or("");
}

bool Exchange::is_watch() const { return target.find("watch=") != std::string::npos; }

}  // namespace bso::test
