/* What the control groups allow, read from made-up file trees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cgroup.h"

typedef struct made_file {
    const char *path, *text;
} made_file;

/* `quota_cpus` 0: none. `memory_bytes` 0: the machine's. */
static const struct {
    const char *what;
    made_file files[6];
    double quota_cpus;
    uint64_t memory_bytes;
} cases[] = {
    {"nothing to read", {{0}}, 0, 0},
    {"version 2, the root group",
     {{"proc/self/cgroup", "0::/\n"},
      {"sys/fs/cgroup/cpu.max", "50000 100000\n"},
      {"sys/fs/cgroup/memory.max", "1048576\n"}},
     0.5,
     1048576},
    {"version 2, no limits",
     {{"proc/self/cgroup", "0::/\n"},
      {"sys/fs/cgroup/cpu.max", "max 100000\n"},
      {"sys/fs/cgroup/memory.max", "max\n"}},
     0,
     0},
    {"version 2, a group above is tighter in one thing, the own in the other",
     {{"proc/self/cgroup", "0::/a/b\n"},
      {"sys/fs/cgroup/a/b/cpu.max", "150000 100000\n"},
      {"sys/fs/cgroup/a/b/memory.max", "3145728\n"},
      {"sys/fs/cgroup/a/cpu.max", "max 100000\n"},
      {"sys/fs/cgroup/a/memory.max", "2097152\n"}},
     1.5,
     2097152},
    {"version 1",
     {{"proc/self/cgroup", "3:cpu,cpuacct:/\n2:memory:/\n"},
      {"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "25000\n"},
      {"sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"},
      {"sys/fs/cgroup/memory/memory.limit_in_bytes", "4194304\n"}},
     0.25,
     4194304},
    {"version 1, no limits",
     {{"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"},
      {"sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"},
      {"sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"}},
     0,
     0},
    {"nonsense",
     {{"proc/self/cgroup", "0::/\n"},
      {"sys/fs/cgroup/cpu.max", "cheese 0\n"},
      {"sys/fs/cgroup/memory.max", "-\n"}},
     0,
     0},
    {"a period of nothing",
     {{"proc/self/cgroup", "0::/\n"}, {"sys/fs/cgroup/cpu.max", "50000 0\n"}},
     0,
     0},
};

static void write_file(const char *root, const made_file *file)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", root, file->path);
    for (char *at = path + strlen(root) + 1; (at = strchr(at, '/')); at++) {
        *at = '\0';
        mkdir(path, 0700);
        *at = '/';
    }
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_true(fputs(file->text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static void remove_tree(const char *root)
{
    char command[600];
    snprintf(command, sizeof command, "rm -r '%s'", root);
    assert_int_equal(system(command), 0);
}

static void test_cases(void **state)
{
    (void)state;
    sv_cgroup_limits machine = sv_cgroup_read("/nonexistent");
    assert_true(machine.cpuset_cpus >= 1);
    assert_true(machine.memory_bytes > 16 << 20);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char root[] = "/tmp/serval-cgroup-XXXXXX";
        assert_non_null(mkdtemp(root));
        for (const made_file *file = cases[i].files; file->path; file++)
            write_file(root, file);
        sv_cgroup_limits limits = sv_cgroup_read(root);
        remove_tree(root);
        uint64_t memory = cases[i].memory_bytes ? cases[i].memory_bytes : machine.memory_bytes;
        double cpus = machine.cpuset_cpus;
        if (cases[i].quota_cpus > 0 && cases[i].quota_cpus < cpus)
            cpus = cases[i].quota_cpus;
        if (limits.quota_cpus != cases[i].quota_cpus || limits.cpus != cpus ||
            limits.memory_bytes != memory || limits.memory_limited != (cases[i].memory_bytes != 0))
            fail_msg("%s: %g CPUs, quota %g, %llu bytes", cases[i].what, limits.cpus,
                     limits.quota_cpus, (unsigned long long)limits.memory_bytes);
    }
}

static void test_the_machine_itself(void **state)
{
    (void)state;
    sv_cgroup_limits limits = sv_cgroup_read("");
    assert_true(limits.cpus > 0);
    assert_true(limits.cpus <= limits.cpuset_cpus);
    assert_true(limits.memory_bytes > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_the_machine_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
