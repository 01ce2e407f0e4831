// SPDX-License-Identifier: Apache-2.0
#include "install/image_reference.h"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

namespace bso::install {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower_alnum(char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_alnum(char c) { return is_lower_alnum(c) || is_upper(c); }
constexpr bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

// alphanumerics, joined by one '.', one or two '_', or any number of '-'.
bool is_path_component(std::string_view text) {
  std::size_t at = 0;
  for (;;) {
    const std::size_t start = at;
    while (at < text.size() && is_lower_alnum(text[at])) {
      ++at;
    }
    if (at == start) {
      return false;
    }
    if (at == text.size()) {
      return true;
    }
    const char separator = text[at];
    const std::size_t separator_start = at;
    while (at < text.size() && text[at] == separator) {
      ++at;
    }
    const std::size_t length = at - separator_start;
    const bool allowed =
        (separator == '.' && length == 1) || (separator == '_' && length <= 2) || separator == '-';
    if (!allowed) {
      return false;
    }
  }
}

bool is_host(std::string_view host) {
  if (host.starts_with('[')) {
    return host.size() > 2 && host.ends_with(']') &&
           std::all_of(host.begin() + 1, host.end() - 1,
                       [](char c) { return is_hex(c) || (c >= 'A' && c <= 'F') || c == ':'; });
  }
  for (;;) {
    const std::size_t dot = std::min(host.find('.'), host.size());
    const std::string_view part = host.substr(0, dot);
    if (part.empty() || !is_alnum(part.front()) || !is_alnum(part.back()) ||
        !std::all_of(part.begin(), part.end(), [](char c) { return is_alnum(c) || c == '-'; })) {
      return false;
    }
    if (dot == host.size()) {
      return true;
    }
    host.remove_prefix(dot + 1);
  }
}

bool is_domain(std::string_view domain) {
  const std::size_t bracket = domain.rfind(']');
  const std::size_t colon = domain.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    const std::string_view port = domain.substr(colon + 1);
    if (port.empty() || !std::all_of(port.begin(), port.end(), is_digit)) {
      return false;
    }
    domain = domain.substr(0, colon);
  }
  return is_host(domain);
}

// normalize.go, splitDockerDomain: what stands before the first slash is a registry only when it
// looks like one; otherwise the image is one of docker.io.
bool looks_like_domain(std::string_view part) {
  return part.find_first_of(".:[") != std::string_view::npos || part == "localhost" ||
         std::any_of(part.begin(), part.end(), is_upper);
}

bool is_digest(std::string_view digest) {
  const std::size_t colon = digest.find(':');
  if (colon == std::string_view::npos) {
    return false;
  }
  const std::string_view algorithm = digest.substr(0, colon);
  const std::string_view hex = digest.substr(colon + 1);
  // Registries and runtimes know these two (opencontainers/go-digest, algorithm.go).
  const std::size_t wanted = algorithm == "sha256" ? 64U : algorithm == "sha512" ? 128U : 0U;
  return wanted != 0 && hex.size() == wanted && std::all_of(hex.begin(), hex.end(), is_hex);
}

tl::unexpected<Error> fault(std::string_view text, std::string_view what) {
  return fail(invalid_input(fmt::format("\"{}\" is not an image reference: {}", text, what)));
}

Result<void> check_name(std::string_view text, std::string_view name) {
  if (name.empty()) {
    return fault(text, "it has no name");
  }
  if (name.size() > 255) {
    return fault(text, "its name has more than 255 characters");
  }
  std::string_view path = name;
  const std::size_t slash = name.find('/');
  if (slash != std::string_view::npos && looks_like_domain(name.substr(0, slash))) {
    if (!is_domain(name.substr(0, slash))) {
      return fault(text,
                   fmt::format("\"{}\" is not a registry's host[:port]", name.substr(0, slash)));
    }
    path = name.substr(slash + 1);
  } else if (name.size() == 64 && std::all_of(name.begin(), name.end(), is_hex)) {
    return fault(text, "64 hexadecimal digits are an image's id, not its name");
  }
  for (;;) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    if (!is_path_component(part)) {
      return fault(text, fmt::format("\"{}\" in its path has other than a-z, 0-9 and single "
                                     "separators . _ __ - between them",
                                     part));
    }
    if (end == path.size()) {
      return {};
    }
    path.remove_prefix(end + 1);
  }
}

}  // namespace

bool is_image_tag(std::string_view text) {
  return !text.empty() && text.size() <= 128 && (is_alnum(text.front()) || text.front() == '_') &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; });
}

Result<ImageReference> parse_image_reference(std::string_view text) {
  ImageReference reference;
  std::string_view rest = text;
  const std::size_t at = rest.find('@');
  if (at != std::string_view::npos) {
    reference.digest = rest.substr(at + 1);
    if (!is_digest(reference.digest)) {
      return fault(text, "after @ it needs sha256: and 64 lower-case hexadecimal digits");
    }
    rest = rest.substr(0, at);
  }
  // A colon before the last slash belongs to a port.
  const std::size_t slash = rest.rfind('/');
  const std::size_t colon = rest.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon != std::string_view::npos) {
    reference.tag = rest.substr(colon + 1);
    if (!is_image_tag(reference.tag)) {
      return fault(text, fmt::format("\"{}\" is not a tag", reference.tag));
    }
    rest = rest.substr(0, colon);
  }
  if (auto checked = check_name(text, rest); !checked) {
    return fail(std::move(checked.error()));
  }
  reference.name = rest;
  return reference;
}

std::string with_registry(std::string_view image_name, std::string_view registry) {
  const std::size_t slash = image_name.rfind('/');
  const std::string_view last =
      slash == std::string_view::npos ? image_name : image_name.substr(slash + 1);
  return fmt::format("{}/{}", registry, last);
}

}  // namespace bso::install
