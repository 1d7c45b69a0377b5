/* cli.h: the command line: GNU-style long options made from the table of settings, and --help. Pure
 * but for printing. */
#ifndef SERVAL_APP_CLI_H
#define SERVAL_APP_CLI_H

#include <stdio.h>

#include "app/app_settings.h"

enum { SV_CLI_MAX_ARGS = 64 };

/* Options that only some commands have. */
typedef enum sv_cli_takes {
    SV_CLI_MODELS = 1, /* --set, --labels */
    SV_CLI_JSON = 2,   /* --json */
} sv_cli_takes;

typedef struct sv_cli {
    unsigned takes;       /* sv_cli_takes; to be set before reading */
    sv_app_settings *app; /* what an application adds; the same; NULL: nothing */
    const char *positional[SV_CLI_MAX_ARGS];
    size_t n_positional;
    const char *config, *env_file, *labels; /* NULL: not given */
    const char *sets[SV_CLI_MAX_ARGS];      /* --set */
    size_t n_sets;
    bool help, json;
    struct sv_cli_value {
        const sv_setting *setting;
        const char *text, *origin; /* "--port" */
    } values[SV_SETTINGS_MAX * 2];
    size_t n_values;
} sv_cli;

/* Reads `argc` arguments, the first of which is already an argument. False: usage error, one line
 * on `problems`. Of `*cli` only `takes` and `app` are kept. */
bool sv_cli_read(sv_arena *arena, int argc, char *const *argv, sv_buf *problems, sv_cli *cli);
/* Prints every setting as an option, with a sentence and its default, and the command's others. */
void sv_cli_print_options(const sv_cli *cli, FILE *to);
/* All sources in order: defaults, serval.yaml, .env, environment, the command line. False:
 * `problems` has why. */
bool sv_cli_load_settings(const sv_cli *cli, sv_arena *arena, sv_buf *problems, sv_buf *notices,
                          sv_settings_merge *ret_merge);

#endif
