/* timeline.h: how long each stage of a request took. Plain data, moves with the request. */
#ifndef SERVAL_OBSERVE_TIMELINE_H
#define SERVAL_OBSERVE_TIMELINE_H

#include <stddef.h>
#include <stdint.h>

/* X(name, text): text is the name in `Server-Timing` and the log's `<text>_ms`. */
#define SV_STAGE_MAP(X)                                                                            \
    X(FETCH, "fetch")                                                                              \
    X(QUEUE, "queue")                                                                              \
    X(DECODE, "decode")                                                                            \
    X(INFER, "infer")                                                                              \
    X(ENCODE, "encode")

typedef enum sv_stage {
#define SV_STAGE_ENUM(name, text) SV_STAGE_##name,
    SV_STAGE_MAP(SV_STAGE_ENUM)
#undef SV_STAGE_ENUM
        SV_STAGE_COUNT
} sv_stage;

typedef struct sv_timeline {
    int64_t stage_ns[SV_STAGE_COUNT]; /* 0: the stage did not happen */
    const char *model, *version; /* who answered; NULL: nobody. Static or of the request's arena */
} sv_timeline;

const char *sv_timeline_stage_name(sv_stage stage);
/* "fetch;dur=1.20, infer;dur=7.31": the stages that happened, in milliseconds, as the value of the
 * header Server-Timing; into `text` of SV_TIMELINE_TEXT_SIZE bytes. Returns how many there are. */
enum { SV_TIMELINE_TEXT_SIZE = 256 };
size_t sv_timeline_format(const sv_timeline *timeline, char *text);

#endif
