/* access_line.h: one finished request as a line of text. Pure; any thread. */
#ifndef SERVAL_OBSERVE_ACCESS_LINE_H
#define SERVAL_OBSERVE_ACCESS_LINE_H

#include "observe/log.h"

/* Long texts (path, agent …) are cut so that a line always fits. */
enum { SV_ACCESS_LINE_MAX = 24576 };

/* Both write into `room` of SV_ACCESS_LINE_MAX bytes and return the line, line end included. */
sv_str sv_access_line_json(const sv_access_entry *entry, char *room);
/* uvicorn's form, then id and duration. */
sv_str sv_access_line_text(const sv_access_entry *entry, char *room);

#endif
