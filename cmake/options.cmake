# Compiler settings shared by every target, and the helper that declares a unit test.
find_program(RANKLE_CCACHE ccache)
if(RANKLE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${RANKLE_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${RANKLE_CCACHE})
endif()

add_compile_options(-Wall -Wextra -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these inside libstdc++ itself when it inlines std::string at -O2 (GCC bugs 105329, 105651).
  add_compile_options(-Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
endif()
include_directories(${CMAKE_SOURCE_DIR})

if(RANKLE_SANITIZE)
  add_compile_options(-fsanitize=${RANKLE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${RANKLE_SANITIZE})
  if(RANKLE_SANITIZE MATCHES thread)
    add_compile_options(-Wno-tsan)  # fences are invisible to tsan; what they order here is another process's view
  endif()
endif()
if(RANKLE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined)
  add_link_options(-fsanitize=address,undefined)
endif()

# rankle_test(NAME SOURCES... [LIBS ...] [LABELS ...]): one googletest program, one ctest test.
# What is tested is optimised as configured; the test's own sources are not, which halves their compile time (a test with
# heavy arithmetic of its own belongs into a library).
function(rankle_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_options(${name} PRIVATE -O0)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  if(ARG_LABELS)
    set(labels ${ARG_LABELS})
  else()
    set(labels unit)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${labels}" TIMEOUT 300)
endfunction()
