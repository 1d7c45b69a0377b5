/* relay_answer.h: calls that are passed on to an upstream as they are (/v1 of models that another
 * server has), and the bodies of those that are not (/generate, /chat). The exchange itself:
 * model/relay.h. */
#ifndef SERVAL_API_RELAY_ANSWER_H
#define SERVAL_API_RELAY_ANSWER_H

#include "api/generation_answer.h"

/* Whether another server has the model. */
bool sv_relay_answer_takes(const sv_instance *instance);

/* In a `begin`, of a call whose body is a JSON object: sends that to `path` (static, below the
 * relay's base_url) and answers with what comes, the model's name apart. The work is copied. The
 * return is that of `begin`. */
sv_status sv_relay_answer_begin(sv_model_work *work, const char *path) SV_MUST_USE;

/* In place of a prompt: starts the answer of a conversation. `request` needs no prompt; returns as
 * sv_generation_answer_start. */
sv_status sv_relay_answer_start(sv_generation_answer *answer, sv_generation_request *request,
                                const sv_chat_message *messages, size_t n) SV_MUST_USE;

#endif
