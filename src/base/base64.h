/* base64.h: base64 text to bytes, as browsers take it in data: addresses, and back. */
#ifndef SERVAL_BASE_BASE64_H
#define SERVAL_BASE_BASE64_H

#include <stdbool.h>

#include <serval/str.h>

/* Room that sv_base64_decode needs at most, bytes. */
size_t sv_base64_decoded_max(size_t text_len);
/* Forgiving decode (WHATWG infra): ASCII white space is skipped, padding may be missing; standard
 * alphabet only. False when the text is not base64. `ret_bytes` has room for
 * sv_base64_decoded_max(text.len) and may hold anything after a failure. */
bool sv_base64_decode(sv_str text, char *ret_bytes, size_t *ret_len);

/* Length of the text of `size_bytes` bytes. */
size_t sv_base64_encoded_len(size_t size_bytes);
/* The standard alphabet with padding, without a zero at the end. `ret_text` has room for
 * sv_base64_encoded_len(size_bytes). */
void sv_base64_encode(const void *bytes, size_t size_bytes, char *ret_text);

#endif
