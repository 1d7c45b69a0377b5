/* twin.h: what the sections of the twin (twin.c) share: models, and the routers that they are.
 *
 * The tables stand in every file that includes this; in OpenAPI they are one component each. */
#ifndef SERVAL_TESTS_TWIN_H
#define SERVAL_TESTS_TWIN_H

#include <serval/serval.h>

/* What most handlers answer: what they were given. */
struct shown {
    sv_str text;
};
SV_SCHEMA_WITH(shown, (.component = "Params"), SV_FIELD(shown, text));

/* Text or "None", as Python prints it. */
static inline sv_str or_none(sv_opt_str text)
{
    return text.set ? text.value : SV_STR("None");
}

enum color { RED, GREEN };
SV_ENUM(Color, {"red", RED}, {"green", GREEN});

struct size {
    int64_t width, height;
};
SV_SCHEMA_WITH(size, (.component = "Size"), SV_FIELD(size, width, SV_GT(0)),
               SV_FIELD(size, height, SV_GT(0), SV_LT(10000)));

struct strict {
    int64_t x;
};
SV_SCHEMA_WITH(strict, (.component = "Strict", .extra = SV_EXTRA_FORBID), SV_FIELD(strict, x));

extern const sv_api_router models_router, parameters_router, forms_router, things_router,
    secured_router, kinds_router, unions_router, bodies_router, streams_router, answers_router;

#endif
