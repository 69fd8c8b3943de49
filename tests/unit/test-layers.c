/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a box to its layers, with real files: what is opened and what refused, what is closed under which name, and what
 * keeps it closed. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "layers-fixture.h"
#include "namespaces-fixture.h"

/* The home for writing: what is the service's is closed, and nothing above that can be renamed. */
static void
test_home (Fixture *fixture, gconstpointer data)
{
  make_file (fixture, "home/.local/share/sandbox/other/secret");
  make_file (fixture, "home/.config/sandbox/profiles/a.profile");
  make_file (fixture, "home/.local/state/sandbox/crashes/1/core");
  assert_made (fixture, "{'filesystems': '%s/home'}");
  assert_layers (fixture, "home", "tree");
  assert_layers (fixture, "home/.local", "self");
  assert_layers (fixture, "home/.local/share", "self");
  assert_layers (fixture, "home/.local/share/sandbox", "tmpfs!,seal");
  assert_layers (fixture, "home/.local/state/sandbox", "tmpfs!,seal");
  assert_layers (fixture, "home/.config", "self");
  assert_layers (fixture, "home/.config/sandbox", "tree-!");
  /* For reading only nothing can be renamed, and profiles may be read */
  assert_made (fixture, "{'filesystems': '%s/home:ro'}");
  assert_layers (fixture, "home/.local", "");
  assert_layers (fixture, "home/.local/share/sandbox", "tmpfs!,seal");
  assert_layers (fixture, "home/.config/sandbox", "");
}

/* What is not there yet could be made from inside, so it is made before. */
static void
test_missing (Fixture *fixture, gconstpointer data)
{
  g_autofree char *homes = g_build_filename (fixture->data, "sandbox", NULL);

  assert_made (fixture, "{'filesystems': '%s/home:ro'}");
  g_assert_false (g_file_test (homes, G_FILE_TEST_EXISTS));
  assert_made (fixture, "{'filesystems': '%s/home'}");
  g_assert_true (g_file_test (homes, G_FILE_TEST_IS_DIR));
  assert_layers (fixture, "home/.local/share/sandbox", "tmpfs!,seal");
  assert_layers (fixture, "home/.config/sandbox", "tree-!");
}

/* The same directory under another name. */
static void
test_links_to_closed (Fixture *fixture, gconstpointer data)
{
  g_autofree char *cfg = make_directory (fixture, "home/dotfiles/cfg");

  make_link (fixture, "/home/dotfiles/cfg", "home/.config/sandbox");
  assert_made (fixture, "{'filesystems': '%s/home/dotfiles'}");
  assert_layers (fixture, "home/dotfiles/cfg", "self-!");
  /* The link itself cannot be held where it is */
  assert_refused (fixture, "{'filesystems': '%s/home'}", "could put another one in its place");
  assert_made (fixture, "{'filesystems': '%s/home:ro'}");
}

/* A rule that leads to what is closed, by its name or another one. */
static void
test_closed (Fixture *fixture, gconstpointer data)
{
  g_autofree char *other = make_directory (fixture, "home/.local/share/sandbox/other");

  make_link (fixture, "/home/.local/share/sandbox", "alias");
  make_link (fixture, "/run", "alias-run");
  make_file (fixture, "run/sandbox/0/info");
  assert_refused (fixture, "{'filesystems': '%s/alias/other'}", "the kept homes of applications");
  assert_refused (fixture, "{'filesystems': '%s/alias-run/sandbox'}", "the records of instances");
  make_file (fixture, "home/.config/sandbox/profiles/a.profile");
  make_link (fixture, "/home/.config", "alias-config");
  assert_refused (fixture, "{'filesystems': '%s/alias-config/sandbox'}", "the profiles");
  assert_made (fixture, "{'filesystems': '%s/alias-config/sandbox:ro'}");
  /* Named by its own words a home is meant */
  assert_made (fixture, "{'filesystems': '%s/home/.local/share/sandbox/other'}");
}

/* What the policy itself closes, or opens for reading only. */
static void
test_exceptions (Fixture *fixture, gconstpointer data)
{
  g_autofree char *none = make_directory (fixture, "w/x/priv"), *ro = make_directory (fixture, "w/y/git");

  assert_made (fixture, "{'filesystems': '%s/w;%s/w/x/priv:none;%s/w/y/git:ro'}");
  assert_layers (fixture, "w/x", "self");
  assert_layers (fixture, "w/x/priv", "tmpfs!,seal");
  assert_layers (fixture, "w/y", "self");
  assert_layers (fixture, "w/y/git", "tree-!");
}

/* Below what an application may write names are not its user's. */
static void
test_planted_links (Fixture *fixture, gconstpointer data)
{
  g_autofree char *w = make_directory (fixture, "w/proj"),
                  *kept = make_directory (fixture, "home/.local/share/sandbox/app");

  make_file (fixture, "secret/id");
  make_link (fixture, "/secret", "w/proj/.git");
  assert_refused (fixture, "{'filesystems': '%s/w/proj;%s/w/proj/.git:ro'}", "an application may have made");
  assert_refused (fixture, "{'filesystems': '%s/w;%s/w/proj/.git:ro'}", "an application may have made");
  make_link (fixture, "/secret", "home/.local/share/sandbox/app/.data");
  assert_refused (fixture, "{'persistent': '.data'}", "an application may have made");
  make_link (fixture, "/secret", "home/.local/share/sandbox/app/.new");
  assert_refused (fixture, "{'persistent': '.new/deep'}", "an application may have made");
  g_assert_cmpint (access ("secret/deep", F_OK), <, 0);
  /* The control: a link where nobody else may write is followed */
  make_link (fixture, "/secret", "link");
  assert_made (fixture, "{'filesystems': '%s/link:ro'}");
  g_assert_nonnull (sbx_layers_get_links (fixture->layers)[0]);
  assert_made (fixture, "{'persistent': '.ordinary'}");
}

/* A link on the way: the mount lies where it leads. */
static void
test_links_inside (Fixture *fixture, gconstpointer data)
{
  make_file (fixture, "home/disk/documents/d");
  make_link (fixture, "/home/disk/documents", "home/Documents");
  make_link (fixture, "disk", "home/relative");
  assert_made (fixture, "{'filesystems': '%s/home:ro;%s/home/Documents'}");
  assert_layers (fixture, "home/disk/documents", "tree");
  assert_layers (fixture, "home/Documents", "");
  assert_made (fixture, "{'filesystems': '%s/home:ro;%s/home/relative/documents'}");
  assert_layers (fixture, "home/disk/documents", "tree");
  /* Where the link is not to be seen, it is an ordinary directory inside */
  assert_made (fixture, "{'filesystems': '%s/home/Documents'}");
  assert_layers (fixture, "home/Documents", "tree");
}

/* A mount namespace of its own undoes what keeps a name where it is. */
static void
test_user_namespaces (Fixture *fixture, gconstpointer data)
{
  g_autofree char *none = make_directory (fixture, "w/priv");

  assert_refused (fixture, "{'filesystems': '%s/home', 'features': 'userns'}", "features=weak-covers");
  assert_refused (fixture, "{'filesystems': '%s/w;%s/w/priv:none', 'features': 'userns'}", "features=weak-covers");
  assert_made (fixture, "{'filesystems': '%s/home', 'features': 'userns;weak-covers'}");
  assert_made (fixture, "{'filesystems': '%s/w', 'features': 'userns'}");
  assert_made (fixture, "{'filesystems': '%s/home:ro', 'features': 'userns'}");
}

/* What is mounted is the caller's very file. */
static void
test_replaced (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->root, "elsewhere/file", NULL);
  g_autofree char *moved = g_build_filename (fixture->root, "elsewhere/moved", NULL);
  SbxForwardedFile file = { .path = path, .fd = -1 };

  make_file (fixture, "elsewhere/file");
  file.fd = open (path, O_RDONLY | O_CLOEXEC);
  g_assert_true (try_forwarding (fixture, "{'forward': 'ro'}", &file, 1));
  g_assert_cmpint (rename (path, moved), ==, 0);
  g_assert_false (try_forwarding (fixture, "{'forward': 'ro'}", &file, 1));
  g_assert_nonnull (strstr (fixture->error->message, "elsewhere/file"));
  /* Nor a link to the very same file: the caller's path had none */
  g_assert_cmpint (symlink (moved, path), ==, 0);
  if (try_forwarding (fixture, "{'forward': 'ro'}", &file, 1))
    assert_layers (fixture, "elsewhere/file", "tree-");
  g_assert_cmpint (unlink (path), ==, 0);
  make_file (fixture, "elsewhere/file");
  g_assert_false (try_forwarding (fixture, "{'forward': 'ro'}", &file, 1));
  g_assert_error (fixture->error, SBX_ERROR, SBX_ERROR_SPAWN_FAILED);
  g_assert_nonnull (strstr (fixture->error->message, "has been replaced"));
  g_assert_cmpint (rename (moved, path), ==, 0);
  g_assert_true (try_forwarding (fixture, "{'forward': 'ro'}", &file, 1));
  close (file.fd);
}

static SbxInstance *
add_instance (SbxRegistry *registry, guint64 id, const char *app_id)
{
  const SbxStatus running = { .state = SBX_STATUS_RUNNING, .pid = 42 };
  SbxInfo *info = sbx_info_new (id);
  SbxInstance *instance;

  g_free (info->app_id);
  info->app_id = g_strdup (app_id);
  instance = sbx_instance_new (info);
  sbx_instance_set_status (instance, &running);
  sbx_registry_add (registry, instance);
  return instance;
}

static void
end (SbxInstance *instance)
{
  const SbxStatus exited = { .state = SBX_STATUS_EXITED, .exit_time = g_get_real_time () };

  sbx_instance_end_by_status (instance, &exited);
}

/* What is made in a kept home goes with the last instance of the application, unless it has been written to. */
static void
test_mount_points (Fixture *fixture, gconstpointer data)
{
  static const char *const environment[] = { "XDG_RUNTIME_DIR=/nonexistent", NULL };
  SbxRuntimeDir *runtime = sbx_runtime_dir_new (environment);
  SbxRegistry *registry = sbx_registry_new (runtime);
  g_autofree char *inside = g_build_filename (fixture->data, "sandbox", "app", "docs", NULL);
  g_autofree char *point = g_build_filename (inside, "file", NULL), *kept = g_build_filename (inside, "written", NULL);
  g_autofree char *file = g_build_filename (fixture->home, "docs", "file", NULL);
  g_autofree char *written = g_build_filename (fixture->home, "docs", "written", NULL);
  g_autoptr (SbxInstance) first = add_instance (registry, 1, "app"), second = add_instance (registry, 2, "app");
  g_autoptr (SbxInstance) other = add_instance (registry, 3, "other");
  SbxForwardedFile files[] = { { .path = file, .fd = -1 }, { .path = written, .fd = -1 } };
  SbxMountPoints *points;

  make_file (fixture, "home/docs/file");
  make_file (fixture, "home/docs/written");
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    files[i].fd = open (files[i].path, O_RDONLY | O_CLOEXEC);
  g_assert_true (try_forwarding (fixture, "{'persistent': '.', 'forward': 'ro'}", files, G_N_ELEMENTS (files)));
  points = sbx_mount_points_new (fixture->layers, fixture->data, registry);
  g_assert_nonnull (points);
  g_assert_cmpint (g_mkdir_with_parents (inside, 0700), ==, 0);
  g_assert_true (g_file_set_contents (point, "", 0, NULL));
  g_assert_true (g_file_set_contents (kept, "mine", 4, NULL));
  sbx_mount_points_remove_with (points, first);
  end (first);
  g_assert_true (g_file_test (point, G_FILE_TEST_EXISTS)); /* the second one has it mounted */
  end (second);
  g_assert_false (g_file_test (point, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (kept, G_FILE_TEST_EXISTS));
  /* Nothing to be made: nothing to be removed */
  g_assert_true (g_file_set_contents (point, "", 0, NULL));
  g_assert_null (sbx_mount_points_new (fixture->layers, fixture->data, registry));
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    close (files[i].fd);
  g_object_unref (registry);
  sbx_runtime_dir_free (runtime);
}

/* @path, below the root, is to be seen at @at too. */
static void
bind_to (const Fixture *fixture, const char *path, const char *at)
{
  g_autofree char *from = make_directory (fixture, path), *to = make_directory (fixture, at);

  g_assert_cmpint (mount (from, to, NULL, MS_BIND, NULL), ==, 0);
}

static void
unbind (const Fixture *fixture, const char *at)
{
  g_autofree char *path = g_build_filename (fixture->root, at, NULL);

  g_assert_cmpint (umount2 (path, MNT_DETACH), ==, 0);
}

/* Other names that a mount makes: of what contains the closed, of a part of it, of what is mounted in it. */
static void
test_mounted (Fixture *fixture, gconstpointer data)
{
  make_file (fixture, "home/.local/share/sandbox/other/secret");
  make_file (fixture, "home/.config/sandbox/profiles/a.profile");
  bind_to (fixture, "home", "again/h");
  bind_to (fixture, "home/.local/share/sandbox/other", "parts/o");
  bind_to (fixture, "disk/kept", "home/.local/share/sandbox/far");
  assert_made (fixture, "{'filesystems': '%s/again'}");
  assert_layers (fixture, "again/h", "self");
  assert_layers (fixture, "again/h/.local", "self");
  assert_layers (fixture, "again/h/.local/share/sandbox", "tmpfs!,seal");
  assert_layers (fixture, "again/h/.config/sandbox", "self-!");
  assert_made (fixture, "{'filesystems': '%s/parts'}");
  assert_layers (fixture, "parts/o", "tmpfs,seal");
  assert_refused (fixture, "{'filesystems': '%s/parts/o'}", "the kept homes of applications");
  assert_made (fixture, "{'filesystems': '%s/disk'}");
  assert_layers (fixture, "disk/kept", "tmpfs!,seal");
  assert_refused (fixture, "{'filesystems': '%s/disk/kept:ro'}", "what is mounted in the kept homes");
  assert_made (fixture, "{'filesystems': '%s/home/.local/share/sandbox/far'}"); /* by its words */
  unbind (fixture, "home/.local/share/sandbox/far");
  assert_made (fixture, "{'filesystems': '%s/disk/kept:ro'}"); /* the control */
  unbind (fixture, "parts/o");
  unbind (fixture, "again/h");
}

/* The link to the profiles, to be seen under another name. */
static void
test_mounted_link (Fixture *fixture, gconstpointer data)
{
  make_file (fixture, "cfg/profiles/a.profile");
  make_link (fixture, "/cfg", "home/.config/sandbox");
  bind_to (fixture, "home", "again/h");
  assert_refused (fixture, "{'filesystems': '%s/again'}", "could put another one in its place");
  assert_made (fixture, "{'filesystems': '%s/again:ro'}");
  unbind (fixture, "again/h");
}

/* Links in what is closed: one profile, the drop-ins of one, one kept home. */
static void
test_linked (Fixture *fixture, gconstpointer data)
{
  g_autofree char *profiles = make_directory (fixture, "home/.config/sandbox/profiles/b.profile.d");
  g_autofree char *homes = make_directory (fixture, "home/.local/share/sandbox");

  make_file (fixture, "dots/a.profile");
  make_file (fixture, "dots/10.conf");
  make_file (fixture, "disk/kept/secret");
  make_link (fixture, "/dots/a.profile", "home/.config/sandbox/profiles/a.profile");
  make_link (fixture, "/dots/10.conf", "home/.config/sandbox/profiles/b.profile.d/10.conf");
  make_link (fixture, "/disk/kept", "home/.local/share/sandbox/other");
  make_link (fixture, "loop", "home/.config/sandbox/profiles/loop");
  assert_made (fixture, "{'filesystems': '%s/dots'}");
  assert_layers (fixture, "dots/a.profile", "self-!");
  assert_layers (fixture, "dots/10.conf", "self-!");
  assert_refused (fixture, "{'filesystems': '%s/dots/a.profile'}", "what is linked to in the profiles");
  assert_made (fixture, "{'filesystems': '%s/disk'}");
  assert_layers (fixture, "disk/kept", "tmpfs!,seal");
  assert_refused (fixture, "{'filesystems': '%s/disk/kept'}", "what is linked to in the kept homes");
  assert_made (fixture, "{'filesystems': '%s/home'}"); /* the links are closed themselves */
  make_link (fixture, "/dots/later.profile", "home/.config/sandbox/profiles/later.profile");
  assert_refused (fixture, "{'filesystems': '%s/dots'}", "this application could make it");
  assert_made (fixture, "{'filesystems': '%s/dots:ro'}");
}

/* The profiles are to lie where a link leads, and nothing is there yet. */
static void
test_link_to_nothing (Fixture *fixture, gconstpointer data)
{
  g_autofree char *dots = make_directory (fixture, "dots"), *made = g_build_filename (dots, "cfg", NULL);

  make_link (fixture, "/dots/cfg", "home/.config/sandbox");
  assert_refused (fixture, "{'filesystems': '%s/home'}", "that an application may have made");
  assert_made (fixture, "{'filesystems': '%s/dots:ro'}");
  g_assert_false (g_file_test (made, G_FILE_TEST_EXISTS));
  assert_made (fixture, "{'filesystems': '%s/dots'}");
  assert_layers (fixture, "dots/cfg", "self-!");
}

/* Directories that SANDBOX_PROFILE_PATH names: there, and not there yet. */
static void
test_profile_path (Fixture *fixture, gconstpointer data)
{
  g_autofree char *there = make_directory (fixture, "w/there");
  g_autofree char *later = g_build_filename (fixture->root, "w", "sub", "later", NULL);
  const char *const dirs[] = { there, later, NULL };

  fixture->around.profile_dirs = dirs;
  fixture->around.n_profile_dirs = G_N_ELEMENTS (dirs);
  assert_made (fixture, "{'filesystems': '%s/w'}");
  assert_layers (fixture, "w/there", "self-!");
  assert_layers (fixture, "w/sub", "self");
  assert_layers (fixture, "w/sub/later", "self-!");
}

/* A policy may close what everybody may read. */
static void
test_closed_more (Fixture *fixture, gconstpointer data)
{
  make_file (fixture, "home/.config/sandbox/profiles/a.profile");
  assert_made (fixture, "{'filesystems': '%s/home:ro;%s/home/.config/sandbox:none'}");
  assert_layers (fixture, "home/.config/sandbox", "tmpfs!,seal");
}

/* Nothing is made in what is closed, not even on the way to a refusal. */
static void
test_made_in_closed (Fixture *fixture, gconstpointer data)
{
  g_autofree char *profiles = make_directory (fixture, "home/.config/sandbox/profiles");
  g_autofree char *inside = g_build_filename (profiles, "x", NULL);

  make_link (fixture, "/home/.config", "alias-config");
  assert_refused (fixture, "{'filesystems': '%s/alias-config/sandbox/profiles/x:create'}", "is not made in");
  g_assert_false (g_file_test (inside, G_FILE_TEST_EXISTS));
}

/* Where the runtime directory lies in what an application may write, nobody can rename what is above it. */
static void
test_runtime_dir (Fixture *fixture, gconstpointer data)
{
  g_autofree char *runtime = make_directory (fixture, "t/user/run");

  fixture->machine.runtime_dir = runtime;
  assert_made (fixture, "{'filesystems': '%s/t'}");
  assert_layers (fixture, "t/user", "self");
  assert_refused (fixture, "{'filesystems': '%s/t', 'features': 'userns'}", "features=weak-covers");
  assert_made (fixture, "{'filesystems': '%s/t:ro', 'features': 'userns'}");
}

/* Who shows nothing of the host needs no look at what is closed there. */
static void
test_nothing_shown (Fixture *fixture, gconstpointer data)
{
  make_link (fixture, "sandbox", "home/.local/state/sandbox"); /* to itself */
  assert_refused (fixture, "{'filesystems': '%s/home:ro'}", "more than");
  assert_made (fixture, "{'persistent': '.;!.cache'}");
  assert_layers (fixture, "home", "tree");
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  enter_namespaces (getuid (), getgid ()); /* as long as there is one thread */
  g_test_init (&argc, &argv, NULL);
  ADD ("/layers/home", test_home);
  ADD ("/layers/missing", test_missing);
  ADD ("/layers/links-to-closed", test_links_to_closed);
  ADD ("/layers/closed", test_closed);
  ADD ("/layers/exceptions", test_exceptions);
  ADD ("/layers/planted-links", test_planted_links);
  ADD ("/layers/links-inside", test_links_inside);
  ADD ("/layers/user-namespaces", test_user_namespaces);
  ADD ("/layers/replaced", test_replaced);
  ADD ("/layers/mounted", test_mounted);
  ADD ("/layers/mounted-link", test_mounted_link);
  ADD ("/layers/linked", test_linked);
  ADD ("/layers/link-to-nothing", test_link_to_nothing);
  ADD ("/layers/profile-path", test_profile_path);
  ADD ("/layers/closed-more", test_closed_more);
  ADD ("/layers/made-in-closed", test_made_in_closed);
  ADD ("/layers/runtime-dir", test_runtime_dir);
  ADD ("/layers/nothing-shown", test_nothing_shown);
  ADD ("/mount-points/last-one", test_mount_points);
  return g_test_run ();
}
