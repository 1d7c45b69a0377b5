/* onnx_options.h: how Serval sets up a session of ONNX Runtime, as plain data. onnx.c applies it;
 * nothing here knows the library. */
#ifndef SERVAL_ENGINE_ONNX_OPTIONS_H
#define SERVAL_ENGINE_ONNX_OPTIONS_H

#include "engine/engine.h"

enum { SV_ONNX_OPTIONS_MAX_THREADS = 1024 };

/* A configuration entry of the library, e.g. {"session.intra_op.allow_spinning", "0"}. Static
 * texts. */
typedef struct sv_onnx_entry {
    const char *key, *value;
} sv_onnx_entry;

typedef struct sv_onnx_options {
    int intra_threads;       /* that share one operator */
    int inter_threads;       /* that run operators beside each other */
    bool use_arena;          /* keep freed memory for the next run */
    bool use_memory_pattern; /* plan memory by input shapes, one plan kept per set of shapes */
    sv_onnx_entry entries[3];
    size_t n_entries;
} sv_onnx_options;

/* Serval's choice for what was asked; the reasons stand in onnx_options.c. */
sv_onnx_options sv_onnx_options_make(const sv_engine_options *options);

#endif
