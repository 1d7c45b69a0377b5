/* process_metrics.c: reads /proc/self at each scrape. */
#include "observe/process_metrics.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <serval/version.h>

static double read_cpu(void *arg)
{
    struct rusage usage;
    (void)arg;
    if (getrusage(RUSAGE_SELF, &usage))
        return 0;
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* The start of a small file of /proc into `text`, which ends in zero; "" when it cannot be read. */
static void read_start(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "re");
    size_t len = file ? fread(text, 1, size - 1, file) : 0;
    text[len] = '\0';
    if (file)
        fclose(file);
}

/* Field of /proc/self/statm in bytes: 0 virtual, 1 resident. */
static double read_statm(int field)
{
    char text[256], *at = text;
    read_start("/proc/self/statm", text, sizeof text);
    unsigned long pages = strtoul(at, &at, 10);
    if (field == 1)
        pages = strtoul(at, &at, 10);
    return (double)pages * (double)sysconf(_SC_PAGE_SIZE);
}

static double read_resident(void *arg)
{
    (void)arg;
    return read_statm(1);
}

static double read_virtual(void *arg)
{
    (void)arg;
    return read_statm(0);
}

/* Newer kernels tell the count as the folder's size; with others it is read, its own descriptor
 * aside. */
static double read_open_fds(void *arg)
{
    struct stat about;
    (void)arg;
    if (stat("/proc/self/fd", &about) == 0 && about.st_size > 0)
        return (double)about.st_size;
    DIR *folder = opendir("/proc/self/fd");
    if (!folder)
        return 0;
    double n = -1;
    for (struct dirent *entry; (entry = readdir(folder));)
        n += entry->d_name[0] != '.';
    closedir(folder);
    return n;
}

static double read_max_fds(void *arg)
{
    struct rlimit limit;
    (void)arg;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return 0;
    return limit.rlim_cur == RLIM_INFINITY ? INFINITY : (double)limit.rlim_cur;
}

/* Boot time and the start in ticks since boot: field 22 of /proc/self/stat, counted behind the
 * name's bracket. */
static double read_start_time(void *arg)
{
    static const char mark[] = "btime ";
    char text[1024];
    double boot = 0;
    (void)arg;
    read_start("/proc/self/stat", text, sizeof text);
    char *at = strrchr(text, ')');
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    unsigned long long ticks = at ? strtoull(at, NULL, 10) : 0;
    FILE *file = fopen("/proc/stat", "re");
    while (file && fgets(text, sizeof text, file))
        if (strncmp(text, mark, sizeof mark - 1) == 0)
            boot = strtod(text + sizeof mark - 1, NULL);
    if (file)
        fclose(file);
    return boot + (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

static double read_one(void *arg)
{
    (void)arg;
    return 1;
}

sv_status sv_process_metrics_add(sv_metrics *metrics)
{
    static const struct {
        sv_metric_id id;
        double (*read)(void *arg);
        const char *label;
    } rows[] = {
        {SV_METRIC_CPU_SECONDS, read_cpu, NULL},     {SV_METRIC_RESIDENT, read_resident, NULL},
        {SV_METRIC_VIRTUAL, read_virtual, NULL},     {SV_METRIC_OPEN_FDS, read_open_fds, NULL},
        {SV_METRIC_MAX_FDS, read_max_fds, NULL},     {SV_METRIC_START_TIME, read_start_time, NULL},
        {SV_METRIC_BUILD_INFO, read_one, SV_VERSION}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *labels[SV_METRICS_MAX_LABELS] = {rows[i].label};
        sv_metrics_reader reader = {.read = rows[i].read};
        if (!sv_metrics_add_reader(metrics, rows[i].id, labels, &reader))
            return SV_NO_MEMORY;
    }
    return SV_OK;
}
