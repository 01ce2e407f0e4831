// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <array>
#include <cerrno>
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
  errno = 0;
  const Stream file(std::fopen(path.c_str(), "rbe"));
  if (!file) return fail(cannot_read(path, std::generic_category().message(errno)));
  std::string content;
  switch (read_to_end(file.get(), max_bytes, content)) {
    case StreamEnd::complete:
      break;
    case StreamEnd::too_large:
      return fail(cannot_read(path, fmt::format("it is larger than {} bytes", max_bytes)));
    case StreamEnd::failed:
      return fail(cannot_read(path, std::generic_category().message(errno)));
  }
  return content;
}

void CloseStream::operator()(std::FILE* file) const {
  if (file != stdin) (void)std::fclose(file);
}

StreamEnd read_to_end(std::FILE* file, std::size_t max_bytes, std::string& text) {
  std::array<char, 65'536> part{};
  while (const auto count = std::fread(part.data(), 1, part.size(), file)) {
    text.append(part.data(), count);
    if (text.size() > max_bytes) return StreamEnd::too_large;
  }
  return std::ferror(file) == 0 ? StreamEnd::complete : StreamEnd::failed;
}

}  // namespace bso
