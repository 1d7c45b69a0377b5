/* serve.h: from a configured runtime to a served one and back. */
#ifndef SERVAL_APP_SERVE_H
#define SERVAL_APP_SERVE_H

#include <stddef.h>

#include <serval/app.h>

#include "app/runtime.h"

/* The tables of the model server; ends with NULL. Static. */
const sv_operation *const *sv_serve_tables(size_t *ret_count);
/* Prints why the program cannot go on; returns `code`. */
int sv_serve_explain(sv_runtime *runtime, const char *program, int code);
/* Opens the application's states and listens; `problems` has why not. */
sv_status sv_serve_open(sv_runtime *runtime) SV_MUST_USE;
/* Listens, prints the plan, loads the models that there are, prints the ready line, waits for a
 * signal, drains. Returns the exit code. */
int sv_serve_run(sv_runtime *runtime);

/* `serval serve`, with the arguments behind the command. */
int sv_serve_command(int argc, char *const *argv);

#endif
