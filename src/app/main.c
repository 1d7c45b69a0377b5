/* main.c: the program `serval`: finds the command. */
#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/serve.h"
#include "engine/engine.h"

typedef struct command {
    const char *name, *help;
    int (*run)(int argc, char *const *argv);
} command;

static const command commands[] = {
    {"serve", "serve models over HTTP", sv_serve_command},
    {"check", "everything `serve` would refuse, found without serving", sv_cmd_check},
    {"models", "what a model is, and why Serval thinks so", sv_cmd_models},
    {"new", "write the start of an application of your own, in C", sv_cmd_new},
    {"openapi", "the OpenAPI document on stdout", sv_cmd_openapi},
    {"version", "version, engines found and where", sv_cmd_version},
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static int print_help(FILE *to, int code)
{
    fprintf(to, "Usage: serval COMMAND [MODEL…] [OPTION…]\n\nTurns a trained model into a "
                "production HTTP API.\n\n");
    for (int i = 0; i < N_COMMANDS; i++)
        fprintf(to, "  %-8s  %s\n", commands[i].name, commands[i].help);
    fprintf(to, "\n`serval COMMAND --help` lists the options.\n");
    return code;
}

int main(int argc, char **argv)
{
    sv_engine_prepare_environment();
    if (argc < 2)
        return print_help(stderr, 2);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0)
        return print_help(stdout, 0);
    if (strcmp(argv[1], "--version") == 0)
        return sv_cmd_version(0, NULL);
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 2, argv + 2);
    fprintf(stderr, "serval: unknown command '%s'\n", argv[1]);
    return print_help(stderr, 2);
}
