/* openapi_document.h: what the writers of the parts of an OpenAPI document share. */
#ifndef SERVAL_WEB_OPENAPI_DOCUMENT_H
#define SERVAL_WEB_OPENAPI_DOCUMENT_H

#include "base/arena.h"
#include "base/writer.h"
#include "web/application.h"
#include "json/json_schema.h"

/* One document being written. */
typedef struct sv_openapi_document {
    const sv_application *application;
    sv_writer *writer;
    sv_arena *arena; /* of the document: gone when it is written */
    sv_json_schema_set *schemas;
} sv_openapi_document;

#endif
