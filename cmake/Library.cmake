# libserval, shared and static, and what `cmake --install` puts where.
#
# Both hold every room. The system's libraries stay outside; those of which there is only an archive
# (llhttp) go inside; a shared one that tools/deps unpacked (yyjson) is installed in a folder of our own,
# lib/serval, beside ONNX Runtime. Every path that is written down is relative: an installed tree may be
# moved.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(SV_PRIVATE_DIR "lib/serval" CACHE STRING "Where libraries that only Serval uses are installed")
get_property(SV_LINK_SYSTEM GLOBAL PROPERTY SV_LINK_SYSTEM) # -lNAME
get_property(SV_LINK_OWN GLOBAL PROPERTY SV_LINK_OWN)       # shared libraries below SV_PREFIX
get_property(SV_LINK_INSIDE GLOBAL PROPERTY SV_LINK_INSIDE) # archives
list(REMOVE_DUPLICATES SV_LINK_SYSTEM)

# The way from one installed folder to another, for $ORIGIN and ${pcfiledir}.
function(sv_relative ret from to)
    file(RELATIVE_PATH path "/root/${from}" "/root/${to}")
    string(REGEX REPLACE "/$" "" path "${path}")
    set(${ret} "${path}" PARENT_SCOPE)
endfunction()

function(sv_library_shared)
    add_library(serval_shared SHARED)
    sv_link_rooms(serval_shared app)
    sv_relative(to_private ${CMAKE_INSTALL_LIBDIR} ${SV_PRIVATE_DIR})
    set_target_properties(serval_shared PROPERTIES VERSION ${PROJECT_VERSION}
        SOVERSION ${PROJECT_VERSION_MAJOR} INSTALL_RPATH "$ORIGIN/${to_private}")
    target_link_options(serval_shared PRIVATE "LINKER:--exclude-libs,ALL")
endfunction()

# After the archive is made, all of it and of the archives that it needs becomes one object, in which
# only what is exported stays visible.
function(sv_library_static)
    add_library(serval_static STATIC)
    sv_link_rooms(serval_static app)
    set(archive "$<TARGET_FILE:serval_static>")
    set(hide --localize-hidden --wildcard)
    foreach(library ${SV_LINK_INSIDE})
        get_filename_component(name "${library}" NAME_WE)
        string(REGEX REPLACE "^lib" "" name "${name}")
        list(APPEND hide "--localize-symbol=${name}_*")
    endforeach()
    add_custom_command(TARGET serval_static POST_BUILD VERBATIM
        COMMAND "${CMAKE_LINKER}" -r -o "${archive}.o"
            --whole-archive "${archive}" --no-whole-archive ${SV_LINK_INSIDE}
        COMMAND "${CMAKE_OBJCOPY}" ${hide} "${archive}.o"
        COMMAND "${CMAKE_COMMAND}" -E rm "${archive}"
        COMMAND "${CMAKE_AR}" rcs "${archive}" "${archive}.o"
        COMMAND "${CMAKE_COMMAND}" -E rm "${archive}.o")
endfunction()

function(sv_install_programs)
    sv_relative(to_private ${CMAKE_INSTALL_BINDIR} ${SV_PRIVATE_DIR})
    set_target_properties(serval PROPERTIES INSTALL_RPATH "$ORIGIN/${to_private}")
    install(TARGETS serval serval_shared serval_static)
    install(DIRECTORY include/serval DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endfunction()

# Libraries of .deps/ with their licences.
function(sv_install_own)
    foreach(library ${SV_LINK_OWN})
        file(GLOB files "${library}*")
        install(FILES ${files} DESTINATION ${SV_PRIVATE_DIR})
        get_filename_component(name "${library}" NAME_WE)
        install(FILES "${SV_PREFIX}/usr/share/doc/${name}-dev/copyright"
            DESTINATION ${SV_PRIVATE_DIR} RENAME ${name}-LICENSE)
    endforeach()
    install(DIRECTORY "${SV_PREFIX}/lib/serval/" DESTINATION ${SV_PRIVATE_DIR})
    install(TARGETS serval_llama DESTINATION ${SV_PRIVATE_DIR})
endfunction()

# What pkg-config and CMake are told. A program that takes the archive links the system's libraries
# itself; by -l, because the .pc files of some ask for archives that Debian does not have.
function(sv_install_package)
    sv_relative(SV_PC_TO_PREFIX ${CMAKE_INSTALL_LIBDIR}/pkgconfig "")
    set(own "")
    foreach(library ${SV_LINK_OWN})
        get_filename_component(name "${library}" NAME)
        list(APPEND own "${name}")
    endforeach()
    list(TRANSFORM own PREPEND "\${privatedir}/" OUTPUT_VARIABLE SV_PC_NEEDS)
    if(own)
        list(APPEND SV_PC_NEEDS "-Wl,-rpath,\${privatedir}")
    endif()
    list(APPEND SV_PC_NEEDS ${SV_LINK_SYSTEM} -lm -pthread)
    list(JOIN SV_PC_NEEDS " " SV_PC_NEEDS)
    foreach(name serval serval-static)
        configure_file(cmake/${name}.pc.in generated/${name}.pc @ONLY)
        install(FILES "${CMAKE_BINARY_DIR}/generated/${name}.pc"
            DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
    endforeach()

    set(package ${CMAKE_INSTALL_LIBDIR}/cmake/Serval)
    list(TRANSFORM own PREPEND "\${PACKAGE_PREFIX_DIR}/${SV_PRIVATE_DIR}/" OUTPUT_VARIABLE SV_CMAKE_NEEDS)
    list(APPEND SV_CMAKE_NEEDS ${SV_LINK_SYSTEM} m Threads::Threads)
    configure_package_config_file(cmake/ServalConfig.cmake.in generated/ServalConfig.cmake
        INSTALL_DESTINATION ${package})
    write_basic_package_version_file("${CMAKE_BINARY_DIR}/generated/ServalConfigVersion.cmake"
        COMPATIBILITY SameMinorVersion)
    install(FILES "${CMAKE_BINARY_DIR}/generated/ServalConfig.cmake"
        "${CMAKE_BINARY_DIR}/generated/ServalConfigVersion.cmake" DESTINATION ${package})
endfunction()

sv_library_shared()
sv_library_static()
set_target_properties(serval_shared serval_static PROPERTIES OUTPUT_NAME serval
    LIBRARY_OUTPUT_DIRECTORY "${SV_OUTPUT_DIR}/lib" ARCHIVE_OUTPUT_DIRECTORY "${SV_OUTPUT_DIR}/lib")
sv_install_programs()
sv_install_own()
sv_install_package()
