/* client_jar.h: the cookies of one client of one host, as browsers keep them (RFC 6265, 5.2 to
 * 5.4). */
#ifndef SERVAL_WEB_CLIENT_JAR_H
#define SERVAL_WEB_CLIENT_JAR_H

#include <stdbool.h>
#include <stdint.h>

#include <serval/str.h>

#include "base/arena.h"
#include "base/buf.h"

enum { SV_CLIENT_JAR_MAX = 100 };

typedef struct sv_client_cookie {
    sv_str name, value, path; /* in the client's arena */
    int64_t until_s;          /* unix seconds; INT64_MAX: as long as the client */
} sv_client_cookie;

/* Zeroed: empty. Oldest first. */
typedef struct sv_client_jar {
    sv_client_cookie cookies[SV_CLIENT_JAR_MAX];
    size_t n;
} sv_client_jar;

/* Obeys the value of a Set-Cookie field in an answer to a request for `target` (its query is not
 * looked at). What is no cookie is ignored; so is a cookie too many, and one that finds no memory.
 */
void sv_client_jar_obey(sv_client_jar *jar, sv_arena *arena, sv_str set_cookie, sv_str target,
                        int64_t now_s);
/* A cookie for all paths and all time. False: no room, or no memory. */
bool sv_client_jar_put(sv_client_jar *jar, sv_arena *arena, sv_str name, sv_str value);
/* All of this name; a NULL pointer: all. */
void sv_client_jar_remove(sv_client_jar *jar, sv_str name);
/* The value of the newest of this name, NULL pointer when there is none. */
sv_str sv_client_jar_find(const sv_client_jar *jar, sv_str name, int64_t now_s);
/* Appends the value of the Cookie field for `target`: those with longer paths first. Nothing when
 * there are none. */
void sv_client_jar_write(const sv_client_jar *jar, sv_str target, int64_t now_s, sv_buf *out);

#endif
