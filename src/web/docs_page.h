/* docs_page.h: /openapi.json, /docs and /redoc, served from the program itself, without internet.
 */
#ifndef SERVAL_WEB_DOCS_PAGE_H
#define SERVAL_WEB_DOCS_PAGE_H

#include <serval/operation.h>

/* The operations of the pages; ends with {0}. Static. */
const sv_operation *sv_docs_page_operations(void);

#endif
