/* timeline.c: names of the stages of a request. */
#include "observe/timeline.h"

#include <string.h>

const char *sv_timeline_stage_name(sv_stage stage)
{
    static const char *const names[] = {
#define STAGE_NAME(name, text) text,
        SV_STAGE_MAP(STAGE_NAME)
#undef STAGE_NAME
    };
    return names[stage];
}

/* Digits of a number, right to left; returns where they begin. */
static char *put_number(char *end, uint64_t number)
{
    do {
        *--end = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    return end;
}

static char *put(char *to, const char *bytes, size_t n)
{
    memcpy(to, bytes, n);
    return to + n;
}

/* Every answer of a model carries this: no printf. */
static char *put_duration(char *to, int64_t ns)
{
    char digits[24], *end = digits + sizeof digits;
    uint64_t hundredths = ((uint64_t)(ns > 0 ? ns : 0) + 5000) / 10000;
    char *at = put_number(end, hundredths % 100 + 100); /* two digits, behind a 1 */
    *at = '.';
    at = put_number(at, hundredths / 100);
    return put(to, at, (size_t)(end - at));
}

size_t sv_timeline_format(const sv_timeline *timeline, char *text)
{
    char *to = text;
    for (int stage = 0; stage < SV_STAGE_COUNT; stage++) {
        const char *name = sv_timeline_stage_name((sv_stage)stage);
        if (!timeline->stage_ns[stage])
            continue;
        to = to == text ? to : put(to, ", ", 2);
        to = put(to, name, strlen(name));
        to = put(to, ";dur=", 5);
        to = put_duration(to, timeline->stage_ns[stage]);
    }
    return (size_t)(to - text);
}
