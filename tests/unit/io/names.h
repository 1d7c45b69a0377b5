/* names.h: name look-ups of the test's own, instead of the system's, for all of the program.
 *
 *   loop.test      127.0.0.1
 *   private.test   10.255.255.1
 *   mixed.test     10.255.255.1 and 127.0.0.1
 *   second.test    127.0.0.2 and 127.0.0.1
 *   none.test      not found
 *   hang.test      no answer until names_let_go
 *   others         the system's answer */
#ifndef SERVAL_TESTS_IO_NAMES_H
#define SERVAL_TESTS_IO_NAMES_H

/* Ends the look-ups that hang, and those to come. */
void names_let_go(void);

#endif
