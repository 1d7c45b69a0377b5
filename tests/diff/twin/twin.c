/* The twin: one application, written here with Serval and in twin.py with FastAPI.
 *
 * Both must tell the same in OpenAPI (tests/e2e/test_openapi.py) and on the wire. A section of
 * twin.py is a router here, in one of the files of this folder, with its operations in the same
 * order under the same names. */
#include "twin.h"

static const sv_api_router *const routers[] = {
    &models_router,  &parameters_router, &forms_router,  &things_router,
    &secured_router, &kinds_router,      &unions_router, &bodies_router,
    &streams_router, &answers_router,    NULL,
};

int main(int argc, char **argv)
{
    static const sv_app app = {.title = "Twin",
                               .version = "1.0.0",
                               .description = "The same application twice.",
                               .routers = routers};
    return sv_main(argc, argv, &app);
}
