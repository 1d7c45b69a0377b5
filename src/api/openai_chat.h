/* openai_chat.h: POST /v1/chat/completions: a conversation -> its next message, as text or as calls
 * of functions. */
#ifndef SERVAL_API_OPENAI_CHAT_H
#define SERVAL_API_OPENAI_CHAT_H

#include <serval/call.h>

/* The handler; as of sv_operation. */
sv_status sv_openai_chat_completions(sv_call *call);

#endif
