/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "policy/profile-set.h"

typedef struct {
  char *top;
  char *dirs[SBX_N_PLACES + 1];
  SbxProfileSet *set;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  static const char *const names[] = { "vendor", "admin", "user" };
  const SbxPlaces places = { .home = "/home/u" };
  const SbxConditions conditions = { .landlock_abi = 6, .wayland = TRUE };

  fixture->top = g_dir_make_tmp ("profiles-XXXXXX", NULL);
  for (int i = 0; i < SBX_N_PLACES; i++) {
    fixture->dirs[i] = g_build_filename (fixture->top, names[i], NULL);
    g_assert_cmpint (g_mkdir (fixture->dirs[i], 0700), ==, 0);
  }
  fixture->set = sbx_profile_set_new ((const char *const *) fixture->dirs, &places, &conditions);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree char *entry = g_build_filename (path, name, NULL);

    remove_tree (entry);
  }
  g_assert_cmpint (g_remove (path), ==, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  sbx_profile_set_free (fixture->set);
  remove_tree (fixture->top);
  g_free (fixture->top);
  for (int i = 0; i < SBX_N_PLACES; i++)
    g_free (fixture->dirs[i]);
}

static void
write_bytes (Fixture *fixture, SbxPlace place, const char *name, const char *content, gssize size)
{
  g_autofree char *path = g_build_filename (fixture->dirs[place], name, NULL);
  g_autofree char *dir = g_path_get_dirname (path);

  g_mkdir (dir, 0700);
  g_assert_true (g_file_set_contents (path, content, size, NULL));
}

static void
write_text (Fixture *fixture, SbxPlace place, const char *name, const char *content)
{
  write_bytes (fixture, place, name, content, -1);
}

static SbxProfile *
look_up (Fixture *fixture, const char *name)
{
  g_autoptr (GError) error = NULL;
  SbxProfile *profile = sbx_profile_set_lookup (fixture->set, name, &error);

  g_assert_no_error (error);
  return profile;
}

static void
expect_error (Fixture *fixture, const char *name, SbxError code, const char *says)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (sbx_profile_set_lookup (fixture->set, name, &error));
  g_assert_error (error, SBX_ERROR, (int) code);
  if (!strstr (error->message, says))
    g_error ("\"%s\" does not say \"%s\"", error->message, says);
  g_assert_null (strchr (error->message, '\n'));
}

static void
test_errors (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *content, *says;
    gssize size;
  } cases[] = {
    { "[Context]\nsocket=x11\n", "a.profile:2:1: unknown key \"socket\", did you mean \"sockets\"?", -1 },
    { "# x\n\n[Contxt]\n", "a.profile:3:1: unknown group \"Contxt\", did you mean \"Context\"?", -1 },
    { "[Context]\nsockets = wayland;x12;\n", "a.profile:2:11: unknown socket \"x12\", did you mean \"x11\"?", -1 },
    { "[Context]\nfilesystems=home:ro;~/x:rx;\n",
      "a.profile:2:13: \"~/x:rx\": unknown mode \"rx\", did you mean \"ro\"?", -1 },
    { "[Context]\nshared=network\nshared=ipc\n", "a.profile:3:1: the key \"shared\" is there twice", -1 },
    { "[Context]\n[Context]\n", "a.profile:2:1: the group [Context] is there twice", -1 },
    { "[Context]\r\nshared=network\r\n", "a.profile:1:10: a carriage return", -1 },
    { "[Context]\nshared=\0network\n", "a.profile:2:8: a NUL byte", 26 },
    { "[Context]\nshared=\xff\n", "a.profile:2:8: is not UTF-8", -1 },
    { "shared=network\n", "a.profile:1:1: \"shared\" stands before the first [Group]", -1 },
    { "[Context\n", "a.profile:1:8: a group is written [Name]", -1 },
    { "[Context]\nwhat is this\n", "a.profile:2:1: neither", -1 },
    { "[Context]\n =x\n", "a.profile:2:1: a line must not begin with a blank", -1 },
    { "[Profile]\nInherit=default\n", "a.profile:2:1: unknown key \"Inherit\", did you mean \"Inherits\"?", -1 },
    { "[Profile]\nInherits=nobody\n", "there is no profile \"nobody\"", -1 },
    { "[Profile]\nInherits=a\n", "inherits itself", -1 },
    { "[Profile]\nAppId=no/slash\n", "a.profile:2:7: option \"AppId\"", -1 },
    { "[Context if=waylnd]\nshared=ipc\n", "unknown condition \"waylnd\", did you mean \"wayland\"?", -1 },
    { "[Context if=!wayland]\nshared=nonsense\n", "a.profile:2:8: unknown shared \"nonsense\"", -1 },
    { "[Procfs]\ninstance=none\n", "instance=none asks for no private one", -1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    write_bytes (fixture, SBX_PLACE_ADMIN, "a.profile", cases[i].content, cases[i].size);
    expect_error (fixture, "a", SBX_ERROR_BAD_PROFILE, cases[i].says);
  }
  expect_error (fixture, "b", SBX_ERROR_UNKNOWN_PROFILE, "there is no profile \"b\"");
  expect_error (fixture, "../a", SBX_ERROR_UNKNOWN_PROFILE, "../a");
}

static void
test_not_a_file (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->dirs[SBX_PLACE_ADMIN], "a.profile", NULL);
  int fd;

  g_mkdir (path, 0700);
  expect_error (fixture, "a", SBX_ERROR_BAD_PROFILE, "a.profile:1:1: a directory, not a file");
  g_rmdir (path);
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  expect_error (fixture, "a", SBX_ERROR_BAD_PROFILE, "a.profile:1:1: something special, not a file");
  g_unlink (path);
  fd = g_open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  g_assert_cmpint (ftruncate (fd, 100 << 20), ==, 0);
  close (fd);
  expect_error (fixture, "a", SBX_ERROR_BAD_PROFILE, "104857600 bytes, and a profile has at most 65536");
}

static void
test_inheritance (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SbxProfile) profile = NULL;

  write_text (fixture, SBX_PLACE_VENDOR, "base.profile", "[Context]\nshared=network;ipc;\ndevices=dri;\n");
  write_text (
      fixture, SBX_PLACE_VENDOR, "app.profile",
      "[Context]\nshared=!ipc;\n[Profile]\nInherits=base\nDescription=An app\nAppId=org.x\nCommand=app 'two words'\n");
  profile = look_up (fixture, "app");
  g_assert_cmpuint (sbx_policy_get_shared (sbx_profile_get_policy (profile)), ==, SBX_SHARED_NETWORK);
  g_assert_cmpuint (sbx_policy_get_devices (sbx_profile_get_policy (profile)), ==, SBX_DEVICE_DRI);
  g_assert_cmpstr (sbx_profile_get_description (profile), ==, "An app");
  g_assert_cmpstr (sbx_profile_get_command (profile)[1], ==, "two words");
  g_assert_cmpuint (g_variant_n_children (sbx_profile_get_origins (profile)), ==, 3);

  write_text (fixture, SBX_PLACE_VENDOR, "one.profile", "[Profile]\nInherits=two\n");
  write_text (fixture, SBX_PLACE_VENDOR, "two.profile", "[Profile]\nInherits=one\n");
  expect_error (fixture, "one", SBX_ERROR_BAD_PROFILE, "is there a circle?");
}

static void
test_places (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SbxProfile) profile = NULL, own = NULL;

  write_text (fixture, SBX_PLACE_VENDOR, "default.profile", "[Procfs]\nsubset=all\n");
  write_text (fixture, SBX_PLACE_VENDOR, "app.profile", "[Context]\nshared=network;\n");
  write_text (fixture, SBX_PLACE_ADMIN, "app.profile.d/10-usb.conf", "[Context]\ndevices=usb;\n");
  write_text (fixture, SBX_PLACE_USER, "app.profile", "[Profile]\nInherits=app\n[Context]\nfilesystems=~/x;\n");
  write_text (fixture, SBX_PLACE_USER, "own.profile", "[Profile]\nInherits=default\n[Context]\nsockets=x11;\n");
  profile = look_up (fixture, "app");
  g_assert_cmpint (sbx_profile_get_place (profile), ==, SBX_PLACE_USER);
  g_assert_cmpuint (sbx_policy_get_shared (sbx_profile_get_policy (profile)), ==, SBX_SHARED_NETWORK);
  g_assert_cmpuint (sbx_policy_get_devices (sbx_profile_get_policy (profile)), ==, SBX_DEVICE_USB);
  /* What the user adds has to be approved, and only that */
  g_assert_cmpuint (sbx_policy_excess (sbx_profile_get_policy (profile), sbx_profile_get_approved_policy (profile)), ==,
                    SBX_CLASS_FILES);
  own = look_up (fixture, "own");
  g_assert_cmpuint (sbx_policy_excess (sbx_profile_get_policy (own), sbx_profile_get_approved_policy (own)), ==,
                    SBX_CLASS_DISPLAY);
}

static void
expect_excess (Fixture *fixture, const char *name, guint classes)
{
  g_autoptr (SbxProfile) profile = look_up (fixture, name);

  g_assert_cmpuint (sbx_policy_excess (sbx_profile_get_policy (profile), sbx_profile_get_approved_policy (profile)), ==,
                    classes);
}

/* What a user's profile is measured by: files of the vendor and the administrator, and never files of the user. */
static void
test_approved (Fixture *fixture, gconstpointer data)
{
  write_text (fixture, SBX_PLACE_VENDOR, "default.profile", "[Procfs]\nsubset=all\n");
  write_text (fixture, SBX_PLACE_VENDOR, "base.profile", "[Context]\nshared=network;\n");
  write_text (fixture, SBX_PLACE_VENDOR, "wide.profile", "[Context]\nshared=network;\ndevices=usb;\n");
  write_text (fixture, SBX_PLACE_ADMIN, "wide.profile", "[Context]\ndevices=usb;\n"); /* in place of the vendor's */
  write_text (fixture, SBX_PLACE_USER, "mine.profile", "[Profile]\nInherits=base\n");
  write_text (fixture, SBX_PLACE_USER, "yours.profile", "[Profile]\nInherits=mine\n[Context]\nsockets=x11;\n");
  write_text (fixture, SBX_PLACE_USER, "narrow.profile", "[Context]\nshared=network;\ndevices=usb;\n");
  write_text (fixture, SBX_PLACE_USER, "wider.profile", "[Profile]\nInherits=wide\n[Context]\nshared=network;\n");
  expect_excess (fixture, "base", 0);
  expect_excess (fixture, "mine", 0);
  expect_excess (fixture, "yours", SBX_CLASS_DISPLAY);
  expect_excess (fixture, "narrow", SBX_CLASS_NETWORK | SBX_CLASS_DEVICES); /* by "default" */
  expect_excess (fixture, "wider", SBX_CLASS_NETWORK);
  /* What the user adds to the vendor's profile itself is not approved through an heir */
  write_text (fixture, SBX_PLACE_USER, "base.profile.d/more.conf", "[Context]\ndevices=all;\n");
  expect_excess (fixture, "base", SBX_CLASS_DEVICES);
  expect_excess (fixture, "mine", SBX_CLASS_DEVICES);
  /* … nor what the user puts in its place */
  write_text (fixture, SBX_PLACE_USER, "base.profile", "[Context]\nshared=network;ipc;\n");
  expect_excess (fixture, "mine", SBX_CLASS_NETWORK | SBX_CLASS_DEVICES);
}

static void
test_conditions (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SbxProfile) profile = NULL;

  write_text (fixture, SBX_PLACE_VENDOR, "app.profile",
              "[Context if=landlock>=6]\nshared=network;\n[Context if=landlock>=7]\nshared=ipc;\n"
              "[Context if=wayland,!x11]\nsockets=wayland;\n[Context if=!wayland]\nsockets=x11;\n");
  profile = look_up (fixture, "app");
  g_assert_cmpuint (sbx_policy_get_shared (sbx_profile_get_policy (profile)), ==, SBX_SHARED_NETWORK);
  g_assert_cmpuint (sbx_policy_get_sockets (sbx_profile_get_policy (profile)), ==, SBX_SOCKET_WAYLAND);
}

static void
test_shipped (void)
{
  static const char *const names[] = { "browser",     "chromium", "chromium-based", "debugger", "default", "desktop",
                                       "devel",       "dumper",   "epiphany",       "evince",   "firefox", "gimp",
                                       "libreoffice", "mpv",      "offline",        "online",   "strict",  "terminal",
                                       "thunderbird", "tracer",   "transmission" };
  const char *dirs[SBX_N_PLACES] = { SBX_SOURCE_ROOT "/data/profiles", NULL, NULL };
  const SbxPlaces places = { .home = "/home/u" };
  const SbxConditions conditions = { .landlock_abi = 7 };
  g_autoptr (SbxProfileSet) set = sbx_profile_set_new (dirs, &places, &conditions);
  g_autoptr (SbxProfile) base = sbx_profile_set_lookup (set, "default", NULL);
  g_auto (GStrv) list = sbx_profile_set_list (set);

  g_assert_cmpuint (g_strv_length (list), ==, G_N_ELEMENTS (names));
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxProfile) profile = sbx_profile_set_lookup (set, names[i], &error);

    g_assert_no_error (error);
    g_assert_cmpstr (list[i], ==, names[i]);
    g_assert_cmpint (sbx_policy_get_hidepid (sbx_profile_get_policy (profile)), ==, SBX_HIDEPID_PTRACEABLE);
    g_assert_cmpstr (sbx_profile_get_description (profile), !=, "");
  }
  /* The default has nothing to take away */
  g_assert_cmpuint (sbx_policy_get_shared (sbx_profile_get_policy (base)), ==, 0);
  g_assert_cmpuint (sbx_policy_get_sockets (sbx_profile_get_policy (base)), ==, 0);
  g_assert_cmpuint (sbx_policy_get_features (sbx_profile_get_policy (base)), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/profile/errors", Fixture, NULL, set_up, test_errors, tear_down);
  g_test_add ("/profile/not-a-file", Fixture, NULL, set_up, test_not_a_file, tear_down);
  g_test_add ("/profile/inheritance", Fixture, NULL, set_up, test_inheritance, tear_down);
  g_test_add ("/profile/places", Fixture, NULL, set_up, test_places, tear_down);
  g_test_add ("/profile/approved", Fixture, NULL, set_up, test_approved, tear_down);
  g_test_add ("/profile/conditions", Fixture, NULL, set_up, test_conditions, tear_down);
  g_test_add_func ("/profile/shipped", test_shipped);
  return g_test_run ();
}
