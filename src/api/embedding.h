/* embedding.h: POST /embed: texts -> vectors. */
#ifndef SERVAL_API_EMBEDDING_H
#define SERVAL_API_EMBEDDING_H

#include <serval/operation.h>

/* Ends with an empty row; the handlers need sv_services as the application's state. */
const sv_operation *sv_embedding_operations(void);

#endif
