# Completion for shells, written by the program, where each shell looks by itself.
if(CELERIAC_SANITIZE)
    return()
endif()
set(completion ${CMAKE_BINARY_DIR}/completion)
set(scripts bash/celeriac zsh/_celeriac fish/celeriac.fish)
set(commands "")
foreach(script ${scripts})
    get_filename_component(shell ${script} DIRECTORY)
    list(APPEND commands
        COMMAND ${CMAKE_COMMAND} -E make_directory ${completion}/${shell}
        COMMAND program completion ${shell} > ${completion}/${script})
endforeach()
add_custom_command(OUTPUT ${completion}/stamp
    ${commands} COMMAND ${CMAKE_COMMAND} -E touch ${completion}/stamp
    DEPENDS program VERBATIM)
add_custom_target(completion ALL DEPENDS ${completion}/stamp)
set(share ${CMAKE_INSTALL_DATADIR})
install(FILES ${completion}/bash/celeriac DESTINATION ${share}/bash-completion/completions COMPONENT core)
install(FILES ${completion}/zsh/_celeriac DESTINATION ${share}/zsh/vendor-completions COMPONENT core)
install(FILES ${completion}/fish/celeriac.fish DESTINATION ${share}/fish/vendor_completions.d COMPONENT core)
