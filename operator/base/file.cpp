// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

namespace bso {
namespace {

Error cannot_read(const std::string& path, std::string_view why) {
  Error error;
  error.kind = ErrorKind::io;
  error.message = fmt::format("cannot read {}: {}", path, why);
  return error;
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  errno = 0;
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rbe"));
  if (!file) return fail(cannot_read(path, std::generic_category().message(errno)));
  std::string content;
  std::array<char, 16384> chunk{};
  while (const std::size_t got = std::fread(chunk.data(), 1, chunk.size(), file.get())) {
    content.append(chunk.data(), got);
    if (content.size() > max_bytes) {
      return fail(cannot_read(path, fmt::format("it is larger than {} bytes", max_bytes)));
    }
  }
  // A directory opens and then fails here.
  if (std::ferror(file.get()) != 0) {
    return fail(cannot_read(path, std::generic_category().message(errno)));
  }
  return content;
}

}  // namespace bso
