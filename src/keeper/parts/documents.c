/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The document portal shows each application the files that its user has chosen for it, in a FUSE file system: a
 * program's, which may be stopped or hang, and then so does whoever looks up a name in it. bwrap would, and with it the
 * launch. So a child of its own does, the finder:
 *
 *   finder: namespaces of its own, where it may ──▶ open_tree(2) of the application's part ──▶ the tree, and it ends
 *   keeper: the sandbox is READY: opens the place ──▶ when the tree has come, also later: a child mounts it there
 *
 * Until then the directory inside is empty. A detached mount can be moved into any mount namespace by whoever has
 * CAP_SYS_ADMIN there (do_move_mount in fs/namespace.c), which a child that joins the sandbox's has: enter.h.
 *
 * A finder that waits for a portal is killed with the instance, and not waited for: in the middle of an answer it
 * cannot be killed (request_wait_answer in fs/fuse/dev.c), and ends when the portal goes on or ends. */
#include "keeper/parts/documents.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper/enter.h"
#include "keeper/keeper.h"
#include "keeper/launch.h"
#include "wire/layout.h"
#include "wire/sys.h"

typedef struct {
  SbxPartState head;
  SbxWatch link; /* from the finder */
  pid_t finder;  /* or 0 */
  int tree;      /* what it has found, until it is mounted, or -1 */
  int place;     /* the directory inside that it goes to, or -1 */
  char *path;    /* of that, or NULL: there is nothing to look for */
} SbxDocuments;

static void __attribute__ ((noreturn)) find (const char *path, int link)
{
  struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV };
  SbxMessage found = { .type = SBX_MSG_READY };
  sigset_t none;
  int tree;

  prctl (PR_SET_NAME, "sandbox-finder");
  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  /* Only the socket: what the keeper holds must not live as long as we may have to */
  if (dup2 (link, SBX_FINDER_LINK_FD) != SBX_FINDER_LINK_FD || sbx_sys_close_range (SBX_FINDER_LINK_FD + 1, ~0U, 0) < 0
      || unshare (CLONE_NEWUSER | CLONE_NEWNS) < 0)
    _exit (1);
  tree = sbx_sys_open_tree (AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
  if (tree < 0 || (sbx_sys_mount_setattr (tree, "", AT_EMPTY_PATH, &attr) < 0 && errno != ENOSYS)
      || sbx_message_send (SBX_FINDER_LINK_FD, &found, &tree, 1) < 0)
    _exit (1);
  _exit (0);
}

/* A launch does not fail for want of documents. */
static int
furnish (void *state, const SbxBlock *block)
{
  const char *part = sbx_block_string (block, SBX_TAG_DOCUMENTS, NULL);
  const char *at = sbx_block_string (block, SBX_TAG_DOCUMENTS_AT, NULL);
  SbxDocuments *self = state;
  char *path;
  int pair[2];

  if (!part || !at || asprintf (&path, "%s/%s", at, part) < 0)
    return 0;
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0) {
    self->finder = fork ();
    if (self->finder == 0)
      find (path, pair[1]);
    close (pair[1]);
    self->path = self->finder > 0 ? strdup (at) : NULL;
    if (self->path)
      sbx_watch_open (&self->link, pair[0]);
    else
      close (pair[0]);
  }
  free (path);
  return 0;
}

/* Receives the tree if it has come. */
static void
take_tree (SbxDocuments *self)
{
  int fds[SBX_MESSAGE_FDS];
  SbxMessage message;
  size_t n;
  int rc = sbx_message_recv_now (self->link.fd, SBX_CHANNEL_FINDER_TO_KEEPER, &message, fds, &n, NULL);

  if (rc < 0 && errno == EAGAIN)
    return;
  if (rc > 0)
    self->tree = fds[0];
  sbx_watch_close (&self->link);
}

static int
move_tree (void *data)
{
  const SbxDocuments *self = data;

  return sbx_sys_move_mount (self->tree, "", self->place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0
             ? errno
             : 0;
}

/* Mounts it when both are there. The application sees by itself what becomes of it. This asks the portal nothing, so
 * it may be waited for. */
static void
mount_tree (SbxDocuments *self, const SbxNamespaces *namespaces)
{
  if (self->tree < 0 || self->place < 0)
    return;
  (void) sbx_enter (namespaces, false, move_tree, self);
  close (self->tree);
  close (self->place);
  self->tree = self->place = -1;
}

static int
fill (void *state)
{
  SbxDocuments *self = state;
  const SbxInitLink *init = &self->head.keeper->init;
  struct pollfd alive = { .fd = init->end.fd, .events = POLLIN };
  char *path;

  /* Now, while it is as bwrap made it: the application may put a link in its place */
  if (!self->path || asprintf (&path, "/proc/%d/root%s", (int) init->pid, self->path) < 0)
    return 0;
  self->place = open (path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  free (path);
  if (poll (&alive, 1, 0) != 0 && self->place >= 0) { /* it died: the number may have been somebody else's */
    close (self->place);
    self->place = -1;
  }
  if (self->link.fd >= 0)
    take_tree (self);
  mount_tree (self, sbx_launch_namespaces (self->head.keeper));
  return 0;
}

/* It may also come later than that. */
static void
serve (SbxWatch *watch)
{
  SbxDocuments *self = SBX_OWNER (watch, SbxDocuments, link);
  const SbxInitLink *init = &self->head.keeper->init;
  SbxNamespaces namespaces;

  take_tree (self);
  if (self->tree < 0 || self->place < 0 || sbx_namespaces_open (&namespaces, init->pid, init->end.fd) < 0)
    return;
  mount_tree (self, &namespaces);
  sbx_namespaces_close (&namespaces);
}

static int
set_up (void *state)
{
  SbxDocuments *self = state;

  self->tree = self->place = -1;
  return sbx_loop_add (&self->head.keeper->loop, &self->link, SBX_ORDER_PARTS, serve, NULL);
}

static void
end (void *state)
{
  SbxDocuments *self = state;

  if (self->finder > 0)
    kill (self->finder, SIGKILL);
}

/* What has not come yet does not come any more when its place is taken away. */
static int
changing (void *state, const SbxBlock *block)
{
  SbxDocuments *self = state;
  SbxRecord record = { 0 };
  SbxNarrow row;

  while (self->path && self->link.fd >= 0 && sbx_block_next (block, SBX_TAG_NARROW, &record))
    if (sbx_narrow_read (&row, record.value, record.length) && row.kind == SBX_NARROW_GONE
        && sbx_narrow_is_below (self->path, row.path)) {
      sbx_watch_close (&self->link);
      end (self);
    }
  return 0;
}

static bool
reaped (void *state, pid_t pid, int status)
{
  SbxDocuments *self = state;

  if (self->finder != pid)
    return false;
  self->finder = 0;
  return true;
}

static bool
may_hang (const void *state, pid_t pid)
{
  const SbxDocuments *self = state;

  return self->finder == pid;
}

const SbxPart sbx_part_documents = {
  .name = "documents",
  .size = sizeof (SbxDocuments),
  .set_up = set_up,
  .furnish = furnish,
  .fill = fill,
  .changing = changing,
  .reaped = reaped,
  .end = end,
  .may_hang = may_hang,
};
