/* cgroup.c: CPU quota, cpuset and memory limit of the process (Linux; control groups v2, then v1).
 */
#include "base/cgroup.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_SIZE = 4096 };

/* First line of a file; false when it cannot be read. */
static bool read_line(const char *root, const char *path, char *line)
{
    char full[LINE_SIZE];
    snprintf(full, sizeof full, "%s%s", root, path);
    FILE *file = fopen(full, "re");
    if (!file)
        return false;
    bool got = fgets(line, LINE_SIZE, file) != NULL;
    fclose(file);
    return got;
}

/* The group of this process below the v2 mount: "0::/path" in /proc/self/cgroup. */
static void read_own_group(const char *root, char *group)
{
    char full[LINE_SIZE], line[LINE_SIZE];
    group[0] = '\0';
    snprintf(full, sizeof full, "%s/proc/self/cgroup", root);
    FILE *file = fopen(full, "re");
    if (!file)
        return;
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "0::/", 4) != 0)
            continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(group, LINE_SIZE / 2, "%.2000s", line + 3);
    }
    fclose(file);
    if (strcmp(group, "/") == 0)
        group[0] = '\0';
}

static void take_smaller(double *quota, double candidate)
{
    if (candidate > 0 && (*quota == 0 || candidate < *quota))
        *quota = candidate;
}

static void take_memory(sv_cgroup_limits *limits, const char *text)
{
    char *end;
    unsigned long long bytes = strtoull(text, &end, 10);
    if (end == text || bytes == 0 || bytes >= limits->memory_bytes)
        return;
    limits->memory_bytes = bytes;
    limits->memory_limited = true;
}

/* A quota over its period; 0 when there is no limit or the text is not a number. */
static double divide(const char *quota, const char *period)
{
    double parts = strtod(quota, NULL), whole = strtod(period, NULL);
    return whole > 0 ? parts / whole : 0;
}

/* Limits of a v2 group and of all groups above it. */
static void read_v2(const char *root, sv_cgroup_limits *limits)
{
    char group[LINE_SIZE], path[LINE_SIZE], line[LINE_SIZE];
    read_own_group(root, group);
    for (;;) {
        snprintf(path, sizeof path, "/sys/fs/cgroup%.2000s/cpu.max", group);
        if (read_line(root, path, line))
            take_smaller(&limits->quota_cpus, divide(line, line + strcspn(line, " ")));
        snprintf(path, sizeof path, "/sys/fs/cgroup%.2000s/memory.max", group);
        if (read_line(root, path, line))
            take_memory(limits, line);
        char *slash = strrchr(group, '/');
        if (!slash)
            return;
        *slash = '\0';
    }
}

static void read_v1(const char *root, sv_cgroup_limits *limits)
{
    char quota[LINE_SIZE], period[LINE_SIZE], memory[LINE_SIZE];
    if (read_line(root, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", quota) &&
        read_line(root, "/sys/fs/cgroup/cpu/cpu.cfs_period_us", period))
        take_smaller(&limits->quota_cpus, divide(quota, period));
    if (read_line(root, "/sys/fs/cgroup/memory/memory.limit_in_bytes", memory))
        take_memory(limits, memory);
}

static int count_cpuset(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return CPU_COUNT(&set);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}

sv_cgroup_limits sv_cgroup_read(const char *root)
{
    sv_cgroup_limits limits = {.cpuset_cpus = count_cpuset()};
    limits.memory_bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGE_SIZE);
    read_v2(root, &limits);
    read_v1(root, &limits);
    limits.cpus = limits.cpuset_cpus;
    if (limits.quota_cpus > 0 && limits.quota_cpus < limits.cpus)
        limits.cpus = limits.quota_cpus;
    return limits;
}
