/* llama_library.h: finds and loads libserval-llama.so, the adapter to llama.cpp. Knows files and
 * the adapter's one symbol, nothing of what the adapter does. */
#ifndef SERVAL_ENGINE_LLAMA_LIBRARY_H
#define SERVAL_ENGINE_LLAMA_LIBRARY_H

#include "engine/llama/llama_adapter.h"

enum { SV_LLAMA_LIBRARY_PATH_SIZE = 512 };

typedef struct sv_llama_library {
    const sv_llama_adapter *adapter; /* of our ABI */
    char path[SV_LLAMA_LIBRARY_PATH_SIZE];
} sv_llama_library;

/* Where to look, in order: the `index`-th place for a program (or libserval) at `program`,
 * absolute, into `path` of SV_LLAMA_LIBRARY_PATH_SIZE bytes. With `directory` (not NULL or ""),
 * only there. "" does not apply. False when there are no more. Pure. */
bool sv_llama_library_place(const char *directory, const char *program, size_t index, char *path);

/* Loads the first adapter found, for as long as the process lives. SV_UNAVAILABLE: none was found,
 * or one that was found cannot be loaded or is of another version; the message is for the operator.
 */
sv_status sv_llama_library_open(const char *directory, sv_error *error,
                                sv_llama_library *ret_library) SV_MUST_USE;

#endif
