/* llama_adapter.h: what libserval-llama.so hands out: llama.cpp as a table of functions of ours.
 *
 * The only header that Serval and the adapter share; none of llama.cpp's types is in it. The
 * adapter is a shared object of its own, so that Serval starts without llama.cpp and its C++. */
#ifndef SERVAL_ENGINE_LLAMA_LLAMA_ADAPTER_H
#define SERVAL_ENGINE_LLAMA_LLAMA_ADAPTER_H

#include "engine/text_engine.h"

/* Of this table, of sv_text_engine and of what they point to. Counted up with every change. */
enum { SV_LLAMA_ABI = 1 };

/* The release whose headers the adapter was compiled with: parameters pass as structs by value. */
#define SV_LLAMA_RELEASE "0.5.0-dev"

typedef struct sv_llama_adapter sv_llama_adapter;

/* What every model begins with. */
typedef struct sv_llama_any_model {
    const sv_llama_adapter *adapter;
} sv_llama_any_model;

struct sv_llama_adapter {
    unsigned abi;
    const char *(*version)(void); /* of the library that was found */
    /* Loads the back ends that lie beside the library, once in a process; lines go to `log` until
     * `stop` with the same. Any thread. SV_UNAVAILABLE: there are none. */
    sv_status (*start)(const sv_engine_log *log, char *message);
    void (*stop)(const sv_engine_log *log);
    void (*describe)(sv_engine_about *about);
    /* `ret_info` is zeroed; what it points to belongs to the model. Several threads may load. */
    sv_status (*load)(const char *path, char *message, sv_llama_any_model **ret_model,
                      sv_engine_info *ret_info);
    void (*unload)(sv_llama_any_model *model);
    const sv_text_engine *text;
};

#define SV_LLAMA_SYMBOL "sv_llama_adapter_get"
/* The adapter's one symbol; NULL: it does not have this ABI. */
const sv_llama_adapter *sv_llama_adapter_get(unsigned abi);

#endif
