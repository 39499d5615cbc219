# Run by CPack on what goes into the packages: manual pages are compressed, as Debian wants them.
file(GLOB_RECURSE pages LIST_DIRECTORIES false
    ${CPACK_TEMPORARY_DIRECTORY}/*.1 ${CPACK_TEMPORARY_DIRECTORY}/*.3 ${CPACK_TEMPORARY_DIRECTORY}/*.5)
list(FILTER pages INCLUDE REGEX "/man/man[135]/")
if(pages)
    execute_process(COMMAND gzip -9n ${pages} COMMAND_ERROR_IS_FATAL ANY)
endif()
