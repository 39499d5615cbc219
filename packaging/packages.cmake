# Debian packages, made by tools/deb:
#   celeriac               program, library, all modules but math, units, manual pages
#   celeriac-module-math   the module math, apart because it falls under GPL-3+ with the GSL that it links
#   libceleriac-dev        headers and what links against the library
install(FILES packaging/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/celeriac)
install(FILES packaging/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libceleriac-dev COMPONENT dev)
if(CELERIAC_MATH)
    install(FILES packaging/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/celeriac-module-math COMPONENT math)
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME celeriac)
set(CPACK_PACKAGE_CONTACT "The Celeriac developers <celeriac@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "distributed task queue for work that burns CPU")
set(CPACK_COMPONENTS_ALL core dev)
if(CELERIAC_MATH)
    list(APPEND CPACK_COMPONENTS_ALL math)
endif()
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/packaging/compress.cmake)

# "0.1.0-1~deb12": one release's package gives way to the next one's.
set(release 0)
if(EXISTS /etc/os-release)
    file(STRINGS /etc/os-release release REGEX "^VERSION_ID=")
    string(REGEX REPLACE "[^0-9]" "" release "${release}")
endif()
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1~deb${release})
set(exactly "(= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(scripts ${CMAKE_SOURCE_DIR}/packaging/debian)
set(CPACK_DEBIAN_CORE_PACKAGE_NAME celeriac)
set(CPACK_DEBIAN_CORE_PACKAGE_RECOMMENDS "redis-server, liblapacke, libopenblas0") # the latter two: for linalg
set(CPACK_DEBIAN_CORE_PACKAGE_SUGGESTS celeriac-module-math)
set(CPACK_DEBIAN_CORE_PACKAGE_CONTROL_EXTRA ${scripts}/postinst ${scripts}/prerm ${scripts}/postrm ${scripts}/triggers)
set(CPACK_COMPONENT_CORE_DESCRIPTION
    "Programs hand it jobs through Redis; forking workers with thread pools compute them on every core of every machine.")

set(CPACK_DEBIAN_DEV_PACKAGE_NAME libceleriac-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "celeriac ${exactly}")
set(CPACK_COMPONENT_DEV_DESCRIPTION "Headers of the client library and of the task interface.")

set(CPACK_DEBIAN_MATH_PACKAGE_NAME celeriac-module-math)
set(CPACK_DEBIAN_MATH_PACKAGE_DEPENDS "celeriac ${exactly}")
set(CPACK_COMPONENT_MATH_DESCRIPTION
    "Tasks that solve equations and evaluate expressions. It links the GNU Scientific Library, so it falls under GPL-3+.")
include(CPack)
