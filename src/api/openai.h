/* openai.h: the paths of OpenAI's API below /v1, and /version. */
#ifndef SERVAL_API_OPENAI_H
#define SERVAL_API_OPENAI_H

#include <serval/operation.h>

/* Ends with {0}; the handlers need sv_services as the application's state. Static. */
const sv_operation *sv_openai_operations(void);

#endif
