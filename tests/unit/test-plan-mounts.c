/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a plan mounts, in which order, and what comes of it at each path. */
#include <string.h>

#include "common/error.h"
#include "fake-machine.h"

static void
test_files (void)
{
  static const char *const missing[] = { "/srv/gone", NULL };
  g_autoptr (SbxPolicy) base = shipped ("default");
  g_autoptr (SbxPolicy) home = with (base, "Context", "filesystems", "home;!~/private;/srv/gone:ro;/srv/new:create;");
  g_autofree char *text = NULL;
  Fake fake = new_fake ();

  fake.missing = missing;
  text = expect_plan (home, &fake, TRUE);
  g_assert_nonnull (strstr (text, "{'op': 'bind', 'source': '/home/u', 'dest': '/home/u'}"));
  g_assert_nonnull (strstr (text, "{'op': 'tmpfs', 'dest': '/home/u/private', 'mode': '0700'}"));
  g_assert_nonnull (strstr (text, "{'op': 'remount-ro', 'dest': '/home/u/private'}"));
  g_assert_nonnull (strstr (text, "{'op': 'bind', 'source': '/srv/new', 'dest': '/srv/new'}"));
  g_assert_nonnull (strstr (text, "/srv/gone is not there and is left out"));
  /* Other applications' homes and the profiles are not meant by "home" */
  g_assert_nonnull (strstr (text, "{'op': 'tmpfs', 'dest': '/home/u/.local/share/sandbox', 'mode': '0700'}"));
  g_assert_nonnull (
      strstr (text, "{'op': 'ro-bind', 'source': '/home/u/.config/sandbox', 'dest': '/home/u/.config/sandbox'}"));
  g_hash_table_unref (fake.machine.filters);
}

/* That the plan for default with @key=@value in [Context] has these mounts, "OP DEST" each, in this order (others may
 * be between them), and none that is "!OP DEST". */
static void
expect_mounts (const char *key, const char *value, const char *const *rows)
{
  g_autoptr (SbxPolicy) base = shipped ("default"), socket = with (base, "Context", "sockets", "pulseaudio;");
  g_autoptr (SbxPolicy) policy = with (socket, "Context", key, value);
  Fake fake = new_fake ();
  g_autofree char *text = expect_plan (policy, &fake, TRUE);
  const char *at = text;

  for (; *rows; rows++) {
    const char *row = *rows + (**rows == '!');
    const char *space = strchr (row, ' ');
    g_autofree char *op = g_strndup (row, (gsize) (space - row));
    g_autofree char *dest = g_strdup_printf ("'dest': '%s'", space + 1);
    g_autofree char *pattern = g_strdup_printf ("\\{'op': '%s',[^}]*%s[,}]", op, dest);
    g_autoptr (GRegex) regex = g_regex_new (pattern, 0, 0, NULL);
    g_autoptr (GMatchInfo) match = NULL;
    gboolean found = g_regex_match (regex, **rows == '!' ? text : at, 0, &match);
    int end = 0;

    if (found == (**rows == '!'))
      g_error ("%s=%s: %s, in %s", key, value, *rows, text);
    if (found && g_match_info_fetch_pos (match, 0, NULL, &end))
      at += end;
  }
  g_hash_table_unref (fake.machine.filters);
}

/* A rule below another one lies over it, and what is covered is closed when everything below it is mounted. */
static void
test_order (void)
{
  const struct {
    const char *key, *value;
    const char *rows[8];
  } cases[] = {
    { "filesystems",
      "home;!~/a;~/a/b",
      { "bind /home/u", "tmpfs /home/u/a", "bind /home/u/a/b", "remount-ro /home/u/a", "!ro-bind /dev/null" } },
    { "filesystems",
      "home;!~/a;~/a/b:ro;!~/a/b/c;~/a/b/c/d:create",
      { "tmpfs /home/u/a", "ro-bind /home/u/a/b", "tmpfs /home/u/a/b/c", "bind /home/u/a/b/c/d", "remount-ro /home/u/a",
        "remount-ro /home/u/a/b/c" } },
    /* A socket needs its place too */
    { "filesystems",
      "/run/user/1000;!/run/user/1000/pulse",
      { "bind /run/user/1000", "tmpfs /run/user/1000/pulse", "ro-bind /run/user/1000/pulse/native",
        "remount-ro /run/user/1000/pulse" } },
    /* Other applications' homes: only the one that is named, and that with its exceptions */
    { "filesystems",
      "home;~/.local/share/sandbox/a:ro;!~/.local/share/sandbox/a/x",
      { "bind /home/u", "tmpfs /home/u/.local/share/sandbox", "ro-bind /home/u/.local/share/sandbox/a",
        "tmpfs /home/u/.local/share/sandbox/a/x", "remount-ro /home/u/.local/share/sandbox" } },
    { "filesystems",
      "home;~/.local/share/sandbox:ro",
      { "ro-bind /home/u/.local/share/sandbox", "!tmpfs /home/u/.local/share/sandbox" } },
    /* Profiles are never written to, and stay hidden where the policy hides them */
    { "filesystems",
      "~/.config/sandbox/profiles",
      { "ro-bind /home/u/.config/sandbox/profiles", "!bind /home/u/.config/sandbox/profiles" } },
    { "filesystems",
      "home;!~/.config/sandbox/x",
      { "ro-bind /home/u/.config/sandbox", "tmpfs /home/u/.config/sandbox/x" } },
    /* The service's own files and the unfiltered bus, never */
    { "filesystems", "/run/user/1000/sandbox/0123", { "!bind /run/user/1000/sandbox/0123" } },
    { "filesystems",
      "/run;/run/user/1000/sandbox/0123;/run/user/1000/bus",
      { "bind /run", "ro-bind /run/user/1000/bus", "tmpfs /run/user/1000/sandbox", "remount-ro /run/user/1000/sandbox",
        "!bind /run/user/1000/sandbox/0123", "!bind /run/user/1000/bus" } },
    { "persistent",
      ".x;!.x/y;.x/y/z",
      { "tmpfs /home/u", "bind /home/u/.x", "tmpfs /home/u/.x/y", "bind /home/u/.x/y/z" } },
    { "persistent",
      ".;!.cache;.cache/fonts",
      { "bind /home/u", "tmpfs /home/u/.cache", "bind /home/u/.cache/fonts", "!tmpfs /home/u" } },
    { "persistent", ".;!a.sock", { "bind /home/u", "ro-bind /home/u/a.sock", "!tmpfs /home/u/a.sock" } },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    expect_mounts (cases[i].key, cases[i].value, cases[i].rows);
}

#define CASES 1000

static char *
random_path (GRand *rand)
{
  static const char *const tops[] = {
    "/home/u", "/home/u",        "/home/u/.local/share/sandbox", "/home/u/.config/sandbox", "/srv",
    "/home",   "/run/user/1000", "/run/user/1000/sandbox"
  };
  static const char *const parts[] = { "a", "b", "a-b", ".config", ".local/share", "sandbox", "bus" };
  GString *path = g_string_new (tops[g_rand_int_range (rand, 0, G_N_ELEMENTS (tops))]);

  for (int i = g_rand_int_range (rand, 0, 4); i > 0; i--)
    g_string_append_printf (path, "/%s", parts[g_rand_int_range (rand, 0, G_N_ELEMENTS (parts))]);
  return g_string_free (path, FALSE);
}

static gboolean
is_below (const char *path, const char *top)
{
  gsize n = strlen (top);

  return strncmp (path, top, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

/* What the host's @path comes to inside: the last mount over it counts. */
static SbxAccess
mounted_access (GVariant *mounts, const char *path)
{
  SbxAccess access = SBX_ACCESS_NONE;

  for (gsize i = 0; i < g_variant_n_children (mounts); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (mounts, i);
    const char *op = "", *dest = "", *from = "";

    g_variant_lookup (row, "op", "&s", &op);
    g_variant_lookup (row, "dest", "&s", &dest);
    g_variant_lookup (row, "source", "&s", &from);
    if (!is_below (path, dest) || g_str_equal (op, "remount-ro") || g_str_equal (op, "dir"))
      continue;
    access = !g_str_equal (from, dest)     ? SBX_ACCESS_NONE
             : g_str_equal (op, "bind")    ? SBX_ACCESS_RW
             : g_str_equal (op, "ro-bind") ? SBX_ACCESS_RO
                                           : SBX_ACCESS_NONE;
  }
  return access;
}

/* What the policy means by it. */
static SbxAccess
meant_access (const SbxPolicy *policy, const char *path)
{
  static const char *const homes = "/home/u/.local/share/sandbox";
  SbxAccess access = MIN (sbx_policy_get_access (policy, path), SBX_ACCESS_RW);
  gboolean named = FALSE;
  gsize n;
  const SbxPathRule *rules = sbx_policy_get_filesystems (policy, &n);

  for (gsize i = 0; i < n; i++)
    named = named || (is_below (rules[i].path, homes) && is_below (path, rules[i].path));
  if ((is_below (path, homes) && !named) || is_below (path, "/run/user/1000/sandbox")
      || is_below (path, "/run/user/1000/bus"))
    return SBX_ACCESS_NONE;
  return is_below (path, "/home/u/.config/sandbox") ? MIN (access, SBX_ACCESS_RO) : access;
}

/* Whatever rules lie over each other, each path is mounted as the policy says of it, or not at all. */
static void
test_mounts (void)
{
  static const char *const access[] = { ":ro", ":rw", ":create", ":none" };
  guint32 seed =
      g_getenv ("SBX_TEST_SEED") ? (guint32) g_ascii_strtoull (g_getenv ("SBX_TEST_SEED"), NULL, 10) : g_random_int ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  g_autoptr (SbxPolicy) base = shipped ("default");
  Fake fake = new_fake ();

  g_test_message ("SBX_TEST_SEED=%u, %d cases", seed, CASES);
  for (int i = 0; i < CASES; i++) {
    g_autoptr (GString) words = g_string_new (NULL);
    g_autoptr (SbxPolicy) policy = NULL;
    g_autoptr (SbxPlan) plan = NULL;
    g_autoptr (GVariant) all = NULL, mounts = NULL;

    for (int rules = g_rand_int_range (rand, 1, 7); rules > 0; rules--) {
      g_autofree char *path = random_path (rand);

      g_string_append_printf (words, "%s%s;", path, access[g_rand_int_range (rand, 0, G_N_ELEMENTS (access))]);
    }
    policy = with (base, "Context", "filesystems", words->str);
    plan = sbx_plan_new (policy, &request, &fake.machine, NULL);
    all = g_variant_ref_sink (sbx_plan_to_variant (plan));
    mounts = g_variant_lookup_value (all, "mounts", G_VARIANT_TYPE ("aa{ss}"));
    for (int probes = 0; probes < 30; probes++) {
      g_autofree char *path = random_path (rand), *text = NULL;

      if (mounted_access (mounts, path) == meant_access (policy, path))
        continue;
      text = g_variant_print (mounts, FALSE);
      g_error ("filesystems=%s: %s is mounted as %d and not %d: %s", words->str, path, mounted_access (mounts, path),
               meant_access (policy, path), text);
    }
  }
  g_hash_table_unref (fake.machine.filters);
}

/* Profiles that are not there yet cannot be made from inside either. */
static void
test_profiles_are_made (void)
{
  static const char *const missing[] = { "/home/u/.config/sandbox", NULL };
  g_autoptr (SbxPolicy) base = shipped ("default"), home = with (base, "Context", "filesystems", "home");
  Fake fake = new_fake ();
  g_autoptr (SbxPlan) plan = NULL;
  g_autofree char *text = NULL;
  const SbxPlanDirectory *directories;
  gsize n;

  fake.missing = missing;
  plan = sbx_plan_new (home, &request, &fake.machine, NULL);
  directories = sbx_box_get_directories (sbx_plan_get_box (plan), &n);
  text = describe (plan);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpstr (directories[0].path, ==, missing[0]);
  g_assert_nonnull (strstr (text, "{'op': 'ro-bind', 'source': '/home/u/.config/sandbox'"));
  g_assert_null (strstr (text, "left out"));
  g_hash_table_unref (fake.machine.filters);
}

/* A second name lies in an empty place of the sandbox's own, and is of what is open by its own name. */
static void
test_second_names (void)
{
  static const struct {
    const char *words, *refused;
  } cases[] = {
    { "/srv/a:ro@/data/a", NULL },
    { "/srv/a:ro@~/a", NULL },
    { "/srv/a:ro@/tmp/a", NULL },
    { "~/x:ro@~/a;!~/x/secret", NULL },
    { "home:ro@/mnt/home", NULL },
    { "home;/srv/a:ro@~/a", "something else is at /home/u" },
    { "/srv/b;/srv/a:ro@/srv", "something else is at /srv" },
    { "/srv/b;/srv/a:ro@/srv/b/x", "something else is at /srv/b" },
    { "/srv/a:ro@/w;/srv/b:ro@/w/x", "something else is at /w" },
    { "/proc:ro@/w", "another name" },
    { "/sys/class:ro@/w", "another name" },
    { "/dev/null:ro@/w", "another name" },
    { "/run:ro@/w", "the runtime directory" },
    { "/run/user/1000:ro@/w", "the runtime directory" },
  };
  g_autoptr (SbxPolicy) base = shipped ("default");
  Fake fake = new_fake ();

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (SbxPolicy) policy = with (base, "Context", "filesystems", cases[i].words);
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxPlan) plan = sbx_plan_new (policy, &request, &fake.machine, &error);

    if (!cases[i].refused) {
      g_assert_no_error (error);
      continue;
    }
    if (plan || !strstr (error->message, cases[i].refused))
      g_error ("%s: %s", cases[i].words, plan ? "is planned" : error->message);
    g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
  }
  g_hash_table_unref (fake.machine.filters);
  expect_mounts ("filesystems", "~/x:ro@/mnt/x;!~/x/secret",
                 (const char *const[]){ "ro-bind /home/u/x", "tmpfs /home/u/x/secret", "ro-bind /mnt/x", NULL });
}

/* What no path opens has no second name either. */
static void
test_second_names_of_sockets (void)
{
  g_autoptr (SbxPolicy) base = shipped ("default");
  g_autoptr (SbxPolicy) policy = with (base, "Context", "filesystems", "/tmp/.X11-unix:ro@/mnt/x;");
  g_autofree char *text = NULL;
  Fake fake = new_fake ();

  text = expect_plan (policy, &fake, TRUE);
  g_assert_null (strstr (text, "'dest': '/mnt/x'"));
  g_assert_nonnull (strstr (text, "left out"));
  g_hash_table_unref (fake.machine.filters);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plan/files", test_files);
  g_test_add_func ("/plan/order", test_order);
  g_test_add_func ("/plan/mounts", test_mounts);
  g_test_add_func ("/plan/profiles-are-made", test_profiles_are_made);
  g_test_add_func ("/plan/second-names", test_second_names);
  g_test_add_func ("/plan/second-names/sockets", test_second_names_of_sockets);
  return g_test_run ();
}
