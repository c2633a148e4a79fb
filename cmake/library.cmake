# SPDX-License-Identifier: MIT
# liblogmill, shared and static: src/ipc and src/client with the few files below them. They are compiled
# once more, without assertions that abort; only names that start with lm_ can be seen from outside, in the
# archive as well (its objects are joined and their hidden names made local).
file(GLOB LIBRARY_SOURCES CONFIGURE_DEPENDS src/ipc/*.c src/client/*.c)
file(GLOB LIBRARY_TESTS CONFIGURE_DEPENDS src/ipc/*_test.c src/client/*_test.c)
list(REMOVE_ITEM LIBRARY_SOURCES ${LIBRARY_TESTS})
list(APPEND LIBRARY_SOURCES src/base/arena.c src/base/buf.c src/base/clock.c src/base/map.c src/base/str.c
    src/record/json.c src/record/json_string.c src/record/utf8.c)

add_library(library_objects OBJECT ${LIBRARY_SOURCES})
target_include_directories(library_objects PRIVATE src include)
target_compile_definitions(library_objects PRIVATE LOGMILL_LIBRARY XXH_INLINE_ALL)
target_link_libraries(library_objects PRIVATE warnings PkgConfig::LMDB)

add_library(liblogmill SHARED $<TARGET_OBJECTS:library_objects>)
target_link_libraries(liblogmill PRIVATE PkgConfig::LMDB)
if(NOT LOGMILL_SANITIZE)
    target_link_options(liblogmill PRIVATE -Wl,--no-undefined)
endif()
target_include_directories(liblogmill INTERFACE include)
set_target_properties(liblogmill PROPERTIES OUTPUT_NAME logmill VERSION ${PROJECT_VERSION}
    SOVERSION 0)

set(LIBRARY_ARCHIVE ${CMAKE_BINARY_DIR}/liblogmill.a)
add_custom_command(
    OUTPUT ${LIBRARY_ARCHIVE}
    COMMAND ${CMAKE_SOURCE_DIR}/tools/join-objects ${CMAKE_LINKER} ${CMAKE_OBJCOPY} ${CMAKE_AR}
        ${LIBRARY_ARCHIVE} $<TARGET_OBJECTS:library_objects>
    DEPENDS library_objects $<TARGET_OBJECTS:library_objects> ${CMAKE_SOURCE_DIR}/tools/join-objects
    COMMAND_EXPAND_LISTS
    VERBATIM)
add_custom_target(library_archive ALL DEPENDS ${LIBRARY_ARCHIVE})

configure_file(cmake/logmill.pc.in logmill.pc @ONLY)

install(TARGETS liblogmill LIBRARY DESTINATION lib)
install(FILES ${LIBRARY_ARCHIVE} DESTINATION lib)
install(DIRECTORY include/logmill DESTINATION include FILES_MATCHING PATTERN "*.h")
install(FILES ${CMAKE_BINARY_DIR}/logmill.pc DESTINATION lib/pkgconfig)

# The examples are programs of somebody else: headers and library, nothing more.
file(GLOB EXAMPLES CONFIGURE_DEPENDS examples/*.c)
foreach(example_source ${EXAMPLES})
    get_filename_component(name ${example_source} NAME_WE)
    add_executable(example_${name} ${example_source})
    target_include_directories(example_${name} PRIVATE include)
    target_link_libraries(example_${name} PRIVATE warnings liblogmill)
    set_target_properties(example_${name} PROPERTIES OUTPUT_NAME ${name}
        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/examples)
endforeach()

if(LOGMILL_TESTS AND NOT LOGMILL_SANITIZE)
    enable_testing()
    add_test(NAME library COMMAND ${CMAKE_SOURCE_DIR}/tools/check-library
        $<TARGET_FILE:liblogmill> ${LIBRARY_ARCHIVE})
endif()

# A program that logs and dies, for tests/scenarios/n02.
if(LOGMILL_TESTS)
    add_executable(ring_logger tests/programs/ring_logger.c)
    target_include_directories(ring_logger PRIVATE include)
    target_link_libraries(ring_logger PRIVATE warnings liblogmill)
    set_target_properties(ring_logger PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/examples)
endif()
