/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire/io.h"
#include "wire/sys.h"

#define MAX_TEXT (64u << 20)

/* All of the file as a string. */
static char *
read_all (int fd)
{
  size_t room = 16384, n = 0;
  char *text = malloc (room);

  while (text) {
    ssize_t got = read (fd, text + n, room - n - 1);

    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0) {
      text[n] = '\0';
      if (got == 0)
        return text;
      break;
    }
    n += (size_t) got;
    if (room - n < 4096) {
      char *more = room < MAX_TEXT ? realloc (text, room *= 2) : NULL;

      if (!more) {
        errno = ENOMEM;
        break;
      }
      text = more;
    }
  }
  free (text);
  return NULL;
}

/* "\040" and the like, in place. */
static void
unescape (char *text)
{
  char *to = text;

  for (const char *at = text; *at;)
    if (at[0] == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' && at[2] <= '7' && at[3] >= '0' && at[3] <= '7') {
      *to++ = (char) ((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
      at += 4;
    } else {
      *to++ = *at++;
    }
  *to = '\0';
}

/* The next word of @at, or NULL. */
static char *
take_word (char **at)
{
  char *word = *at ? strsep (at, " ") : NULL;

  return word && *word ? word : NULL;
}

/* "36 35 98:0 /root /point rw,noatime …" */
static bool
parse_line (char *line, SbxMountRow *row)
{
  char *numbers[3], *root, *point, *options;

  for (size_t i = 0; i < 3; i++)
    if (!(numbers[i] = take_word (&line)))
      return false;
  root = take_word (&line);
  point = take_word (&line);
  options = take_word (&line);
  if (!options || sscanf (numbers[2], "%u:%u", &row->major, &row->minor) != 2)
    return false;
  row->id = atoi (numbers[0]);
  row->parent = atoi (numbers[1]);
  unescape (root);
  unescape (point);
  row->root = root;
  row->point = point;
  row->read_only = strncmp (options, "ro", 2) == 0 && (options[2] == '\0' || options[2] == ',');
  return true;
}

static int
parse (SbxMountRows *self)
{
  size_t n = 0;
  char *at = self->text, *line;

  for (const char *c = self->text; *c; c++)
    n += *c == '\n';
  self->rows = calloc (n + 1, sizeof *self->rows);
  if (!self->rows)
    return -1;
  while ((line = strsep (&at, "\n")) != NULL && *line) {
    if (!parse_line (line, &self->rows[self->n])) {
      errno = EBADMSG;
      return -1;
    }
    self->n++;
  }
  return 0;
}

int
sbx_mount_rows_read (SbxMountRows *self, int proc)
{
  int fd = openat (proc, "self/mountinfo", O_RDONLY | O_CLOEXEC);

  *self = (SbxMountRows){ 0 };
  if (fd < 0)
    return -1;
  self->text = read_all (fd);
  close (fd);
  if (self->text && parse (self) == 0)
    return 0;
  sbx_mount_rows_clear (self);
  return -1;
}

void
sbx_mount_rows_clear (SbxMountRows *self)
{
  int saved = errno;

  free (self->rows);
  free (self->text);
  *self = (SbxMountRows){ 0 };
  errno = saved;
}

const SbxMountRow *
sbx_mount_rows_find (const SbxMountRows *self, int id)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i].id == id)
      return &self->rows[i];
  return NULL;
}

int
sbx_mount_id (int proc, int fd)
{
  char path[64], text[1024], *at;
  int info;
  ssize_t n;

  snprintf (path, sizeof path, "self/fdinfo/%d", fd);
  info = openat (proc, path, O_RDONLY | O_CLOEXEC);
  if (info < 0)
    return -1;
  n = sbx_read_text (info, text, sizeof text);
  close (info);
  at = n > 0 ? strstr (text, "mnt_id:") : NULL;
  if (at)
    return atoi (at + strlen ("mnt_id:"));
  errno = EBADMSG;
  return -1;
}

int
sbx_mount_empty_directory (void)
{
  int fs = sbx_sys_fsopen ("tmpfs", FSOPEN_CLOEXEC), mount = -1, saved;

  if (fs < 0)
    return -1;
  if (sbx_sys_fsconfig (fs, FSCONFIG_SET_STRING, "source", "tmpfs", 0) == 0
      && sbx_sys_fsconfig (fs, FSCONFIG_SET_STRING, "mode", "0700", 0) == 0
      && sbx_sys_fsconfig (fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
    mount = sbx_sys_fsmount (fs, FSMOUNT_CLOEXEC,
                             MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  saved = errno;
  close (fs);
  errno = saved;
  return mount;
}

int
sbx_mount_set_attributes (int tree, uint64_t attributes)
{
  struct mount_attr attr = { .attr_set = attributes };
  int saved;

  if (tree < 0 || sbx_sys_mount_setattr (tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr) == 0)
    return tree;
  saved = errno;
  close (tree);
  errno = saved;
  return -1;
}
