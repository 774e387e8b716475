# Installs the build tree into an empty prefix, then configures, builds and runs the example there.
set(prefix ${BUILD}/package/prefix)
set(consumer ${BUILD}/package/consumer)
file(REMOVE_RECURSE ${prefix} ${consumer})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "failed (${code}): ${ARGN}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})
run(${CMAKE_COMMAND} -S ${SOURCE}/example -B ${consumer} -G Ninja -DCMAKE_BUILD_TYPE=Release
  -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_C_COMPILER=${C_COMPILER}
  "-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld" -DWITH_COMPILER=${CODEGEN})
run(${CMAKE_COMMAND} --build ${consumer})

run(${consumer}/describe)
if(NOT output MATCHES "13 query tiles")
  message(FATAL_ERROR "describe printed: ${output}")
endif()
if(CODEGEN)
  run(${consumer}/attend)
  if(NOT output MATCHES "matches the reference")
    message(FATAL_ERROR "attend printed: ${output}")
  endif()
endif()

# Compiled ahead of time: runs, and has neither the compiler nor the driver in it.
if(CODEGEN)
  run(${consumer}/ahead_of_time)
  foreach(expected "300 tokens: matches" "500 tokens: matches"
      "band_gpu has no code for the CPU; compile it for the target cpu too"
      "GPU 0: (loaded|there is no NVIDIA driver)")
    if(NOT output MATCHES "${expected}")
      message(FATAL_ERROR "ahead_of_time should print '${expected}', and printed: ${output}")
    endif()
  endforeach()
  run(${consumer}/ahead_on_gpu)
  if(NOT output MATCHES "skipped: |matches")
    message(FATAL_ERROR "ahead_on_gpu printed: ${output}")
  endif()
  foreach(program ahead_of_time ahead_on_gpu)
    run(ldd ${consumer}/${program})
    if(output MATCHES "LLVM|MLIR|libcuda")
      message(FATAL_ERROR "${program} drags in: ${output}")
    endif()
  endforeach()
endif()

# The installed command finds what is installed beside it.
if(CODEGEN)
  run(${prefix}/bin/halftone cache path)
  if(NOT output MATCHES "shipped   ${prefix}/share/halftone/tuned")
    message(FATAL_ERROR "halftone cache path printed: ${output}")
  endif()
  if(NOT EXISTS ${prefix}/share/halftone/configurations.schema.json)
    message(FATAL_ERROR "the schema of configurations is not installed")
  endif()
endif()

# Whoever links just the runtime needs neither LLVM nor a driver to start.
run(ldd ${consumer}/describe)
if(output MATCHES "LLVM|MLIR|libcuda")
  message(FATAL_ERROR "the runtime drags in: ${output}")
endif()
