// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/bio.h>

#include <memory>

namespace bso::transport {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
/// Owns one of OpenSSL's streams.
using BioPtr = std::unique_ptr<BIO, FreeBio>;

}  // namespace bso::transport
