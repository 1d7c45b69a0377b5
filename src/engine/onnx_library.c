/* onnx_library.c: the search for libonnxruntime.
 *
 * DESIGN. The library is opened at run time, never linked: its symbol and soname carry the release,
 * so that a program linked with one release does not start with another. Places near the program
 * come before the system's, so that an installed server and one in a clone each use the library
 * that was tested with it; so do places near libserval.so, of programs that are linked with it. */
#include "engine/onnx_library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = {"libonnxruntime.so.1", "libonnxruntime.so.1.23",
                                    "libonnxruntime.so.1.21"};
enum { N_NAMES = sizeof names / sizeof *names, N_NEAR = 2 };

static void write_path(char *path, size_t len, const char *base, const char *rest)
{
    int written = snprintf(path, SV_ONNX_LIBRARY_PATH_SIZE, "%.*s%s", (int)len, base, rest);
    if (written < 0 || written >= SV_ONNX_LIBRARY_PATH_SIZE)
        path[0] = '\0'; /* too long to be looked at */
}

/* Length of the folder that holds the innermost folder "build" above `program`, with its slash; 0:
 * there is none. Only there may a clone's library be: looking into every parent would trust whoever
 * can write to one of them. */
static size_t find_clone(const char *program)
{
    size_t found = 0;
    for (const char *at = program; (at = strstr(at, "/build/")); at++)
        found = (size_t)(at - program) + 1;
    return found;
}

static void write_near(const char *program, size_t index, char *path)
{
    const char *slash = strrchr(program, '/');
    size_t clone = find_clone(program);
    path[0] = '\0';
    if (index == 0 && slash)
        write_path(path, (size_t)(slash - program), program, "/../lib/serval/libonnxruntime.so.1");
    if (index == 1 && clone)
        write_path(path, clone, program, ".deps/prefix/lib/serval/libonnxruntime.so.1");
}

bool sv_onnx_library_place(const char *directory, const char *program, size_t index, char *path)
{
    if (directory && directory[0]) {
        char rest[64];
        if (index >= N_NAMES)
            return false;
        snprintf(rest, sizeof rest, "/%s", names[index]);
        write_path(path, strlen(directory), directory, rest);
        return true;
    }
    if (index < N_NEAR) {
        write_near(program, index, path);
        return true;
    }
    if (index - N_NEAR >= N_NAMES)
        return false;
    write_path(path, 0, "", names[index - N_NEAR]);
    return true;
}

static sv_status take_symbol(void *handle, sv_error *error, sv_onnx_library *ret_library)
{
    sv_onnx_library library = {.get_api_base = dlsym(handle, "OrtGetApiBase")};
    Dl_info info;
    if (!library.get_api_base) {
        sv_status status = sv_error_set(error, SV_UNAVAILABLE, NULL,
                                        "ONNX Runtime cannot be loaded: %s", dlerror());
        dlclose(handle);
        return status;
    }
    if (dladdr(library.get_api_base, &info) && info.dli_fname)
        write_path(library.path, strlen(info.dli_fname), info.dli_fname, "");
    *ret_library = library;
    return SV_OK;
}

static sv_status tell_missing(const char *directory, const char *program, sv_error *error)
{
    char text[320] = "", path[SV_ONNX_LIBRARY_PATH_SIZE];
    size_t len = 0;
    for (size_t i = 0; sv_onnx_library_place(directory, program, i, path); i++) {
        bool is_shown = strchr(path, '/') != NULL && len + strlen(path) + 3 < sizeof text;
        if (is_shown)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", len ? ", " : "", path);
    }
    bool is_searched = !directory || !directory[0];
    return sv_error_set(
        error, SV_UNAVAILABLE, NULL,
        "ONNX Runtime was not found: looked in %s%s; run `make deps` or set engine_dir", text,
        is_searched ? " and where the system keeps libraries" : "");
}

/* What "near" is measured from: libserval, when the library lies near it (a program that is linked
 * with an installed one may be anywhere), else the program. */
static void find_program(char *program)
{
    char path[SV_ONNX_LIBRARY_PATH_SIZE];
    Dl_info info;
    bool is_known = dladdr(names, &info) && info.dli_fname;
    for (size_t i = 0; is_known && i < N_NEAR; i++) {
        write_near(info.dli_fname, i, path);
        if (path[0] && access(path, F_OK) == 0) {
            write_path(program, strlen(info.dli_fname), info.dli_fname, "");
            return;
        }
    }
    ssize_t len = readlink("/proc/self/exe", program, SV_ONNX_LIBRARY_PATH_SIZE - 1);
    program[len > 0 ? len : 0] = '\0';
}

sv_status sv_onnx_library_open(const char *directory, sv_error *error, sv_onnx_library *ret_library)
{
    char program[SV_ONNX_LIBRARY_PATH_SIZE], path[SV_ONNX_LIBRARY_PATH_SIZE];
    find_program(program);
    for (size_t i = 0; sv_onnx_library_place(directory, program, i, path); i++) {
        bool is_file = strchr(path, '/') != NULL;
        if (path[0] == '\0' || (is_file && access(path, F_OK) != 0))
            continue;
        void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (handle)
            return take_symbol(handle, error, ret_library);
        if (is_file)
            return sv_error_set(error, SV_UNAVAILABLE, NULL, "ONNX Runtime cannot be loaded: %s",
                                dlerror());
    }
    return tell_missing(directory, program, error);
}
