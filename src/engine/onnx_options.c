/* onnx_options.c: the session options, with their reasons.
 *
 * DESIGN. Requests are served side by side, one caller per core, so a session works on the caller's
 * thread alone: two callers of one thread do 6 to 17 % more than one caller of two, and no pool
 * thread is there to wake or to spin. More threads are for a model that must answer one request
 * sooner. */
#include "engine/onnx_options.h"

static int clamp_threads(int threads)
{
    if (threads < 1)
        return 1;
    return threads < SV_ONNX_OPTIONS_MAX_THREADS ? threads : SV_ONNX_OPTIONS_MAX_THREADS;
}

sv_onnx_options sv_onnx_options_make(const sv_engine_options *options)
{
    const char *spin = options->spin ? "1" : "0";
    return (sv_onnx_options){
        .intra_threads = clamp_threads(options->threads),
        .inter_threads =
            1, /* operators of one graph one after another: the cores have other callers */
        .use_arena = true, /* 1 to 7 % faster than the system's allocator */
        /* Whether shapes vary is known only after loading. With it off, runs measured 5 to 10 %
         * faster and smaller, and no plan is kept for every shape that clients think of. */
        .use_memory_pattern = false,
        /* Waiting busily costs five times the CPU of the work itself on a box with pauses. */
        .entries = {{"session.intra_op.allow_spinning", spin},
                    {"session.inter_op.allow_spinning", spin},
                    /* Where a CPU has no VNNI, products of uint8 and int8 overflow 16 bits and are
                     * clipped: a quantised model would answer other than on the next machine. */
                    {"session.x64quantprecision", "1"}},
        .n_entries = 3,
    };
}
