# poise_room(NAME DEPENDS ...): one room, one static library, one exported target poise::NAME.
# poise_tests(NAME LIBRARIES ...): the tests of one room, from the folder that mirrors it.
# poise_pytest(NAME FOLDER ...): the pytest tests of a folder, as the CTest test NAME.
# poise_install_package(): what find_package(poise) reads.

add_library(poise_options INTERFACE)
add_library(poise::options ALIAS poise_options)
set_target_properties(poise_options PROPERTIES EXPORT_NAME options)
target_compile_features(poise_options INTERFACE cxx_std_20)
# Contracted multiply-adds round differently between compilers; fingerprints must not.
target_compile_options(poise_options INTERFACE $<BUILD_INTERFACE:-ffp-contract=off>)
target_include_directories(poise_options INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/poise>)

add_library(poise_strict INTERFACE)  # for our own code only, never exported to users
# g++ 12 sees overlapping copies in every `"text" + std::string` (GCC bug 105651).
target_compile_options(poise_strict INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  -Wno-missing-field-initializers  # designated initializers leave defaults on purpose
  $<$<BOOL:${POISE_SANITIZE}>:-fsanitize=address,undefined -fno-sanitize-recover=undefined>
  $<$<BOOL:${POISE_FUZZ}>:-fsanitize=fuzzer-no-link>)
target_compile_definitions(poise_strict INTERFACE $<$<BOOL:${POISE_SANITIZE}>:POISE_SANITIZED>)
target_link_options(poise_strict INTERFACE
  $<$<BOOL:${POISE_SANITIZE}>:-fsanitize=address,undefined>)
install(TARGETS poise_options EXPORT poise)

# clang's -Wconversion is about signs too, which tests may mix: after poise_strict.
add_library(poise_signs INTERFACE)
target_compile_options(poise_signs INTERFACE $<$<CXX_COMPILER_ID:Clang>:-Wno-sign-conversion>)

function(poise_room name)
  cmake_parse_arguments(ROOM "" "COMPONENT" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} *.h)
  add_library(poise_${name} STATIC ${sources})
  add_library(poise::${name} ALIAS poise_${name})
  set_target_properties(poise_${name} PROPERTIES
    EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON CXX_EXTENSIONS OFF)
  list(TRANSFORM ROOM_DEPENDS PREPEND "poise::")
  target_link_libraries(poise_${name}
    PUBLIC poise::options ${ROOM_DEPENDS} ${ROOM_LIBRARIES} PRIVATE $<BUILD_INTERFACE:poise_strict>)
  if(ROOM_COMPONENT)  # installed apart: find_package(poise COMPONENTS ...) asks for it by name
    install(TARGETS poise_${name} EXPORT poise_${ROOM_COMPONENT})
    set_property(GLOBAL APPEND PROPERTY POISE_COMPONENTS ${ROOM_COMPONENT})
  else()
    install(TARGETS poise_${name} EXPORT poise)
  endif()
  file(RELATIVE_PATH room ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  foreach(header IN LISTS headers)
    install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/poise/${room})
  endforeach()
endfunction()

# What all tests are compiled with, and the headers that they share, compiled once. Less optimised
# than the rooms: a fifth less time to compile, though what a test does by itself takes longer.
function(poise_test_headers)
  add_library(poise_test_flags INTERFACE)
  target_link_libraries(poise_test_flags INTERFACE poise_options poise_strict poise_signs GTest::gmock)
  target_compile_options(poise_test_flags INTERFACE $<$<CONFIG:Release>:-O1>
    # False alarms of g++ 12 about std::string in optimised code.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-stringop-overread>)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/test_headers.cc)
  file(CONFIGURE OUTPUT ${source} CONTENT "// The headers that all tests share.\n")
  add_library(poise_test_headers OBJECT ${source})
  target_link_libraries(poise_test_headers PRIVATE poise_test_flags)
  target_precompile_headers(poise_test_headers PRIVATE
    <algorithm> <chrono> <functional> <map> <memory> <random> <string> <variant> <vector>
    <gmock/gmock.h> <gtest/gtest.h>)
endfunction()

function(poise_tests name)
  cmake_parse_arguments(TESTS "" "TIMEOUT" "LIBRARIES;LABELS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  if(NOT sources)
    return()
  endif()
  if(NOT TESTS_TIMEOUT)
    set(TESTS_TIMEOUT 120)
  endif()
  add_executable(test_${name} ${sources})
  target_link_libraries(test_${name} PRIVATE ${TESTS_LIBRARIES} poise_test_flags GTest::gtest_main)
  target_precompile_headers(test_${name} REUSE_FROM poise_test_headers)
  target_compile_definitions(test_${name} PRIVATE
    POISE_TEST_TABLES="${PROJECT_SOURCE_DIR}/tests/tables" POISE_SOURCE="${PROJECT_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND test_${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${TESTS_TIMEOUT} LABELS "${TESTS_LABELS}"
    ENVIRONMENT GTEST_OUTPUT=xml:${PROJECT_BINARY_DIR}/reports/${name}.xml)
endfunction()

function(poise_pytest name folder)
  cmake_parse_arguments(PYTEST "" "TIMEOUT" "LABELS;ENVIRONMENT" ${ARGN})
  if(NOT PYTEST_TIMEOUT)
    set(PYTEST_TIMEOUT 300)
  endif()
  add_test(NAME ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    COMMAND /usr/bin/python3 -m pytest -q -p no:cacheprovider -rs ${folder}
      --junitxml=${PROJECT_BINARY_DIR}/reports/${name}.xml)
  set_tests_properties(${name} PROPERTIES TIMEOUT ${PYTEST_TIMEOUT} LABELS "${PYTEST_LABELS}" ENVIRONMENT
    "PYTHONPATH=${PROJECT_BINARY_DIR}/python;POISE_BUILD=${PROJECT_BINARY_DIR};${PYTEST_ENVIRONMENT}")
endfunction()

function(poise_install_package)
  include(CMakePackageConfigHelpers)
  get_property(components GLOBAL PROPERTY POISE_COMPONENTS)
  set(dir ${CMAKE_INSTALL_LIBDIR}/cmake/poise)
  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/poiseConfig.cmake.in
    ${PROJECT_BINARY_DIR}/poiseConfig.cmake INSTALL_DESTINATION ${dir})
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/poiseConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/poiseConfig.cmake ${PROJECT_BINARY_DIR}/poiseConfigVersion.cmake
    DESTINATION ${dir})
  install(EXPORT poise NAMESPACE poise:: DESTINATION ${dir})
  foreach(component IN LISTS components)
    install(EXPORT poise_${component} NAMESPACE poise:: DESTINATION ${dir})
  endforeach()
endfunction()
