/* cmd_check.c: `serval check`: everything that `serve` would refuse, found without serving. */
#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/serve.h"

/* One line per version; false when it cannot be served. */
static bool report_version(const sv_model *model, const sv_model_version *version)
{
    bool good = sv_registry_state(version) == SV_VERSION_READY;
    const char *warning = strstr(version->reason, "warning: ");
    printf("%s %.*s version %.*s%s%s\n", good ? "ok    " : "FAILED", SV_STR_ARG(model->name),
           SV_STR_ARG(version->name), good ? "" : ": ", good ? "" : version->reason);
    if (good && warning)
        printf("       %.*s\n", (int)strcspn(warning, "\n"), warning);
    return good;
}

static int check(sv_runtime *runtime)
{
    size_t n;
    if (sv_runtime_open_models(runtime))
        return 1;
    size_t n_failed = sv_runtime_load_models(runtime);
    const sv_model *models = sv_registry_models(runtime->registry, &n);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < models[i].n_versions; k++)
            (void)report_version(&models[i], &models[i].versions[k]);
    if (!n)
        printf("ok     settings; no models\n");
    return n_failed ? 1 : 0;
}

int sv_cmd_check(int argc, char *const *argv)
{
    sv_runtime runtime = {.cli.takes = SV_CLI_MODELS};
    int code = sv_runtime_configure(&runtime, NULL, argc, argv);
    if (!code && runtime.cli.help) {
        printf("serval check [MODEL…]: settings, manifests, models loaded and run once, without "
               "serving\n\n");
        sv_cli_print_options(&runtime.cli, stdout);
    } else if (!code) {
        code = check(&runtime);
    }
    if (code && runtime.problems.len)
        sv_serve_explain(&runtime, "serval check", code);
    sv_runtime_deinit(&runtime);
    return code;
}
