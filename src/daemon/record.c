/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/error.h"
#include "common/names.h"
#include "wire/sweep.h"

#define INFO_GROUP "Instance"
#define STATUS_GROUP "Status"
#define ANNOUNCED_FILE "announced"
#define NEW_INFO_FILE "info.new"
#define NEW_STATUS_FILE "status.new"

void
sbx_info_free (SbxInfo *info)
{
  g_free (info->app_id);
  g_free (info->profile);
  g_clear_pointer (&info->command, g_variant_unref);
  g_clear_pointer (&info->policy, g_variant_unref);
  g_strfreev (info->warnings);
  g_free (info->limits);
  g_free (info->on_crash);
  g_strfreev (info->display);
  g_free (info);
}

SbxInfo *
sbx_info_new (guint64 id)
{
  SbxInfo *info = g_new0 (SbxInfo, 1);

  info->id = id;
  info->app_id = g_strdup ("");
  info->profile = g_strdup ("");
  info->command = g_variant_ref_sink (g_variant_new_bytestring_array (NULL, 0));
  info->policy = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  info->warnings = g_new0 (char *, 1);
  info->limits = g_strdup ("none");
  info->on_crash = g_strdup ("");
  return info;
}

GBytes *
sbx_info_write (const SbxInfo *info)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *command = g_variant_print (info->command, TRUE);
  g_autofree char *policy = g_variant_print (info->policy, TRUE);
  char id[SBX_ID_SIZE];
  gsize size;
  char *text;

  sbx_id_format (info->id, id);
  g_key_file_set_string (file, INFO_GROUP, "Id", id);
  if (info->parent != 0) {
    sbx_id_format (info->parent, id);
    g_key_file_set_string (file, INFO_GROUP, "Parent", id);
    if (info->nested)
      g_key_file_set_string (file, INFO_GROUP, "Nested", "true");
  }
  g_key_file_set_string (file, INFO_GROUP, "AppId", info->app_id);
  g_key_file_set_string (file, INFO_GROUP, "Profile", info->profile);
  g_key_file_set_string (file, INFO_GROUP, "Command", command);
  g_key_file_set_string (file, INFO_GROUP, "Policy", policy);
  g_key_file_set_string_list (file, INFO_GROUP, "Warnings", (const char *const *) info->warnings,
                              g_strv_length (info->warnings));
  g_key_file_set_string (file, INFO_GROUP, "Limits", info->limits);
  if (info->on_crash && info->on_crash[0])
    g_key_file_set_string (file, INFO_GROUP, "OnCrash", info->on_crash);
  if (info->display)
    g_key_file_set_string_list (file, INFO_GROUP, "Display", (const char *const *) info->display,
                                g_strv_length (info->display));
  text = g_key_file_to_data (file, &size, NULL);
  return g_bytes_new_take (text, size);
}

/* For a backslash at the end after another bad escape GLib sets its error twice, with a warning. */
static gboolean
check_end (GKeyFile *file, const char *key, GError **error)
{
  g_autofree char *value = g_key_file_get_value (file, INFO_GROUP, key, error);
  gsize n = 0;

  if (!value)
    return FALSE;
  for (gsize i = strlen (value); i > 0 && value[i - 1] == '\\'; i--)
    n++;
  return n % 2 == 0 || sbx_throw (error, SBX_ERROR_BAD_OPTION, "%s ends in a backslash", key);
}

/* GLib returns what it has of a value with a bad escape, and sets the error as well. */
static char *
read_string (GKeyFile *file, const char *key, GError **error)
{
  GError *problem = NULL;
  g_autofree char *text =
      check_end (file, key, &problem) ? g_key_file_get_string (file, INFO_GROUP, key, &problem) : NULL;

  if (!problem)
    return g_steal_pointer (&text);
  g_propagate_error (error, problem);
  return NULL;
}

/* "" when it is not there. */
static char *
read_optional (GKeyFile *file, const char *key, GError **error)
{
  return g_key_file_has_key (file, INFO_GROUP, key, NULL) ? read_string (file, key, error) : g_strdup ("");
}

static GVariant *
read_variant (GKeyFile *file, const char *key, const char *type, GError **error)
{
  g_autofree char *text = read_string (file, key, error);

  return text ? g_variant_parse (G_VARIANT_TYPE (type), text, NULL, NULL, error) : NULL;
}

static char **
read_list (GKeyFile *file, const char *key, GError **error)
{
  GError *problem = NULL;
  g_auto (GStrv) list =
      check_end (file, key, &problem) ? g_key_file_get_string_list (file, INFO_GROUP, key, NULL, &problem) : NULL;

  if (!problem)
    return g_steal_pointer (&list);
  g_propagate_error (error, problem);
  return NULL;
}

static gboolean
read_parent (GKeyFile *file, SbxInfo *info, GError **error)
{
  g_autofree char *parent = NULL;

  if (!g_key_file_has_key (file, INFO_GROUP, "Parent", NULL))
    return TRUE;
  parent = read_string (file, "Parent", error);
  return parent && (sbx_id_parse (parent, &info->parent) || sbx_throw (error, SBX_ERROR_BAD_OPTION, "Parent is no id"));
}

static gboolean
read_nested (GKeyFile *file, SbxInfo *info, GError **error)
{
  g_autofree char *nested = read_optional (file, "Nested", error);

  if (!nested)
    return FALSE;
  info->nested = g_str_equal (nested, "true");
  return (nested[0] == '\0' || (info->nested && info->parent != 0))
         || sbx_throw (error, SBX_ERROR_BAD_OPTION, "Nested is not \"true\" with a Parent");
}

/* TRUE without one. */
static gboolean
read_display (GKeyFile *file, SbxInfo *info, GError **error)
{
  return !g_key_file_has_key (file, INFO_GROUP, "Display", NULL)
         || (info->display = read_list (file, "Display", error)) != NULL;
}

static gboolean
read_info (GKeyFile *file, SbxInfo *info, GError **error)
{
  g_autofree char *id = read_string (file, "Id", error);
  guint64 value;

  if (!id)
    return FALSE;
  if (!sbx_id_parse (id, &value) || value != info->id)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "Id is of another instance");
  return read_parent (file, info, error) && read_nested (file, info, error)
         && (info->app_id = read_string (file, "AppId", error)) != NULL
         && (info->profile = read_string (file, "Profile", error)) != NULL
         && (info->command = read_variant (file, "Command", "aay", error)) != NULL
         && (info->policy = read_variant (file, "Policy", "a{sv}", error)) != NULL
         && (info->warnings = read_list (file, "Warnings", error)) != NULL
         && (info->limits = read_string (file, "Limits", error)) != NULL
         && (info->on_crash = read_optional (file, "OnCrash", error)) != NULL && read_display (file, info, error);
}

SbxInfo *
sbx_info_parse (const char *text, gsize size, guint64 id, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (SbxInfo) info = g_new0 (SbxInfo, 1);
  g_autoptr (GError) problem = NULL;

  info->id = id;
  if (size > 0 && g_key_file_load_from_data (file, text, size, G_KEY_FILE_NONE, &problem)
      && read_info (file, info, &problem))
    return g_steal_pointer (&info);
  sbx_throw (error, SBX_ERROR_BAD_OPTION, "info file: %s", problem ? problem->message : "empty");
  return NULL;
}

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

gboolean
sbx_id_parse (const char *text, guint64 *id)
{
  guint64 value = 0;

  for (gsize i = 0; i < SBX_ID_SIZE - 1; i++) {
    if (!g_ascii_isxdigit (text[i]) || g_ascii_isupper (text[i]))
      return FALSE;
    value = value << 4 | (guint64) g_ascii_xdigit_value (text[i]);
  }
  if (text[SBX_ID_SIZE - 1] != '\0' || value == 0)
    return FALSE;
  *id = value;
  return TRUE;
}

void
sbx_id_format (guint64 id, char text[SBX_ID_SIZE])
{
  g_snprintf (text, SBX_ID_SIZE, "%016" G_GINT64_MODIFIER "x", id);
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

/* All of it, or -1: what grows while it is read is cut. */
static gssize
read_all (int fd, char *buffer, gsize size)
{
  gsize at = 0;

  while (at < size) {
    gssize n = read (fd, buffer + at, size - at);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return -1;
    if (n == 0)
      break;
    at += (gsize) n;
  }
  return (gssize) at;
}

char *
sbx_record_read (int directory, const char *name, gsize max, gsize *size, GError **error)
{
  /* O_NONBLOCK: a FIFO in its place must not stop us */
  int fd = openat (directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  g_autofree char *text = NULL;
  struct stat st;
  gssize n;

  if (fd < 0) {
    sbx_throw_errno (error, errno == ENOENT ? SBX_ERROR_NOT_FOUND : SBX_ERROR_BAD_OPTION, errno, "open %s", name);
    return NULL;
  }
  if (fstat (fd, &st) < 0 || !S_ISREG (st.st_mode) || st.st_uid != geteuid () || (guint64) st.st_size > max) {
    close (fd);
    sbx_throw (error, SBX_ERROR_BAD_OPTION, "%s is not a file of ours of at most %zu bytes", name, max);
    return NULL;
  }
  text = g_malloc ((gsize) st.st_size + 1);
  n = read_all (fd, text, (gsize) st.st_size);
  close (fd);
  if (n < 0) {
    sbx_throw_errno (error, SBX_ERROR_BAD_OPTION, errno, "read %s", name);
    return NULL;
  }
  text[n] = '\0';
  *size = (gsize) n;
  return g_steal_pointer (&text);
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

/* A new file each time: two services may do it at once, and readers see one or the other. */
static gboolean
replace (int directory, const char *new_name, const char *name, const char *text, gsize size)
{
  gboolean ok;
  int fd;

  unlinkat (directory, new_name, 0);
  fd = openat (directory, new_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  ok = fd >= 0 && write (fd, text, size) == (gssize) size;
  if (fd >= 0)
    close (fd);
  return ok && renameat (directory, new_name, directory, name) == 0;
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
  if (!replace (directory, NEW_INFO_FILE, SBX_INFO_FILE, text, size))
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
  if (!replace (directory, NEW_STATUS_FILE, SBX_STATUS_FILE, text, strlen (text)))
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
