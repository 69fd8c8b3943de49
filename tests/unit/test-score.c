/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far a policy leaves the door open, row by row. */
#include "common/error.h"
#include "common/key-file.h"
#include "policy-fixture.h"
#include "policy/policy-private.h"
#include "policy/real-names.h"
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

/* The user's own X server is another matter than one of the sandbox's. */
static void
test_score_x11 (void)
{
  g_autoptr (GVariant) groups =
      g_variant_ref_sink (g_variant_new_parsed ("{'Context': <{'sockets': 'x11;', 'x11': 'shared'}>}"));
  g_autoptr (SbxPolicy) empty = sbx_policy_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxPolicy) policy = sbx_policy_merge_variant (empty, groups, &policy_places, &error);
  g_autoptr (GArray) open = NULL;
  guint score = sbx_score (policy, &policy_places, &open);

  g_assert_no_error (error);
  g_assert_true (policy_has_row (open, "x11"));
  g_assert_cmpuint (score, >=, 50);
  g_assert_cmpuint (score, <=, 74);
}

/* Each door, by what opens it: the score comes to at least that much, and the row is named. */
static void
test_score_rows (void)
{
  static const struct {
    const char *group, *key, *value, *id;
    guint least, most;
  } cases[] = {
    { "Context", "shared", "network", "network", 20, 40 },
    { "Context", "sockets", "session-bus", "session-bus", 90, 100 },
    { "Context", "sockets", "x11", "windows", 1, 20 }, /* nested, as long as nothing else is said */
    { "Context", "filesystems", "home", "startup-files", 90, 100 },
    { "Context", "filesystems", "home:ro", "secret-files", 50, 89 },
    { "Context", "filesystems", "~/Music:ro", "some-files-read", 10, 30 },
    { "Context", "filesystems", "/srv:ro", "files-elsewhere-read", 5, 25 },
    { "Context", "filesystems", "~/.config/autostart:create", "startup-files", 85, 100 },
    { "Session Bus Policy", "org.freedesktop.*", "talk", "starts-programs", 85, 100 },
    { "Session Bus Policy", "org.freedesktop.portal.*", "talk", "session-names", 5, 25 },
    { "Session Bus Policy", "org.freedesktop.portal.Background", "talk", "starts-programs", 85, 100 },
    { "Seccomp", "allow", "bpf", "calls-more", 15, 40 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxPolicy) policy = policy_of (cases[i].group, cases[i].key, cases[i].value, &error);
    g_autoptr (GArray) open = NULL;
    guint score = sbx_score (policy, &policy_places, &open);

    g_assert_no_error (error);
    if (!policy_has_row (open, cases[i].id) || score < cases[i].least || score > cases[i].most)
      g_error ("%s=%s comes to %u, %s", cases[i].key, cases[i].value, score,
               policy_has_row (open, cases[i].id) ? "" : "without its row");
  }
  g_assert_cmpstr (sbx_score_word (49), ==, "OK");
  g_assert_cmpstr (sbx_score_word (50), ==, "MEDIUM");
  g_assert_cmpstr (sbx_score_word (75), ==, "EXPOSED");
  g_assert_cmpstr (sbx_score_word (90), ==, "UNSAFE");
}

static const SbxScoreRow *
find_row (GArray *open, const char *id)
{
  for (guint i = 0; i < open->len; i++)
    if (g_str_equal (g_array_index (open, SbxScoreRow, i).id, id))
      return &g_array_index (open, SbxScoreRow, i);
  return NULL;
}

/* A network of its own is less than one that is shared, and more than none; by what it leads to. */
static void
test_score_networks (void)
{
  static const struct {
    const char *text;  /* of a policy; each one comes to less than the one before */
    const char *tells; /* in what is said of the network */
    gboolean any_port;
  } cases[] = {
    { "{'Context': <{'shared': 'network;'}>}", "services of this machine", TRUE },
    { "{'Context': <{'shared': 'private-network;'}>, 'Network': <{'allow': 'internet;dns;lan;'}>}",
      "parts of your local", TRUE },
    { "{'Context': <{'shared': 'private-network;'}>}", "the Internet", TRUE },
    { "{'Context': <{'shared': 'private-network;'}>, 'Network': <{'allow': '*.example.org;'}>}", "has an address with",
      TRUE },
    { "{'Context': <{'shared': 'private-network;'}>, 'Network': <{'allow': '*.example.org:443;'}>}",
      "has an address with", FALSE },
    { "{'Context': <{'shared': 'private-network;'}>, 'Network': <{'allow': 'dns;'}>}", "who own the names", FALSE },
    { "{'Context': <{'shared': 'private-network;'}>, 'Network': <{'allow': 'none;'}>}", "leads nowhere", FALSE },
  };
  g_autoptr (SbxPolicy) empty = sbx_policy_new ();
  guint last = 100;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GVariant) groups = g_variant_ref_sink (g_variant_new_parsed (cases[i].text));
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxPolicy) policy = sbx_policy_merge_variant (empty, groups, &policy_places, &error);
    g_autoptr (GArray) open = NULL;
    guint score = sbx_score (policy, &policy_places, &open);
    const SbxScoreRow *row = find_row (open, "network");

    g_assert_no_error (error);
    g_assert_nonnull (row);
    g_assert_nonnull (strstr (row->reason, cases[i].tells));
    g_assert_true (policy_has_row (open, "network-any-port") == cases[i].any_port);
    g_assert_cmpuint (score, <, last);
    g_assert_cmpuint (score, >, sbx_score (empty, &policy_places, NULL));
    last = score;
  }
}

/* Whether @rule of filesystems= opens @way: its row is there, and names it. */
static gboolean
opens (const SbxWayOut *way, const char *id, const char *rule, const SbxPlaces *here)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxPolicy) policy = policy_of ("Context", "filesystems", rule, &error);
  g_autoptr (GArray) open = NULL;
  const SbxScoreRow *row;

  g_assert_no_error (error);
  sbx_score (policy, here, &open);
  row = find_row (open, id);
  g_assert_true (!row || row->reason);
  return row && row->way == way;
}

/* Every row: where it may be changed (or reached, if it is a socket) it is counted, and where not, it is not. */
static void
test_ways_out (void)
{
  static const char *const ids[SBX_N_WAYS] = {
    [SBX_WAY_STARTUP] = "startup-files", [SBX_WAY_PROGRAMS] = "program-files",   [SBX_WAY_COMMANDS] = "command-files",
    [SBX_WAY_DESKTOP] = "desktop-files", [SBX_WAY_MANAGERS] = "starts-programs", [SBX_WAY_AGENTS] = "foreign-sockets",
  };
  static const SbxPlaces usual = { .home = "/home/u", .runtime_dir = "/run/user/1000" }, moved = {
    .home = "/home/u", .runtime_dir = "/run/user/1000", .config_home = "/home/u/c", .data_home = "/srv/d"
  };
  guint n = 0;

  for (const SbxWayOut *way = sbx_ways_out; way->path; way++, n++) {
    const char *id = ids[way->kind];
    gboolean socket = sbx_way_out_least (way->kind) == SBX_ACCESS_RO;

    g_assert_cmpstr (way->why, !=, "");
    for (guint i = 0; i < 2; i++) {
      const SbxPlaces *here = i == 0 ? &usual : &moved;
      g_autofree char *path = sbx_way_out_path (way, here), *ro = g_strconcat (path, ":ro", NULL);
      g_autofree char *below = g_strconcat (path, "/a/b:create", NULL), *beside = g_strconcat (path, "-beside", NULL);
      g_autofree char *kept = g_strdup_printf ("%s;!%s;", i == 0 ? "/home/u" : "/", path);

      if (!opens (way, id, path, here) || !opens (way, id, below, here))
        g_error ("%s is not counted", path);
      if (opens (way, id, ro, here) != socket || opens (way, id, beside, here) || opens (way, id, kept, here))
        g_error ("%s is counted when it is not open", path);
    }
  }
  g_assert_cmpuint (n, >, 150);
}

/* All of it: what lies above opens every kind that is below. */
static void
test_ways_out_above (void)
{
  static const SbxPlaces here = { .home = "/home/u", .runtime_dir = "/run/user/1000" };
  g_autoptr (SbxPolicy) home = policy_of ("Context", "filesystems", "home", NULL),
                        read_only = policy_of ("Context", "filesystems", "home:ro", NULL),
                        run = policy_of ("Context", "filesystems", "/run/user/1000:ro", NULL),
                        other = policy_of ("Context", "filesystems", "/var/run/user/1000:ro", NULL);

  for (guint kind = 0; kind < SBX_N_WAYS; kind++) {
    gboolean socket = sbx_way_out_least (kind) == SBX_ACCESS_RO;

    g_assert_true ((sbx_way_out_find (home, &here, kind) != NULL) == !socket);
    g_assert_null (sbx_way_out_find (read_only, &here, kind));
    g_assert_true ((sbx_way_out_find (run, &here, kind) != NULL) == socket);
  }
  /* By its other name, too */
  g_assert_true (sbx_policy_leq (run, other) && sbx_policy_leq (other, run));
  g_assert_cmpint (sbx_policy_get_access (run, "/var/run/user/1000/x"), ==, SBX_ACCESS_RO);
  g_assert_cmpuint (sbx_score (run, &here, NULL), ==, sbx_score (other, &here, NULL));
}

static guint
score_here (const char *filesystems, const SbxPlaces *places)
{
  g_autoptr (SbxPolicy) policy = policy_of ("Context", "filesystems", filesystems, NULL);

  return sbx_score_here (policy, places, NULL);
}

/* /home is a link to /var/home, as on some systems; the user has a link to the home, and one to nowhere. */
static void
test_real_names (void)
{
  g_autofree char *top = g_dir_make_tmp ("sbx-score-XXXXXX", NULL), *real = g_build_filename (top, "var/home/u", NULL);
  g_autofree char *home = g_build_filename (top, "home", NULL), *own = g_build_filename (home, "u", NULL);
  g_autofree char *alias = g_build_filename (top, "alias", NULL), *broken = g_build_filename (top, "broken", NULL);
  g_autofree char *runtime = g_build_filename (top, "run", NULL);
  const SbxPlaces places = { .home = own, .runtime_dir = runtime }, plain = { .home = real, .runtime_dir = runtime };

  g_assert_cmpint (g_mkdir_with_parents (real, 0700), ==, 0);
  g_assert_cmpint (symlink ("var/home", home), ==, 0);
  g_assert_cmpint (symlink (real, alias), ==, 0);
  g_assert_cmpint (symlink ("nowhere", broken), ==, 0);
  for (gsize i = 0; i < 4; i++) {
    static const char *const ends[] = { "", "/.bashrc", "/.ssh/id:ro", "/a/b/c:create" };
    g_autofree char *wanted = g_strconcat (real, ends[i], NULL), *by_home = g_strconcat (own, ends[i], NULL);
    g_autofree char *by_alias = g_strconcat (alias, ends[i], NULL), *both = NULL;
    guint score = score_here (wanted, &plain);

    both = g_strdup_printf ("%s;%s;", by_home, by_alias);
    g_assert_cmpuint (score, >, 0);
    g_assert_cmpuint (score_here (wanted, &places), ==, score);
    g_assert_cmpuint (score_here (by_home, &places), ==, score);
    g_assert_cmpuint (score_here (by_alias, &places), ==, score);
    g_assert_cmpuint (score_here (both, &places), ==, score);
  }
  g_assert_cmpuint (score_here (broken, &places), <, 50);
  for (const char *const *path = (const char *const[]){ broken, alias, home, NULL }; *path; path++)
    unlink (*path);
  for (g_autofree char *path = g_strdup (real); strlen (path) >= strlen (top); *strrchr (path, '/') = '\0')
    rmdir (path);
}

/* What a hint would open is said with it. */
static void
test_name_risk (void)
{
  g_assert_nonnull (sbx_score_name_risk ("ca.desrt.dconf"));
  g_assert_nonnull (sbx_score_name_risk ("org.freedesktop.secrets"));
  g_assert_nonnull (sbx_score_name_risk ("org.freedesktop.*"));
  g_assert_nonnull (sbx_score_name_risk ("org.gnome.SettingsDaemon.MediaKeys"));
  g_assert_null (sbx_score_name_risk ("org.gnome.SettingsDaemons"));
  g_assert_null (sbx_score_name_risk ("org.freedesktop.Notifications"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/policy/score-rows", test_score_rows);
  g_test_add_func ("/policy/score/x11", test_score_x11);
  g_test_add_func ("/policy/score/networks", test_score_networks);
  g_test_add_func ("/policy/score/ways-out", test_ways_out);
  g_test_add_func ("/policy/score/real-names", test_real_names);
  g_test_add_func ("/policy/score/ways-out-above", test_ways_out_above);
  g_test_add_func ("/score/name-risk", test_name_risk);
  return g_test_run ();
}
