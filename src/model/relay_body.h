/* relay_body.h: what an upstream is asked: bodies of /chat/completions. Pure. */
#ifndef SERVAL_MODEL_RELAY_BODY_H
#define SERVAL_MODEL_RELAY_BODY_H

#include "model/relay.h"
#include "json/value.h"

/* Appends a conversation that is to be answered as a stream, with the sampling, stops and limits of
 * `request`; what has its default is left out. SV_NO_MEMORY. */
sv_status sv_relay_body_write(const sv_relay *relay, const sv_generation_request *request,
                              const sv_chat_message *messages, size_t n, sv_buf *body) SV_MUST_USE;
/* Appends an object as it is, but for its member `model`, which is `model` then: what was asked, or
 * what was answered. SV_INVALID: it is no object, or has more than SV_RELAY_BODY_MAX_MEMBERS;
 * SV_NO_MEMORY. */
enum { SV_RELAY_BODY_MAX_MEMBERS = 256 };
sv_status sv_relay_body_rename(const sv_value *object, sv_str model, sv_buf *body) SV_MUST_USE;

#endif
