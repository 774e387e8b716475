# halftone_add_kernel(<name> SOURCE <file.cpp>
#                     [TARGETS <target>...] [SCHEDULE <fields>] [PTXAS <path>|none] [NO_TUNED])
#
# Compiles the problem that <file.cpp> describes (kernels/DescribeKernel.h) ahead of time, and makes
# the static library <name> of it: include "<name>.h" and call <name>_launch(). It links Halftone's
# runtime and nothing else: no LLVM, no CUDA library. No GPU is needed to build.
#
#   TARGETS   what to compile for, as `halftone compile --target`; default sm_80 sm_90a
#   SCHEDULE  fields to change in the default schedule, "tileQ=128 tileK=64"
#   PTXAS     the ptxas to use; none leaves PTX for the driver; default: the one that is found
#   NO_TUNED  take the default schedule even where the cache has a tuned one
function(halftone_add_kernel name)
  cmake_parse_arguments(ARG "NO_TUNED" "SOURCE;SCHEDULE;PTXAS" "TARGETS" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "halftone_add_kernel(${name}): unknown arguments: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT ARG_SOURCE)
    message(FATAL_ERROR "halftone_add_kernel(${name}): name the file that describes it: SOURCE <file.cpp>")
  endif()
  if(NOT ARG_TARGETS)
    set(ARG_TARGETS sm_80 sm_90a)
  endif()
  list(JOIN ARG_TARGETS "," targets)
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${name}_kernel")
  file(MAKE_DIRECTORY "${folder}")

  # What to compute: a program of the user's source that writes the problem down.
  add_executable(${name}_describe EXCLUDE_FROM_ALL "${ARG_SOURCE}" "${HALFTONE_DESCRIBE_MAIN}")
  target_link_libraries(${name}_describe PRIVATE halftone::patterns)
  target_compile_features(${name}_describe PRIVATE cxx_std_20)
  set(problem "${folder}/${name}.problem")
  add_custom_command(OUTPUT "${problem}"
    COMMAND ${name}_describe "${problem}" DEPENDS ${name}_describe
    COMMENT "Describing ${name}" VERBATIM)

  # How: machine code for each target, embedded in a C source.
  set(options --problem "@${problem}" --target "${targets}" --name ${name} --out "${folder}")
  if(ARG_SCHEDULE)
    list(APPEND options --schedule "${ARG_SCHEDULE}")
  endif()
  if(ARG_PTXAS)
    list(APPEND options --ptxas "${ARG_PTXAS}")
  endif()
  if(ARG_NO_TUNED)
    list(APPEND options --no-tuned)
  endif()
  set(outputs "${folder}/${name}.c" "${folder}/${name}.h" "${folder}/${name}.json")
  set(objects)
  if("cpu" IN_LIST ARG_TARGETS)
    set(objects "${folder}/${name}.cpu.o")
    set_source_files_properties("${objects}" PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
  endif()
  add_custom_command(OUTPUT ${outputs} ${objects}
    COMMAND halftone::halftone compile ${options}
    DEPENDS "${problem}" "$<TARGET_FILE:halftone::halftone>"
    COMMENT "Compiling the kernel ${name} for ${targets}" VERBATIM)

  add_library(${name} STATIC ${outputs} ${objects})
  target_include_directories(${name} PUBLIC "${folder}")
  target_link_libraries(${name} PUBLIC halftone::runtime)
  target_compile_features(${name} PRIVATE c_std_11)
endfunction()
