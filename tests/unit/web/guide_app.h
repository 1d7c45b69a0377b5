/* guide_app.h: a small application with the guide's schemas, for the tests of this room. */
#ifndef SERVAL_TESTS_GUIDE_APP_H
#define SERVAL_TESTS_GUIDE_APP_H

#include <serval/serval.h>

extern const sv_app guide_app;

#endif
