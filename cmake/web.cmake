# SPDX-License-Identifier: MIT
# The page is built by ninja beside the C objects and embedded with .incbin (see src/api/webpage.c).
# It is an object library of the program logmill alone: nothing else waits for node.
if(LOGMILL_WEB)
    set(PAGE_DIR ${CMAKE_BINARY_DIR}/web)
    set(PAGE_INDEX index.html)
    set(PAGE_FILES index.html assets/favicon.svg assets/app.js assets/app.js.gz assets/worker.js
        assets/worker.js.gz assets/app.css assets/app.css.gz)
    list(TRANSFORM PAGE_FILES PREPEND ${PAGE_DIR}/)
    file(GLOB WEB_SOURCES CONFIGURE_DEPENDS web/*.json web/*.mjs web/index.html web/src/*
        web/public/assets/* clients/client/src/* clients/client/src/*/* clients/react/src/*)
    list(FILTER WEB_SOURCES EXCLUDE REGEX "\\.test\\.ts$")
    add_custom_command(
        OUTPUT ${PAGE_FILES}
        COMMAND ${CMAKE_SOURCE_DIR}/tools/build-page ${CMAKE_SOURCE_DIR}/web ${PAGE_DIR}
        DEPENDS ${WEB_SOURCES} ${CMAKE_SOURCE_DIR}/tools/build-page
        COMMENT "Building the web page"
        VERBATIM)
else()
    set(PAGE_DIR ${CMAKE_SOURCE_DIR}/web)
    set(PAGE_INDEX without-page.html)
    set(PAGE_FILES ${PAGE_DIR}/${PAGE_INDEX})
endif()

add_library(page OBJECT src/api/webpage.c)
target_include_directories(page PUBLIC src)
target_link_libraries(page PRIVATE warnings PkgConfig::XXHASH)
target_compile_definitions(page PRIVATE PAGE_DIR="${PAGE_DIR}" PAGE_INDEX="${PAGE_INDEX}"
    $<$<BOOL:${LOGMILL_WEB}>:PAGE_ASSETS>)
set_source_files_properties(src/api/webpage.c PROPERTIES OBJECT_DEPENDS "${PAGE_FILES}")
