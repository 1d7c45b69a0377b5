/* uuid.h: UUIDs as text, as pydantic 2 (the uuid crate) reads and prints them. Making new ones:
 * base/id.h. Any thread. */
#ifndef SERVAL_JSON_UUID_H
#define SERVAL_JSON_UUID_H

#include <stdbool.h>

#include <serval/types.h>

#include "base/arena.h"

enum { SV_UUID_TEXT_LEN = 36 };

/* 32 hexadecimal digits of any case, or those in five groups with hyphens, the latter also in
 * braces or behind "urn:uuid:". */
bool sv_uuid_parse(sv_str text, sv_uuid *ret_uuid);
/* Why UTF-8 text that sv_uuid_parse refused is no UUID, for the error's key "error"; NULL pointer
 * when out of memory. */
sv_str sv_uuid_problem(sv_arena *arena, sv_str text);
/* Lower case, with hyphens, without a zero at the end. */
void sv_uuid_print(const sv_uuid *uuid, char ret_text[SV_UUID_TEXT_LEN]);
/* 1..8; 0 for one that is not of the family which has versions (RFC 9562). */
int sv_uuid_version(const sv_uuid *uuid);

#endif
