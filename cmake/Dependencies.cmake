# Third-party libraries as targets dep::NAME. `tools/deps` puts what the system's packages lack into
# .deps/prefix; a directory there is looked into first. The global properties SV_LINK_SYSTEM, SV_LINK_OWN
# and SV_LINK_INSIDE tell cmake/Library.cmake what libserval links.

find_package(PkgConfig REQUIRED)
set(SV_PREFIX "${CMAKE_SOURCE_DIR}/.deps/prefix" CACHE PATH "Where tools/deps unpacked libraries")
set(SV_ASSETS "${CMAKE_SOURCE_DIR}/.deps/assets" CACHE PATH "Where tools/deps unpacked page assets")

set(sv_hints_include "${SV_PREFIX}/usr/include")
set(sv_hints_lib "${SV_PREFIX}/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}" "${SV_PREFIX}/usr/lib")

function(sv_dep_pkgconfig name module)
    pkg_check_modules(SV_PC_${name} REQUIRED IMPORTED_TARGET ${module})
    add_library(dep::${name} ALIAS PkgConfig::SV_PC_${name})
    list(TRANSFORM SV_PC_${name}_LIBRARIES PREPEND -l OUTPUT_VARIABLE flags)
    set_property(GLOBAL APPEND PROPERTY SV_LINK_SYSTEM ${flags})
endfunction()

function(sv_dep_find name header)
    find_path(SV_${name}_INCLUDE ${header} HINTS ${sv_hints_include})
    find_library(SV_${name}_LIBRARY NAMES ${ARGN} HINTS ${sv_hints_lib})
    if(NOT SV_${name}_INCLUDE OR NOT SV_${name}_LIBRARY)
        message(FATAL_ERROR "${header} or its library is missing: run 'make deps' first.")
    endif()
    add_library(dep::${name} INTERFACE IMPORTED)
    target_include_directories(dep::${name} SYSTEM INTERFACE ${SV_${name}_INCLUDE})
    target_link_libraries(dep::${name} INTERFACE ${SV_${name}_LIBRARY})
    if(SV_${name}_LIBRARY MATCHES "\\.a$")
        set_property(GLOBAL APPEND PROPERTY SV_LINK_INSIDE ${SV_${name}_LIBRARY})
    elseif(SV_${name}_LIBRARY MATCHES "^${SV_PREFIX}/")
        set_property(GLOBAL APPEND PROPERTY SV_LINK_OWN ${SV_${name}_LIBRARY})
    else()
        set_property(GLOBAL APPEND PROPERTY SV_LINK_SYSTEM -l${name})
    endif()
endfunction()

sv_dep_pkgconfig(uv libuv)
sv_dep_pkgconfig(yaml yaml-0.1)
sv_dep_pkgconfig(pcre2 libpcre2-8)
sv_dep_pkgconfig(curl libcurl>=7.87)
sv_dep_pkgconfig(turbojpeg libturbojpeg)
sv_dep_pkgconfig(png libpng)
sv_dep_pkgconfig(webp libwebp)
sv_dep_pkgconfig(utf8proc libutf8proc)
sv_dep_pkgconfig(zlib zlib)
sv_dep_find(llhttp llhttp.h libllhttp.a llhttp)
sv_dep_find(yyjson yyjson.h yyjson)

# ONNX Runtime is loaded at run time: only its header is needed here.
find_path(SV_ONNX_INCLUDE onnxruntime_c_api.h
    HINTS "${SV_PREFIX}/usr/include/onnxruntime" PATH_SUFFIXES onnxruntime)
if(NOT SV_ONNX_INCLUDE)
    message(FATAL_ERROR "onnxruntime_c_api.h is missing: run 'make deps' first.")
endif()
add_library(dep::onnx INTERFACE IMPORTED)
target_include_directories(dep::onnx SYSTEM INTERFACE ${SV_ONNX_INCLUDE})
target_link_libraries(dep::onnx INTERFACE ${CMAKE_DL_LIBS})

# llama.cpp is linked by the adapter alone (dep::llama in src/engine/llama/), which is opened at run time:
# its folder of libraries, SV_LLAMA_LIBRARY_DIR, is where the adapter is installed, too. Sonames carry the
# release, so that another one is refused by the loader.
find_path(SV_LLAMA_INCLUDE llama.h HINTS "${SV_PREFIX}/usr/include/llama" PATH_SUFFIXES llama)
file(GLOB SV_LLAMA_LIBRARIES "${SV_PREFIX}/lib/serval/libllama.*.so" "${SV_PREFIX}/lib/serval/libggml.*.so"
    "${SV_PREFIX}/lib/serval/libggml-base.so")
list(LENGTH SV_LLAMA_LIBRARIES count)
if(NOT SV_LLAMA_INCLUDE OR NOT count EQUAL 3)
    message(FATAL_ERROR "llama.h or its libraries are missing: run 'make deps' first.")
endif()
set(SV_LLAMA_LIBRARY_DIR "${SV_PREFIX}/lib/serval")
add_library(dep::llama INTERFACE IMPORTED)
target_include_directories(dep::llama SYSTEM INTERFACE ${SV_LLAMA_INCLUDE})
target_link_libraries(dep::llama INTERFACE ${SV_LLAMA_LIBRARIES})

find_package(Threads REQUIRED)
add_library(dep::threads ALIAS Threads::Threads)
