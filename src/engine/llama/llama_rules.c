/* llama_rules.c: grammars: the library's sampler of that name, asked about tokens without sampling.
 */
#include "engine/llama/llama_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SLICE = 4096 };

typedef struct llama_rules {
    struct llama_sampler *sampler;
    llama_token_data slice[SLICE]; /* for masks */
} llama_rules;

sv_status sv_llama_rules_new(void *arg, sv_str gbnf, char *message, void **ret_grammar)
{
    const sv_llama_model *model = arg;
    llama_rules *rules = calloc(1, sizeof *rules);
    char *text = malloc(gbnf.len + 1);
    if (!rules || !text) {
        free(rules);
        free(text);
        return sv_llama_adapter_tell(message, SV_NO_MEMORY, "out of memory");
    }
    memcpy(text, gbnf.ptr, gbnf.len);
    text[gbnf.len] = '\0';
    sv_llama_adapter_forget_error();
    rules->sampler = sv_llama_guard_grammar(model->vocab, text);
    free(text);
    if (!rules->sampler) {
        const char *why = sv_llama_adapter_last_error();
        free(rules);
        return sv_llama_adapter_tell(message, SV_INVALID, "the grammar cannot be read%s%s",
                                     why[0] ? ": " : "", why);
    }
    *ret_grammar = rules;
    return SV_OK;
}

void sv_llama_rules_free(void *grammar)
{
    llama_rules *rules = grammar;
    llama_sampler_free(rules->sampler);
    free(rules);
}

bool sv_llama_rules_allow(void *grammar, sv_token token)
{
    llama_rules *rules = grammar;
    llama_token_data candidate = {.id = token};
    llama_token_data_array array = {&candidate, 1, -1, false};
    return sv_llama_guard_apply(rules->sampler, &array) && !isinf(candidate.logit);
}

static void mask_slice(llama_rules *rules, float *logits, size_t n)
{
    llama_token_data_array array = {rules->slice, n, -1, false};
    if (!sv_llama_guard_apply(rules->sampler, &array))
        for (size_t i = 0; i < n; i++)
            rules->slice[i].logit = -INFINITY;
    for (size_t i = 0; i < n; i++)
        logits[rules->slice[i].id] = rules->slice[i].logit;
}

/* Tokens that are out already are not asked about. */
void sv_llama_rules_mask(void *grammar, float *logits, size_t n)
{
    llama_rules *rules = grammar;
    size_t n_slice = 0;
    for (size_t i = 0; i < n; i++) {
        if (logits[i] > -INFINITY)
            rules->slice[n_slice++] = (llama_token_data){.id = (llama_token)i, .logit = logits[i]};
        if (n_slice == SLICE || (n_slice && i + 1 == n)) {
            mask_slice(rules, logits, n_slice);
            n_slice = 0;
        }
    }
}

bool sv_llama_rules_accept(void *grammar, sv_token token)
{
    llama_rules *rules = grammar;
    return sv_llama_guard_accept(rules->sampler, token);
}
