/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/identity/identify.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/process.h"
#include "common/read-file.h"

#define MAX_LEVELS 33  /* namespaces below each other: MAX_PID_NS_LEVEL and a root, user_namespaces(7) */
#define MAX_PARENTS 64 /* of a process; one that is further down is nobody's */
#define STATUS_MAX 16384

/* The identity of a namespace. */
typedef struct {
  dev_t device;
  ino_t inode;
} Namespace;

static gboolean
is_same (const Namespace *one, const Namespace *other)
{
  return one->device == other->device && one->inode == other->inode;
}

/* /proc/PID as a descriptor, which stays that process's; -1: there is none. */
static int
open_process (pid_t pid)
{
  char path[32];

  g_snprintf (path, sizeof path, "/proc/%d", (int) pid);
  return pid > 0 ? open (path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
}

static gboolean
get_namespace (int directory, const char *path, Namespace *namespace)
{
  struct stat st;

  if (fstatat (directory, path, &st, *path ? 0 : AT_EMPTY_PATH) < 0)
    return FALSE;
  *namespace = (Namespace){ st.st_dev, st.st_ino };
  return TRUE;
}

/* Whether @wanted is the namespace that @fd (taken) refers to or, by @relation, one above that. */
static gboolean
is_at_or_above (int fd, unsigned long relation, const Namespace *wanted)
{
  gboolean found = FALSE;

  for (int level = 0; fd >= 0 && !found && level < MAX_LEVELS; level++) {
    Namespace here;
    int above;

    found = get_namespace (fd, "", &here) && is_same (&here, wanted);
    above = found ? -1 : ioctl (fd, relation);
    close (fd);
    fd = above;
  }
  if (fd >= 0)
    close (fd);
  return found;
}

/* The process that is asked about. */
typedef struct {
  int process; /* /proc/PID */
  Namespace pid, mount;
} Asked;

/* Whether it is the first process of a pid namespace. */
static gboolean
is_first (int process)
{
  gsize size;
  g_autofree char *status = sbx_read_file (process, "status", STATUS_MAX, SBX_READ_PLAIN, &size);
  const char *line = status ? strstr (status, "\nNSpid:") : NULL, *end = line ? strchr (line + 1, '\n') : NULL;

  return end && end - line > 2 && end[-2] == '\t' && end[-1] == '1';
}

/* Mounts of its own, other than those of the sandbox whose PID 1 is @init, an application has only where it has made a
 * user namespace below the sandbox's (features=userns). What has come into the pid namespace from outside, as handlers
 * do, has a mount namespace of another owner. */
static gboolean
has_mounts_of (const Asked *asked, int init)
{
  Namespace mounts, users;
  int mount, owner, above = -1;

  if (!get_namespace (init, "ns/mnt", &mounts) || !get_namespace (init, "ns/user", &users))
    return FALSE;
  if (is_same (&mounts, &asked->mount))
    return TRUE;
  mount = openat (asked->process, "ns/mnt", O_RDONLY | O_CLOEXEC);
  owner = mount < 0 ? -1 : ioctl (mount, NS_GET_USERNS);
  if (owner >= 0) {
    above = ioctl (owner, NS_GET_PARENT);
    close (owner);
  }
  if (mount >= 0)
    close (mount);
  return is_at_or_above (above, NS_GET_PARENT, &users);
}

static gboolean
is_handler (SbxInstance *instance)
{
  const SbxInfo *info = sbx_instance_get_info (instance);

  return info->parent != 0 && !info->nested;
}

/* /proc/PID of sandbox-init of @instance as its record says, or -1. */
static int
open_init (SbxInstance *instance, int records)
{
  gint32 keeper, init;

  if (sbx_instance_get_state (instance) != SBX_STATE_RUNNING
      || !sbx_record_read_pids (records, sbx_instance_get_id (instance), &keeper, &init))
    return -1;
  return open_process (init);
}

/* Whether the pid namespace of @asked is that of the instance with the PID 1 @init, or below it. */
static gboolean
is_in_pid_namespace (const Asked *asked, int init)
{
  Namespace namespace;

  return is_first (init) && get_namespace (init, "ns/pid", &namespace)
         && is_at_or_above (openat (asked->process, "ns/pid", O_RDONLY | O_CLOEXEC), NS_GET_PARENT, &namespace);
}

/* The instance whose pid namespace it is in; *@init is then /proc/PID of its PID 1, which lives as long as what is in
 * that namespace. The number of one that has ended, of which we have not heard yet, may be that of another's by now:
 * then it is the one that has started later. */
static SbxInstance *
find_by_pid_namespace (const Asked *asked, GPtrArray *live, int records, int *init)
{
  SbxInstance *best = NULL;

  *init = -1;
  for (guint i = 0; i < live->len; i++) {
    SbxInstance *instance = g_ptr_array_index (live, i);
    int process = is_handler (instance) ? -1 : open_init (instance, records);

    if (process >= 0 && is_in_pid_namespace (asked, process)
        && (!best || sbx_instance_get_start_time (instance) > sbx_instance_get_start_time (best))) {
      best = instance;
      if (*init >= 0)
        close (*init);
      *init = process;
    } else if (process >= 0) {
      close (process);
    }
  }
  return best;
}

/* The handler of @target whose mounts it has. NULL when that is not unambiguous. */
static SbxInstance *
find_handler (const Asked *asked, SbxInstance *target, GPtrArray *live, int records)
{
  SbxInstance *found = NULL;
  guint n = 0;

  for (guint i = 0; i < live->len; i++) {
    SbxInstance *instance = g_ptr_array_index (live, i);
    gboolean ours = is_handler (instance) && sbx_instance_get_info (instance)->parent == sbx_instance_get_id (target);
    int init = ours ? open_init (instance, records) : -1;
    Namespace mounts;

    if (init >= 0 && get_namespace (init, "ns/mnt", &mounts) && is_same (&mounts, &asked->mount)) {
      found = instance;
      n++;
    }
    if (init >= 0)
      close (init);
  }
  return n == 1 ? found : NULL;
}

/* The parent of the process @process (taken, its /proc/PID), or -1. */
static int
open_parent (int process)
{
  gsize size;
  g_autofree char *status = sbx_read_file (process, "status", STATUS_MAX, SBX_READ_PLAIN, &size);
  const char *line = status ? strstr (status, "\nPPid:") : NULL;

  close (process);
  return line ? open_process ((pid_t) g_ascii_strtoll (line + strlen ("\nPPid:"), NULL, 10)) : -1;
}

/* The instance whose sandbox-init, which is not PID 1, it is below (pidns=session, and its handlers): that is a
 * subreaper, so what has lost its parent is below it still. What is below two has been started by the later one. */
static SbxInstance *
find_by_parents (const Asked *asked, GPtrArray *live, int records)
{
  SbxInstance *found = NULL;
  int process = openat (asked->process, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

  for (int level = 0; process >= 0 && !found && level < MAX_PARENTS; level++) {
    Namespace here;

    for (guint i = 0; i < live->len && !found && get_namespace (process, "", &here); i++) {
      int init = open_init (g_ptr_array_index (live, i), records);
      Namespace there;

      if (init >= 0 && !is_first (init) && get_namespace (init, "", &there) && is_same (&here, &there))
        found = g_ptr_array_index (live, i);
      if (init >= 0)
        close (init);
    }
    process = open_parent (process);
  }
  if (process >= 0)
    close (process);
  return found;
}

static SbxInstance *
find (const Asked *asked, SbxRegistry *registry, int records)
{
  g_autoptr (GPtrArray) live = sbx_registry_list_live (registry);
  Namespace own;
  SbxInstance *instance;
  int init;

  if (!get_namespace (AT_FDCWD, "/proc/self/ns/pid", &own) || is_same (&own, &asked->pid))
    return NULL;
  instance = find_by_pid_namespace (asked, live, records, &init);
  if (!instance)
    return find_by_parents (asked, live, records);
  if (!has_mounts_of (asked, init))
    instance = find_handler (asked, instance, live, records);
  close (init);
  return instance;
}

gboolean
sbx_identify (SbxRegistry *registry, SbxRuntimeDir *runtime, int pidfd, SbxInstance **instance, GError **error)
{
  pid_t pid = sbx_pidfd_get_pid (pidfd);
  int records = sbx_runtime_dir_open (runtime, NULL);
  Asked asked = { .process = pid > 0 ? open_process (pid) : -1 };

  *instance = NULL;
  if (pid < 0 && errno == EINVAL)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "the descriptor is no pidfd; pidfd_open(2) makes one");
  if (pid < 0)
    return sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, errno, "cannot find out whose pidfd it is");
  if (asked.process >= 0 && records >= 0 && get_namespace (asked.process, "ns/pid", &asked.pid)
      && get_namespace (asked.process, "ns/mnt", &asked.mount))
    *instance = find (&asked, registry, records);
  if (asked.process >= 0)
    close (asked.process);
  /* All of that was about the process of the descriptor if that has not ended until now */
  if (sbx_pidfd_has_ended (pidfd))
    *instance = NULL;
  return TRUE;
}
