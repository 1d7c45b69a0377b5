/* llama_sequences.c: contexts: the memory of sequences, and steps.
 *
 * DESIGN. Each sequence has cells of its own (not "unified"): a step of sequences with neighbouring
 * low ids is one piece of work. The threads are a pool that the context keeps: without one, the
 * library starts and ends threads in each step. The pool's functions lie in the back end that was
 * chosen for this CPU, so they are asked for by name. */
#include "engine/llama/llama_parts.h"

#include <stdlib.h>
#include <string.h>

typedef ggml_threadpool_t (*pool_new)(struct ggml_threadpool_params *params);
typedef void (*pool_free)(ggml_threadpool_t pool);

typedef struct llama_sequences {
    struct llama_context *llama;
    struct llama_batch batch;
    ggml_threadpool_t pool; /* may be NULL */
    bool embeds;
} llama_sequences;

/* In the library's unit, about 130,000 pauses of a CPU: a few milliseconds. The least bridges what
 * lies between two steps, choosing tokens, so that a step does not begin with waking threads; the
 * most also lies in wait for the next request. */
enum { POLL_BETWEEN_STEPS = 1, POLL_WHEN_SPINNING = 50 };

static void *find_pool_function(const char *name)
{
    ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    return ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(cpu), name);
}

static void attach_pool(llama_sequences *sequences, int threads, bool spin)
{
    void *address = find_pool_function("ggml_threadpool_new");
    pool_new create;
    struct ggml_threadpool_params params;
    ggml_threadpool_params_init(&params, threads);
    params.poll = spin ? POLL_WHEN_SPINNING : POLL_BETWEEN_STEPS;
    memcpy(&create, &address, sizeof create);
    sequences->pool = create && threads > 1 ? create(&params) : NULL;
    if (sequences->pool)
        llama_attach_threadpool(sequences->llama, sequences->pool, sequences->pool);
}

static void free_pool(ggml_threadpool_t pool)
{
    void *address = find_pool_function("ggml_threadpool_free");
    pool_free destroy;
    memcpy(&destroy, &address, sizeof destroy);
    if (pool && destroy)
        destroy(pool);
}

static struct llama_context_params translate(const sv_text_context_options *options)
{
    struct llama_context_params params = llama_context_default_params();
    int threads = options->threads > 0 ? options->threads : 1;
    uint32_t n_ctx = options->n_sequences * options->n_tokens_per_sequence;
    params.n_ctx = n_ctx;
    params.n_batch = params.n_ubatch = options->max_batch;
    params.n_seq_max = options->n_sequences;
    params.n_threads = params.n_threads_batch = threads;
    params.kv_unified = false;
    params.no_perf = true;
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_AUTO;
    params.embeddings = options->embeds;
    if (options->embeds) /* else none: said aloud, llama.cpp warns that no file says so */
        params.pooling_type = LLAMA_POOLING_TYPE_MEAN;
    params.abort_callback = options->is_aborted;
    params.abort_callback_data = options->arg;
    return params;
}

sv_status sv_llama_sequences_new(void *arg, const sv_text_context_options *options, char *message,
                                 void **ret_context)
{
    sv_llama_model *model = arg;
    struct llama_context_params params = translate(options);
    llama_sequences *sequences = calloc(1, sizeof *sequences);
    if (!sequences)
        return sv_llama_adapter_tell(message, SV_NO_MEMORY, "out of memory");
    sequences->embeds = options->embeds;
    sequences->batch = llama_batch_init((int32_t)options->max_batch, 0, 1);
    sv_llama_adapter_forget_error();
    sequences->llama = sv_llama_guard_context(model->llama, params);
    if (!sequences->llama || !sequences->batch.token || !sequences->batch.seq_id) {
        sv_llama_sequences_free(sequences);
        const char *why = sv_llama_adapter_last_error();
        bool is_memory = strstr(why, "alloc") || strstr(why, "memory");
        return sv_llama_adapter_tell(message, is_memory ? SV_NO_MEMORY : SV_FAILED,
                                     "llama.cpp made no context%s%s", why[0] ? ": " : "", why);
    }
    attach_pool(sequences, params.n_threads, options->spin);
    *ret_context = sequences;
    return SV_OK;
}

void sv_llama_sequences_free(void *context)
{
    llama_sequences *sequences = context;
    if (sequences->llama)
        llama_free(sequences->llama);
    free_pool(sequences->pool);
    llama_batch_free(sequences->batch);
    free(sequences);
}

sv_status sv_llama_sequences_step(void *context, const sv_text_entry *entries, size_t n,
                                  char *message)
{
    llama_sequences *sequences = context;
    struct llama_batch *batch = &sequences->batch;
    for (size_t i = 0; i < n; i++) {
        batch->token[i] = entries[i].token;
        batch->pos[i] = entries[i].position;
        batch->n_seq_id[i] = 1;
        batch->seq_id[i][0] = entries[i].sequence;
        batch->logits[i] = entries[i].has_logits || sequences->embeds;
    }
    batch->n_tokens = (int32_t)n;
    sv_llama_adapter_forget_error();
    int32_t code = sv_llama_guard_decode(sequences->llama, *batch);
    switch (code) {
    case 0:
        return SV_OK;
    case 1:
        return sv_llama_adapter_tell(message, SV_TOO_LARGE, "the sequences have no more room");
    case 2:
        return sv_llama_adapter_tell(message, SV_CANCELLED, "cancelled during a step");
    default: {
        const char *why = sv_llama_adapter_last_error();
        return sv_llama_adapter_tell(message, SV_FAILED,
                                     "llama.cpp could not compute a step (%d)%s%s", (int)code,
                                     why[0] ? ": " : "", why);
    }
    }
}

float *sv_llama_sequences_logits(void *context, size_t index)
{
    llama_sequences *sequences = context;
    return llama_get_logits_ith(sequences->llama, (int32_t)index);
}

/* Models without memory (encoders) hold nothing between steps. */
bool sv_llama_sequences_forget(void *context, int32_t sequence, int32_t position)
{
    llama_sequences *sequences = context;
    llama_memory_t memory = llama_get_memory(sequences->llama);
    if (!memory || llama_memory_seq_rm(memory, sequence, position, -1))
        return true;
    llama_memory_seq_rm(memory, sequence, -1, -1);
    return false;
}

/* The copy itself is made when the next step begins: of all cells, whatever the source holds. */
bool sv_llama_sequences_copy(void *context, int32_t from, int32_t to)
{
    llama_sequences *sequences = context;
    llama_memory_t memory = llama_get_memory(sequences->llama);
    return memory && llama_memory_seq_rm(memory, to, -1, -1) &&
           sv_llama_guard_copy(sequences->llama, from, to);
}

const float *sv_llama_sequences_embedding(void *context, int32_t sequence)
{
    llama_sequences *sequences = context;
    return llama_get_embeddings_seq(sequences->llama, sequence);
}
