/* cmd_openapi.c: `serval openapi`: the document on stdout. */
#include <stdio.h>

#include "app/commands.h"
#include "app/serve.h"

static int print_document(sv_runtime *runtime)
{
    size_t n_tables;
    const sv_operation *const *tables = sv_serve_tables(&n_tables);
    if (sv_runtime_open_models(runtime) || sv_runtime_build(runtime, NULL, tables, n_tables, true))
        return 1;
    sv_str document = sv_application_openapi(sv_service_application(runtime->service));
    fwrite(document.ptr, 1, document.len, stdout);
    fputc('\n', stdout);
    return 0;
}

int sv_cmd_openapi(int argc, char *const *argv)
{
    sv_runtime runtime = {.cli.takes = SV_CLI_MODELS};
    int code = sv_runtime_configure(&runtime, NULL, argc, argv);
    if (!code && runtime.cli.help) {
        printf("serval openapi [MODEL…]: the OpenAPI 3.1 document on stdout\n\n");
        sv_cli_print_options(&runtime.cli, stdout);
    } else if (!code) {
        code = print_document(&runtime);
    }
    if (code)
        sv_serve_explain(&runtime, "serval openapi", code);
    sv_runtime_deinit(&runtime);
    return code;
}
