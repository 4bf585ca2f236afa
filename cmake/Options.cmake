# What every target of ours is compiled with.
add_library(aerie-options INTERFACE)
target_include_directories(aerie-options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(aerie-options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -fno-omit-frame-pointer -pthread)
if(AERIE_SANITIZE)
  # Instrumented, g++ 12 takes members of <regex> for uninitialized.
  target_compile_options(aerie-options INTERFACE -fsanitize=${AERIE_SANITIZE} -Wno-maybe-uninitialized)
  target_link_options(aerie-options INTERFACE -fsanitize=${AERIE_SANITIZE})
else()
  target_compile_definitions(aerie-options INTERFACE _FORTIFY_SOURCE=2)
endif()
find_program(AERIE_MOLD mold)
if(AERIE_MOLD AND NOT AERIE_SANITIZE)
  target_link_options(aerie-options INTERFACE -fuse-ld=mold)
endif()
find_program(AERIE_CCACHE ccache)
if(AERIE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${AERIE_CCACHE})
endif()

# Headers that most files include, compiled once for each of three kinds of target. Targets that use one differ in
# include folders only: that, and -fpch-preprocess, are what g++ and ccache ask for.
function(aerie_precompiled_headers NAME)
  cmake_parse_arguments(ARG "" "" "LINK;HEADERS" ${ARGN})
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/precompiled/${NAME}.cpp CONTENT "")
  add_library(${NAME} OBJECT ${PROJECT_BINARY_DIR}/precompiled/${NAME}.cpp)
  target_link_libraries(${NAME} PRIVATE aerie-options ${ARG_LINK})
  target_compile_options(${NAME} PRIVATE -fpch-preprocess)
  target_precompile_headers(${NAME} PRIVATE ${ARG_HEADERS})
endfunction()

# Tests compile in half the time like this; what they test is optimized as ever.
set(aerie_test_options "")
if(NOT AERIE_SANITIZE)
  set(aerie_test_options -O0 -U_FORTIFY_SOURCE)
endif()

if(AERIE_PRECOMPILE)
  set(standard <chrono> <functional> <map> <memory> <optional> <string> <string_view> <vector>
    <nlohmann/json.hpp> <tl/expected.hpp>)
  set(actors <caf/actor_system.hpp> <caf/actor_system_config.hpp> <caf/event_based_actor.hpp>
    <caf/typed_actor.hpp> <caf/typed_event_based_actor.hpp>)
  aerie_precompiled_headers(aerie-precompiled LINK nlohmann_json::nlohmann_json tl::expected HEADERS ${standard})
  aerie_precompiled_headers(aerie-precompiled-actors
    LINK nlohmann_json::nlohmann_json tl::expected caf::core HEADERS ${standard} ${actors})
  aerie_precompiled_headers(aerie-precompiled-tests
    LINK nlohmann_json::nlohmann_json tl::expected caf::core Catch2::Catch2
    HEADERS ${standard} ${actors} <catch2/catch.hpp>)
  target_compile_options(aerie-precompiled-tests PRIVATE ${aerie_test_options})
endif()

# aerie_precompile(TARGET [aerie-precompiled-actors|aerie-precompiled-tests])
function(aerie_precompile TARGET)
  set(from aerie-precompiled ${ARGN})
  list(POP_BACK from kind)
  if(kind STREQUAL "aerie-precompiled-tests")
    target_compile_options(${TARGET} PRIVATE ${aerie_test_options})
  endif()
  if(AERIE_PRECOMPILE)
    # Programs too: -fPIE would be another setting than that of the headers.
    set_target_properties(${TARGET} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${TARGET} PRIVATE -fpch-preprocess -fPIC)
    target_precompile_headers(${TARGET} REUSE_FROM ${kind})
  endif()
endfunction()

# A library of every source in the current folder (and below, unless the folder is named after EXCLUDE),
# its *.test.cpp files collected for aerie-unit-tests.
function(aerie_library NAME)
  cmake_parse_arguments(ARG "" "" "EXCLUDE;LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "(\\.test|/main)\\.cpp$")
  list(FILTER tests INCLUDE REGEX "\\.test\\.cpp$")
  foreach(folder IN LISTS ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "^${CMAKE_CURRENT_SOURCE_DIR}/${folder}/")
    list(FILTER tests EXCLUDE REGEX "^${CMAKE_CURRENT_SOURCE_DIR}/${folder}/")
  endforeach()
  if(sources)
    add_library(${NAME} STATIC ${sources})
    target_link_libraries(${NAME} PUBLIC aerie-options ${ARG_LINK})
    if("caf::core" IN_LIST ARG_LINK OR "aerie-actors" IN_LIST ARG_LINK)
      aerie_precompile(${NAME} aerie-precompiled-actors)
    else()
      aerie_precompile(${NAME})
    endif()
  else()
    add_library(${NAME} INTERFACE)
    target_link_libraries(${NAME} INTERFACE aerie-options ${ARG_LINK})
  endif()
  set_property(GLOBAL APPEND PROPERTY AERIE_UNIT_TEST_SOURCES ${tests})
  set_property(GLOBAL APPEND PROPERTY AERIE_UNIT_TEST_LIBRARIES ${NAME})
endfunction()
