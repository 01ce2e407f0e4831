# SPDX-License-Identifier: Apache-2.0
# bso_embed_bundles(TARGET): puts the YAML files below operator/bundles into TARGET as one generated
# source, made anew when one of them changes.
function(bso_embed_bundles target)
  set(root ${PROJECT_SOURCE_DIR}/operator/bundles)
  set(script ${PROJECT_SOURCE_DIR}/cmake/WriteEmbeddedBundles.cmake)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded_bundles.cpp)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${root} ${root}/*.yaml)
  list(SORT files)
  list(TRANSFORM files PREPEND ${root}/ OUTPUT_VARIABLE paths)
  list(JOIN files "|" joined)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DROOT=${root} "-DFILES=${joined}" -DOUTPUT=${output} -P ${script}
    DEPENDS ${paths} ${script}
    COMMENT "Embedding the bundles"
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
