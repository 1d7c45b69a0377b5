/* process_metrics.c: reads /proc at each scrape. */
#include "observe/process_metrics.h"

#include <dirent.h>
#include <math.h>
#include <stdbool.h>
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

/* A field of /proc/meminfo in bytes; 0 when it is not there. */
static double read_meminfo(const char *field)
{
    char text[4096];
    read_start("/proc/meminfo", text, sizeof text);
    const char *at = strstr(text, field);
    return at ? strtod(at + strlen(field), NULL) * 1024 : 0;
}

static double read_memory_total(void *arg)
{
    (void)arg;
    return read_meminfo("MemTotal:");
}

static double read_memory_used(void *arg)
{
    (void)arg;
    return read_meminfo("MemTotal:") - read_meminfo("MemAvailable:");
}

/* The busy share since the scrape before, or since the one before that while less than a second of
 * CPU time is over: scrapers that come together see the same. */
typedef struct cpu_watch {
    double busy, all, share;
} cpu_watch;

/* Ticks of all CPUs since boot: user nice system idle iowait irq softirq steal. */
static void read_ticks(double *ret_busy, double *ret_all)
{
    enum { N_FIELDS = 8, IDLE = 3, IO_WAIT = 4 };
    char text[512], *at = text + sizeof "cpu" - 1;
    double busy = 0, all = 0;
    read_start("/proc/stat", text, sizeof text);
    for (int field = 0; text[0] && field < N_FIELDS; field++) {
        double ticks = (double)strtoull(at, &at, 10);
        all += ticks;
        busy += field == IDLE || field == IO_WAIT ? 0 : ticks;
    }
    *ret_busy = busy;
    *ret_all = all;
}

static double read_cpu_share(void *arg)
{
    cpu_watch *watch = arg;
    double busy, all;
    read_ticks(&busy, &all);
    if (all - watch->all >= (double)sysconf(_SC_CLK_TCK))
        *watch = (cpu_watch){busy, all, (busy - watch->busy) / (all - watch->all)};
    return watch->share;
}

static sv_status add_cpu_share(sv_metrics *metrics)
{
    const char *none[SV_METRICS_MAX_LABELS] = {NULL};
    cpu_watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return SV_NO_MEMORY;
    const sv_metrics_reader reader = {.read = read_cpu_share, .arg = watch, .free_arg = free};
    read_ticks(&watch->busy, &watch->all);
    if (!sv_metrics_add_reader(metrics, SV_METRIC_NV_CPU_UTILIZATION, none, &reader))
        free(watch);
    return SV_OK;
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
    } rows[] = {{SV_METRIC_CPU_SECONDS, read_cpu, NULL},
                {SV_METRIC_RESIDENT, read_resident, NULL},
                {SV_METRIC_VIRTUAL, read_virtual, NULL},
                {SV_METRIC_OPEN_FDS, read_open_fds, NULL},
                {SV_METRIC_MAX_FDS, read_max_fds, NULL},
                {SV_METRIC_START_TIME, read_start_time, NULL},
                {SV_METRIC_NV_MEMORY_TOTAL, read_memory_total, NULL},
                {SV_METRIC_NV_MEMORY_USED, read_memory_used, NULL},
                {SV_METRIC_BUILD_INFO, read_one, SV_VERSION}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *labels[SV_METRICS_MAX_LABELS] = {rows[i].label};
        sv_metrics_reader reader = {.read = rows[i].read};
        bool added = sv_metrics_add_reader(metrics, rows[i].id, labels, &reader);
        if (!added && !sv_metrics_is_left_out(metrics, rows[i].id))
            return SV_NO_MEMORY;
    }
    return add_cpu_share(metrics);
}
