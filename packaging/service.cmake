# The systemd units. They name the program where it is installed.
set(CELERIAC_UNIT_DIR lib/systemd/system CACHE STRING "Where the systemd units go; empty: nowhere")
if(CELERIAC_UNIT_DIR)
    foreach(unit celeriac-worker.service celeriac-worker@.service)
        configure_file(packaging/${unit}.in ${CMAKE_BINARY_DIR}/packaging/${unit} @ONLY)
        install(FILES ${CMAKE_BINARY_DIR}/packaging/${unit} DESTINATION ${CELERIAC_UNIT_DIR})
    endforeach()
endif()
