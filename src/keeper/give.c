/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/give.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/gather.h"
#include "keeper/lay.h"
#include "keeper/mounts.h"
#include "wire/layout.h"
#include "wire/sys.h"

typedef struct {
  SbxNarrowing *shared;
  const SbxLayer *layers;
  size_t n;
  const SbxLayer *tree; /* the one of them that is moved into the instance, with what lies in it */
  const SbxNamespaces *own;
  int proc;
  int link; /* from the gatherer */
} Give;

static int
fail (const Give *give, SbxChangeFault fault, int error, const char *what)
{
  return sbx_narrow_fail (give->shared, fault, error, what);
}

static const char *
place_of (const Give *give)
{
  return give->tree->dest;
}

static void __attribute__ ((noreturn)) run_gatherer (const Give *give, pid_t parent, int link)
{
  prctl (PR_SET_NAME, "sandbox-gather");
  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid () != parent || dup2 (link, SBX_GATHERER_LINK_FD) != SBX_GATHERER_LINK_FD
      || sbx_sys_close_range (SBX_GATHERER_LINK_FD + 1, ~0U, 0) < 0)
    _exit (1);
  /* A display is never given to what runs (layers/layers.c) */
  sbx_gather (give->layers, give->n, SBX_GATHERER_LINK_FD, &(SbxContextSide){ .directory = -1, .end = -1 });
  _exit (0);
}

/* Files and links are in the file systems that the instance has too. In the copy the place is a mount point, which
 * cannot be removed there; that ends when we leave it. */
static void
undo (const Give *give, SbxMade *made)
{
  if (setns (give->own->mount, CLONE_NEWNS) == 0)
    (void) sbx_made_undo (made, give->proc);
}

/* Nothing that is mounted in the copy is seen elsewhere, but what the host unmounts goes; and places can be made in
 * what is read-only to the application. */
static int
open_copy (void)
{
  struct mount_attr slave = { .propagation = MS_SLAVE }, writable = { .attr_clr = MOUNT_ATTR_RDONLY };
  int root = unshare (CLONE_NEWNS) < 0 ? -1 : open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

  if (root < 0)
    return -1;
  if (sbx_sys_mount_setattr (root, "", AT_EMPTY_PATH | AT_RECURSIVE, &slave) == 0
      && sbx_sys_mount_setattr (root, "", AT_EMPTY_PATH, &writable) == 0)
    return root;
  close (root);
  return -1;
}

/* All of it as one detached tree, or -1 with the fault. */
static int
build (const Give *give, int root, SbxMade *made)
{
  SbxLayerFailure failure;
  char text[PATH_MAX];
  int at, tree;

  if (sbx_lay_all (give->layers, give->n, root, give->link, made, &failure) < 0) {
    sbx_layer_failure_text (&failure, give->layers, give->n, text, sizeof text);
    return fail (give, SBX_CHANGE_FAULT_LAYER, failure.error, text);
  }
  at = sbx_open_beneath (root, place_of (give));
  tree = at < 0 ? -1 : sbx_sys_open_tree (at, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
  if (tree < 0)
    (void) fail (give, SBX_CHANGE_FAULT_MOUNT, errno, place_of (give));
  if (at >= 0)
    close (at);
  return tree;
}

/* Whether the stage of another file of the same directory is there. */
static bool
has_stage (const Give *give, int at)
{
  struct stat st;
  bool door = false;

  for (size_t i = 0; i < give->n; i++)
    door = door || give->layers[i].kind == SBX_LAYER_DOOR;
  return door && fstat (at, &st) == 0 && st.st_dev == give->tree->object.device
         && st.st_ino == give->tree->object.inode;
}

/* Whether one that was killed has done it: then another mount is on top. */
static bool
is_there (const Give *give, int at)
{
  return has_stage (give, at)
         || (give->shared->begun && give->shared->under > 0 && sbx_mount_id (give->proc, at) != give->shared->under);
}

/* The one step that changes anything. */
static int
put (const Give *give, int tree, int at)
{
  SbxNarrowing *shared = give->shared;

  if (is_there (give, at))
    return 0;
  shared->under = sbx_mount_id (give->proc, at);
  shared->begun = true;
  if (shared->under > 0
      && sbx_sys_move_mount (tree, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
    return 0;
  shared->begun = false;
  return fail (give, SBX_CHANGE_FAULT_MOUNT, errno, place_of (give));
}

static int
attach (const Give *give, int tree)
{
  int root = setns (give->own->mount, CLONE_NEWNS) < 0 ? -1 : open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  int at = root < 0 ? -1 : sbx_open_beneath (root, place_of (give)), rc;

  if (at < 0) {
    rc = fail (give, SBX_CHANGE_FAULT_ENTER, errno, place_of (give));
  } else {
    rc = put (give, tree, at);
    close (at);
  }
  if (root >= 0)
    close (root);
  return rc;
}

static int
work (const Give *give, pid_t parent)
{
  SbxMade made = { 0 };
  int root, tree, rc;

  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid () != parent || setns (give->own->owner, CLONE_NEWUSER) < 0 || setns (give->own->mount, CLONE_NEWNS) < 0
      || (root = open_copy ()) < 0)
    return fail (give, SBX_CHANGE_FAULT_ENTER, errno, "the instance's mounts");
  tree = build (give, root, &made);
  rc = tree < 0 ? -1 : attach (give, tree);
  close (root); /* with it the last that holds the copy */
  if (rc < 0 && !give->shared->begun)
    undo (give, &made);
  sbx_made_forget (&made);
  return rc;
}

/* The first tree, or NULL: something else lies neither in that nor is a door. */
static const SbxLayer *
find_tree (const SbxLayer *layers, size_t n)
{
  const SbxLayer *tree = NULL;

  for (size_t i = 0; i < n && !tree; i++)
    if (layers[i].kind == SBX_LAYER_TREE)
      tree = &layers[i];
  for (size_t i = 0; tree && i < n; i++)
    if (layers[i].kind != SBX_LAYER_DOOR && !sbx_narrow_is_below (layers[i].dest, tree->dest))
      return NULL;
  return tree;
}

/* 0 when the child has ended well. */
static int
wait_for (pid_t pid)
{
  int status;

  while (waitpid (pid, &status, 0) < 0)
    if (errno != EINTR)
      return -1;
  return WIFEXITED (status) && WEXITSTATUS (status) == 0 ? 0 : -1;
}

int
sbx_give (SbxNarrowing *shared, const SbxLayer *layers, size_t n, const SbxNamespaces *own, int proc)
{
  Give give = { shared, layers, n, find_tree (layers, n), own, proc, -1 };
  pid_t parent = getpid (), gatherer, worker;
  int pair[2], rc;

  if (!give.tree || socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    return fail (&give, SBX_CHANGE_FAULT_PROTOCOL, EBADMSG, "");
  give.link = pair[0];
  gatherer = fork ();
  if (gatherer == 0)
    run_gatherer (&give, parent, pair[1]);
  close (pair[1]);
  worker = gatherer < 0 ? -1 : fork ();
  if (worker == 0)
    _exit (work (&give, parent) < 0);
  close (pair[0]);
  rc = worker < 0 ? fail (&give, SBX_CHANGE_FAULT_PROTOCOL, errno, "") : wait_for (worker);
  if (gatherer > 0) {
    kill (gatherer, SIGKILL);
    (void) wait_for (gatherer);
  }
  return rc;
}
