/* cmd_check.c: `serval check`: everything that `serve` would refuse, found without serving. */
#include <stdio.h>

#include "app/commands.h"
#include "app/serve.h"

static void report_warnings(const char *reasons)
{
    static const sv_str mark = SV_STR_INIT("warning: ");
    sv_str rest = sv_str_from(reasons), line;
    while (rest.len && sv_str_split(&rest, '\n', &line))
        if (sv_str_starts_with(line, mark))
            printf("       %.*s\n", SV_STR_ARG(line));
}

/* One line per version, and one per warning. */
static void report_version(const sv_model *model, const sv_model_version *version)
{
    bool good = version->current != NULL;
    printf("%s %.*s version %.*s%s%s\n", good ? "ok    " : "FAILED", SV_STR_ARG(model->name),
           SV_STR_ARG(version->name), good ? "" : ": ", good ? "" : version->reason);
    if (good)
        report_warnings(version->current->reasons);
}

static int check(sv_runtime *runtime)
{
    if (sv_runtime_open_models(runtime))
        return 1;
    size_t n_failed = sv_runtime_load_models(runtime);
    const sv_model_set *set = sv_registry_set(runtime->registry);
    for (size_t i = 0; i < set->n_models; i++)
        for (size_t k = 0; k < set->models[i]->n_versions; k++)
            report_version(set->models[i], set->models[i]->versions[k]);
    if (!set->n_models)
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
