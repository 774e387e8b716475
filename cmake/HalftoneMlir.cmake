# Finds LLVM and MLIR 22.1 once and gives:
#   halftone::mlir                 an interface target: include directories, definitions, libraries
#   halftone_tablegen(OUT TD ...)  runs mlir-tblgen
#   HALFTONE_MLIR_TBLGEN, HALFTONE_FILECHECK, HALFTONE_LIT, HALFTONE_LLVM_NOT  the tools
# Libraries are named by path, never by imported target, for two reasons: imported targets are seen
# only below the folder that finds them, and those of Debian's MLIR archives drag in libLLVM.so.
if(TARGET halftone_mlir)
  return()
endif()

find_package(MLIR 22.1 CONFIG REQUIRED HINTS /usr/lib/llvm-22/lib/cmake/mlir)
set(HALFTONE_LLVM_BIN "${LLVM_TOOLS_BINARY_DIR}")
find_program(HALFTONE_MLIR_TBLGEN mlir-tblgen HINTS "${HALFTONE_LLVM_BIN}" REQUIRED)
find_program(HALFTONE_FILECHECK NAMES FileCheck FileCheck-22 HINTS "${HALFTONE_LLVM_BIN}")
find_program(HALFTONE_LLVM_NOT NAMES not not-22 HINTS "${HALFTONE_LLVM_BIN}")
find_program(HALFTONE_LIT NAMES lit lit.py HINTS "${HALFTONE_LLVM_BIN}"
  "${LLVM_INSTALL_PREFIX}/build/utils/lit")

add_library(halftone_mlir INTERFACE)
add_library(halftone::mlir ALIAS halftone_mlir)
target_include_directories(halftone_mlir SYSTEM INTERFACE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
separate_arguments(HALFTONE_LLVM_DEFINITIONS UNIX_COMMAND "${LLVM_DEFINITIONS}")
target_compile_options(halftone_mlir INTERFACE ${HALFTONE_LLVM_DEFINITIONS})

if(HALFTONE_STATIC)
  # Archives by hand: MLIR's own, and LLVM's as llvm-config lists them.
  find_program(HALFTONE_LLVM_CONFIG NAMES llvm-config llvm-config-22 HINTS "${HALFTONE_LLVM_BIN}" REQUIRED)
  execute_process(COMMAND "${HALFTONE_LLVM_CONFIG}" --link-static --libfiles nvptx native orcjit passes
      irreader bitwriter linker executionengine perfjitevents
    OUTPUT_VARIABLE HALFTONE_LLVM_ARCHIVES OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND "${HALFTONE_LLVM_CONFIG}" --link-static --system-libs nvptx native orcjit
    OUTPUT_VARIABLE HALFTONE_LLVM_SYSTEM OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(HALFTONE_LLVM_ARCHIVES UNIX_COMMAND "${HALFTONE_LLVM_ARCHIVES}")
  separate_arguments(HALFTONE_LLVM_SYSTEM UNIX_COMMAND "${HALFTONE_LLVM_SYSTEM}")
  set(HALFTONE_MLIR_ARCHIVES)
  foreach(library IN LISTS MLIR_EXPORTED_TARGETS)
    if(EXISTS "${LLVM_LIBRARY_DIR}/lib${library}.a")
      list(APPEND HALFTONE_MLIR_ARCHIVES "${LLVM_LIBRARY_DIR}/lib${library}.a")
    endif()
  endforeach()
  # As needed: llvm-config names z3 and libxml2 too, which nothing that is kept calls.
  target_link_libraries(halftone_mlir INTERFACE
    -Wl,--start-group ${HALFTONE_MLIR_ARCHIVES} ${HALFTONE_LLVM_ARCHIVES} -Wl,--end-group
    -Wl,--as-needed ${HALFTONE_LLVM_SYSTEM})
  target_link_options(halftone_mlir INTERFACE -Wl,--gc-sections)
else()
  find_library(HALFTONE_MLIR_LIBRARY NAMES MLIR PATHS "${LLVM_LIBRARY_DIR}" NO_DEFAULT_PATH REQUIRED)
  find_library(HALFTONE_LLVM_LIBRARY NAMES LLVM LLVM-22 PATHS "${LLVM_LIBRARY_DIR}" NO_DEFAULT_PATH REQUIRED)
  target_link_libraries(halftone_mlir INTERFACE "${HALFTONE_MLIR_LIBRARY}" "${HALFTONE_LLVM_LIBRARY}")
endif()

# halftone_tablegen(<output, relative to the build tree's root> <td file> <mlir-tblgen arguments>...)
# Appends the output to HALFTONE_TABLEGEN_OUTPUTS of the caller.
function(halftone_tablegen output source)
  set(path "${CMAKE_BINARY_DIR}/${output}")
  get_filename_component(folder "${path}" DIRECTORY)
  file(MAKE_DIRECTORY "${folder}")
  list(TRANSFORM MLIR_INCLUDE_DIRS PREPEND "-I" OUTPUT_VARIABLE includes)
  add_custom_command(OUTPUT "${path}"
    COMMAND "${HALFTONE_MLIR_TBLGEN}" ${ARGN} ${includes} "-I${CMAKE_SOURCE_DIR}"
      "${CMAKE_CURRENT_SOURCE_DIR}/${source}" --write-if-changed -o "${path}" -d "${path}.d"
    DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${source}" DEPFILE "${path}.d"
    COMMENT "mlir-tblgen ${output}" VERBATIM)
  set(HALFTONE_TABLEGEN_OUTPUTS ${HALFTONE_TABLEGEN_OUTPUTS} "${path}" PARENT_SCOPE)
endfunction()
