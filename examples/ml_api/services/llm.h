/* llm.h: what the language model is asked (the guide's AsyncOpenAI()): the bundled one,
 * models/chat, in this process. */
#ifndef LLM_H
#define LLM_H

#include <serval/serval.h>

struct llm_request {
    sv_str prompt;
    bool is_message; /* what a user says, to be answered; else a text, to be continued */
    int64_t max_tokens;
    double temperature;
    sv_strs stops;
    /* Each piece as it is written; anything but SV_OK ends the text. NULL: only the whole. */
    sv_status (*take)(void *arg, sv_str piece);
    void *arg;
};

/* Waits until the text is complete. `error` tells what failed; else what `take` has returned. */
sv_status llm_write(sv_call *call, const struct llm_request *request, sv_error *error,
                    sv_str *ret_text);

#endif
