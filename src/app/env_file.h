/* env_file.h: what a .env file says, name by name. Pure. */
#ifndef SERVAL_APP_ENV_FILE_H
#define SERVAL_APP_ENV_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* Where reading stands; start with `{.rest = text}`. */
typedef struct sv_env_file {
    sv_str rest;
    size_t lines_read;
} sv_env_file;

typedef struct sv_env_entry {
    sv_str name, value;  /* the value without quotes and comment; may live in the arena */
    size_t line;         /* where the entry starts, from 1 */
    const char *problem; /* why it is wrong; NULL: it is not. `name` is there if it could be read */
} sv_env_entry;

/* Reads the next entry; false at the end. Blank lines and comments are skipped; `export
 * NAME=value`, trailing ` # comments` and quotes are understood as python-dotenv does: "double"
 * ones with \n \r
 * \t \" \\, 'single' ones with \' \\, both over several lines. What cannot be read is an entry with
 * a problem, and reading goes on behind its line. */
bool sv_env_file_next(sv_arena *arena, sv_env_file *file, sv_env_entry *ret_entry);

#endif
