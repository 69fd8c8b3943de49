/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The laws of policies, over random ones. SBX_TEST_SEED chooses them; the seed is printed. */
#include "common/error.h"
#include "common/key-file.h"
#include "policy-fixture.h"
#include "policy/policy-private.h"
#include "policy/score.h"
#include <gio/gio.h>
#include <string.h>

#define CASES 10000
#define SCORES 2000

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
  { "Context", "shared", WORDS ("network", "private-network", "ipc"), TRUE, TRUE },
  { "Context", "sockets", WORDS ("wayland", "x11", "fallback-x11", "cups", "session-bus"), TRUE, TRUE },
  { "Context", "devices", WORDS ("dri", "input", "all", "usb"), TRUE, TRUE },
  { "Context", "features", WORDS ("userns", "devel", "background"), TRUE, TRUE },
  { "Context", "filesystems",
    WORDS ("/a:ro", "/var/a", "/tmp:ro", "/a", "/a/b:ro", "/a/b/c:create", "/ab", "~/x:ro", "!/a/b", "!/a", "/a/b/d",
           "/:ro", "host:ro"),
    TRUE, FALSE },
  { "Context", "filesystems", NULL, TRUE, FALSE },
  { "Context", "filesystems",
    WORDS ("/a:ro@/w", "/a/b:ro@/w", "/ab:ro@/w2", "~/x:ro@~/w", "!/a:ro@/w", "!/w", "!/a", "/a", "/a b:ro@/w- x",
           "/c :ro@/w 3", "/x:ro@/y:ro", "/x:ro@/y\\;:ro@/w4"),
    TRUE, FALSE },
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
  { "Network", "allow",
    WORDS ("internet", "lan", "host", "dns", "none", "host:5432", "host:5000-6000/tcp", "internet/udp", "lan:80-90",
           "10.0.0.0/8", "10.1.0.0/16:443/tcp", "10.1.2.3", "192.168.0.0/16:80-90", "lan/icmp", "8.0.0.0/8",
           "8.8.8.8:53", "[fd77::]/16:443", "2000::/3", "[2a00:1::7]/icmp", "internet:443-500", "example.org",
           "*.example.org:443", "a.example.org/tcp", "*.a.example.org"),
    TRUE, FALSE },
  { "Network", "deny",
    WORDS ("lan", "internet:25", "10.1.0.0/16", "10.1.2.3:443", "2a00:1::/32", "8.8.8.8", "host", "!10.0.0.0/8",
           "internet/icmp", "*.example.org", "a.example.org:443"),
    TRUE, FALSE },
  { "Network", "publish",
    WORDS ("8080:80", "53:53/udp", "8080:81", "0.0.0.0:8080:80", "[::]:8080:80/tcp", "127.0.0.2:1:1", "!8080:80",
           "none", "443"),
    TRUE, FALSE },
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
    merged = sbx_policy_merge_variant (policy, groups, &policy_places, &error);
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
  return sbx_facility_apply (policy, row, entry->key, value, &policy_places, error);
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

  again = sbx_policy_merge_variant (empty, groups, &policy_places, &error);
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

/* What allows no more is exposed no more: in the whole, and door by door. */
static void
check_score (const SbxPolicy *less, const SbxPolicy *more)
{
  g_autoptr (GArray) open_less = NULL, open_more = NULL;
  guint of_less = sbx_score (less, &policy_places, &open_less), of_more = sbx_score (more, &policy_places, &open_more);
  guint last = 100;

  g_assert_true (sbx_policy_leq (less, more));
  g_assert_cmpuint (of_less, <=, of_more);
  g_assert_cmpuint (of_more, <=, 100);
  for (guint i = 0; i < open_less->len; i++) {
    const SbxScoreRow *row = &g_array_index (open_less, SbxScoreRow, i);

    if (!policy_has_row (open_more, row->id)) {
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
  g_assert_cmpuint (sbx_score (bottom, &policy_places, NULL), ==, 0);
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/policy/laws", test_laws);
  g_test_add_func ("/policy/score", test_score);
  return g_test_run ();
}
