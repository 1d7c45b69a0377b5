/* email.h: addresses of e-mail as pydantic's EmailStr takes, normalises and refuses them (the rules
 * and words of email-validator, without asking the DNS). */
#ifndef SERVAL_JSON_EMAIL_H
#define SERVAL_JSON_EMAIL_H

#include "base/arena.h"
#include "json/error_type.h"

typedef struct sv_email {
    sv_error_type error; /* SV_ERROR_TYPE_NONE or SV_ERROR_TYPE_EMAIL */
    sv_context context;  /* the reason, in the arena or static */
    sv_str text; /* part of the input when it is normal, else in the arena; empty on error */
} sv_email;

/* Reads `text`, which is UTF-8: an address, or "Name <address>", of which the address is taken. The
 * domain becomes lower case and leaves Punycode. SV_OK also when it is no address:
 * `ret_email->error` says so. Otherwise SV_NO_MEMORY. Any thread.
 *
 * Not here: Unicode normalisation (NFC) of what is not ASCII, the class of every character of
 * Unicode, and the words about single characters of foreign domains. */
sv_status sv_email_read(sv_arena *arena, sv_str text, sv_email *ret_email) SV_MUST_USE;

#endif
