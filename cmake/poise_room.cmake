# poise_room(NAME DEPENDS ...): one room, one static library, one exported target poise::NAME.
# poise_tests(NAME LIBRARIES ...): the tests of one room, from the folder that mirrors it.

add_library(poise_options INTERFACE)
add_library(poise::options ALIAS poise_options)
set_target_properties(poise_options PROPERTIES EXPORT_NAME options)
target_compile_features(poise_options INTERFACE cxx_std_20)
# Contracted multiply-adds round differently between compilers; fingerprints must not.
target_compile_options(poise_options INTERFACE $<BUILD_INTERFACE:-ffp-contract=off>)
target_include_directories(poise_options INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/poise>)

add_library(poise_strict INTERFACE)  # for our own code only, never exported to users
target_compile_options(poise_strict INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
  $<$<BOOL:${POISE_SANITIZE}>:-fsanitize=address,undefined -fno-sanitize-recover=undefined>)
target_link_options(poise_strict INTERFACE
  $<$<BOOL:${POISE_SANITIZE}>:-fsanitize=address,undefined>)
install(TARGETS poise_options EXPORT poise)

function(poise_room name)
  cmake_parse_arguments(ROOM "" "" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} *.h)
  add_library(poise_${name} STATIC ${sources})
  add_library(poise::${name} ALIAS poise_${name})
  set_target_properties(poise_${name} PROPERTIES
    EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON CXX_EXTENSIONS OFF)
  list(TRANSFORM ROOM_DEPENDS PREPEND "poise::")
  target_link_libraries(poise_${name}
    PUBLIC poise::options ${ROOM_DEPENDS} ${ROOM_LIBRARIES} PRIVATE $<BUILD_INTERFACE:poise_strict>)
  install(TARGETS poise_${name} EXPORT poise)
  file(RELATIVE_PATH room ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  foreach(header IN LISTS headers)
    install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/poise/${room})
  endforeach()
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
  target_link_libraries(test_${name} PRIVATE ${TESTS_LIBRARIES} poise_strict GTest::gmock GTest::gtest_main)
  target_precompile_headers(test_${name} PRIVATE <gtest/gtest.h>)
  target_compile_definitions(test_${name} PRIVATE
    POISE_TEST_TABLES="${PROJECT_SOURCE_DIR}/tests/tables" POISE_SOURCE="${PROJECT_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND test_${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${TESTS_TIMEOUT} LABELS "${TESTS_LABELS}")
endfunction()

function(poise_install_package)
  include(CMakePackageConfigHelpers)
  set(dir ${CMAKE_INSTALL_LIBDIR}/cmake/poise)
  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/poiseConfig.cmake.in
    ${PROJECT_BINARY_DIR}/poiseConfig.cmake INSTALL_DESTINATION ${dir})
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/poiseConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/poiseConfig.cmake ${PROJECT_BINARY_DIR}/poiseConfigVersion.cmake
    DESTINATION ${dir})
  install(EXPORT poise NAMESPACE poise:: DESTINATION ${dir})
endfunction()
