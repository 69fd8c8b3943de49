/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/error.h"
#include "common/read-file.h"
#include "common/write-file.h"
#include "wire/layout.h"
#include "wire/sweep.h"

#define STATUS_GROUP "Status"
#define ANNOUNCED_FILE "announced"
/* As sbx_replace_file () calls them */
#define NEW_INFO_FILE SBX_INFO_FILE ".new"
#define NEW_STATUS_FILE SBX_STATUS_FILE ".new"

/* A decimal number of the status file, within its bounds. */
static gint64
read_number (GKeyFile *file, const char *key, gint64 min, gint64 max, GError **error)
{
  g_autofree char *text = NULL;
  gint64 value = 0;

  if (*error)
    return 0;
  text = g_key_file_get_value (file, STATUS_GROUP, key, error);
  if (text)
    g_ascii_string_to_signed (text, 10, min, max, &value, error);
  return value;
}

static int
index_of (const char *word, const char *const *words, int n)
{
  for (int i = 0; i < n; i++)
    if (g_strcmp0 (word, words[i]) == 0)
      return i;
  return -1;
}

/* As much of @from as fits and is UTF-8: the keeper cuts at a byte, and so does the end of @to. */
static void
copy_text (char *to, gsize size, const char *from)
{
  const char *end;

  g_strlcpy (to, from, size);
  if (!g_utf8_validate (to, -1, &end))
    to[end - to] = '\0';
  g_strchomp (to); /* as key files do; what was cut may end in blanks */
}

static void
read_words (GKeyFile *file, SbxStatus *status, GError **error)
{
  static const char *const states[] = {
    [SBX_STATUS_PREPARED] = "prepared", [SBX_STATUS_RUNNING] = "running", [SBX_STATUS_EXITED] = "exited"
  };
  const char *culprits[SBX_N_CULPRITS];
  g_autofree char *state = g_key_file_get_value (file, STATUS_GROUP, "State", NULL);
  g_autofree char *culprit = g_key_file_get_value (file, STATUS_GROUP, "Culprit", NULL);
  g_autofree char *text = g_key_file_get_value (file, STATUS_GROUP, "Text", NULL);
  int index = index_of (state, states, G_N_ELEMENTS (states));

  for (unsigned i = 0; i < SBX_N_CULPRITS; i++)
    culprits[i] = sbx_culprit_name (i);
  status->state = index < 0 ? SBX_STATUS_PREPARED : (SbxStatusState) index;
  if (index < 0 && !*error)
    sbx_throw (error, SBX_ERROR_BAD_OPTION, "State is not a word of ours");
  index = index_of (culprit, culprits, SBX_N_CULPRITS);
  status->culprit = index < 0 ? SBX_CULPRIT_APPLICATION : (SbxCulprit) index;
  if (index < 0 && status->state == SBX_STATUS_EXITED && !*error)
    sbx_throw (error, SBX_ERROR_BAD_OPTION, "Culprit is not a word of ours");
  copy_text (status->text, sizeof status->text, text ? text : "");
}

static gboolean
is_blank (const char *text, gsize size)
{
  for (gsize i = 0; i < size; i++)
    if (text[i] != '\n')
      return FALSE;
  return TRUE;
}

gboolean
sbx_status_parse (const char *text, gsize size, SbxStatus *status, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  GError *problem = NULL;

  *status = (SbxStatus){ .state = SBX_STATUS_PREPARED };
  if (is_blank (text, size))
    return TRUE;
  if (memchr (text, '\0', size))
    sbx_throw (&problem, SBX_ERROR_BAD_OPTION, "has a NUL");
  else if (g_key_file_load_from_data (file, text, size, G_KEY_FILE_NONE, &problem)) {
    status->pid = (gint32) read_number (file, "Pid", 0, G_MAXINT32, &problem);
    status->start_time = read_number (file, "StartTime", 0, G_MAXINT64, &problem);
    status->exit_time = read_number (file, "ExitTime", 0, G_MAXINT64, &problem);
    status->wait_status = (gint32) read_number (file, "WaitStatus", 0, 0xffff, &problem);
    status->culprit_status = (gint32) read_number (file, "CulpritStatus", G_MININT32, G_MAXINT32, &problem);
    status->enforced = (guint32) read_number (file, "Enforced", 0, G_MAXUINT32, &problem);
    read_words (file, status, &problem);
  }
  if (!problem)
    return TRUE;
  sbx_throw (error, SBX_ERROR_BAD_OPTION, "status file: %s", problem->message);
  g_error_free (problem);
  return FALSE;
}

char *
sbx_status_write_exited (const SbxStatus *status)
{
  return g_strdup_printf ("[" STATUS_GROUP "]\nState=exited\nPid=0\nStartTime=%" G_GINT64_FORMAT
                          "\nExitTime=%" G_GINT64_FORMAT
                          "\nWaitStatus=%d\nCulprit=%s\nCulpritStatus=%d\nEnforced=%u\nText=%s\n",
                          status->start_time, status->exit_time, status->wait_status,
                          sbx_culprit_name (status->culprit), status->culprit_status, status->enforced, status->text);
}

int
sbx_record_open (int parent, guint64 id)
{
  char name[SBX_ID_SIZE];
  struct stat st;
  int fd;

  sbx_id_format (id, name);
  fd = openat (parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd >= 0 && fstat (fd, &st) == 0 && st.st_uid == geteuid ())
    return fd;
  if (fd >= 0) {
    close (fd);
    errno = EPERM;
  }
  return -1;
}

char *
sbx_record_read (int directory, const char *name, gsize max, gsize *size, GError **error)
{
  char *text = sbx_read_file (directory, name, max, SBX_READ_NO_LINK | SBX_READ_OWN, size);

  if (text)
    return text;
  switch (errno) {
  case ENOENT:
    sbx_throw_errno (error, SBX_ERROR_NOT_FOUND, errno, "open %s", name);
    break;
  case EISDIR:
  case ENXIO:
  case EPERM:
  case EFBIG:
    sbx_throw (error, SBX_ERROR_BAD_OPTION, "%s is not a file of ours of at most %zu bytes", name, max);
    break;
  default:
    sbx_throw_errno (error, SBX_ERROR_BAD_OPTION, errno, "read %s", name);
  }
  return NULL;
}

gboolean
sbx_record_read_pids (int parent, guint64 id, gint32 *keeper, gint32 *init)
{
  int directory = sbx_record_open (parent, id);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  gsize size = 0;

  if (directory < 0)
    return FALSE;
  text = sbx_record_read (directory, SBX_STATUS_FILE, SBX_STATUS_MAX, &size, NULL);
  close (directory);
  if (!text || size == 0 || !g_key_file_load_from_data (file, text, size, G_KEY_FILE_NONE, NULL))
    return FALSE;
  *keeper = (gint32) read_number (file, "KeeperPid", 1, G_MAXINT32, &error);
  *init = (gint32) read_number (file, "InitPid", 1, G_MAXINT32, &error);
  return !error;
}

int
sbx_record_connect (int directory)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int sock = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  if (sock < 0)
    return -1;
  /* Through the descriptor: the path may be longer than sun_path, and cannot be swapped */
  g_snprintf (address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", directory, SBX_KEEPER_SOCKET);
  if (connect (sock, (struct sockaddr *) &address, sizeof address) < 0) {
    int saved = errno;

    close (sock);
    errno = saved;
    return -1;
  }
  return sock;
}

void
sbx_record_sweep (int parent, guint64 id)
{
  static const char *const names[] = { SBX_KEEPER_SOCKET, SBX_INFO_FILE,   NEW_INFO_FILE,
                                       SBX_STATUS_FILE,   NEW_STATUS_FILE, ANNOUNCED_FILE };
  int directory = sbx_record_open (parent, id);
  char name[SBX_ID_SIZE];

  if (directory < 0)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    unlinkat (directory, names[i], 0);
  sbx_sweep_directory (directory, SBX_BUS_SUBDIR);
  sbx_sweep_directory (directory, SBX_X11_SUBDIR);
  close (directory);
  sbx_id_format (id, name);
  if (unlinkat (parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
    g_warning ("Cannot remove the record %s: %s", name, g_strerror (errno));
}

void
sbx_record_set_info (int parent, const SbxInfo *info)
{
  g_autoptr (GBytes) bytes = sbx_info_write (info);
  int directory = sbx_record_open (parent, info->id);
  gsize size;
  const char *text = g_bytes_get_data (bytes, &size);

  if (directory < 0)
    return;
  if (sbx_replace_file (directory, SBX_INFO_FILE, text, size) < 0)
    g_warning ("Cannot write the limits of an instance down: %s", g_strerror (errno));
  close (directory);
}

void
sbx_record_set_exited (int parent, guint64 id, const SbxStatus *status)
{
  g_autofree char *text = sbx_status_write_exited (status);
  int directory = sbx_record_open (parent, id);

  if (directory < 0)
    return;
  unlinkat (directory, SBX_KEEPER_SOCKET, 0);
  if (sbx_replace_file (directory, SBX_STATUS_FILE, text, strlen (text)) < 0)
    g_warning ("Cannot write the end of an instance down: %s", g_strerror (errno));
  close (directory);
}

void
sbx_record_set_announced (int parent, guint64 id)
{
  int directory = sbx_record_open (parent, id);
  int fd;

  if (directory < 0)
    return;
  fd = openat (directory, ANNOUNCED_FILE, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
  if (fd >= 0)
    close (fd);
  close (directory);
}

gboolean
sbx_record_is_announced (int directory)
{
  return faccessat (directory, ANNOUNCED_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
