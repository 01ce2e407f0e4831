// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fault/passage.h"

namespace bso::test {

/// Takes a head, blank line included, off the front; nullopt while it has not come whole.
std::optional<std::string> take_head(std::string& buffer);
/// The value of a header, by its name in any case; nullopt when absent.
std::optional<std::string> header_of(std::string_view head, std::string_view name);
AnswerHead parse_answer_head(std::string_view head);
/// Method, target and head; the body is still to be read.
Exchange parse_request_head(std::string head);

}  // namespace bso::test
