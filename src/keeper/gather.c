/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/gather.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire/message.h"
#include "wire/sys.h"

int
sbx_open_inside (int root, const char *path)
{
  struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
  int fd, tries = 0;

  do
    fd = sbx_sys_openat2 (root, path, &how, sizeof how);
  while (fd < 0 && errno == EAGAIN && ++tries < 100);
  return fd;
}

int
sbx_open_beneath (int root, const char *path)
{
  struct open_how how = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                          .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
  int fd, tries = 0;

  while (*path == '/')
    path++;
  /* EAGAIN: something was renamed meanwhile, and it cannot be told whether ".." leads out. There is no ".." here. */
  do
    fd = sbx_sys_openat2 (root, *path ? path : ".", &how, sizeof how);
  while (fd < 0 && errno == EAGAIN && ++tries < 100);
  return fd;
}

int
sbx_layer_set_attributes (const SbxLayer *layer, int tree)
{
  struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID | (layer->flags & SBX_LAYER_DEVICES ? 0 : MOUNT_ATTR_NODEV)
                                         | (layer->flags & SBX_LAYER_READ_ONLY ? MOUNT_ATTR_RDONLY : 0) };

  return sbx_sys_mount_setattr (tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr);
}

static bool
is_object (int fd, const SbxLayerObject *object)
{
  struct stat st;

  return fstat (fd, &st) == 0 && st.st_dev == object->device && st.st_ino == object->inode;
}

int
sbx_layer_open_source (const SbxLayer *layer, int root)
{
  int fd =
      layer->flags & SBX_LAYER_SYSTEM ? sbx_open_inside (root, layer->source) : sbx_open_beneath (root, layer->source);

  if (fd < 0 || !(layer->flags & SBX_LAYER_KNOWN) || is_object (fd, &layer->object))
    return fd;
  close (fd);
  errno = ESTALE;
  return -1;
}

/* A clone of the source as a detached mount, or -1 with @failure. */
static int
clone_source (const SbxLayer *layer, int root, const SbxContextSide *side, SbxLayerFailure *failure)
{
  int fd = sbx_layer_open_source (layer, root), tree = -1;

  failure->fault = fd < 0 && errno == ESTALE ? SBX_LAYER_FAULT_REPLACED : SBX_LAYER_FAULT_SOURCE;
  if (fd >= 0 && (layer->flags & SBX_LAYER_WAYLAND)) {
    fd = sbx_context_make (side, layer, fd);
    failure->fault = fd < 0 && errno == ETIMEDOUT ? SBX_LAYER_FAULT_SILENT : SBX_LAYER_FAULT_COMPOSITOR;
  }
  if (fd >= 0) {
    failure->fault = SBX_LAYER_FAULT_CLONE;
    tree = sbx_sys_open_tree (fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
  }
  if (tree >= 0 && sbx_layer_set_attributes (layer, tree) < 0) {
    failure->fault = SBX_LAYER_FAULT_ATTRIBUTES;
    failure->error = errno;
    close (tree);
    tree = -1;
  } else if (tree < 0) {
    failure->error = errno;
  }
  if (fd >= 0)
    close (fd);
  return tree;
}

/* As many as there may be. */
static void
raise_descriptors (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    (void) setrlimit (RLIMIT_NOFILE, &limit);
  }
}

static bool
clone_all (const SbxLayer *layers, size_t n, const SbxContextSide *side, int *trees, SbxLayerFailure *failure)
{
  int root;

  if (unshare (CLONE_NEWUSER | CLONE_NEWNS) < 0 || (root = open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0) {
    *failure = (SbxLayerFailure){ SBX_LAYER_FAULT_NAMESPACE, errno, 0 };
    return false;
  }
  for (size_t i = 0; i < n; i++) {
    failure->layer = i;
    trees[i] = layers[i].kind == SBX_LAYER_TREE ? clone_source (&layers[i], root, side, failure) : -1;
    if (layers[i].kind == SBX_LAYER_TREE && trees[i] < 0)
      return false;
  }
  close (root);
  return true;
}

void
sbx_gather (const SbxLayer *layers, size_t n, int link, const SbxContextSide *side)
{
  SbxLayerFailure failure = { SBX_LAYER_FAULT_CLONE, ENOMEM, 0 };
  int *trees = calloc (n + 1, sizeof *trees);

  raise_descriptors ();
  if (!trees || !clone_all (layers, n, side, trees, &failure)) {
    SbxMessage failed = { .type = SBX_MSG_NOT_CLONED,
                          .layer = (uint32_t) failure.layer,
                          .value = failure.error,
                          .detail = (int32_t) failure.fault };

    (void) sbx_message_send (link, &failed, NULL, 0);
    return;
  }
  for (size_t i = 0; i < n; i++) {
    SbxMessage ready = { .type = SBX_MSG_CLONED, .layer = (uint32_t) i };

    if (trees[i] >= 0 && sbx_message_send (link, &ready, &trees[i], 1) < 0)
      return;
  }
}
