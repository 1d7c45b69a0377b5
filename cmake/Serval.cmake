# How a room, a unit test and the programs are built.
#
#   sv_room(json SOURCES value.c decode.c ROOMS base DEPS yyjson yaml)
#   sv_unit_test(test_value ROOMS json)          # tests/unit/<room>/test_value.c, linked with json and all below it

add_library(sv_options INTERFACE)
target_compile_options(sv_options INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
    -Wvla -Wformat=2 -Wundef -Wwrite-strings -Wno-missing-field-initializers -fno-strict-aliasing)
target_compile_definitions(sv_options INTERFACE _GNU_SOURCE)
target_include_directories(sv_options INTERFACE
    "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}/include" "${CMAKE_BINARY_DIR}/generated")

function(sv_room name)
    cmake_parse_arguments(arg "" "" "SOURCES;ROOMS;DEPS" ${ARGN})
    add_library(sv_${name} OBJECT ${arg_SOURCES})
    target_link_libraries(sv_${name} PUBLIC sv_options)
    foreach(dep ${arg_DEPS})
        target_link_libraries(sv_${name} PRIVATE dep::${dep})
    endforeach()
    set(rooms ${name})
    set(deps ${arg_DEPS})
    foreach(room ${arg_ROOMS})
        get_target_property(below sv_${room} SV_ROOMS)
        get_target_property(below_deps sv_${room} SV_DEPS)
        list(APPEND rooms ${below})
        list(APPEND deps ${below_deps})
    endforeach()
    list(REMOVE_DUPLICATES rooms)
    list(REMOVE_DUPLICATES deps)
    set_target_properties(sv_${name} PROPERTIES SV_ROOMS "${rooms}" SV_DEPS "${deps}")
endfunction()

# Links `target` with the objects of the rooms and of every room below them.
function(sv_link_rooms target)
    set(rooms "")
    set(deps "")
    foreach(room ${ARGN})
        get_target_property(below sv_${room} SV_ROOMS)
        get_target_property(below_deps sv_${room} SV_DEPS)
        list(APPEND rooms ${below})
        list(APPEND deps ${below_deps})
    endforeach()
    list(REMOVE_DUPLICATES rooms)
    list(REMOVE_DUPLICATES deps)
    target_link_libraries(${target} PRIVATE sv_options)
    foreach(room ${rooms})
        target_sources(${target} PRIVATE $<TARGET_OBJECTS:sv_${room}>)
    endforeach()
    foreach(dep ${deps} threads)
        target_link_libraries(${target} PRIVATE dep::${dep})
    endforeach()
    target_link_libraries(${target} PRIVATE m ${CMAKE_DL_LIBS})
endfunction()

function(sv_unit_test name)
    cmake_parse_arguments(arg "" "" "SOURCES;ROOMS" ${ARGN})
    add_executable(${name} ${name}.c ${arg_SOURCES})
    sv_link_rooms(${name} ${arg_ROOMS})
    target_link_libraries(${name} PRIVATE cmocka)
    target_compile_definitions(${name} PRIVATE SV_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
    set_tests_properties(${name} PROPERTIES TIMEOUT 120)
endfunction()

# Lets the test make allocations fail: tests/unit/failing_malloc.h.
function(sv_test_failing_malloc name)
    target_sources(${name} PRIVATE "${CMAKE_SOURCE_DIR}/tests/unit/failing_malloc.c")
    target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}/tests/unit")
    target_link_options(${name} PRIVATE
        "LINKER:--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc")
endfunction()

# An application of several files: main.c and what is below its folder, which its #include lines start
# from. Each file of `folder`/tests is a test program, linked with all but main.c.
function(sv_application name folder)
    set(root "${folder}")
    if(EXISTS "${folder}/src/main.c")
        set(root "${folder}/src")
    endif()
    file(GLOB_RECURSE parts CONFIGURE_DEPENDS "${root}/*.c")
    file(GLOB tests CONFIGURE_DEPENDS "${folder}/tests/*.c")
    list(REMOVE_ITEM parts "${root}/main.c" ${tests})
    add_executable(example_${name} "${root}/main.c" ${parts})
    set(programs example_${name})
    if(SV_TESTS)
        foreach(test ${tests})
            get_filename_component(test_name "${test}" NAME_WE)
            add_executable(${name}_${test_name} "${test}" ${parts})
            add_test(NAME ${name}_${test_name} COMMAND ${name}_${test_name}
                WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}")
            set_tests_properties(${name}_${test_name} PROPERTIES TIMEOUT 120)
            set_target_properties(${name}_${test_name} PROPERTIES
                RUNTIME_OUTPUT_DIRECTORY "${SV_OUTPUT_DIR}/tests")
            list(APPEND programs ${name}_${test_name})
        endforeach()
    endif()
    foreach(program ${programs})
        target_include_directories(${program} BEFORE PRIVATE "${root}")
        target_compile_definitions(${program} PRIVATE CONFIG_MODELS="${CMAKE_SOURCE_DIR}/models")
        sv_link_rooms(${program} app)
        add_dependencies(${program} serval_llama) # found near where programs are written
    endforeach()
endfunction()

# The server and the examples.
function(sv_programs)
    add_executable(serval "${CMAKE_SOURCE_DIR}/src/app/main.c")
    sv_link_rooms(serval app)
    set_target_properties(serval PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${SV_OUTPUT_DIR}")
    add_dependencies(serval serval_llama) # opened at run time, so no link asks for it
    file(GLOB mains CONFIGURE_DEPENDS
        "${CMAKE_SOURCE_DIR}/examples/*/main.c" "${CMAKE_SOURCE_DIR}/examples/*/src/main.c")
    foreach(main ${mains})
        string(REGEX REPLACE "(/src)?/main\\.c$" "" folder "${main}")
        get_filename_component(name "${folder}" NAME)
        sv_application(${name} "${folder}")
        set_target_properties(example_${name} PROPERTIES
            OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY "${SV_OUTPUT_DIR}/examples")
    endforeach()
    # What end-to-end tests serve beside the examples: build/tests/NAME.
    file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/programs/*.c"
        "${CMAKE_SOURCE_DIR}/tests/diff/*.c")
    foreach(source ${sources})
        get_filename_component(name "${source}" NAME_WE)
        add_executable(program_${name} "${source}")
        sv_link_rooms(program_${name} app)
        set_target_properties(program_${name} PROPERTIES
            OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY "${SV_OUTPUT_DIR}/tests")
    endforeach()
    file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/diff/twin/*.c")
    add_executable(program_twin ${sources})
    sv_link_rooms(program_twin app)
    set_target_properties(program_twin PROPERTIES
        OUTPUT_NAME twin RUNTIME_OUTPUT_DIRECTORY "${SV_OUTPUT_DIR}/tests")
    # It echoes the models that unit tests decode.
    set(models "${CMAKE_SOURCE_DIR}/tests/unit/json")
    target_sources(program_echoes PRIVATE "${models}/case_schemas.c" "${models}/kind_schemas.c")
    target_include_directories(program_echoes PRIVATE "${models}")
    if(SV_TESTS)
        sv_application(template "${CMAKE_SOURCE_DIR}/assets/template") # what `serval new` writes
    endif()
endfunction()
