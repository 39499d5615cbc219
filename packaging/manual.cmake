# The manual pages: celeriac(1), one page a verb and celeriac.conf(5) by the program itself, section 3 from the headers.
# Not in builds with a sanitizer, which serve tests alone.
if(CELERIAC_SANITIZE)
    return()
endif()
find_program(CELERIAC_PAGE_PYTHON NAMES python3 REQUIRED)
set(pages ${CMAKE_BINARY_DIR}/manual)
set(client ${CMAKE_SOURCE_DIR}/client)
add_custom_command(
    OUTPUT ${pages}/stamp
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${pages}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${pages}
    COMMAND program help --man ${pages}
    COMMAND ${CELERIAC_PAGE_PYTHON} ${CMAKE_SOURCE_DIR}/tools/man3 ${pages}/celeriac.3 ${PROJECT_VERSION} celeriac
            "the client library of Celeriac" ${client}/celeriac.h ${CMAKE_SOURCE_DIR}/common/celeriac_value.h
    COMMAND ${CELERIAC_PAGE_PYTHON} ${CMAKE_SOURCE_DIR}/tools/man3 ${pages}/celeriac_task.3 ${PROJECT_VERSION}
            celeriac_task
            "writing tasks for Celeriac" ${client}/celeriac_task.h ${client}/celeriac_testing.h
    COMMAND ${CMAKE_COMMAND} -E touch ${pages}/stamp
    DEPENDS program ${CMAKE_SOURCE_DIR}/tools/man3 ${client}/celeriac.h ${client}/celeriac_task.h
            ${client}/celeriac_testing.h ${CMAKE_SOURCE_DIR}/common/celeriac_value.h
    VERBATIM)
add_custom_target(manual ALL DEPENDS ${pages}/stamp)
install(DIRECTORY ${pages}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT core FILES_MATCHING PATTERN "*.1")
install(DIRECTORY ${pages}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT core FILES_MATCHING PATTERN "*.5")
install(DIRECTORY ${pages}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man3 COMPONENT dev FILES_MATCHING PATTERN "*.3")
