/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/lay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire/layout.h"
#include "wire/message.h"
#include "wire/sys.h"

/* One layer on its way. */
typedef struct {
  const SbxLayer *layer;
  int root, link;
  SbxMade *made; /* or NULL */
  SbxLayerFailure *failure;
} Lay;

static int
fail (Lay *lay, SbxLayerFault fault, int error)
{
  lay->failure->fault = fault;
  lay->failure->error = error;
  errno = error;
  return -1;
}

static int
open_part (int at, const char *name)
{
  struct open_how how = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                          .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };

  return sbx_sys_openat2 (at, name, &how, sizeof how);
}

static int
close_and_fail (int fd, int error)
{
  close (fd);
  errno = error;
  return -1;
}

/* A directory where somebody runs who may rename it: it is noted before it has its name. Its descriptor; or -1 with
 * errno, EEXIST when there is something by now. */
static int
make_noted (const Lay *lay, int at, const char *name, mode_t mode)
{
  char secret[SBX_MADE_NAME];
  int fd, error;

  if (sbx_made_name (secret) < 0 || mkdirat (at, secret, mode) < 0)
    return -1;
  fd = open_part (at, secret);
  if (fd >= 0 && sbx_made_note (lay->made, at, fd) == 0
      && sbx_sys_renameat2 (at, secret, at, name, RENAME_NOREPLACE) == 0)
    return fd;
  error = errno;
  (void) unlinkat (at, secret, AT_REMOVEDIR);
  return fd >= 0 ? close_and_fail (fd, error) : -1;
}

static int
make_directory (const Lay *lay, int at, const char *name, mode_t mode)
{
  int fd;

  if (lay->made) {
    fd = make_noted (lay, at, name, mode);
    return fd < 0 && errno == EEXIST ? open_part (at, name) : fd;
  }
  return mkdirat (at, name, mode) < 0 && errno != EEXIST ? -1 : open_part (at, name);
}

/* An empty file or directory, and opens it. That there is one by now is right. Where an application runs already, it
 * must not take the file for the one that is about to be mounted: nobody can open it. */
static int
make_part (const Lay *lay, int at, const char *name, bool last)
{
  const SbxLayer *layer = lay->layer;
  int fd, made;

  if (!last || !(layer->flags & SBX_LAYER_IS_FILE))
    return make_directory (lay, at, name, last && layer->mode ? layer->mode : 0755);
  fd = openat (at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0000);
  if (fd < 0)
    return errno == EEXIST ? open_part (at, name) : -1;
  made = lay->made ? sbx_made_note (lay->made, at, fd) : 0;
  return made < 0 ? close_and_fail (fd, errno) : fd;
}

/* Goes down part by part, and makes what is missing on the way. */
static int
make_place (Lay *lay)
{
  char path[PATH_MAX], *at = path + 1;
  int fd = fcntl (lay->root, F_DUPFD_CLOEXEC, 3);

  snprintf (path, sizeof path, "%s", lay->layer->dest);
  while (fd >= 0 && at) {
    char *slash = strchr (at, '/');
    int next;

    if (slash)
      *slash = '\0';
    next = open_part (fd, at);
    if (next < 0 && errno == ENOENT)
      next = make_part (lay, fd, at, !slash);
    if (next < 0) {
      int saved = errno;

      close (fd);
      errno = saved;
      return -1;
    }
    close (fd);
    fd = next;
    at = slash ? slash + 1 : NULL;
  }
  return fd;
}

/* The place as a descriptor, or -1 with the failure. */
static int
open_place (Lay *lay)
{
  const SbxLayer *layer = lay->layer;
  int fd = sbx_open_beneath (lay->root, layer->dest);
  struct stat st;

  if (fd < 0 && errno == ENOENT && (layer->flags & SBX_LAYER_MAKE)) {
    fd = make_place (lay);
    if (fd < 0)
      return fail (lay, SBX_LAYER_FAULT_MAKE, errno);
  }
  if (fd < 0)
    return fail (lay, SBX_LAYER_FAULT_PLACE, errno);
  if (fstat (fd, &st) == 0 && S_ISLNK (st.st_mode)) {
    close (fd);
    return fail (lay, SBX_LAYER_FAULT_PLACE, ELOOP);
  }
  if ((layer->flags & SBX_LAYER_DEST_KNOWN)
      && (fstat (fd, &st) < 0 || st.st_dev != layer->dest_object.device || st.st_ino != layer->dest_object.inode)) {
    close (fd);
    return fail (lay, SBX_LAYER_FAULT_MOVED, ESTALE);
  }
  return fd;
}

/* Puts @tree there, and closes both. */
static int
put (Lay *lay, int tree, int place)
{
  int rc = sbx_sys_move_mount (tree, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH), saved = errno;

  close (tree);
  close (place);
  return rc < 0 ? fail (lay, SBX_LAYER_FAULT_MOUNT, saved) : 0;
}

static int
lay_tree (Lay *lay)
{
  int fds[SBX_MESSAGE_FDS], place;
  SbxMessage message;
  size_t n = 0;

  if (sbx_message_recv (lay->link, SBX_CHANNEL_GATHERER_TO_KEEPER, &message, fds, &n, NULL) <= 0)
    return fail (lay, SBX_LAYER_FAULT_PROTOCOL, EPIPE);
  if (message.type == SBX_MSG_NOT_CLONED) {
    lay->failure->layer = message.layer;
    return fail (lay,
                 message.detail > SBX_LAYER_FAULT_NONE && message.detail < SBX_N_LAYER_FAULTS
                     ? (SbxLayerFault) message.detail
                     : SBX_LAYER_FAULT_PROTOCOL,
                 message.value);
  }
  if (message.layer != lay->failure->layer) {
    close (fds[0]);
    return fail (lay, SBX_LAYER_FAULT_PROTOCOL, EBADMSG);
  }
  place = open_place (lay);
  if (place < 0) {
    close (fds[0]);
    return -1;
  }
  return put (lay, fds[0], place);
}

static int
lay_self (Lay *lay)
{
  int place = open_place (lay), tree;

  if (place < 0)
    return -1;
  tree = sbx_sys_open_tree (place, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
  if (tree >= 0 && (lay->layer->flags & SBX_LAYER_READ_ONLY) && sbx_layer_set_attributes (lay->layer, tree) < 0) {
    int saved = errno;

    close (tree);
    close (place);
    return fail (lay, SBX_LAYER_FAULT_ATTRIBUTES, saved);
  }
  if (tree < 0) {
    int saved = errno;

    close (place);
    return fail (lay, SBX_LAYER_FAULT_CLONE, saved);
  }
  return put (lay, tree, place);
}

static int
make_tmpfs (unsigned mode)
{
  char text[8];
  int fs = sbx_sys_fsopen ("tmpfs", FSOPEN_CLOEXEC), mount = -1, saved;

  snprintf (text, sizeof text, "%04o", mode & 07777);
  if (fs < 0)
    return -1;
  if (sbx_sys_fsconfig (fs, FSCONFIG_SET_STRING, "source", "tmpfs", 0) == 0
      && sbx_sys_fsconfig (fs, FSCONFIG_SET_STRING, "mode", text, 0) == 0
      && sbx_sys_fsconfig (fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
    mount = sbx_sys_fsmount (fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
  saved = errno;
  close (fs);
  errno = saved;
  return mount;
}

static int
lay_tmpfs (Lay *lay)
{
  int place = open_place (lay), mount;

  if (place < 0)
    return -1;
  mount = make_tmpfs (lay->layer->mode);
  if (mount < 0) {
    int saved = errno;

    close (place);
    return fail (lay, SBX_LAYER_FAULT_MOUNT, saved);
  }
  return put (lay, mount, place);
}

static int
lay_directory (Lay *lay)
{
  int place = open_place (lay);

  if (place < 0)
    return -1;
  close (place);
  return 0;
}

/* In the sandbox's own root, which is a tmpfs; nothing runs there that could have made one. A file without a name
 * cannot be mounted, so it has one until it is. */
#define FILE_NAME ".layer"

static int
write_file (const SbxLayer *layer, int root)
{
  const char *at = layer->content;
  size_t left = layer->n_content;
  int fd = openat (root, FILE_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, layer->mode);

  while (fd >= 0 && left > 0) {
    ssize_t n = write (fd, at, left);

    if (n < 0 && errno != EINTR) {
      int saved = errno;

      close (fd);
      errno = saved;
      return -1;
    }
    at += n > 0 ? n : 0;
    left -= n > 0 ? (size_t) n : 0;
  }
  return fd;
}

/* The file as a detached mount, or -1 with the failure. */
static int
make_file_tree (Lay *lay)
{
  int fd = write_file (lay->layer, lay->root), tree, saved;

  if (fd < 0)
    return fail (lay, SBX_LAYER_FAULT_MAKE, errno);
  tree = sbx_sys_open_tree (fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
  saved = errno;
  close (fd);
  if (tree < 0)
    return fail (lay, SBX_LAYER_FAULT_CLONE, saved);
  if (sbx_layer_set_attributes (lay->layer, tree) < 0) {
    saved = errno;
    close (tree);
    return fail (lay, SBX_LAYER_FAULT_ATTRIBUTES, saved);
  }
  return tree;
}

static int
lay_file (Lay *lay)
{
  int place = open_place (lay), tree, rc;

  if (place < 0)
    return -1;
  tree = make_file_tree (lay);
  if (tree < 0) {
    close (place);
    return -1;
  }
  rc = put (lay, tree, place);
  (void) unlinkat (lay->root, FILE_NAME, 0);
  return rc;
}

static int
lay_seal (Lay *lay)
{
  struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
  int place = open_place (lay), rc, saved;

  if (place < 0)
    return -1;
  rc = sbx_sys_mount_setattr (place, "", AT_EMPTY_PATH, &attr);
  saved = errno;
  close (place);
  return rc < 0 ? fail (lay, SBX_LAYER_FAULT_ATTRIBUTES, saved) : 0;
}

/* Whether the link @name leads to a door, of this launch or of one before; *@same: to @target. */
static bool
is_link_to_door (int at, const char *name, const char *target, bool *same)
{
  char text[PATH_MAX];
  ssize_t n = readlinkat (at, name, text, sizeof text);

  *same = n == (ssize_t) strlen (target) && memcmp (text, target, (size_t) n) == 0;
  return n >= (ssize_t) sizeof SBX_DOORS_PLACE && memcmp (text, SBX_DOORS_PLACE "/", sizeof SBX_DOORS_PLACE) == 0;
}

/* One that is there already stays: what runs may use it. */
static int
make_link (const Lay *lay, int at, const char *name, const char *target)
{
  char secret[SBX_MADE_NAME];
  bool same, ours = is_link_to_door (at, name, target, &same);
  int fd, rc;

  if (same)
    return 0;
  if (ours)
    (void) unlinkat (at, name, 0);
  if (!lay->made)
    return symlinkat (target, at, name);
  if (sbx_made_name (secret) < 0 || symlinkat (target, at, secret) < 0)
    return -1;
  fd = open_part (at, secret);
  rc =
      fd < 0 || sbx_made_note (lay->made, at, fd) < 0 ? -1 : sbx_sys_renameat2 (at, secret, at, name, RENAME_NOREPLACE);
  if (rc < 0) {
    int error = errno;

    (void) unlinkat (at, secret, 0);
    return fd >= 0 ? close_and_fail (fd, error) : -1;
  }
  close (fd);
  return 0;
}

/* The directory of the door's place, which is made if it is not there. */
static int
open_above (Lay *lay)
{
  SbxLayer above = { .kind = SBX_LAYER_DIRECTORY, .flags = SBX_LAYER_MAKE, .source = "" };
  Lay way = { &above, lay->root, -1, lay->made, lay->failure };
  char path[PATH_MAX], *slash;

  snprintf (path, sizeof path, "%s", lay->layer->dest);
  slash = strrchr (path, '/');
  if (slash == path)
    return fcntl (lay->root, F_DUPFD_CLOEXEC, 3);
  *slash = '\0';
  above.dest = path;
  return open_place (&way);
}

static int
lay_door (Lay *lay)
{
  const char *stage = lay->layer->content, *name = strrchr (lay->layer->dest, '/') + 1;
  char target[PATH_MAX];
  int at = open_above (lay), rc, saved;

  if (at < 0 || !(lay->layer->flags & SBX_LAYER_IS_FILE)) {
    if (at >= 0)
      close (at);
    return at < 0 ? -1 : 0;
  }
  snprintf (target, sizeof target, SBX_DOORS_PLACE "%s/%s", strrchr (stage, '/'), name);
  rc = make_link (lay, at, name, target);
  saved = errno;
  close (at);
  return rc < 0 ? fail (lay, SBX_LAYER_FAULT_MAKE, saved) : 0;
}

static int (*const kinds[SBX_N_LAYER_KINDS]) (Lay *lay) = {
  [SBX_LAYER_TREE] = lay_tree,           [SBX_LAYER_SELF] = lay_self, [SBX_LAYER_TMPFS] = lay_tmpfs,
  [SBX_LAYER_DIRECTORY] = lay_directory, [SBX_LAYER_FILE] = lay_file, [SBX_LAYER_SEAL] = lay_seal,
  [SBX_LAYER_DOOR] = lay_door,
};

int
sbx_lay_all (const SbxLayer *layers, size_t n, int root, int link, SbxMade *made, SbxLayerFailure *failure)
{
  *failure = (SbxLayerFailure){ SBX_LAYER_FAULT_NONE, 0, 0 };
  umask (0); /* modes are what the layers say */
  for (size_t i = 0; i < n; i++) {
    Lay lay = { &layers[i], root, link, made, failure };

    failure->layer = i;
    if (kinds[layers[i].kind](&lay) < 0)
      return -1;
  }
  return 0;
}

/* %s is the source or the destination. */
static const struct {
  const char *format;
  bool source;
} texts[SBX_N_LAYER_FAULTS] = {
  [SBX_LAYER_FAULT_NONE] = { "nothing failed at %s", false },
  [SBX_LAYER_FAULT_NAMESPACE] = { "no user and mount namespace to look up %s in", true },
  [SBX_LAYER_FAULT_SOURCE] = { "%s cannot be opened any more", true },
  [SBX_LAYER_FAULT_REPLACED] = { "%s has been replaced by another file since it was opened; try again", true },
  [SBX_LAYER_FAULT_CLONE] = { "%s cannot be mounted a second time", true },
  [SBX_LAYER_FAULT_ATTRIBUTES] = { "%s cannot be made read-only or without devices", false },
  [SBX_LAYER_FAULT_PLACE] = { "%s is not there inside, or there is a link on the way to it, so nothing can be mounted "
                              "there",
                              false },
  [SBX_LAYER_FAULT_MAKE] = { "%s cannot be made inside", false },
  [SBX_LAYER_FAULT_MOVED] = { "what is to be closed at %s has been moved meanwhile; try again", false },
  [SBX_LAYER_FAULT_MOUNT] = { "nothing can be mounted at %s", false },
  [SBX_LAYER_FAULT_COMPOSITOR] = { "the Wayland compositor at %s was asked for a socket of the sandbox's own and has "
                                   "not "
                                   "answered as one does; nothing was started",
                                   true },
  [SBX_LAYER_FAULT_SILENT] = { "the Wayland compositor at %s does not answer; nothing was started. See whether it "
                               "hangs",
                               true },
  [SBX_LAYER_FAULT_PROTOCOL] = { "the program that looks up %s has ended", true },
};

void
sbx_layer_failure_text (const SbxLayerFailure *failure, const SbxLayer *layers, size_t n, char *text, size_t size)
{
  const SbxLayer *layer = failure->layer < n ? &layers[failure->layer] : NULL;
  bool source = texts[failure->fault].source && layer && layer->source[0];
  const char *name = !layer ? "?" : source ? layer->source : layer->dest;

  /* A format of our own, by hand: there is one %s in each */
  const char *format = texts[failure->fault].format, *mark = strstr (format, "%s");

  snprintf (text, size, "%.*s%s%s", (int) (mark - format), format, name, mark + 2);
}
