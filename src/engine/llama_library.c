/* llama_library.c: the search for libserval-llama.so.
 *
 * DESIGN. As for ONNX Runtime (onnx_library.c), only places that belong to the program are looked
 * at: lib/serval of the installation or of the build. The system's search is not asked: the adapter
 * is part of Serval and useless with another release of it. It finds llama.cpp beside itself. */
#include "engine/llama_library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ADAPTER_FILE "libserval-llama.so"

static void write_path(char *path, size_t len, const char *base, const char *rest)
{
    int written = snprintf(path, SV_LLAMA_LIBRARY_PATH_SIZE, "%.*s%s", (int)len, base, rest);
    if (written < 0 || written >= SV_LLAMA_LIBRARY_PATH_SIZE)
        path[0] = '\0'; /* too long to be looked at */
}

bool sv_llama_library_place(const char *directory, const char *program, size_t index, char *path)
{
    static const char *const near[] = {"/../lib/serval/" ADAPTER_FILE, /* installed; examples */
                                       "/lib/serval/" ADAPTER_FILE};   /* a build's server */
    if (directory && directory[0]) {
        write_path(path, strlen(directory), directory, "/" ADAPTER_FILE);
        return index == 0;
    }
    const char *slash = strrchr(program, '/');
    path[0] = '\0';
    if (index >= sizeof near / sizeof *near)
        return false;
    if (slash)
        write_path(path, (size_t)(slash - program), program, near[index]);
    return true;
}

static sv_status refuse(sv_error *error, const char *path, const char *why)
{
    return sv_error_set(error, SV_UNAVAILABLE, NULL,
                        "llama.cpp cannot be loaded: %s: %s; build again, or set engine_dir to the "
                        "folder that has it",
                        path, why);
}

static sv_status load(const char *path, sv_error *error, sv_llama_library *ret_library)
{
    sv_llama_library library = {0};
    const sv_llama_adapter *(*get)(unsigned abi);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!handle)
        return sv_error_set(error, SV_UNAVAILABLE, NULL,
                            "llama.cpp cannot be loaded: %s; run `make deps` and build again",
                            dlerror());
    void *symbol = dlsym(handle, SV_LLAMA_SYMBOL);
    if (!symbol)
        return refuse(error, path, "it is not Serval's adapter");
    memcpy(&get, &symbol, sizeof get);
    library.adapter = get(SV_LLAMA_ABI);
    if (!library.adapter || library.adapter->abi != SV_LLAMA_ABI)
        return refuse(error, path, "it belongs to another version of Serval");
    if (strcmp(library.adapter->version(), SV_LLAMA_RELEASE) != 0)
        return sv_error_set(error, SV_UNAVAILABLE, NULL,
                            "llama.cpp %s lies beside %s, but %s is needed: run `make deps`",
                            library.adapter->version(), path, SV_LLAMA_RELEASE);
    write_path(library.path, strlen(path), path, "");
    *ret_library = library;
    return SV_OK;
}

/* The places near the program, then those near libserval: a program that is linked with an
 * installed one may be anywhere. */
static void find_programs(char programs[2][SV_LLAMA_LIBRARY_PATH_SIZE])
{
    static const char here[] = "";
    Dl_info info;
    ssize_t len = readlink("/proc/self/exe", programs[0], SV_LLAMA_LIBRARY_PATH_SIZE - 1);
    programs[0][len > 0 ? len : 0] = programs[1][0] = '\0';
    if (dladdr(here, &info) && info.dli_fname)
        write_path(programs[1], strlen(info.dli_fname), info.dli_fname, "");
    if (strcmp(programs[0], programs[1]) == 0)
        programs[1][0] = '\0';
}

sv_status sv_llama_library_open(const char *directory, sv_error *error,
                                sv_llama_library *ret_library)
{
    char programs[2][SV_LLAMA_LIBRARY_PATH_SIZE], path[SV_LLAMA_LIBRARY_PATH_SIZE], text[320] = "";
    size_t len = 0, n_programs = directory && directory[0] ? 1 : 2;
    find_programs(programs);
    for (size_t p = 0; p < n_programs; p++)
        for (size_t i = 0; sv_llama_library_place(directory, programs[p], i, path); i++) {
            if (path[0] && access(path, F_OK) == 0)
                return load(path, error, ret_library);
            if (path[0] && len + strlen(path) + 3 < sizeof text)
                len +=
                    (size_t)snprintf(text + len, sizeof text - len, "%s%s", len ? ", " : "", path);
        }
    return sv_error_set(error, SV_UNAVAILABLE, NULL,
                        "llama.cpp was not found: looked for %s; run `make deps` and build again, "
                        "or set engine_dir",
                        text[0] ? text : ADAPTER_FILE);
}
