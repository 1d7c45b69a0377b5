/* relay_reader.h: what an upstream answers, read strictly: frames of a stream, or one object, into
 * the pipe of an answer. Knows no HTTP and no loop.
 *
 * DESIGN. A request whose `ask` has a name gets every frame as it is, parsed and written anew, with
 * that name for the model; others get the text of the first choice. Both learn usage and end. A
 * stream is complete with [DONE], or with a finish_reason where a server leaves [DONE] out. */
#ifndef SERVAL_MODEL_RELAY_READER_H
#define SERVAL_MODEL_RELAY_READER_H

#include "model/relay_trouble.h"

enum {
    SV_RELAY_MAX_FRAME = 1 << 20,  /* bytes of one event */
    SV_RELAY_MAX_WHOLE = 32 << 20, /* of an answer that is no stream */
    SV_RELAY_MAX_DEPTH = 200
};

typedef struct sv_relay_reader {
    sv_generation *generation;
    sv_str secret; /* what no message may have in it */
    /* Its own. */
    sv_arena *arena; /* of the frame at hand */
    sv_buf out;
    int64_t told_ns;  /* when the last text came */
    sv_finish finish; /* as told; NONE: not yet */
    bool is_done;     /* [DONE] came */
    sv_relay_trouble trouble;
} sv_relay_reader;

/* SV_NO_MEMORY. */
sv_status sv_relay_reader_init(sv_relay_reader *reader, sv_generation *generation,
                               sv_str secret) SV_MUST_USE;
/* Accepts a zeroed one. */
void sv_relay_reader_deinit(sv_relay_reader *reader);

/* The data of one event; after [DONE] it is passed over. A status that is not SV_OK: `trouble` has
 * it. */
sv_status sv_relay_reader_frame(sv_relay_reader *reader, sv_str data) SV_MUST_USE;
/* An answer that is no stream. */
sv_status sv_relay_reader_whole(sv_relay_reader *reader, sv_str json) SV_MUST_USE;
/* A stream has ended: whether it was complete. */
sv_status sv_relay_reader_end(sv_relay_reader *reader) SV_MUST_USE;

#endif
