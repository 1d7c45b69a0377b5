/* id.h: random bytes and identifiers. */
#ifndef SERVAL_BASE_ID_H
#define SERVAL_BASE_ID_H

#include <stddef.h>
#include <stdint.h>

enum { SV_ID_UUID_LEN = 36 };

/* Fills from the kernel's generator; any thread. */
void sv_id_random(void *bytes, size_t size_bytes);
/* A UUID version 4 (RFC 9562) in lower case into `text` of SV_ID_UUID_LEN + 1 bytes. Any thread;
 * buffers randomness by thread, so that most calls make no system call. */
void sv_id_uuid4(char *text);

#endif
