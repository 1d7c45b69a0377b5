/* server_lab.h: the whole server in this process, without sockets, over models/digits. */
#ifndef SERVAL_TESTS_SERVER_LAB_H
#define SERVAL_TESTS_SERVER_LAB_H

#include <serval/test.h>

#include "app/runtime.h"
#include "json/value.h"

/* One server at a time. */
typedef struct server_lab {
    sv_runtime runtime;
    sv_client *client;
} server_lab;

/* Builds the server over models/digits; nothing is loaded yet. `options` are more of the command
 * line, ended by NULL; or NULL. */
void server_lab_open(server_lab *lab, const char *const *options);
/* Loads every version; skips the test when the engine is not installed. */
void server_lab_load(server_lab *lab);
/* Loads one version of the default model; the same. */
void server_lab_load_version(server_lab *lab, const char *name);
/* Accepts a closed one. */
void server_lab_close(server_lab *lab);

/* The body of an answer as JSON; fails the test when it is none. Lives until the lab is closed. */
const sv_value *server_lab_json(server_lab *lab, const sv_reply *reply);
/* The text of a member of the body; the empty span when there is none. */
sv_str server_lab_text(server_lab *lab, const sv_reply *reply, const char *name);
/* A file of examples/pictures. */
sv_str server_lab_picture(server_lab *lab, const char *name);
/* {"image_url":"data:image/png;base64,…"} of it. */
const char *server_lab_body(server_lab *lab, const char *name);

#endif
