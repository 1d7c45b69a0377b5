/* attr.h: what the compiler is told about Serval's functions. No types. */
#ifndef SERVAL_ATTR_H
#define SERVAL_ATTR_H

#define SV_API __attribute__((visibility("default")))
#define SV_MUST_USE __attribute__((warn_unused_result))
#define SV_PRINTF(text, first) __attribute__((format(printf, text, first)))

#endif
