/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records of instances: what a service writes it reads again, and what others left in their place does no harm. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/instances/record.h"
#include "daemon/instances/runtime-dir.h"

#define ID G_GUINT64_CONSTANT (0x0123456789abcdef)
#define ID_TEXT "0123456789abcdef"

typedef struct {
  char *path;
  int parent;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->path = g_dir_make_tmp ("record-XXXXXX", NULL);
  g_assert_nonnull (fixture->path);
  fixture->parent = open (fixture->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  g_assert_cmpint (fixture->parent, >=, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  const char *argv[] = { "rm", "-rf", "--", fixture->path, NULL };

  close (fixture->parent);
  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
  g_free (fixture->path);
}

static char *
make (Fixture *fixture, const char *name, const char *content)
{
  g_autofree char *directory = g_build_filename (fixture->path, ID_TEXT, NULL);
  char *path = g_build_filename (directory, name, NULL);

  g_assert_true (g_mkdir (directory, 0700) == 0 || errno == EEXIST);
  if (content)
    g_assert_true (g_file_set_contents (path, content, -1, NULL));
  return path;
}

static SbxInfo *
sample (void)
{
  static const char *const argv[] = { "prog", "with space", "\xff\x01", "", NULL };
  SbxInfo *info = g_new0 (SbxInfo, 1);

  info->id = ID;
  info->app_id = g_strdup ("org.example.App");
  info->profile = g_strdup ("default");
  info->command = g_variant_ref_sink (g_variant_new_bytestring_array (argv, -1));
  info->policy = g_variant_ref_sink (g_variant_new_parsed ("{'Context': <{'shared': 'network;', 'x': \"a\nb'c\"}>}"));
  info->warnings = g_strsplit ("one; two|thr\\ee", "|", -1);
  info->limits = g_strdup ("rlimit");
  info->offers = sbx_offers_new ();
  sbx_offers_add (info->offers, SBX_OFFER_BASE, "HOME", "/home/\xff; x");
  sbx_offers_add (info->offers, SBX_OFFER_FIXED, "DISPLAY", ":1");
  return info;
}

static void
test_info_round_trip (void)
{
  g_autoptr (SbxInfo) info = sample ();
  g_autoptr (GBytes) bytes = sbx_info_write (info);
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxInfo) again = sbx_info_parse (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), ID, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (again->id, ==, ID);
  g_assert_cmpstr (again->app_id, ==, info->app_id);
  g_assert_cmpstr (again->profile, ==, info->profile);
  g_assert_cmpstr (again->limits, ==, info->limits);
  g_assert_cmpvariant (again->command, info->command);
  g_assert_cmpvariant (again->policy, info->policy);
  g_assert_cmpstrv (again->warnings, info->warnings);
  g_assert_cmpstr (sbx_offers_get (again->offers, "HOME"), ==, "/home/\xff; x");
  g_assert_cmpstr (sbx_offers_get (again->offers, "DISPLAY"), ==, ":1");
}

/* Without offers an info can be read, with wrong ones not. */
static void
test_info_offers (void)
{
  static const struct {
    const char *line;
    gboolean good;
  } cases[] = {
    { "", TRUE },
    { "Offers=@a(ssay) []", TRUE },
    { "Offers=[('fixed', 'DISPLAY', b':1')]", TRUE },
    { "Offers=", FALSE },
    { "Offers=[('fixed', 'DISPLAY', b':1'), ('base', 'DISPLAY', b':1')]", FALSE },
    { "Offers=[('mine', 'DISPLAY', b':1')]", FALSE },
    { "Offers=[('fixed', 'DISPLAY', ':1')]", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *text = g_strdup_printf ("[Instance]\nId=" ID_TEXT "\nAppId=a\nProfile=p\nCommand=@aay []\n"
                                             "Policy=@a{sv} {}\nWarnings=\nLimits=none\n%s\n",
                                             cases[i].line);
    g_autoptr (SbxInfo) info = sbx_info_parse (text, strlen (text), ID, NULL);

    g_assert_true ((info != NULL) == cases[i].good);
    g_assert_true (!info || (info->offers != NULL) == (cases[i].line[0] != '\0'));
  }
}

/* No display at all, which is kept apart from that nothing was said of it. */
static void
test_info_nested (void)
{
  static const char *const displays[][3] = { { NULL }, { "DISPLAY=:7", "WAYLAND_DISPLAY=a;b\\c", NULL } };

  for (gsize i = 0; i < G_N_ELEMENTS (displays); i++) {
    g_autoptr (SbxInfo) info = sample (), again = NULL;
    g_autoptr (GBytes) bytes = NULL;
    g_autoptr (GError) error = NULL;

    info->parent = ID + 1;
    info->nested = TRUE;
    info->display = g_strdupv ((char **) displays[i]);
    bytes = sbx_info_write (info);
    again = sbx_info_parse (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), ID, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (again->parent, ==, ID + 1);
    g_assert_true (again->nested);
    g_assert_nonnull (again->display);
    g_assert_cmpstrv (again->display, displays[i]);
  }
}

static void
test_info_nested_refused (void)
{
  static const char *const lines[] = { "Nested=true", "Parent=fedcba9876543210\nNested=false",
                                       "Parent=fedcba9876543210\nNested=1" };

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *text = g_strdup_printf ("[Instance]\nId=" ID_TEXT "\nAppId=a\nProfile=p\nCommand=@aay []\n"
                                             "Policy=@a{sv} {}\nWarnings=\nLimits=none\n%s\n",
                                             lines[i]);

    g_assert_null (sbx_info_parse (text, strlen (text), ID, &error));
    g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
    g_assert_nonnull (strstr (error->message, "Nested"));
  }
}

/* Each byte cut off, and each byte changed: an answer or an error, never a crash, never another id. */
static void
test_info_damaged (void)
{
  g_autoptr (SbxInfo) info = sample ();
  g_autoptr (GBytes) bytes = sbx_info_write (info);
  gsize size = g_bytes_get_size (bytes);
  g_autofree char *text = g_memdup2 (g_bytes_get_data (bytes, NULL), size);

  for (gsize i = 0; i < size; i++) {
    g_autoptr (SbxInfo) cut = sbx_info_parse (text, i, ID, NULL);
    char saved = text[i];
    g_autoptr (SbxInfo) changed = NULL;

    text[i] = (char) (saved ^ 0x55);
    changed = sbx_info_parse (text, size, ID, NULL);
    g_assert_true (!changed || changed->id == ID);
    text[i] = saved;
  }
  g_assert_null (sbx_info_parse (text, 0, ID, NULL));
}

static void
test_info_of_another (void)
{
  g_autoptr (SbxInfo) info = sample ();
  g_autoptr (GBytes) bytes = sbx_info_write (info);
  g_autoptr (GError) error = NULL;

  g_assert_null (sbx_info_parse (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), ID + 1, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
}

static void
test_ids (void)
{
  static const char *const bad[] = { "",
                                     "0",
                                     "0000000000000000",
                                     "0123456789ABCDEF",
                                     "0123456789abcde",
                                     "0123456789abcdef0",
                                     "0123456789abcdeg",
                                     "../../../../../..",
                                     " 123456789abcdef" };
  char text[SBX_ID_SIZE];
  guint64 id = 0;

  g_assert_true (sbx_id_parse (ID_TEXT, &id));
  g_assert_cmpuint (id, ==, ID);
  sbx_id_format (ID, text);
  g_assert_cmpstr (text, ==, ID_TEXT);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (sbx_id_parse (bad[i], &id));
}

/* In place of a file: a link, a directory, a FIFO, too much. */
static void
test_hostile_files (Fixture *fixture, gconstpointer data)
{
  g_autofree char *link = make (fixture, "link", NULL);
  g_autofree char *fifo = make (fixture, "fifo", NULL);
  g_autofree char *directory = make (fixture, "directory", NULL);
  g_autofree char *large = make (fixture, "large", "0123456789");
  static const char *const names[] = { "link", "fifo", "directory", "large", "nothing" };
  static const int wanted[] = { SBX_ERROR_BAD_OPTION, SBX_ERROR_BAD_OPTION, SBX_ERROR_BAD_OPTION, SBX_ERROR_BAD_OPTION,
                                SBX_ERROR_NOT_FOUND };
  int fd = sbx_record_open (fixture->parent, ID);
  g_autofree char *text = NULL;
  gsize size;

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (symlink ("large", link), ==, 0);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  g_assert_cmpint (g_mkdir (directory, 0700), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (sbx_record_read (fd, names[i], 9, &size, &error));
    g_assert_error (error, SBX_ERROR, wanted[i]);
  }
  text = sbx_record_read (fd, "large", 10, &size, NULL);
  g_assert_cmpmem (text, size, "0123456789", 10);
  close (fd);
}

static void
test_sweep (Fixture *fixture, gconstpointer data)
{
  g_autofree char *info = make (fixture, "info", "x");
  g_autofree char *status = make (fixture, "status", "y");
  g_autofree char *keeper = make (fixture, "keeper", "z");
  g_autofree char *directory = g_path_get_dirname (info);
  int fd;

  sbx_record_set_announced (fixture->parent, ID);
  fd = sbx_record_open (fixture->parent, ID);
  g_assert_true (sbx_record_is_announced (fd));
  close (fd);
  sbx_record_sweep (fixture->parent, ID);
  g_assert_false (g_file_test (directory, G_FILE_TEST_EXISTS));
  sbx_record_sweep (fixture->parent, ID); /* nothing there: nothing happens */
}

static void
test_set_exited (Fixture *fixture, gconstpointer data)
{
  g_autofree char *keeper = make (fixture, "keeper", "z");
  SbxStatus status = { .state = SBX_STATUS_EXITED,
                       .start_time = 5,
                       .exit_time = 6,
                       .wait_status = 9,
                       .culprit = SBX_CULPRIT_KEEPER,
                       .culprit_status = 9,
                       .enforced = 3,
                       .text = "killed" };
  SbxStatus again;
  g_autoptr (GError) error = NULL;
  int fd;

  sbx_record_set_exited (fixture->parent, ID, &status);
  sbx_record_set_exited (fixture->parent, ID, &status); /* as a second service would */
  g_assert_false (g_file_test (keeper, G_FILE_TEST_EXISTS));
  fd = sbx_record_open (fixture->parent, ID);
  g_assert_true (sbx_record_read_status (fd, &again, &error));
  g_assert_no_error (error);
  close (fd);
  g_assert_cmpint (again.state, ==, status.state);
  g_assert_cmpint (again.start_time, ==, status.start_time);
  g_assert_cmpint (again.exit_time, ==, status.exit_time);
  g_assert_cmpint (again.wait_status, ==, status.wait_status);
  g_assert_cmpint (again.culprit, ==, status.culprit);
  g_assert_cmpuint (again.enforced, ==, status.enforced);
  g_assert_cmpstr (again.text, ==, status.text);
  sbx_record_sweep (fixture->parent, ID);
}

/* What stands in a status file and is none of ours. */
static void
test_status_refused (Fixture *fixture, gconstpointer data)
{
  static const char *const texts[] = { "x", "[Status]\nState=eaten\n" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree char *path = make (fixture, "status", texts[i]);
    g_autoptr (GError) error = NULL;
    int fd = sbx_record_open (fixture->parent, ID);
    gint32 keeper, init;
    SbxStatus status;

    g_assert_false (sbx_record_read_status (fd, &status, &error));
    g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
    g_assert_false (sbx_record_read_pids (fixture->parent, ID, &keeper, &init));
    close (fd);
  }
}

/* Of an instance that is there, and of one that has ended. */
static void
test_pids (Fixture *fixture, gconstpointer data)
{
  SbxStatus status = { .state = SBX_STATUS_RUNNING, .pid = 12, .init_pid = 11, .keeper_pid = 10 };
  char file[SBX_STATUS_SIZE + 1] = "";
  g_autofree char *path = NULL;
  gint32 keeper = 0, init = 0;

  sbx_status_write (&status, file);
  path = make (fixture, "status", file);
  g_assert_true (sbx_record_read_pids (fixture->parent, ID, &keeper, &init));
  g_assert_cmpint (keeper, ==, 10);
  g_assert_cmpint (init, ==, 11);
  g_assert_true (g_file_set_contents (path, "\n\n\n\n", -1, NULL));
  g_assert_false (sbx_record_read_pids (fixture->parent, ID, &keeper, &init));
}

/* A record that is a link to elsewhere is not followed. */
static void
test_linked_record (Fixture *fixture, gconstpointer data)
{
  g_autofree char *target = g_build_filename (fixture->path, "target", NULL);
  g_autofree char *info = g_build_filename (target, "info", NULL);
  g_autofree char *link = g_build_filename (fixture->path, ID_TEXT, NULL);

  g_assert_cmpint (g_mkdir (target, 0700), ==, 0);
  g_assert_true (g_file_set_contents (info, "mine", -1, NULL));
  g_assert_cmpint (symlink ("target", link), ==, 0);
  g_assert_cmpint (sbx_record_open (fixture->parent, ID), ==, -1);
  sbx_record_sweep (fixture->parent, ID);
  g_assert_true (g_file_test (info, G_FILE_TEST_IS_REGULAR));
}

static void
test_connect (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = make (fixture, "keeper", NULL);
  int directory = sbx_record_open (fixture->parent, ID);
  int listener = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int sock;

  g_assert_cmpint (sbx_record_connect (directory), ==, -1);
  g_assert_cmpint (errno, ==, ENOENT);
  g_snprintf (address.sun_path, sizeof address.sun_path, "%s", path);
  g_assert_cmpint (bind (listener, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (sbx_record_connect (directory), ==, -1);
  g_assert_cmpint (errno, ==, ECONNREFUSED);
  g_assert_cmpint (listen (listener, 1), ==, 0);
  sock = sbx_record_connect (directory);
  g_assert_cmpint (sock, >=, 0);
  close (sock);
  close (listener);
  close (directory);
}

static SbxRuntimeDir *
runtime_in (const char *path)
{
  g_autofree char *variable = path ? g_strdup_printf ("XDG_RUNTIME_DIR=%s", path) : g_strdup ("X=y");
  const char *environment[] = { variable, NULL };

  return sbx_runtime_dir_new (environment);
}

static void
test_runtime_dir (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SbxRuntimeDir) runtime = runtime_in (fixture->path);
  g_autofree char *path = g_build_filename (fixture->path, "sandbox", NULL);
  g_autofree char *entry = g_build_filename (path, "entry", NULL);
  g_autoptr (GError) error = NULL;
  struct stat st;

  g_assert_false (sbx_runtime_dir_has_changed (runtime));
  g_assert_cmpint (sbx_runtime_dir_open (runtime, &error), >=, 0);
  g_assert_no_error (error);
  g_assert_cmpint (stat (path, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0700);
  g_assert_true (sbx_runtime_dir_has_changed (runtime));
  g_usleep (100000); /* past the time in which a stamp may be shared */
  (void) sbx_runtime_dir_has_changed (runtime);
  g_assert_false (sbx_runtime_dir_has_changed (runtime));
  g_assert_cmpint (g_mkdir (entry, 0700), ==, 0);
  g_assert_true (sbx_runtime_dir_has_changed (runtime));
  /* Taken away under the service: made anew */
  g_assert_cmpint (rmdir (entry), ==, 0);
  g_assert_cmpint (rmdir (path), ==, 0);
  g_assert_cmpint (sbx_runtime_dir_open (runtime, &error), >=, 0);
  g_assert_cmpint (stat (path, &st), ==, 0);
}

static void
assert_refused (const char *path, const char *word)
{
  g_autoptr (SbxRuntimeDir) runtime = runtime_in (path);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (sbx_runtime_dir_open (runtime, &error), ==, -1);
  g_assert_error (error, SBX_ERROR, SBX_ERROR_NOT_SUPPORTED);
  if (!strstr (error->message, word))
    g_error ("\"%s\" does not say \"%s\"", error->message, word);
}

static void
test_runtime_dir_refused (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->path, "sandbox", NULL);
  g_autofree char *missing = g_build_filename (fixture->path, "missing", NULL);

  assert_refused ("relative", "absolute");
  assert_refused (missing, "XDG_RUNTIME_DIR is");
  assert_refused (missing, "mktemp");
  g_assert_cmpint (symlink ("/tmp", path), ==, 0);
  assert_refused (fixture->path, "no link");
  g_assert_cmpint (unlink (path), ==, 0);
  g_assert_cmpint (g_mkdir (path, 0755), ==, 0);
  g_assert_cmpint (chmod (path, 0755), ==, 0);
  assert_refused (fixture->path, "0700");
  g_assert_cmpint (chmod (fixture->path, 0777), ==, 0);
  assert_refused (fixture->path, "closed to others");
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/record/info/round-trip", test_info_round_trip);
  g_test_add_func ("/record/info/offers", test_info_offers);
  g_test_add_func ("/record/info/nested", test_info_nested);
  g_test_add_func ("/record/info/nested-refused", test_info_nested_refused);
  g_test_add_func ("/record/info/damaged", test_info_damaged);
  g_test_add_func ("/record/info/of-another", test_info_of_another);
  g_test_add_func ("/record/ids", test_ids);
  ADD ("/record/hostile-files", test_hostile_files);
  ADD ("/record/sweep", test_sweep);
  ADD ("/record/set-exited", test_set_exited);
  ADD ("/record/status-refused", test_status_refused);
  ADD ("/record/pids", test_pids);
  ADD ("/record/linked", test_linked_record);
  ADD ("/record/connect", test_connect);
  ADD ("/runtime-dir/made", test_runtime_dir);
  ADD ("/runtime-dir/refused", test_runtime_dir_refused);
  return g_test_run ();
}
