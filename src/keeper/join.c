/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/join.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/user-namespace.h"
#include "wire/layout.h"
#include "wire/sys.h"

#define SESSION_ANSWER_MS 5000

static bool
is_namespace (int fd, int type)
{
  return ioctl (fd, NS_GET_NSTYPE) == type;
}

int
sbx_join_open (SbxJoin *join)
{
  *join = (SbxJoin){ SBX_JOIN_TARGET,   SBX_JOIN_OWNER_FD, SBX_JOIN_USER_FD, SBX_JOIN_PID_FD,
                     SBX_JOIN_MOUNT_FD, SBX_JOIN_INIT_FD,  SBX_JOIN_LINK_FD, -1 };
  if (is_namespace (join->owner, CLONE_NEWUSER) && is_namespace (join->user, CLONE_NEWUSER)
      && is_namespace (join->pid, CLONE_NEWPID) && is_namespace (join->mount, CLONE_NEWNS))
    return 0;
  errno = EBADMSG;
  return -1;
}

/* What sandbox-session sends, in the order of session/namespaces.h. */
static int
take_session (SbxJoin *join, const int *fds)
{
  join->owner = fds[0];
  join->pid = fds[1];
  join->init = fds[2];
  if (is_namespace (join->owner, CLONE_NEWUSER) && is_namespace (join->pid, CLONE_NEWPID))
    return 0;
  errno = EBADMSG;
  return -1;
}

static int
ask_session (SbxJoin *join, SbxMessage *answer)
{
  struct pollfd polled = { SBX_JOIN_LINK_FD, POLLIN, 0 };
  int fds[SBX_MESSAGE_FDS], rc;
  size_t n;

  *join = (SbxJoin){ SBX_JOIN_SESSION, -1, -1, -1, -1, -1, SBX_JOIN_LINK_FD, -1 };
  answer->text[0] = '\0';
  do
    rc = poll (&polled, 1, SESSION_ANSWER_MS);
  while (rc < 0 && errno == EINTR);
  if (rc == 0)
    errno = ETIMEDOUT;
  if (rc <= 0)
    return -1;
  rc = sbx_message_recv_now (join->link, SBX_CHANNEL_SESSION_TO_KEEPER, answer, fds, &n, NULL);
  if (rc == 0)
    errno = EPIPE;
  if (rc <= 0)
    return -1;
  if (answer->type == SBX_MSG_READY)
    return take_session (join, fds);
  errno = answer->value;
  return -1;
}

int
sbx_join_open_session (SbxJoin *join, uid_t uid, gid_t gid, SbxMessage *answer)
{
  if (ask_session (join, answer) < 0)
    return -1;
  join->user = sbx_user_namespace_new (join->owner, uid, gid);
  return join->user < 0 ? -1 : 0;
}

static bool
same_file (int a, int b)
{
  struct stat first, second;

  return fstat (a, &first) == 0 && fstat (b, &second) == 0 && first.st_dev == second.st_dev
         && first.st_ino == second.st_ino;
}

char **
sbx_join_argv (const SbxJoin *join, char *const *argv, size_t argc)
{
  static const char *const words[] = { "--userns",  SBX_FD_TEXT (SBX_BWRAP_OWNER_FD),
                                       "--pidns",   SBX_FD_TEXT (SBX_BWRAP_PID_FD),
                                       "--userns2", SBX_FD_TEXT (SBX_BWRAP_USER_FD) };
  /* bwrap cannot enter one twice */
  size_t n = same_file (join->owner, join->user) ? 4 : 6;
  char **all = calloc (argc + n + 1, sizeof *all);

  if (!all)
    return NULL;
  all[0] = argv[0];
  memcpy (all + 1, words, n * sizeof *all);
  memcpy (all + 1 + n, argv + 1, (argc - 1) * sizeof *all);
  return all;
}

size_t
sbx_join_map (const SbxJoin *join, int *sources, int32_t *targets)
{
  const int fds[SBX_JOIN_FDS] = { join->owner, join->user, join->pid };
  const int32_t numbers[SBX_JOIN_FDS] = { SBX_BWRAP_OWNER_FD, SBX_BWRAP_USER_FD, SBX_BWRAP_PID_FD };

  memcpy (sources, fds, sizeof fds);
  memcpy (targets, numbers, sizeof numbers);
  return SBX_JOIN_FDS;
}

typedef struct {
  int own; /* the handler's mount namespace */
} View;

/* Everything that the target's processes see, read-only, in the handler's mount namespace. The clone is made in one
 * mount namespace and attached in the other; both belong to the same user namespace, so nothing in it is locked
 * (mount_namespaces(7)). */
static int
show_target (void *data)
{
  struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV };
  const View *view = data;
  int tree = sbx_sys_open_tree (AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

  if (tree < 0 || sbx_sys_mount_setattr (tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr) < 0
      || setns (view->own, CLONE_NEWNS) < 0
      || sbx_sys_move_mount (tree, "", AT_FDCWD, SBX_TARGET_ROOT, MOVE_MOUNT_F_EMPTY_PATH) < 0)
    return errno;
  return 0;
}

int
sbx_join_ready (SbxJoin *join, const SbxNamespaces *own)
{
  const SbxNamespaces target = { .mount = join->mount, .pid = join->pid, .owner = join->owner };
  SbxMessage ready = { .type = SBX_MSG_READY };
  View view = { own->mount };
  int rc;

  join->own_mounts = fcntl (own->mount, F_DUPFD_CLOEXEC, 0);
  if (join->own_mounts < 0 || sbx_message_send (join->link, &ready, &join->own_mounts, 1) < 0)
    return -1;
  rc = sbx_enter (&target, false, show_target, &view);
  if (rc != 0 && rc != ENOSYS) { /* before Linux 5.12 there is no mount_setattr: a handler without that view */
    errno = rc;
    return -1;
  }
  return 0;
}

bool
sbx_join_target_has_ended (const SbxJoin *join, int ms)
{
  return poll (&(struct pollfd){ join->init, POLLIN, 0 }, 1, ms) != 0;
}

bool
sbx_join_session_has_ended (const SbxJoin *join)
{
  return poll (&(struct pollfd){ join->link, POLLIN, 0 }, 1, 0) != 0;
}
