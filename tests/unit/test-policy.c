/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The laws of policies, over random ones. SBX_TEST_SEED chooses them; the seed is printed. */
#include <gio/gio.h>
#include <string.h>

#include "common/error.h"
#include "common/key-file.h"
#include "policy/policy-private.h"
#include "policy/score.h"

#define CASES 10000
#define SCORES 2000

static const SbxPlaces places = { .home = "/home/u" };

static const char *
pick (GRand *rand, const char *const *words)
{
  return words[g_rand_int_range (rand, 0, (gint32) g_strv_length ((char **) words))];
}

/* Up to four of @words, each perhaps taken away again with "!". */
static char *
some (GRand *rand, const char *const *words, gboolean removals)
{
  GString *list = g_string_new (NULL);

  for (int i = g_rand_int_range (rand, 0, 5); i > 0; i--)
    g_string_append_printf (list, "%s%s;", removals && g_rand_int_range (rand, 0, 4) == 0 ? "!" : "",
                            pick (rand, words));
  return g_string_free (list, FALSE);
}

/* A path of up to five components out of few, so that rules and probes meet. */
static void
add_path (GRand *rand, GString *text)
{
  static const char *const parts[] = { "a", "b", "ab", "a-b", "a b", "c ", "c:ro", "~", "!", "ä", "var", NULL };

  for (int i = g_rand_int_range (rand, 1, 6); i > 0; i--)
    g_string_append_printf (text, "/%s", pick (rand, parts));
}

static char *
random_paths (GRand *rand, gboolean files)
{
  static const char *const access[] = { "", ":ro", ":rw", ":create", ":none", NULL };
  GString *list = g_string_new (NULL);

  for (int i = g_rand_int_range (rand, 0, 6); i > 0; i--) {
    g_autoptr (GString) path = g_string_new (files ? "" : ".");

    add_path (rand, path);
    g_string_append_printf (list, "%s%s%s;", g_rand_int_range (rand, 0, 4) == 0 ? "!" : "", path->str,
                            files ? pick (rand, access) : "");
  }
  return g_string_free (list, FALSE);
}

/* Perhaps; FALSE when not. */
static gboolean
put (GVariantBuilder *keys, GRand *rand, const char *key, const char *const *words, gboolean list, gboolean removals)
{
  g_autofree char *value = !words ? random_paths (rand, g_str_equal (key, "filesystems"))
                           : list ? some (rand, words, removals)
                                  : g_strdup (pick (rand, words));

  if (!g_rand_boolean (rand))
    return FALSE;
  g_variant_builder_add (keys, "{ss}", key, value);
  return TRUE;
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

typedef struct {
  const char *group, *key;
  const char *const *words;
  gboolean list, removals;
} Row;

static const Row random_rows[] = {
  { "Context", "shared", WORDS ("network", "ipc"), TRUE, TRUE },
  { "Context", "sockets", WORDS ("wayland", "x11", "fallback-x11", "cups", "session-bus"), TRUE, TRUE },
  { "Context", "devices", WORDS ("dri", "input", "all", "usb"), TRUE, TRUE },
  { "Context", "features", WORDS ("userns", "devel", "background"), TRUE, TRUE },
  { "Context", "filesystems",
    WORDS ("/a:ro", "/var/a", "/tmp:ro", "/a", "/a/b:ro", "/a/b/c:create", "/ab", "~/x:ro", "!/a/b", "!/a", "/a/b/d",
           "/:ro", "host:ro"),
    TRUE, FALSE },
  { "Context", "filesystems", NULL, TRUE, FALSE },
  { "Context", "persistent", NULL, TRUE, FALSE },
  { "Context", "persistent", WORDS (".", ".mozilla", ".mozilla/x", "y"), TRUE, TRUE },
  { "Context", "sockets", WORDS ("pulseaudio", "pipewire", "gpg-agent", "ssh-auth", "system-bus", "pcsc"), TRUE, TRUE },
  { "Context", "features", WORDS ("multiarch", "root", "no-landlock"), TRUE, TRUE },
  { "Context", "forward", WORDS ("none", "ro", "rw"), FALSE, FALSE },
  { "Context", "filesystems", WORDS ("~:ro", "~", "!~/.ssh", "~/.ssh:ro", "~/.config:none", "~/bin", "/:none"), TRUE,
    FALSE },
  { "Context", "pass-environment", WORDS ("A", "B"), TRUE, FALSE },
  { "Procfs", "hidepid", WORDS ("ptraceable", "invisible", "off"), FALSE, FALSE },
  { "Procfs", "subset", WORDS ("pid", "all"), FALSE, FALSE },
  { "Procfs", "instance", WORDS ("private", "none"), FALSE, FALSE },
  { "Procfs", "pidns", WORDS ("private", "session"), FALSE, FALSE },
  { "Session Bus Policy", "org.x", WORDS ("see", "talk", "own", "none"), FALSE, FALSE },
  { "Session Bus Policy", "org.x.*", WORDS ("see", "talk", "own"), FALSE, FALSE },
  { "Session Bus Policy", "org.x.y", WORDS ("see", "talk", "own"), FALSE, FALSE },
  { "Session Bus Policy", "org.freedesktop.*", WORDS ("see", "talk", "own"), FALSE, FALSE },
  { "Session Bus Policy", "org.freedesktop.portal.*", WORDS ("see", "talk", "own", "none"), FALSE, FALSE },
  { "Session Bus Policy", "org.freedesktop.portal.Background", WORDS ("see", "talk", "none"), FALSE, FALSE },
  { "Session Bus Policy", "org.freedesktop.portal.FileChooser", WORDS ("talk", "own"), FALSE, FALSE },
  { "Session Bus Policy", "org.freedesktop.portal.Unheard.*", WORDS ("see", "talk"), FALSE, FALSE },
  { "Session Bus Policy", "org.freedesktop.secrets", WORDS ("see", "talk", "none"), FALSE, FALSE },
  { "System Bus Policy", "org.x.y.*", WORDS ("see", "talk", "own"), FALSE, FALSE },
  { "Environment", "A", WORDS ("1", "2", "with;semicolon", " blanks ", "line\nbreak"), FALSE, FALSE },
  { "Environment", "C", WORDS ("", "\\"), FALSE, FALSE },
  { "Limits", "memory", WORDS ("1M", "2G", "none"), FALSE, FALSE },
  { "Limits", "pids", WORDS ("0", "100", "none"), FALSE, FALSE },
  { "Network", "connect", WORDS ("all", "443", "80;443", "none"), FALSE, FALSE },
  { "Network", "bind", WORDS ("all", "0", "8080;1"), FALSE, FALSE },
  { "Seccomp", "tier", WORDS ("strict", "dumper", "default", "debugger", "browser"), FALSE, FALSE },
  { "Seccomp", "allow", WORDS ("bpf", "keyctl"), TRUE, FALSE },
  { "Seccomp", "deny", WORDS ("bpf", "ptrace", "kill", "*", "!*", "!kill"), TRUE, FALSE },
};

static SbxPolicy *
random_policy (GRand *rand)
{
  g_autoptr (SbxPolicy) policy = sbx_policy_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (random_rows); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) groups = NULL;
    SbxPolicy *merged;
    GVariantBuilder dict, keys;

    g_variant_builder_init (&dict, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_init (&keys, G_VARIANT_TYPE ("a{ss}"));
    if (!put (&keys, rand, random_rows[i].key, random_rows[i].words, random_rows[i].list, random_rows[i].removals)) {
      g_variant_builder_clear (&keys);
      g_variant_builder_clear (&dict);
      continue;
    }
    g_variant_builder_add (&dict, "{sv}", random_rows[i].group, g_variant_builder_end (&keys));
    groups = g_variant_ref_sink (g_variant_builder_end (&dict));
    merged = sbx_policy_merge_variant (policy, groups, &places, &error);
    g_assert_no_error (error);
    sbx_policy_unref (policy);
    policy = merged;
  }
  return g_steal_pointer (&policy);
}

static void
assert_equal (const SbxPolicy *a, const SbxPolicy *b, const char *law)
{
  g_autofree char *x = sbx_policy_to_key_file (a), *y = sbx_policy_to_key_file (b);

  if (!sbx_policy_equal (a, b))
    g_error ("%s does not hold:\n%s\n----\n%s", law, x, y);
  g_assert_cmpuint (sbx_policy_hash (a), ==, sbx_policy_hash (b));
}

static void
check_laws (const SbxPolicy *a, const SbxPolicy *b, const SbxPolicy *c, const SbxPolicy *bottom)
{
  g_autoptr (SbxPolicy) aa = sbx_policy_meet (a, a), ab = sbx_policy_meet (a, b), ba = sbx_policy_meet (b, a);
  g_autoptr (SbxPolicy) bc = sbx_policy_meet (b, c), ab_c = sbx_policy_meet (ab, c), a_bc = sbx_policy_meet (a, bc);
  g_autoptr (SbxPolicy) join = sbx_policy_join (a, b), absorbed = sbx_policy_meet (a, join);
  g_autoptr (SbxPolicy) back = sbx_policy_join (a, ab), least = sbx_policy_meet (a, bottom);

  assert_equal (aa, a, "idempotence");
  assert_equal (ab, ba, "commutativity");
  assert_equal (ab_c, a_bc, "associativity");
  assert_equal (absorbed, a, "absorption (meet over join)");
  assert_equal (back, a, "absorption (join over meet)");
  assert_equal (least, bottom, "the bottom");
  g_assert_true (sbx_policy_leq (ab, a) && sbx_policy_leq (ab, b));
  g_assert_true (sbx_policy_leq (a, join) && sbx_policy_leq (b, join));
  g_assert_true (sbx_policy_leq (bottom, a));
  g_assert_cmpint (sbx_policy_leq (a, b), ==, sbx_policy_equal (ab, a));
  g_assert_cmpuint (sbx_policy_excess (ab, a), ==, 0);
}

static gboolean
apply_entry (const SbxKeyFileEntry *entry, gpointer policy, GError **error)
{
  const SbxFacility *row = entry->key ? sbx_facility_find (entry->group, entry->key, error) : NULL;
  g_autofree char *value = NULL;

  if (!row)
    return entry->key == NULL;
  value = row->kind == SBX_KIND_PAIRS && !row->key ? sbx_key_file_unescape (entry->value) : g_strdup (entry->value);
  return sbx_facility_apply (policy, row, entry->key, value, &places, error);
}

static void
check_key_file (const SbxPolicy *policy)
{
  static const SbxKeyFileKind kind = { "profile", SBX_ERROR_BAD_PROFILE, 64 * 1024, TRUE };
  g_autoptr (SbxPolicy) empty = sbx_policy_new (), again = sbx_policy_thaw (empty);
  g_autofree char *text = sbx_policy_to_key_file (policy);
  g_autoptr (GError) error = NULL;

  sbx_key_file_parse (&kind, text, strlen (text), "text", apply_entry, again, &error);
  g_assert_no_error (error);
  again = sbx_policy_freeze (again);
  assert_equal (again, policy, "the round trip through a key file");
}

/* The least and the greatest of both, at a random point of the tree. */
static void
check_access (GRand *rand, const SbxPolicy *a, const SbxPolicy *b)
{
  g_autoptr (SbxPolicy) meet = sbx_policy_meet (a, b), join = sbx_policy_join (a, b);

  for (int i = 0; i < 20; i++) {
    g_autoptr (GString) path = g_string_new (NULL);
    SbxAccess in_a, in_b;

    add_path (rand, path);
    in_a = sbx_policy_get_access (a, path->str);
    in_b = sbx_policy_get_access (b, path->str);
    g_assert_cmpint (sbx_policy_get_access (meet, path->str), ==, MIN (in_a, in_b));
    g_assert_cmpint (sbx_policy_get_access (join, path->str), ==, MAX (in_a, in_b));
  }
}

/* Through a{sv}, and at every point of the tree the meet is the lesser of both. */
static void
check_values (const SbxPolicy *a, const SbxPolicy *b)
{
  static const char *const probes[] = { "/",           "/a",   "/a/b",      "/a/b/c", "/a/b/c/d",  "/a/b/d",
                                        "/a/x",        "/ab",  "/ab/c",     "/a-b",   "/home/u/x", "/home/u",
                                        "/home/u/x/y", "/var", "/variable", "/var/a", "/home",     "/tmp" };
  g_autoptr (SbxPolicy) empty = sbx_policy_new (), meet = sbx_policy_meet (a, b), again = NULL;
  g_autoptr (GVariant) groups = g_variant_ref_sink (sbx_policy_to_variant (a));
  g_autoptr (GError) error = NULL;
  g_autofree char *same = sbx_policy_diff (a, a);

  again = sbx_policy_merge_variant (empty, groups, &places, &error);
  g_assert_no_error (error);
  assert_equal (again, a, "the round trip through a{sv}");
  g_assert_cmpstr (same, ==, "");
  for (gsize i = 0; i < G_N_ELEMENTS (probes); i++)
    g_assert_cmpint (sbx_policy_get_access (meet, probes[i]), ==,
                     MIN (sbx_policy_get_access (a, probes[i]), sbx_policy_get_access (b, probes[i])));
}

static guint32
random_seed (void)
{
  const char *named = g_getenv ("SBX_TEST_SEED");

  return named ? (guint32) g_ascii_strtoull (named, NULL, 10) : g_random_int ();
}

static void
test_laws (void)
{
  guint32 seed = random_seed ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  g_autoptr (SbxPolicy) bottom = sbx_policy_bottom ();

  g_test_message ("SBX_TEST_SEED=%u, %d cases", seed, CASES);
  for (int i = 0; i < CASES; i++) {
    g_autoptr (SbxPolicy) a = random_policy (rand), b = random_policy (rand), c = random_policy (rand);

    check_laws (a, b, c, bottom);
    check_values (a, b);
    check_key_file (a);
    check_access (rand, a, b);
  }
}

static gboolean
has_row (const GArray *open, const char *id)
{
  for (guint i = 0; i < open->len; i++)
    if (g_str_equal (g_array_index (open, SbxScoreRow, i).id, id))
      return TRUE;
  return FALSE;
}

/* What allows no more is exposed no more: in the whole, and door by door. */
static void
check_score (const SbxPolicy *less, const SbxPolicy *more)
{
  g_autoptr (GArray) open_less = NULL, open_more = NULL;
  guint of_less = sbx_score (less, &places, &open_less), of_more = sbx_score (more, &places, &open_more);
  guint last = 100;

  g_assert_true (sbx_policy_leq (less, more));
  g_assert_cmpuint (of_less, <=, of_more);
  g_assert_cmpuint (of_more, <=, 100);
  for (guint i = 0; i < open_less->len; i++) {
    const SbxScoreRow *row = &g_array_index (open_less, SbxScoreRow, i);

    if (!has_row (open_more, row->id)) {
      g_autofree char *a = sbx_policy_to_key_file (less), *b = sbx_policy_to_key_file (more);

      g_error ("%s is open for\n%s\nand not for\n%s", row->id, a, b);
    }
    g_assert_cmpuint (row->exposure, <=, last); /* worst first */
    g_assert_cmpuint (row->exposure, <=, of_less);
    last = row->exposure;
  }
}

static void
test_score (void)
{
  guint32 seed = random_seed ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  g_autoptr (SbxPolicy) bottom = sbx_policy_bottom ();

  g_test_message ("SBX_TEST_SEED=%u, %d cases", seed, SCORES);
  g_assert_cmpuint (sbx_score (bottom, &places, NULL), ==, 0);
  for (int i = 0; i < SCORES; i++) {
    g_autoptr (SbxPolicy) a = random_policy (rand), b = random_policy (rand);
    g_autoptr (SbxPolicy) meet = sbx_policy_meet (a, b), join = sbx_policy_join (a, b);

    check_score (bottom, a);
    check_score (meet, a);
    check_score (meet, b);
    check_score (a, join);
    check_score (b, join);
  }
}

static SbxPolicy *
policy_of (const char *group, const char *key, const char *value, GError **error)
{
  g_autoptr (SbxPolicy) empty = sbx_policy_new ();
  GVariantBuilder dict, keys;
  g_autoptr (GVariant) groups = NULL;

  g_variant_builder_init (&dict, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_init (&keys, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&keys, "{ss}", key, value);
  g_variant_builder_add (&dict, "{sv}", group, g_variant_builder_end (&keys));
  groups = g_variant_ref_sink (g_variant_builder_end (&dict));
  return sbx_policy_merge_variant (empty, groups, &places, error);
}

/* The user's own X server is another matter than one of the sandbox's. */
static void
test_score_x11 (void)
{
  g_autoptr (GVariant) groups =
      g_variant_ref_sink (g_variant_new_parsed ("{'Context': <{'sockets': 'x11;', 'x11': 'shared'}>}"));
  g_autoptr (SbxPolicy) empty = sbx_policy_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxPolicy) policy = sbx_policy_merge_variant (empty, groups, &places, &error);
  g_autoptr (GArray) open = NULL;
  guint score = sbx_score (policy, &places, &open);

  g_assert_no_error (error);
  g_assert_true (has_row (open, "x11"));
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
    guint score = sbx_score (policy, &places, &open);

    g_assert_no_error (error);
    if (!has_row (open, cases[i].id) || score < cases[i].least || score > cases[i].most)
      g_error ("%s=%s comes to %u, %s", cases[i].key, cases[i].value, score,
               has_row (open, cases[i].id) ? "" : "without its row");
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
                        run = policy_of ("Context", "filesystems", "/run/user/1000:ro", NULL);

  for (guint kind = 0; kind < SBX_N_WAYS; kind++) {
    gboolean socket = sbx_way_out_least (kind) == SBX_ACCESS_RO;

    g_assert_true ((sbx_way_out_find (home, &here, kind) != NULL) == !socket);
    g_assert_null (sbx_way_out_find (read_only, &here, kind));
    g_assert_true ((sbx_way_out_find (run, &here, kind) != NULL) == socket);
  }
}

static void
test_errors (void)
{
  static const struct {
    const char *group, *key, *value, *says;
  } cases[] = {
    { "Contex", "shared", "network", "did you mean \"Context\"" },
    { "Context", "share", "network", "did you mean \"shared\"" },
    { "Context", "shared", "netwrok", "did you mean \"network\"" },
    { "Context", "filesystems", "Downloads", "not a path" },
    { "Context", "filesystems", "/../etc", "above the root" },
    { "Context", "filesystems", "/a\nb", "control character" },
    { "Context", "filesystems", "~/x:rx", "\"~/x:rx\": unknown mode \"rx\", did you mean \"ro\"?" },
    { "Context", "filesystems", "/x:RO", "unknown mode \"RO\", did you mean \"ro\"?" },
    { "Context", "filesystems", "home:readonly", "unknown mode \"readonly\"; known: none, ro, rw, create" },
    { "Context", "filesystems", "/x:", "unknown mode \"\"" },
    { "Context", "filesystems", "/x:ro ;/y: ro", "unknown mode \" ro\", did you mean \"ro\"?" },
    { "Context", "filesystems", "/x:ro:nome", "unknown mode \"nome\", did you mean \"none\"?" },
    { "Context", "filesystems", "!/x:rx", "unknown mode \"rx\"" },
    { "Context", "filesystems", "host:ro;/y:w;", "unknown mode \"w\", did you mean \"rw\"?" },
    { "Context", "filesystems", "/x:rx", "written with \"/\" at its end" },
    { "Context", "forward", "readonly", "known: none, ro, rw" },
    { "Context", "persistent", "/abs", "relative to the home" },
    { "Context", "persistent", "~/.config", "relative to the home" },
    { "Context", "filesystems", "/a\x7f", "control character" },
    { "Procfs", "hidepid", "ptracable", "did you mean \"ptraceable\"" },
    { "Session Bus Policy", "nodots", "talk", "not a bus name" },
    { "Session Bus Policy", "org.x", "speak", "known: none, see, talk, own" },
    { "Limits", "memory", "lots", "not a number" },
    { "Limits", "memory", "5X", "unit" },
    { "Limits", "memory", "1152921504606846977", "not a number" },
    { "Limits", "memory", "1048577T", "more than any machine has" },
    { "Network", "connect", "70000", "not a TCP port" },
    { "Seccomp", "allow", "open-at", "not the name of a system call" },
    { "Environment", "A=B", "x", "not the name of a variable" },
    { "Environment", "#A", "x", "not the name of a variable" },
    { "Environment", "A\nB", "x", "not the name of a variable" },
    { "Context", "pass-environment", "A\\;B", "not the name of a variable" },
    { "Context", "filesystems", "xdg-downloads", "not a path" },
    { "Context", "filesystems", "~/../../..", "above the root" },
    { "Context", "persistent", "../x", "above the root" },
    { "Seccomp", "allow", "*", "not the name of a system call" },
    { "Seccomp", "deny", "!", "not the name of a system call" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    SbxPolicy *policy = policy_of (cases[i].group, cases[i].key, cases[i].value, &error);

    g_assert_null (policy);
    g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
    if (!strstr (error->message, cases[i].says))
      g_error ("\"%s\" does not say \"%s\"", error->message, cases[i].says);
  }
}

/* Names with colons in them: each way to write one is the same path, and what is written out is read back. */
static void
test_path_colons (void)
{
  static const struct {
    const char *item, *path;
    SbxAccess access;
  } rows[] = {
    { "/x:rx/", "/x:rx", SBX_ACCESS_RW },         { "/x:rx:ro", "/x:rx", SBX_ACCESS_RO },
    { "/x:rx:rw", "/x:rx", SBX_ACCESS_RW },       { "/x:rx/:ro", "/x:rx", SBX_ACCESS_RO },
    { "/x:ro/", "/x:ro", SBX_ACCESS_RW },         { "/x:ro:create", "/x:ro", SBX_ACCESS_CREATE },
    { "/x:rx/y", "/x:rx/y", SBX_ACCESS_RW },      { "/x:/y:ro", "/x:/y", SBX_ACCESS_RO },
    { "/x::ro", "/x:", SBX_ACCESS_RO },           { "/x::/", "/x::", SBX_ACCESS_RW },
    { "~/x:rx/", "/home/u/x:rx", SBX_ACCESS_RW },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxPolicy) policy = policy_of ("Context", "filesystems", rows[i].item, &error), again = NULL,
                          gone = NULL;
    g_autoptr (GVariant) groups = NULL;
    g_autofree char *taken = g_strconcat (rows[i].path, "/;!", rows[i].path, "/", NULL);
    gsize n;

    g_assert_no_error (error);
    sbx_policy_get_filesystems (policy, &n);
    g_assert_cmpuint (n, ==, 1);
    g_assert_cmpint (sbx_policy_get_access (policy, rows[i].path), ==, rows[i].access);
    groups = g_variant_ref_sink (sbx_policy_to_variant (policy));
    again = sbx_policy_merge_variant (policy, groups, &places, &error);
    g_assert_no_error (error);
    g_assert_true (sbx_policy_equal (policy, again));
    gone = policy_of ("Context", "filesystems", taken, &error);
    g_assert_no_error (error);
    g_assert_cmpint (sbx_policy_get_access (gone, rows[i].path), ==, SBX_ACCESS_NONE);
  }
}

static void
test_paths (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxPolicy) policy =
      policy_of ("Context", "filesystems", "~/a/./b/../c//d:ro;!/home/u/a/c/d/secret;/x\\;y;", &error);

  g_assert_no_error (error);
  g_assert_cmpint (sbx_policy_get_access (policy, "/home/u/a/c/d"), ==, SBX_ACCESS_RO);
  g_assert_cmpint (sbx_policy_get_access (policy, "/home/u/a/c/d/e"), ==, SBX_ACCESS_RO);
  g_assert_cmpint (sbx_policy_get_access (policy, "/home/u/a/c/d/secret/x"), ==, SBX_ACCESS_NONE);
  g_assert_cmpint (sbx_policy_get_access (policy, "/home/u/a/c/d/secrets"), ==, SBX_ACCESS_RO);
  g_assert_cmpint (sbx_policy_get_access (policy, "/home/u/a/c"), ==, SBX_ACCESS_NONE);
  g_assert_cmpint (sbx_policy_get_access (policy, "/x;y"), ==, SBX_ACCESS_RW);
}

/* What is taken away is gone, and so is what would bring it along. */
static void
test_removed (void)
{
  static const struct {
    const char *key, *value;
    guint (*get) (const SbxPolicy *policy);
    guint left;
  } cases[] = {
    { "devices", "all;!dri", sbx_policy_get_devices,
      SBX_DEVICE_INPUT | SBX_DEVICE_KVM | SBX_DEVICE_SHM | SBX_DEVICE_USB },
    { "devices", "all;!all", sbx_policy_get_devices, 0 },
    { "devices", "dri;usb;!usb", sbx_policy_get_devices, SBX_DEVICE_DRI },
    { "sockets", "wayland;x11;!x11", sbx_policy_get_sockets, SBX_SOCKET_WAYLAND },
    { "sockets", "wayland;x11;!fallback-x11", sbx_policy_get_sockets, SBX_SOCKET_WAYLAND },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxPolicy) policy = policy_of ("Context", cases[i].key, cases[i].value, &error);

    g_assert_no_error (error);
    if (cases[i].get (policy) != cases[i].left)
      g_error ("%s=%s leaves %#x", cases[i].key, cases[i].value, cases[i].get (policy));
  }
}

/* Without a key there is nothing to apply, and a wrong group is wrong all the same. */
static void
test_empty_group (void)
{
  g_autoptr (SbxPolicy) empty = sbx_policy_new ();
  g_autoptr (GVariant) groups = g_variant_ref_sink (g_variant_new_parsed ("{'Contxt': <@a{ss} {}>}")),
                       wrong = g_variant_ref_sink (g_variant_new_parsed ("{'Context': <'shared'>}"));
  g_autoptr (GError) error = NULL;

  g_assert_null (sbx_policy_merge_variant (empty, groups, &places, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
  g_assert_nonnull (strstr (error->message, "did you mean \"Context\""));
  g_clear_error (&error);
  g_assert_null (sbx_policy_merge_variant (empty, wrong, &places, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
  g_assert_nonnull (strstr (error->message, "has type s, not a{ss}"));
}

static void
test_places (void)
{
  static const struct {
    const char *word, *path;
  } cases[] = {
    { "xdg-download", "/mnt/dl" },
    { "xdg-download/x/..", "/mnt/dl" },
    { "xdg-music/a", "/home/u/Music/a" }, /* where nobody has said otherwise */
    { "xdg-public-share", NULL },         /* switched off */
    { "xdg-config/b", "/home/u/.config/b" },
    { "xdg-run/x", "/run/user/7/x" },
    { "~/../u/x", "/home/u/x" },
    { "home", "/home/u" },
    { "host", "/" },
    { "xdg-data", NULL },
    { "xdg-videos", NULL }, /* a relative path is relative to nothing */
    { "xdg-cache/x", NULL },
    { "/xdg-download", "/xdg-download" },
  };
  const char *dirs[G_USER_N_DIRECTORIES] = { [G_USER_DIRECTORY_DOWNLOAD] = "/mnt/dl",
                                             [G_USER_DIRECTORY_PUBLIC_SHARE] = "/home/u",
                                             [G_USER_DIRECTORY_VIDEOS] = "Videos" };
  const SbxPlaces all = { .home = "/home/u",
                          .xdg_dirs = dirs,
                          .config_home = "/home/u/.config",
                          .runtime_dir = "/run/user/7",
                          .cache_home = "cache" };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *path = sbx_paths_resolve (cases[i].word, &all, &error);

    g_assert_no_error (error); /* what this machine has not got is left out */
    g_assert_cmpstr (path, ==, cases[i].path);
  }
}

/* "host" is not what a sandbox has of its own: that has to be named, and is more. */
static void
test_host (void)
{
  g_autoptr (SbxPolicy) host = policy_of ("Context", "filesystems", "host:ro", NULL);
  g_autoptr (SbxPolicy) more = policy_of ("Context", "filesystems", "host:ro;/tmp;/opt/x:ro;/home/u/x:ro;!/run", NULL);
  g_autoptr (SbxPolicy) less = policy_of ("Context", "filesystems", "/srv/x:ro;/var:ro", NULL);
  gsize n;
  const SbxPathRule *rules = sbx_policy_get_filesystems (more, &n);

  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpstr (rules[0].path, ==, "/");
  g_assert_cmpstr (rules[1].path, ==, "/opt/x");
  g_assert_cmpstr (rules[2].path, ==, "/tmp");
  g_assert_cmpint (rules[2].access, ==, SBX_ACCESS_RW);
  g_assert_cmpint (sbx_policy_get_access (more, "/home/u/x/y"), ==, SBX_ACCESS_RO);
  g_assert_cmpint (sbx_policy_get_access (more, "/variable"), ==, SBX_ACCESS_NONE);
  g_assert_cmpint (sbx_policy_get_access (host, "/tmp/a"), ==, SBX_ACCESS_NONE);
  g_assert_true (sbx_policy_leq (host, more));
  g_assert_false (sbx_policy_leq (more, host));
  g_assert_true (sbx_policy_leq (less, host));
}

/* What a client can put into one option does not hold the service up. */
static void
test_time (void)
{
  g_autoptr (GString) paths = g_string_new (NULL), names = g_string_new (NULL);
  gint64 before = g_get_monotonic_time ();

  for (int i = 0; i < 12000; i++) {
    g_string_append_printf (paths, "/%x;", i * 7919 % 12007);
    g_string_append_printf (names, "%x;", i * 7919 % 12007);
  }
  for (int i = 0; i < 2; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxPolicy) policy =
        policy_of ("Context", i ? "pass-environment" : "filesystems", i ? names->str : paths->str, &error);
    g_autoptr (SbxPolicy) meet = NULL;

    g_assert_no_error (error);
    meet = sbx_policy_meet (policy, policy);
    g_assert_true (sbx_policy_equal (meet, policy));
  }
  g_assert_cmpint (g_get_monotonic_time () - before, <, 2 * G_USEC_PER_SEC);
}

static void
test_classes (void)
{
  static const struct {
    const char *group, *key, *value;
    guint classes;
  } cases[] = {
    { "Context", "shared", "network", SBX_CLASS_NETWORK },
    { "Context", "sockets", "x11", SBX_CLASS_DISPLAY },
    { "Context", "sockets", "session-bus", SBX_CLASS_BUS },
    { "Context", "devices", "dri", SBX_CLASS_DEVICES },
    { "Context", "filesystems", "/srv:ro", SBX_CLASS_FILES },
    { "Session Bus Policy", "org.x", "talk", SBX_CLASS_BUS },
    { "Context", "features", "userns", SBX_CLASS_DEVICES },
    { "Environment", "A", "b", 0 },
    { "Limits", "pids", "10", 0 },
    { "Seccomp", "tier", "browser", SBX_CLASS_DEVICES },
  };
  g_autoptr (SbxPolicy) empty = sbx_policy_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxPolicy) policy = policy_of (cases[i].group, cases[i].key, cases[i].value, &error);

    g_assert_no_error (error);
    g_assert_cmpuint (sbx_policy_excess (policy, empty), ==, cases[i].classes);
  }
}

/* A portal that acts outside of the sandbox, and one that nobody knows, are in no wildcard above them: who may use all
 * others may not hand those on, and a profile that names them asks for more. */
static void
test_portals (void)
{
  static const struct {
    const char *rule, *name;
    gboolean covers;
  } cases[] = {
    { "org.freedesktop.portal.*", "org.freedesktop.portal.FileChooser", TRUE },
    { "org.freedesktop.portal.*", "org.freedesktop.portal.Desktop", TRUE },
    { "org.freedesktop.portal.*", "org.freedesktop.portal.*", TRUE },
    { "org.freedesktop.*", "org.freedesktop.portal.*", TRUE },
    { "org.freedesktop.portal.*", "org.freedesktop.portal.Background", FALSE },
    { "org.freedesktop.portal.*", "org.freedesktop.portal.Background.*", FALSE },
    { "org.freedesktop.portal.*", "org.freedesktop.portal.DynamicLauncher", FALSE },
    { "org.freedesktop.portal.*", "org.freedesktop.portal.Unheard", FALSE },
    { "org.freedesktop.*", "org.freedesktop.portal.Background", FALSE },
    { "org.*", "org.freedesktop.portal.Unheard.*", FALSE },
    { "org.freedesktop.portal.Background", "org.freedesktop.portal.Background", TRUE },
    { "org.freedesktop.portal.Background.*", "org.freedesktop.portal.Background", TRUE },
    { "org.freedesktop.portal.Desktop", "org.freedesktop.portal.Background", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxPolicy) rule = policy_of ("Session Bus Policy", cases[i].rule, "talk", &error);
    g_autoptr (SbxPolicy) name = policy_of ("Session Bus Policy", cases[i].name, "talk", &error);

    g_assert_no_error (error);
    if (sbx_policy_leq (name, rule) != cases[i].covers)
      g_error ("%s %s %s", cases[i].rule, cases[i].covers ? "does not cover" : "covers", cases[i].name);
    g_assert_cmpuint (sbx_policy_excess (name, rule), ==, cases[i].covers ? 0 : SBX_CLASS_BUS);
  }
}

/* All portals but one, whether the one is taken away together with the rule or from what has it already. */
static void
test_portal_less (void)
{
  static const struct {
    const char *name;
    gboolean left;
  } cases[] = {
    { "org.freedesktop.portal.Location", FALSE },   { "org.freedesktop.portal.*", FALSE },
    { "org.freedesktop.portal.Background", FALSE }, { "org.freedesktop.portal.FileChooser", TRUE },
    { "org.freedesktop.portal.Settings", TRUE },    { "org.freedesktop.portal.IBus", TRUE },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxPolicy) all = policy_of ("Session Bus Policy", "org.freedesktop.portal.*", "talk", &error);
  g_autoptr (GVariant) none =
      g_variant_ref_sink (g_variant_new_parsed ("{'Session Bus Policy': <{'org.freedesktop.portal.Location': 'none', "
                                                "'org.freedesktop.portal.Settings': 'see'}>}"));
  g_autoptr (SbxPolicy) less = sbx_policy_merge_variant (all, none, &places, &error);

  g_assert_no_error (error);
  g_assert_true (sbx_policy_leq (less, all));
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (SbxPolicy) name = policy_of ("Session Bus Policy", cases[i].name, "talk", &error);

    if (sbx_policy_leq (name, less) != cases[i].left)
      g_error ("%s %s", cases[i].name, cases[i].left ? "is gone" : "is left");
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/policy/laws", test_laws);
  g_test_add_func ("/policy/score", test_score);
  g_test_add_func ("/policy/score-rows", test_score_rows);
  g_test_add_func ("/policy/score/x11", test_score_x11);
  g_test_add_func ("/policy/score/ways-out", test_ways_out);
  g_test_add_func ("/policy/score/ways-out-above", test_ways_out_above);
  g_test_add_func ("/policy/portals", test_portals);
  g_test_add_func ("/policy/portal-less", test_portal_less);
  g_test_add_func ("/policy/errors", test_errors);
  g_test_add_func ("/policy/paths", test_paths);
  g_test_add_func ("/policy/path-colons", test_path_colons);
  g_test_add_func ("/policy/removed", test_removed);
  g_test_add_func ("/policy/empty-group", test_empty_group);
  g_test_add_func ("/policy/places", test_places);
  g_test_add_func ("/policy/host", test_host);
  g_test_add_func ("/policy/time", test_time);
  g_test_add_func ("/policy/classes", test_classes);
  return g_test_run ();
}
