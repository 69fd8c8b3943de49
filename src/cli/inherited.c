/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/inherited.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "policy/inherited.h"

static GVariant *
get_umask (void)
{
  mode_t mask = umask (077);

  umask (mask);
  return g_variant_new_uint32 (mask & 0777);
}

static GVariant *
get_nice (void)
{
  int nice;

  errno = 0;
  nice = getpriority (PRIO_PROCESS, 0);
  return errno ? NULL : g_variant_new_int32 (nice);
}

static GVariant *
get_oom_score_adj (void)
{
  g_autofree char *text = NULL;

  return g_file_get_contents ("/proc/self/oom_score_adj", &text, NULL, NULL)
             ? g_variant_new_int32 ((gint32) g_ascii_strtoll (text, NULL, 10))
             : NULL;
}

/* Real-time policies are not for sandboxes: the kernel has to be asked for them as root. */
static GVariant *
get_scheduler (void)
{
  int policy = sched_getscheduler (0);

  policy &= ~SCHED_RESET_ON_FORK;
  return policy == SCHED_BATCH || policy == SCHED_IDLE ? g_variant_new_uint32 ((guint32) policy) : NULL;
}

/* Without a class of its own it follows the nice value. */
static GVariant *
get_io_priority (void)
{
  long value = syscall (SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0);
  int class = value < 0 ? IOPRIO_CLASS_NONE : IOPRIO_PRIO_CLASS (value);

  if (class == IOPRIO_CLASS_IDLE || (class == IOPRIO_CLASS_BE && IOPRIO_PRIO_DATA (value) != IOPRIO_BE_NORM))
    return g_variant_new_uint32 ((guint32) value);
  return NULL;
}

static GVariant *
get_ignored_signals (void)
{
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("au"));
  for (int signo = 1; signo < NSIG; signo++) {
    struct sigaction action;

    if (sigaction (signo, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
      g_variant_builder_add (&list, "u", (guint32) signo);
  }
  return g_variant_builder_end (&list);
}

static GVariant *
get_rlimits (void)
{
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("a(utt)"));
  for (int resource = 0; resource < SBX_INHERITED_RLIMITS; resource++) {
    struct rlimit limit;

    if (getrlimit (resource, &limit) == 0)
      g_variant_builder_add (&list, "(utt)", (guint32) resource, (guint64) limit.rlim_cur, (guint64) limit.rlim_max);
  }
  return g_variant_builder_end (&list);
}

static GVariant *
get_cpus (void)
{
  guint64 cpus[SBX_INHERITED_CPUS / 64] = { 0 };
  long n = syscall (SYS_sched_getaffinity, 0, sizeof cpus, cpus); /* bytes that were filled in */
  GVariantBuilder list;

  if (n <= 0)
    return NULL;
  g_variant_builder_init (&list, G_VARIANT_TYPE ("au"));
  for (guint32 cpu = 0; cpu < (guint32) n * 8; cpu++)
    if (cpus[cpu / 64] >> (cpu % 64) & 1)
      g_variant_builder_add (&list, "u", cpu);
  return g_variant_builder_end (&list);
}

GVariant *
sbx_inherited_collect (void)
{
  static const struct {
    const char *key;
    GVariant *(*get) (void);
  } rows[] = {
    { "umask", get_umask },
    { "nice", get_nice },
    { "oom-score-adj", get_oom_score_adj },
    { "scheduler", get_scheduler },
    { "io-priority", get_io_priority },
    { "ignored-signals", get_ignored_signals },
    { "rlimits", get_rlimits },
    { "cpus", get_cpus },
  };
  GVariantBuilder dict;

  g_variant_builder_init (&dict, G_VARIANT_TYPE_VARDICT);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    GVariant *value = rows[i].get ();

    if (value)
      g_variant_builder_add (&dict, "{sv}", rows[i].key, value);
  }
  return g_variant_builder_end (&dict);
}
