/* onnx_library.h: finds and loads the library of ONNX Runtime. Knows files and symbols, nothing of
 * the library's API. */
#ifndef SERVAL_ENGINE_ONNX_LIBRARY_H
#define SERVAL_ENGINE_ONNX_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

#include <serval/attr.h>
#include <serval/status.h>

enum { SV_ONNX_LIBRARY_PATH_SIZE = 512 };

typedef struct sv_onnx_library {
    void *get_api_base; /* the function OrtGetApiBase */
    char path[SV_ONNX_LIBRARY_PATH_SIZE];
} sv_onnx_library;

/* Where to look, in order: the `index`-th place for a program at `program` (absolute path of the
 * executable) into `path` of SV_ONNX_LIBRARY_PATH_SIZE bytes. With `directory` (not NULL or ""),
 * only there. A place without '/' is for the system's search, "" does not apply. False when there
 * are no more. Pure. */
bool sv_onnx_library_place(const char *directory, const char *program, size_t index, char *path);

/* Loads the first library found, for as long as the process lives: its threads and clean-ups do not
 * survive unloading. SV_UNAVAILABLE: none was found, or one that was found cannot be loaded; the
 * message is for the operator. */
sv_status sv_onnx_library_open(const char *directory, sv_error *error,
                               sv_onnx_library *ret_library) SV_MUST_USE;

#endif
