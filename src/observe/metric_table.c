/* metric_table.c: the rows of metric_table.h. */
#include "observe/metric_table.h"

const sv_metric_row *sv_metric_table(void)
{
    static const sv_metric_row rows[] = {
#define METRIC_ROW(id, name, kind, unit, labels, buckets, help)                                    \
    {name, SV_METRIC_##kind, SV_METRIC_##unit, labels, buckets, help},
        SV_METRIC_MAP(METRIC_ROW)
#undef METRIC_ROW
    };
    return rows;
}
