# SPDX-License-Identifier: Apache-2.0
# A compiler cache when there is one; precompiled headers need the two settings named here, or
# ccache never hits (ccache manual, "Precompiled headers").
find_program(BSO_CCACHE ccache)
if(BSO_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${BSO_CCACHE})
endif()
