/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/room.h"

#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/resource.h>

#include "common/read-file.h"
#include "daemon/bounds.h"

#define CGROUPS "/sys/fs/cgroup"
#define MAX_FILE 16384
#define MAX_DEPTH 64 /* of control groups */

static guint64
read_number (const char *path)
{
  gsize size;
  g_autofree char *text = sbx_read_file (AT_FDCWD, path, MAX_FILE, SBX_READ_PLAIN, &size);
  guint64 number;

  /* "max" is no number */
  return text && g_ascii_string_to_unsigned (g_strchomp (text), 10, 1, G_MAXUINT64, &number, NULL) ? number
                                                                                                   : G_MAXUINT64;
}

/* The least that @file says in our control group and above (control-group-v2.rst: each limits all below it). */
static guint64
read_groups (const char *file)
{
  gsize size;
  g_autofree char *text = sbx_read_file (AT_FDCWD, "/proc/self/cgroup", MAX_FILE, SBX_READ_PLAIN, &size);
  char *group = text && g_str_has_prefix (text, "0::/") ? text + strlen ("0::") : NULL;
  guint64 least = G_MAXUINT64;

  if (group)
    group[strcspn (group, "\n")] = '\0';
  for (int depth = 0; group && *group && depth < MAX_DEPTH; depth++) {
    g_autofree char *path = g_strconcat (CGROUPS, group, "/", file, NULL);

    least = MIN (least, read_number (path));
    *strrchr (group, '/') = '\0';
  }
  return least;
}

static guint64
read_limit (int resource)
{
  struct rlimit limit;

  return getrlimit ((__rlimit_resource_t) resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY ? limit.rlim_cur
                                                                                                    : G_MAXUINT64;
}

static guint64
read_memory (void)
{
  gsize size;
  g_autofree char *text = sbx_read_file (AT_FDCWD, "/proc/meminfo", MAX_FILE, SBX_READ_PLAIN, &size);
  const char *total = text ? strstr (text, "MemTotal:") : NULL;

  return total ? g_ascii_strtoull (total + strlen ("MemTotal:"), NULL, 10) * 1024 : G_MAXUINT64;
}

SbxMachineRoom
sbx_machine_room_find (void)
{
  SbxMachineRoom room = { .descriptors = read_limit (RLIMIT_NOFILE) };

  room.processes = MIN (read_number ("/proc/sys/kernel/pid_max"), read_number ("/proc/sys/kernel/threads-max"));
  room.processes = MIN (room.processes, MIN (read_limit (RLIMIT_NPROC), read_groups ("pids.max")));
  room.memory = MIN (read_memory (), read_groups ("memory.max"));
  return room;
}

SbxRoom
sbx_room_for (const SbxMachineRoom *machine, guint said)
{
  /* What is needed for other things is left out, but no more than a part of what there is */
  guint64 descriptors = machine->descriptors - MIN (machine->descriptors / 4, SBX_DESCRIPTORS_KEPT);
  const struct {
    guint64 most;
    const char *why;
  } rows[] = {
    { descriptors / SBX_DESCRIPTORS_EACH,
      N_ ("for more of them this service may not have enough descriptors open (LimitNOFILE=, ulimit -n)") },
    { said, N_ ("so says --max-instances, or SANDBOX_MAX_INSTANCES") },
    { machine->processes / 2 / SBX_PROCESSES_EACH,
      N_ ("more of them would take most of the processes that there may be (TasksMax=, ulimit -u, kernel.pid_max)") },
    { machine->memory / 2 / SBX_MEMORY_EACH, N_ ("more of them would take most of the memory") },
  };
  const gsize n = said > 0 ? 2 : G_N_ELEMENTS (rows);
  SbxRoom room = { G_MAXUINT, NULL };

  for (gsize i = 0; i < n; i++)
    if ((i != 1 || said > 0) && (!room.why || MAX (rows[i].most, 1) < room.most))
      room = (SbxRoom){ (guint) CLAMP (rows[i].most, 1, G_MAXUINT), rows[i].why };
  return room;
}
