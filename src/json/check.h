/* check.h: what a custom check of a schema is handed: a place for its refusal, and memory. */
#ifndef SERVAL_JSON_CHECK_H
#define SERVAL_JSON_CHECK_H

#include <serval/schema.h>

#include "base/arena.h"

/* One run of one check; zeroed but for the arena. */
struct sv_check {
    sv_arena *arena;
    sv_str message; /* NULL pointer: nothing was refused, or memory is out */
};

#endif
