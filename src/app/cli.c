/* cli.c: reads options. What commands do with them: cmd_*.c. */
#include "app/cli.h"

#include <string.h>
#include <unistd.h>

#include "base/nearest.h"

/* Options that are no settings. */
typedef struct extra_option {
    const char *name, *placeholder; /* NULL: takes no value */
    unsigned takes;                 /* sv_cli_takes; 0: every command */
    const char *help;
} extra_option;
static const extra_option extras[] = {
    {"config", "FILE", 0,
     "Settings; default: serval.yaml in the working directory, if it is there."},
    {"env-file", "FILE", 0, "Environment; default: .env in the working directory, if it is there."},
    {"set", "MODEL.KEY=VALUE", SV_CLI_MODELS, "Overrides a line of a model.yaml; may be repeated."},
    {"labels", "FILE", SV_CLI_MODELS, "Labels, one per line, when exactly one model is served."},
    {"json", NULL, SV_CLI_JSON, "Writes JSON."},
    {"help", NULL, 0, "Shows this."},
};
enum { N_EXTRAS = sizeof extras / sizeof *extras };

/* Arguments while they are read. */
typedef struct reader {
    sv_arena *arena;
    int argc, at;
    char *const *argv;
    sv_buf *problems;
    sv_cli *cli;
} reader;

static bool usage(sv_buf *problems, const char *format, sv_str what, const char *hint)
{
    sv_buf_printf(problems, "%s '%.*s'%s%s\n", format, SV_STR_ARG(what),
                  hint ? "; did you mean --" : "", hint ? hint : "");
    return false;
}

/* "max_body_size" as an option's name, in the arena. */
static const char *dashed(sv_arena *arena, const char *name)
{
    sv_str copy = sv_arena_printf(arena, "--%s", name);
    for (size_t i = 0; copy.ptr && i < copy.len; i++)
        if (copy.ptr[i] == '_')
            ((char *)(uintptr_t)copy.ptr)[i] = '-';
    return copy.ptr ? copy.ptr : name;
}

static bool is_name(sv_str name, const char *option)
{
    return sv_str_eq(name, sv_str_from(option));
}

static bool has_extra(const sv_cli *cli, const extra_option *extra)
{
    return !extra->takes || (extra->takes & cli->takes);
}

/* NULL when this command has no such option. */
static const extra_option *find_extra(const sv_cli *cli, sv_str name)
{
    for (int i = 0; i < N_EXTRAS; i++)
        if (is_name(name, extras[i].name) && has_extra(cli, &extras[i]))
            return &extras[i];
    return NULL;
}

/* The name begins behind the dashes of an argument. */
static bool refuse_option(const reader *from, const char *why, sv_str name)
{
    return usage(from->problems, why, (sv_str){name.ptr - 2, name.len + 2}, NULL);
}

/* Tells the nearest option when there is one. */
static bool refuse_unknown(const reader *from, sv_str name)
{
    size_t n;
    const sv_setting *rows = sv_settings_table(&n);
    sv_nearest search = sv_nearest_begin(name);
    for (size_t i = 0; i < n; i++)
        sv_nearest_offer(&search, rows[i].name);
    for (size_t i = 0; from->cli->app && i < from->cli->app->n; i++)
        sv_nearest_offer(&search, from->cli->app->rows[i].name);
    for (int i = 0; i < N_EXTRAS; i++)
        if (has_extra(from->cli, &extras[i]))
            sv_nearest_offer(&search, extras[i].name);
    return usage(from->problems, "unknown option", (sv_str){name.ptr - 2, name.len + 2},
                 search.best ? dashed(from->arena, search.best) + 2 : NULL);
}

static bool add_value(reader *from, sv_str name, const sv_setting *setting, const char *text)
{
    sv_cli *cli = from->cli;
    if (cli->n_values == sizeof cli->values / sizeof *cli->values)
        return refuse_option(from, "too many options at", name);
    cli->values[cli->n_values++] =
        (struct sv_cli_value){setting, text, dashed(from->arena, setting->name)};
    return true;
}

static bool add_extra(reader *from, sv_str name, const char *value)
{
    sv_cli *cli = from->cli;
    if (is_name(name, "help"))
        cli->help = true;
    else if (is_name(name, "json"))
        cli->json = true;
    else if (is_name(name, "config"))
        cli->config = value;
    else if (is_name(name, "env-file"))
        cli->env_file = value;
    else if (is_name(name, "labels"))
        cli->labels = value;
    else if (cli->n_sets < SV_CLI_MAX_ARGS)
        cli->sets[cli->n_sets++] = value;
    else
        return refuse_option(from, "too many options at", name);
    return true;
}

/* --name=value, or the next argument; NULL when there is none. */
static const char *take_value(reader *from, const char *equals)
{
    if (equals)
        return equals + 1;
    return from->at + 1 < from->argc ? from->argv[++from->at] : NULL;
}

/* The server's row, else the application's. */
static const sv_setting *find_setting(const sv_cli *cli, sv_str name)
{
    const sv_setting *setting = sv_settings_table_find(name);
    return setting ? setting : sv_app_settings_find(cli->app, name);
}

/* --debug and --no-debug need no value; NULL when the name is no such flag. */
static const sv_setting *find_flag(const sv_cli *cli, sv_str name, bool *ret_on)
{
    bool off = sv_str_starts_with(name, SV_STR("no-"));
    const sv_setting *setting = find_setting(cli, off ? sv_str_slice(name, 3, name.len) : name);
    *ret_on = !off;
    return setting && (setting->kind == SV_SETTING_BOOL || setting->is_flag) ? setting : NULL;
}

static bool read_option(reader *from)
{
    const char *text = from->argv[from->at] + 2, *equals = strchr(text, '=');
    sv_str name = {text, equals ? (size_t)(equals - text) : strlen(text)};
    bool on = false;
    const sv_setting *flag = equals ? NULL : find_flag(from->cli, name, &on);
    if (flag)
        return add_value(from, name, flag, on ? "true" : "false");
    const sv_setting *setting = find_setting(from->cli, name);
    const extra_option *extra = setting ? NULL : find_extra(from->cli, name);
    if (!setting && !extra)
        return refuse_unknown(from, name);
    if (extra && !extra->placeholder)
        return equals ? refuse_option(from, "no value is taken by", name)
                      : add_extra(from, name, NULL);
    const char *value = take_value(from, equals);
    if (!value)
        return refuse_option(from, "no value for option", name);
    return setting ? add_value(from, name, setting, value) : add_extra(from, name, value);
}

static bool read_argument(reader *from, bool *only_positional)
{
    sv_cli *cli = from->cli;
    sv_str text = sv_str_from(from->argv[from->at]);
    bool option = !*only_positional && text.len > 1 && text.ptr[0] == '-';
    if (option && sv_str_eq(text, SV_STR("--"))) {
        *only_positional = true;
    } else if (option && sv_str_eq(text, SV_STR("-h"))) {
        cli->help = true;
    } else if (option && text.ptr[1] == '-') {
        return read_option(from);
    } else if (option) {
        return usage(from->problems, "unknown option", text, NULL);
    } else if (cli->n_positional == SV_CLI_MAX_ARGS) {
        return usage(from->problems, "too many arguments at", text, NULL);
    } else {
        cli->positional[cli->n_positional++] = text.ptr;
    }
    return true;
}

bool sv_cli_read(sv_arena *arena, int argc, char *const *argv, sv_buf *problems, sv_cli *cli)
{
    reader from = {arena, argc, 0, argv, problems, cli};
    bool only_positional = false;
    *cli = (sv_cli){.takes = cli->takes, .app = cli->app};
    for (; from.at < argc; from.at++)
        if (!read_argument(&from, &only_positional))
            return false;
    return true;
}

/* A sentence, wrapped at 80 columns below its option. */
static void print_wrapped(FILE *to, const char *text, const char *more)
{
    enum { INDENT = 6, WIDTH = 80 };
    sv_str rest = sv_str_from(text), word;
    int column = INDENT;
    fprintf(to, "%*s", INDENT, "");
    for (int part = 0; part < 2; part++, rest = sv_str_from(more)) {
        while (rest.len && sv_str_split(&rest, ' ', &word)) {
            if (column > INDENT && column + 1 + (int)word.len > WIDTH) {
                fprintf(to, "\n%*s", INDENT, "");
                column = INDENT;
            }
            bool first = column == INDENT;
            fprintf(to, "%s%.*s", first ? "" : " ", SV_STR_ARG(word));
            column += (int)word.len + !first;
        }
    }
    fprintf(to, "\n");
}

static const char *placeholder(const sv_setting *setting)
{
    switch (setting->kind) {
    case SV_SETTING_BOOL:
        return "";
    case SV_SETTING_INT:
        return " N";
    case SV_SETTING_DURATION:
        return " TIME";
    case SV_SETTING_SIZE:
        return " SIZE";
    case SV_SETTING_CHOICE:
        return " NAME";
    case SV_SETTING_MAP:
        return " JSON";
    case SV_SETTING_APP:
        return setting->is_flag ? "" : " VALUE";
    case SV_SETTING_TEXT:
        break;
    }
    return " TEXT";
}

static void print_setting(FILE *to, const sv_setting *setting)
{
    char help[400], more[300];
    bool is_flag = setting->kind == SV_SETTING_BOOL || setting->is_flag;
    for (int no = 0; no < (is_flag ? 2 : 1); no++) {
        fprintf(to, no ? ", --no-" : "  --");
        for (const char *at = setting->name; *at; at++)
            fputc(*at == '_' ? '-' : *at, to);
    }
    fprintf(to, "%s\n", placeholder(setting));
    snprintf(help, sizeof help, "%s.", setting->help);
    snprintf(more, sizeof more, "%s%s%s(default: %s)", setting->choices ? "One of " : "",
             setting->choices ? setting->choices : "", setting->choices ? " " : "",
             setting->default_text[0] ? setting->default_text : "none");
    print_wrapped(to, help, more);
}

void sv_cli_print_options(const sv_cli *cli, FILE *to)
{
    size_t n;
    const sv_setting *rows = sv_settings_table(&n);
    fprintf(
        to,
        "Options (also as SERVAL_NAME in the environment or .env, or as name: in serval.yaml):\n");
    for (size_t i = 0; i < n; i++)
        print_setting(to, &rows[i]);
    for (size_t i = 0; cli->app && i < cli->app->n; i++)
        if (!sv_settings_table_find(sv_str_from(cli->app->rows[i].name)))
            print_setting(to, &cli->app->rows[i]);
    fprintf(to, "\nOptions of the command line only:\n");
    for (int i = 0; i < N_EXTRAS; i++) {
        const char *value = extras[i].placeholder;
        if (!has_extra(cli, &extras[i]))
            continue;
        fprintf(to, "  --%s%s%s\n", extras[i].name, value ? " " : "", value ? value : "");
        print_wrapped(to, extras[i].help, "");
    }
    fprintf(to,
            "\nTimes: 30 (seconds), 500ms, 2m, 1h. Sizes: 1048576 (bytes), 64KiB, 10MiB, 1GiB.\n");
}

bool sv_cli_load_settings(const sv_cli *cli, sv_arena *arena, sv_buf *problems, sv_buf *notices,
                          sv_settings_merge *ret_merge)
{
    sv_settings_begin(ret_merge, arena, problems, cli->app);
    sv_settings_read_yaml(ret_merge, cli->config ? cli->config : "serval.yaml",
                          cli->config != NULL);
    sv_settings_read_env_file(ret_merge, cli->env_file ? cli->env_file : ".env",
                              cli->env_file != NULL, notices);
    sv_settings_read_environment(ret_merge, environ);
    for (size_t i = 0; i < cli->n_values; i++)
        sv_settings_set(ret_merge, cli->values[i].setting, sv_str_from(cli->values[i].text),
                        cli->values[i].origin);
    return !ret_merge->failed;
}
