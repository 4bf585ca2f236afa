# What ./run build makes, and what `cmake --install` takes: the programs, their profiles, and the package Aerie with
# the library Aerie::embedded for tests written in C++.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(programs aerie aerie-guest aerie-stream aerie-enter aerie-init aerie-login aerie-oidc)
foreach(program IN LISTS programs)
  if(NOT TARGET ${program})
    list(REMOVE_ITEM programs ${program})
  endif()
endforeach()
add_custom_target(aerie-programs)
add_dependencies(aerie-programs ${programs})
install(TARGETS ${programs} RUNTIME)
install(DIRECTORY config/profiles config/providers config/prometheus config/grafana DESTINATION ${CMAKE_INSTALL_DATADIR}/aerie
  PATTERN "*.test.yml" EXCLUDE)
# Not below lib/TRIPLET: systemd looks there for nothing.
install(FILES packaging/aerie.service DESTINATION lib/systemd/system)
install(FILES README.md ARCHITECTURE.md LICENSE TYPE DOC)

if(EXISTS ${PROJECT_SOURCE_DIR}/runtime/embedded/embedded.cpp)
  # One shared library holds everything: who links it needs none of the libraries that it stands on.
  add_library(aerie-embedded SHARED runtime/embedded/embedded.cpp)
  target_link_libraries(aerie-embedded PRIVATE aerie-runtime)
  target_link_options(aerie-embedded PRIVATE LINKER:--exclude-libs,ALL)
  target_compile_features(aerie-embedded PUBLIC cxx_std_20)
  target_include_directories(aerie-embedded PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/runtime/embedded/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  set_target_properties(aerie-embedded PROPERTIES EXPORT_NAME embedded VERSION ${PROJECT_VERSION} SOVERSION 0)
  install(TARGETS aerie-embedded EXPORT aerie)
  install(FILES runtime/embedded/include/aerie/embedded.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/aerie)
  install(EXPORT aerie FILE AerieTargets.cmake NAMESPACE Aerie:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Aerie)
  configure_package_config_file(cmake/AerieConfig.cmake.in ${PROJECT_BINARY_DIR}/AerieConfig.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Aerie)
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/AerieConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/AerieConfig.cmake ${PROJECT_BINARY_DIR}/AerieConfigVersion.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Aerie)
endif()
include(cmake/Package.cmake)
