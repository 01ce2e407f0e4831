# SPDX-License-Identifier: Apache-2.0
# bso_flags: warnings, hardening and sanitizers for everything that is ours.
add_library(bso_flags INTERFACE)

target_compile_options(bso_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wformat=2 -Wnon-virtual-dtor
  -Woverloaded-virtual -Wnull-dereference -Wdouble-promotion -Wimplicit-fallthrough)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(bso_flags INTERFACE -Wduplicated-cond -Wlogical-op -Wuseless-cast)
endif()
if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Both are false where sources are included into one: a coroutine's frame may hold what is local
  # to its file, and Asio's own operators allocate and free it.
  target_compile_options(bso_flags INTERFACE -Wno-subobject-linkage -Wno-mismatched-new-delete)
endif()
if(BSO_WERROR)
  target_compile_options(bso_flags INTERFACE -Werror)
endif()

# The set of the OpenSSF "Compiler Options Hardening Guide" that g++ 12 knows.
target_compile_definitions(bso_flags INTERFACE _GLIBCXX_ASSERTIONS)
target_compile_options(bso_flags INTERFACE
  -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(bso_flags INTERFACE -ftrivial-auto-var-init=zero)
elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # As in tests/tidy.sh; the header there says why.
  target_compile_definitions(bso_flags INTERFACE BOOST_ASIO_HAS_CO_AWAIT=1)
  target_include_directories(bso_flags SYSTEM INTERFACE ${PROJECT_SOURCE_DIR}/cmake/clang14)
endif()
target_link_options(bso_flags INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
if(NOT BSO_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  # Debian's flags may define it already; sanitizers and -O0 do not go with it.
  target_compile_options(bso_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()

if(BSO_SANITIZE)
  target_compile_options(bso_flags INTERFACE -fsanitize=${BSO_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(bso_flags INTERFACE -fsanitize=${BSO_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND BSO_SANITIZE MATCHES "undefined")
    # clang 14 would put data before each function, and cannot do so before the parts of a coroutine.
    target_compile_options(bso_flags INTERFACE -fno-sanitize=function)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    if(BSO_SANITIZE MATCHES "undefined")
      # These would be two fifths of the time of the build. AddressSanitizer stops at a null pointer as
      # well; nothing here casts bytes to objects, or bases to what derives from them.
      target_compile_options(bso_flags INTERFACE -fno-sanitize=null,alignment,vptr)
    endif()
    # GCC's manual, -fsanitize: instrumented code gives false warnings of these kinds.
    target_compile_options(bso_flags INTERFACE
      -Wno-uninitialized -Wno-maybe-uninitialized -Wno-mismatched-new-delete)
    if(BSO_SANITIZE STREQUAL "thread")
      # It does not follow the fences that Asio puts around handlers. These guard nothing that the
      # locks of Asio's queues do not guard as well.
      target_compile_options(bso_flags INTERFACE -Wno-tsan)
    endif()
  endif()
endif()
if(BSO_COVERAGE)
  target_compile_options(bso_flags INTERFACE --coverage)
  target_link_options(bso_flags INTERFACE --coverage)
endif()

# After bso_flags, for what runs on the event loop: g++ 12 inlines Asio's reactor and then warns of a
# null pointer in Boost's own lines.
add_library(bso_wire_flags INTERFACE)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(bso_wire_flags INTERFACE -Wno-null-dereference)
endif()
