/* env_file.h: lines of a .env file. Pure. */
#ifndef SERVAL_APP_ENV_FILE_H
#define SERVAL_APP_ENV_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

typedef struct sv_env_line {
    sv_str name, value;  /* the value without quotes and comment; may live in the arena */
    const char *problem; /* why the line is wrong; NULL: it is not */
} sv_env_line;

/* Cuts the next line that says something off `*rest` and counts lines in `*number` (from 1). Blank
 * lines and comments are skipped; `export NAME=value`, 'single' and "double" quotes (with \n \t \"
 * \\) and trailing ` # comments` are understood. False at the end. */
bool sv_env_file_next(sv_arena *arena, sv_str *rest, size_t *number, sv_env_line *ret_line);

#endif
