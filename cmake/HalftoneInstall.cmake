# Install and find_package(Halftone). Components: runtime (no LLVM), kernels (everything).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(headers ${CMAKE_INSTALL_INCLUDEDIR}/halftone)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/Halftone)

install(DIRECTORY dsl runtime DESTINATION ${headers} FILES_MATCHING PATTERN "*.h")
install(TARGETS halftone_dsl halftone_runtime EXPORT HalftoneRuntimeTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT HalftoneRuntimeTargets NAMESPACE halftone:: DESTINATION ${package})
install(TARGETS halftone_runtime_shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})

if(HALFTONE_CODEGEN)
  # MLIR headers are not part of the interface: users of codegen/Compile.h never see them.
  install(FILES codegen/Compile.h codegen/Target.h DESTINATION ${headers}/codegen)
  # Of the cache, what the headers of kernels/ speak of.
  install(FILES autotune/CacheLocation.h autotune/Configuration.h autotune/ConfigurationStore.h autotune/Key.h
    autotune/KeyOf.h DESTINATION ${headers}/autotune)
  install(DIRECTORY kernels DESTINATION ${headers} FILES_MATCHING PATTERN "*.h")
  # halftone_mlir names MLIR's libraries and headers by path, so it means the same to whoever links.
  set_target_properties(halftone_mlir PROPERTIES EXPORT_NAME mlir)
  install(TARGETS halftone_mlir halftone_codegen halftone_cache halftone_patterns halftone_kernels
    EXPORT HalftoneKernelsTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  if(NOT HALFTONE_STATIC)
    install(TARGETS halftone_shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  endif()
  # halftone_add_kernel() runs the command, and compiles DescribeMain.cpp with the user's source.
  install(TARGETS halftone EXPORT HalftoneKernelsTargets RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES cmake/HalftoneAddKernel.cmake DESTINATION ${package})
  install(FILES kernels/DescribeMain.cpp DESTINATION ${CMAKE_INSTALL_DATADIR}/halftone)
  install(EXPORT HalftoneKernelsTargets NAMESPACE halftone:: DESTINATION ${package})
  # Data: the configurations that come with Halftone, and the schema of such files.
  install(DIRECTORY kernels/tuned/ DESTINATION ${CMAKE_INSTALL_DATADIR}/halftone/tuned FILES_MATCHING PATTERN "*.json")
  install(FILES autotune/configurations.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/halftone)
endif()

set(HALFTONE_DESCRIBE_MAIN ${CMAKE_INSTALL_DATADIR}/halftone/DescribeMain.cpp)
configure_package_config_file(cmake/HalftoneConfig.cmake.in HalftoneConfig.cmake
  INSTALL_DESTINATION ${package} PATH_VARS HALFTONE_DESCRIBE_MAIN)
write_basic_package_version_file(HalftoneConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/HalftoneConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/HalftoneConfigVersion.cmake DESTINATION ${package})
