# SPDX-License-Identifier: Apache-2.0
# cmake -DROOT=dir -DFILES=a|b -DOUTPUT=file.cpp -P: writes embedded_bundles() of install/bundle.h.
string(REPLACE "|" ";" FILES "${FILES}")
set(delimiter bso_bundle)
set(entries "")
foreach(file IN LISTS FILES)
  file(READ "${ROOT}/${file}" text)
  string(FIND "${text}" ")${delimiter}\"" clash)
  if(NOT clash EQUAL -1)
    message(FATAL_ERROR "${file}: contains the end of a raw string, )${delimiter}\"")
  endif()
  string(APPEND entries "    {\"${file}\", R\"${delimiter}(${text})${delimiter}\"},\n")
endforeach()
list(LENGTH FILES count)
file(WRITE "${OUTPUT}" "// Generated from operator/bundles. Do not edit.
#include <array>

#include \"install/bundle.h\"

namespace bso::install {
namespace {

constexpr std::array<BundleFile, ${count}> kFiles{{
${entries}}};

}  // namespace

std::span<const BundleFile> embedded_bundles() { return kFiles; }

}  // namespace bso::install
")
