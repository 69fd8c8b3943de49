/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/pressure.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/read-file.h"

#define MAX_FILE 16384
/* Percent of the last ten seconds in which some process waited for memory */
#define HIGH 5.0

static char *
read_proc (const char *path)
{
  gsize size;

  return sbx_read_file (AT_FDCWD, path, MAX_FILE, SBX_READ_PLAIN, &size);
}

/* The number behind @name at the beginning of a line of @text, or -1. */
static gint64
find_number (const char *text, const char *name)
{
  for (const char *line = text; line; line = strchr (line, '\n')) {
    line += *line == '\n';
    if (g_str_has_prefix (line, name))
      return g_ascii_strtoll (line + strlen (name), NULL, 10);
  }
  return -1;
}

gboolean
sbx_pressure_is_high (const char *pressure, const char *meminfo)
{
  const char *some = pressure ? strstr (pressure, "some avg10=") : NULL;
  gint64 total, available;

  if (some)
    return g_ascii_strtod (some + strlen ("some avg10="), NULL) >= HIGH;
  total = meminfo ? find_number (meminfo, "MemTotal:") : -1;
  available = meminfo ? find_number (meminfo, "MemAvailable:") : -1;
  return total > 0 && available >= 0 && available < total / 10;
}

gboolean
sbx_pressure_now (void)
{
  g_autofree char *pressure = read_proc ("/proc/pressure/memory");
  g_autofree char *meminfo = pressure ? NULL : read_proc ("/proc/meminfo");

  return sbx_pressure_is_high (pressure, meminfo);
}

static guint64
of_process (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/smaps_rollup", pid);
  g_autofree char *other = g_strdup_printf ("/proc/%d/statm", pid);
  g_autofree char *rollup = read_proc (path), *statm = NULL;
  gint64 pss = rollup ? find_number (rollup, "Pss:") : -1;
  gulong resident = 0, shared = 0;

  if (pss >= 0)
    return (guint64) pss * 1024;
  statm = read_proc (other);
  if (!statm || sscanf (statm, "%*u %lu %lu", &resident, &shared) != 2 || shared > resident)
    return 0;
  return (guint64) (resident - shared) * (guint64) sysconf (_SC_PAGESIZE);
}

guint64
sbx_pressure_of_processes (const int *pids, gsize n)
{
  guint64 sum = 0;

  for (gsize i = 0; i < n; i++)
    if (pids[i] > 0)
      sum += of_process (pids[i]);
  return sum;
}
