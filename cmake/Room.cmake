# SPDX-License-Identifier: Apache-2.0
# bso_room(NAME [WIRE] [PUBLIC dep...] [PRIVATE dep...])
#
# One static library per folder of operator/, linked to exactly the rooms it may know, so that a
# circle does not link. Sources are all .cpp files of the folder. WIRE: the room runs on the event
# loop (Boost.Asio coroutines) and shares the larger precompiled header.
function(bso_room name)
  cmake_parse_arguments(arg "WIRE" "" "PUBLIC;PRIVATE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  string(REPLACE "/" "_" target bso_${name})
  if(NOT sources)
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE ${arg_PUBLIC})
    return()
  endif()
  add_library(${target} STATIC ${sources})
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/operator)
  target_link_libraries(${target} PUBLIC ${arg_PUBLIC} PRIVATE bso_flags ${arg_PRIVATE})
  if(arg_WIRE)
    target_precompile_headers(${target} REUSE_FROM bso_pch_wire)
    target_link_libraries(${target} PRIVATE bso_pch_wire bso_wire_flags)
  else()
    target_precompile_headers(${target} REUSE_FROM bso_pch)
    target_link_libraries(${target} PRIVATE bso_pch)
  endif()
endfunction()
