/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layers-fixture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plan/filter/syscall-filter.h"

static SbxFileKind
look (SbxMachine *machine, const char *path, char **link)
{
  struct stat st;

  if (link)
    *link = g_file_read_link (path, NULL);
  if (stat (path, &st) < 0)
    return SBX_FILE_MISSING;
  return S_ISREG (st.st_mode) ? SBX_FILE_REGULAR : S_ISDIR (st.st_mode) ? SBX_FILE_DIRECTORY : SBX_FILE_OTHER;
}

static const char *const *
hidden_config (SbxMachine *machine)
{
  static const char *const none[] = { NULL };

  return none;
}

static void
random_bytes (SbxMachine *machine, guint8 *bytes, gsize size)
{
  memset (bytes, 7, size);
}

char *
make_directory (const Fixture *fixture, const char *path)
{
  char *full = g_build_filename (fixture->root, path, NULL);

  g_assert_cmpint (g_mkdir_with_parents (full, 0700), ==, 0);
  return full;
}

void
make_file (const Fixture *fixture, const char *path)
{
  g_autofree char *full = g_build_filename (fixture->root, path, NULL), *above = g_path_get_dirname (full);

  g_assert_cmpint (g_mkdir_with_parents (above, 0700), ==, 0);
  g_assert_true (g_file_set_contents (full, path, -1, NULL));
}

void
make_link (const Fixture *fixture, const char *target, const char *path)
{
  g_autofree char *full = g_build_filename (fixture->root, path, NULL);
  g_autofree char *to = target[0] == '/' ? g_strconcat (fixture->root, target, NULL) : g_strdup (target);

  g_assert_cmpint (symlink (to, full), ==, 0);
}

void
set_up (Fixture *fixture, gconstpointer data)
{
  static const char *const environment[] = { "LANG=C", NULL };

  memset (fixture, 0, sizeof *fixture);
  fixture->root = g_dir_make_tmp ("layers-XXXXXX", NULL);
  fixture->home = make_directory (fixture, "home");
  fixture->data = make_directory (fixture, "home/.local/share");
  fixture->config = make_directory (fixture, "home/.config");
  fixture->state = make_directory (fixture, "home/.local/state");
  fixture->runtime = make_directory (fixture, "run");
  fixture->machine = (SbxMachine){ .kernel = { .landlock_abi = 7, .pidns_option = TRUE, .hidepid = TRUE, .yama = -1 },
                                   .uid = getuid (),
                                   .gid = getgid (),
                                   .user_name = "u",
                                   .home = fixture->home,
                                   .runtime_dir = fixture->runtime,
                                   .data_home = fixture->data,
                                   .config_home = fixture->config,
                                   .bwrap = "/usr/bin/bwrap",
                                   .environment = environment,
                                   .look = look,
                                   .random = random_bytes,
                                   .hidden_config = hidden_config,
                                   .filters = sbx_seccomp_cache_new () };
  fixture->places = (SbxPlaces){ .home = fixture->home, .xdg_dirs = fixture->xdg_dirs };
  fixture->around =
      (SbxLayersAround){ .machine = &fixture->machine, .id = "0123456789abcdef", .state_home = fixture->state };
}

static void
reset (Fixture *fixture)
{
  g_clear_pointer (&fixture->layers, sbx_layers_free);
  g_clear_object (&fixture->plan);
  g_clear_error (&fixture->error);
}

void
tear_down (Fixture *fixture, gconstpointer data)
{
  const char *argv[] = { "rm", "-rf", "--", fixture->root, NULL };

  reset (fixture);
  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
  g_hash_table_unref (fixture->machine.filters);
  g_free (fixture->home);
  g_free (fixture->data);
  g_free (fixture->config);
  g_free (fixture->state);
  g_free (fixture->runtime);
  g_free (fixture->root);
}

/* The layers of a policy whose group Context is @context, "{'filesystems': '%s/home'}"; %s is the root. */
gboolean
try_forwarding (Fixture *fixture, const char *context, const SbxForwardedFile *forward, gsize n)
{
  static const char *const argv[] = { "true", NULL };
  const SbxPlanRequest request = { .app_id = "app", .argv = argv, .forward = forward, .n_forward = n };
  g_auto (GStrv) parts = g_strsplit (context, "%s", -1);
  g_autofree char *filled = g_strjoinv (fixture->root, parts);
  g_autofree char *text = g_strdup_printf ("{'Context': <%s>}", filled);
  g_autoptr (SbxPolicy) nothing = sbx_policy_new ();
  g_autoptr (SbxPolicy) policy = NULL;
  g_autoptr (GVariant) groups = NULL;

  reset (fixture);
  groups = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &fixture->error);
  g_assert_no_error (fixture->error);
  policy = sbx_policy_merge_variant (nothing, groups, &fixture->places, &fixture->error);
  g_assert_no_error (fixture->error);
  fixture->plan = sbx_plan_new (policy, &request, &fixture->machine, &fixture->error);
  g_assert_no_error (fixture->error);
  fixture->layers = sbx_layers_new (sbx_plan_get_box (fixture->plan), sbx_plan_get_policy (fixture->plan), forward, n,
                                    &fixture->around, &fixture->error);
  return fixture->layers != NULL;
}

static gboolean
try_policy (Fixture *fixture, const char *context)
{
  return try_forwarding (fixture, context, NULL, 0);
}

void
assert_made (Fixture *fixture, const char *context)
{
  gboolean made = try_policy (fixture, context);

  g_assert_no_error (fixture->error);
  g_assert_true (made);
}

void
assert_refused (Fixture *fixture, const char *context, const char *words)
{
  g_assert_false (try_policy (fixture, context));
  if (!strstr (fixture->error->message, words))
    g_error ("%s: not for \"%s\": %s", context, words, fixture->error->message);
}

/* The layers at @path, below the root, in order: "tree,self,…"; "-" is read-only, "!" has a known place. */
static char *
describe (const Fixture *fixture, const char *path)
{
  static const char *const kinds[SBX_N_LAYER_KINDS] = { "tree", "self", "tmpfs", "dir", "file", "seal" };
  g_autofree char *full = path[0] == '/' ? g_strdup (path) : g_build_filename (fixture->root, path, NULL);
  GString *text = g_string_new (NULL);
  gsize n;
  const SbxLayer *layers = sbx_layers_get (fixture->layers, &n);

  for (gsize i = 0; i < n; i++)
    if (strcmp (layers[i].dest, full) == 0)
      g_string_append_printf (text, "%s%s%s%s", text->len > 0 ? "," : "", kinds[layers[i].kind],
                              layers[i].flags & SBX_LAYER_READ_ONLY ? "-" : "",
                              layers[i].flags & SBX_LAYER_DEST_KNOWN ? "!" : "");
  return g_string_free (text, FALSE);
}

void
assert_layers (const Fixture *fixture, const char *path, const char *wanted)
{
  g_autofree char *text = describe (fixture, path);

  if (strcmp (text, wanted) != 0)
    g_error ("%s is \"%s\", not \"%s\"", path, text, wanted);
}
