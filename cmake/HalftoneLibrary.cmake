# halftone_library(<folder> SOURCES ... [LINKS ...])
# One library a folder, named halftone::<folder>; headers beside sources, included from the root.
function(halftone_library folder)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_library(halftone_${folder} STATIC ${ARG_SOURCES})
  add_library(halftone::${folder} ALIAS halftone_${folder})
  set_target_properties(halftone_${folder} PROPERTIES EXPORT_NAME ${folder})
  target_include_directories(halftone_${folder} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}> $<INSTALL_INTERFACE:include/halftone>)
  target_compile_options(halftone_${folder} PRIVATE -Wall -Wextra -Wno-unused-parameter)
  if(ARG_LINKS)
    target_link_libraries(halftone_${folder} PUBLIC ${ARG_LINKS})
  endif()
endfunction()
