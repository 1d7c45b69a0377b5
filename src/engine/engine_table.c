/* engine_table.c: the engines, one row each. */
#include "engine/engine_table.h"

#include "engine/llama.h"
#include "engine/onnx.h"
#include "engine/relay_engine.h"

static const sv_engine *const engines[] = {
    &sv_onnx_engine,
    &sv_llama_engine,
    &sv_relay_engine,
};

const sv_engine *const *sv_engine_table(size_t *ret_count)
{
    *ret_count = sizeof engines / sizeof *engines;
    return engines;
}

const sv_engine *sv_engine_table_find(sv_str path)
{
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
        sv_str extension = sv_str_from(engines[i]->extension);
        if (path.len > extension.len &&
            sv_str_eq_nocase(sv_str_slice(path, path.len - extension.len, SIZE_MAX), extension))
            return engines[i];
    }
    return NULL;
}
