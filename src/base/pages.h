/* pages.h: advice to the kernel about large pieces of memory. */
#ifndef SERVAL_BASE_PAGES_H
#define SERVAL_BASE_PAGES_H

#include <stddef.h>

/* Asks for huge pages in a block that was just allocated and will be filled soon: one fault for
 * 2 MiB instead of 512. Blocks below 4 MiB are left alone: their ends would cost more than they
 * save. Where the kernel knows no huge pages nothing happens. Any thread. */
void sv_pages_advise_huge(void *block, size_t size_bytes);

#endif
