/* program.c: sv_main: a whole server program around somebody else's operations. */
#include <stdio.h>
#include <string.h>

#include <serval/app.h>

#include "app/serve.h"
#include "app/signals.h"

static int run(sv_runtime *runtime, const sv_app *app, const char *program)
{
    if (runtime->cli.n_positional) {
        sv_buf_printf(&runtime->problems, "unexpected argument '%s'\n", runtime->cli.positional[0]);
        return 2;
    }
    if (runtime->cli.help) {
        printf("%s: %s\n\n", program, app->title ? app->title : "a server built on Serval");
        sv_cli_print_options(&runtime->cli, stdout);
        return 0;
    }
    if (sv_runtime_build(runtime, app, NULL, 0, false))
        return 1;
    return sv_serve_run(runtime);
}

int sv_main(int argc, char **argv, const sv_app *app)
{
    const char *slash = strrchr(argv[0], '/');
    const char *program = slash ? slash + 1 : argv[0];
    sv_runtime runtime = {0};
    sv_signals_block();
    int code = sv_runtime_configure(&runtime, app, argc - 1, argv + 1);
    if (!code)
        code = run(&runtime, app, program);
    if (code)
        sv_serve_explain(&runtime, program, code);
    sv_runtime_deinit(&runtime);
    return code;
}
