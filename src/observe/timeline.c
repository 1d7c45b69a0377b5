/* timeline.c: names of the stages of a request. */
#include "observe/timeline.h"

const char *sv_timeline_stage_name(sv_stage stage)
{
    static const char *const names[] = {
#define STAGE_NAME(name, text) text,
        SV_STAGE_MAP(STAGE_NAME)
#undef STAGE_NAME
    };
    return names[stage];
}
