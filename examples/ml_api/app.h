/* app.h: the application, for main.c and the tests. */
#ifndef APP_H
#define APP_H

#include <serval/serval.h>

extern const sv_app app;

#endif
