/* cookie.h: a cookie to be set (RFC 6265). Cookies that a client sent are parameters of the
 * operation, not of this type. */
#ifndef SERVAL_COOKIE_H
#define SERVAL_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include <serval/attr.h>
#include <serval/str.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whether browsers send the cookie with requests that other sites cause. */
typedef enum sv_same_site {
    SV_SAME_SITE_LAX,    /* only when the user follows a link */
    SV_SAME_SITE_STRICT, /* never */
    SV_SAME_SITE_NONE,   /* always; browsers ask for `secure` then */
    SV_SAME_SITE_UNSET   /* the attribute is left out */
} sv_same_site;

/* One cookie; zeroed but for name and value it is a session cookie for the whole site:
 * `k=v; Path=/; SameSite=lax`. Texts are borrowed for the
 * time of the call; together at most 4096 bytes. */
typedef struct sv_cookie {
    sv_str name;   /* letters, digits and !#$%&'*+-.^_`|~: ; not the name of an attribute */
    sv_str value;  /* UTF-8 up to U+00FF; what is not plain is quoted and escaped */
    sv_str path;   /* NULL pointer: "/"; empty: the attribute is left out */
    sv_str domain; /* empty: this host only */
    bool has_max_age, has_expires;
    int64_t max_age_s; /* seconds to live; 0 or less deletes the cookie */
    int64_t expires;   /* when it ends, in unix seconds, 1970 to 2261 */
    bool secure;       /* over TLS only */
    bool http_only;    /* hidden from scripts */
    sv_same_site same_site;
} sv_cookie;

#ifdef __cplusplus
}
#endif

#endif
