/* cgroup.h: how many CPUs and how much memory this process may use. */
#ifndef SERVAL_BASE_CGROUP_H
#define SERVAL_BASE_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

typedef struct sv_cgroup_limits {
    double cpus;           /* the smaller of quota and cpuset; > 0 */
    int cpuset_cpus;       /* CPUs the scheduler may put us on */
    double quota_cpus;     /* CPU quota of the cgroup, 0: none */
    uint64_t memory_bytes; /* the smaller of the cgroup's limit and the machine's memory */
    bool memory_limited;   /* the cgroup sets it */
} sv_cgroup_limits;

/* Reads cgroup v2 or v1 below `root` ("" for the real machine; a test's folder otherwise), the
 * affinity mask and the machine's memory. Never fails: what cannot be read does not limit. */
sv_cgroup_limits sv_cgroup_read(const char *root);

#endif
