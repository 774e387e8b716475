# Every option, its default and its reason.

option(HALFTONE_CODEGEN "Build the compiler and the command (needs LLVM/MLIR 22.1); off: only what an AOT user links" ON)
option(HALFTONE_TESTS "Build the tests" ON)
option(HALFTONE_BENCH "Build the benchmarks (needs Google Benchmark)" ON)
option(HALFTONE_STATIC "Link LLVM and MLIR statically, for a bundle that runs on a bare machine" OFF)
option(HALFTONE_FUZZ "Make the programs of tests/fuzz libFuzzer's (needs the flags of the preset fuzz); off: they replay their corpus" OFF)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# An installed command finds MLIR where the build found it: Debian keeps it outside the loader's paths.
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)

find_program(HALFTONE_CCACHE ccache)
if(HALFTONE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1 "${HALFTONE_CCACHE}")
endif()
