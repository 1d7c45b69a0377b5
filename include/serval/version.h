/* version.h: the release of Serval, at compile time and at run time. */
#ifndef SERVAL_VERSION_H
#define SERVAL_VERSION_H

#include <serval/attr.h>

#define SV_VERSION "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/* The release of the library that is linked, e.g. "0.1.0"; static text. Any thread. */
SV_API const char *sv_version(void);

#ifdef __cplusplus
}
#endif

#endif
