/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans are a pure function of policy, request and machine: golden files hold them for every shipped profile.
 * SBX_UPDATE_GOLDEN=1 writes them anew; read the difference before you commit it. */
#include <string.h>

#include "common/error.h"
#include "plan/plan.h"
#include "plan/syscall-filter.h"
#include "policy/profile-set.h"

/* A machine with everything, so that the golden files show everything. */
typedef struct {
  SbxMachine machine;
  const char *const *missing;
} Fake;

static SbxFileKind
fake_look (SbxMachine *self, const char *path, char **link)
{
  const Fake *fake = (const Fake *) self;
  static const char *const merged[] = { "/bin", "/sbin", "/lib", "/lib64", NULL };
  static const char *const files[] = { "/home/u/.Xauthority", "/etc/shadow", NULL };

  if (link)
    *link = g_strv_contains (merged, path) ? g_strconcat ("usr", path, NULL) : NULL;
  if ((fake->missing && g_strv_contains (fake->missing, path)) || strstr (path, "nvidia") || strstr (path, "/mali")
      || strstr (path, "kgsl") || g_str_equal (path, "/lib32") || g_str_equal (path, "/libx32"))
    return SBX_FILE_MISSING;
  if (strstr (path, ".sock") || strstr (path, "/X0") || strstr (path, "wayland-0") || strstr (path, "/bus"))
    return SBX_FILE_OTHER;
  return g_strv_contains (files, path) ? SBX_FILE_REGULAR : SBX_FILE_DIRECTORY;
}

static const char *const *
fake_hidden (SbxMachine *self)
{
  static const char *const hidden[] = { "/etc/shadow", "/etc/ssl/private", NULL };

  return hidden;
}

static void
fake_random (SbxMachine *self, guint8 *bytes, gsize size)
{
  memset (bytes, 7, size);
}

static const char *const environment[] = { "DISPLAY=:0",       "WAYLAND_DISPLAY=wayland-0",
                                           "LANG=de_DE.UTF-8", "TERM=xterm",
                                           "SECRET=x",         NULL };

static gboolean
fake_documents (SbxMachine *machine, const char *path)
{
  return strcmp (path, "/run/user/1000/doc") == 0;
}

static Fake
new_fake (void)
{
  return (Fake){ .machine = { .kernel = { .landlock_abi = 7, .pidns_option = TRUE, .hidepid = TRUE, .yama = -1 },
                              .uid = 1000,
                              .gid = 1000,
                              .user_name = "u",
                              .home = "/home/u",
                              .runtime_dir = "/run/user/1000",
                              .data_home = "/home/u/.local/share",
                              .config_home = "/home/u/.config",
                              .bwrap = "/usr/bin/bwrap",
                              .dbus_proxy = "/usr/bin/xdg-dbus-proxy",
                              .environment = environment,
                              .look = fake_look,
                              .has_documents = fake_documents,
                              .random = fake_random,
                              .xephyr = "/usr/bin/Xephyr",
                              .xvfb = "/usr/bin/Xvfb",
                              .hidden_config = fake_hidden,
                              .filters = sbx_seccomp_cache_new () } };
}

static const char *const command[] = { "app", "arg", NULL };
static const SbxRequest request = { .app_id = "org.example.App", .argv = command };

static SbxPolicy *
shipped (const char *name)
{
  const char *dirs[SBX_N_PLACES] = { SBX_SOURCE_ROOT "/data/profiles", NULL, NULL };
  const char *xdg_dirs[G_USER_N_DIRECTORIES] = { NULL };
  const SbxPlaces places = { .home = "/home/u", .xdg_dirs = xdg_dirs };
  const SbxConditions conditions = { .landlock_abi = 7 };
  g_autoptr (SbxProfileSet) set = NULL;
  g_autoptr (SbxProfile) profile = NULL;
  g_autoptr (GError) error = NULL;

  xdg_dirs[G_USER_DIRECTORY_DOWNLOAD] = "/home/u/Downloads";
  xdg_dirs[G_USER_DIRECTORY_DOCUMENTS] = "/home/u/Documents";
  xdg_dirs[G_USER_DIRECTORY_PICTURES] = "/home/u/Pictures";
  set = sbx_profile_set_new (dirs, &places, &conditions);
  profile = sbx_profile_set_lookup (set, name, &error);
  g_assert_no_error (error);
  return sbx_policy_ref (sbx_profile_get_policy (profile));
}

static SbxPolicy *
with (const SbxPolicy *base, const char *group, const char *key, const char *value)
{
  const SbxPlaces places = { .home = "/home/u" };
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) groups = NULL;
  GVariantBuilder dict, keys;
  SbxPolicy *policy;

  g_variant_builder_init (&dict, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_init (&keys, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&keys, "{ss}", key, value);
  g_variant_builder_add (&dict, "{sv}", group, g_variant_builder_end (&keys));
  groups = g_variant_ref_sink (g_variant_builder_end (&dict));
  policy = sbx_policy_merge_variant (base, groups, &places, &error);
  g_assert_no_error (error);
  return policy;
}

/* One line for each element, so that a difference of golden files reads like one. */
static void
print (GString *text, const char *name, GVariant *value)
{
  GVariantIter iter;
  GVariant *item;

  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_ARRAY) || g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING)) {
    g_autofree char *line = g_variant_print (value, FALSE);

    g_string_append_printf (text, "%s: %s\n", name, line);
    return;
  }
  g_variant_iter_init (&iter, value);
  while ((item = g_variant_iter_next_value (&iter))) {
    g_autofree char *line = g_variant_print (item, FALSE);

    g_string_append_printf (text, "%s: %s\n", name, line);
    g_variant_unref (item);
  }
}

static char *
describe (SbxPlan *plan)
{
  g_autoptr (GVariant) dict = g_variant_ref_sink (sbx_plan_to_variant (plan));
  GString *text = g_string_new (NULL);
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, dict);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value)) {
    print (text, key, value);
    g_variant_unref (value);
  }
  return g_string_free (text, FALSE);
}

static void
test_golden (gconstpointer data)
{
  const char *name = data;
  g_autoptr (SbxPolicy) policy = shipped (name);
  Fake fake = new_fake ();
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxPlan) plan = sbx_plan_new (policy, &request, &fake.machine, &error);
  g_autofree char *text = NULL, *golden = NULL;
  g_autofree char *path = g_strconcat (SBX_TEST_DATA "/plan/", name, ".golden", NULL);

  g_assert_no_error (error);
  text = describe (plan);
  g_assert_true (sbx_plan_is_inferiors_only (plan));
  if (g_getenv ("SBX_UPDATE_GOLDEN"))
    g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_true (g_file_get_contents (path, &golden, NULL, NULL));
  g_assert_cmpstr (text, ==, golden);
  g_hash_table_unref (fake.machine.filters);
}

static void
expect_refused (const SbxPolicy *policy, Fake *fake, const char *says)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (sbx_plan_new (policy, &request, &fake->machine, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_NOT_SUPPORTED);
  if (!strstr (error->message, says))
    g_error ("\"%s\" does not say \"%s\"", error->message, says);
}

static char *
expect_plan (const SbxPolicy *policy, Fake *fake, gboolean inferiors_only)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxPlan) plan = sbx_plan_new (policy, &request, &fake->machine, &error);

  g_assert_no_error (error);
  g_assert_cmpint (sbx_plan_is_inferiors_only (plan), ==, inferiors_only);
  return describe (plan);
}

/* Never less than the profile promises, and never in silence. */
static void
test_kernels (void)
{
  g_autoptr (SbxPolicy) policy = shipped ("default"), browser = shipped ("browser");
  g_autoptr (SbxPolicy) anyway = with (policy, "Context", "features", "no-landlock;");
  g_autoptr (SbxPolicy) ports = with (browser, "Network", "connect", "443");
  g_autofree char *without = NULL, *old = NULL, *limited = NULL;
  Fake fake = new_fake ();

  fake.machine.kernel.landlock_abi = 0;
  expect_refused (policy, &fake, "no Landlock");
  without = expect_plan (anyway, &fake, FALSE);
  g_assert_nonnull (strstr (without, "warnings: 'not limited to inferiors"));
  fake.machine.kernel.landlock_abi =
      2; /* no scopes: file-system rights make the domain, which nested sandboxes rule out */
  old = expect_plan (policy, &fake, TRUE);
  expect_refused (browser, &fake, "no scopes");
  fake.machine.kernel.landlock_abi = 7;
  limited = expect_plan (ports, &fake, TRUE);
  g_assert_nonnull (strstr (limited, "landlock: {'connect', <[uint16 443]>}"));
  fake.machine.kernel.landlock_abi = 3;
  expect_refused (ports, &fake, "TCP ports");
  fake.machine.kernel.landlock_abi = 7;
  fake.machine.kernel.hidepid = FALSE;
  expect_refused (policy, &fake, "hidepid");
  fake.machine.kernel.userns_problem = "switched off; switch on";
  expect_refused (policy, &fake, "switched off; switch on");
  fake.machine.bwrap_problem = "bwrap is not installed";
  expect_refused (policy, &fake, "bwrap is not installed");
  g_hash_table_unref (fake.machine.filters);
}

static void
test_root (void)
{
  g_autoptr (SbxPolicy) policy = shipped ("default"), rooted = with (policy, "Context", "features", "root;");
  g_autofree char *text = NULL, *kept = NULL;
  Fake fake = new_fake ();

  fake.machine.uid = fake.machine.gid = 0;
  fake.machine.home = "/root";
  text = expect_plan (policy, &fake, TRUE);
  g_assert_nonnull (strstr (text, "b'--uid'"));
  g_assert_nonnull (strstr (text, "{'op': 'ro-bind', 'source': '/dev/null', 'dest': '/etc/shadow'}"));
  g_assert_nonnull (strstr (text, "{'op': 'tmpfs', 'dest': '/etc/ssl/private', 'mode': '0700'}"));
  g_assert_nonnull (strstr (text, "'/etc/passwd'"));
  kept = expect_plan (rooted, &fake, TRUE);
  g_assert_null (strstr (kept, "b'--uid'"));
  g_assert_nonnull (strstr (kept, "'/etc/shadow'")); /* hidden from root inside, too */
  g_hash_table_unref (fake.machine.filters);
}

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
  directories = sbx_plan_get_directories (plan, &n);
  text = describe (plan);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpstr (directories[0].path, ==, missing[0]);
  g_assert_nonnull (strstr (text, "{'op': 'ro-bind', 'source': '/home/u/.config/sandbox'"));
  g_assert_null (strstr (text, "left out"));
  g_hash_table_unref (fake.machine.filters);
}

/* The bus itself, wherever it is: no path opens it. */
static void
test_bus_by_its_path (void)
{
  static const char *const elsewhere[] = { "DBUS_SESSION_BUS_ADDRESS=unix:path=/tmp//dbus-a/bus,guid=00", NULL };
  static const struct {
    const char *filesystems, *sockets;
    gboolean open;
  } cases[] = {
    { "/tmp;", "", FALSE },
    { "/tmp:ro;/tmp/dbus-a/bus:rw;", "", FALSE },
    { "/tmp;", "session-bus;", TRUE },
    { "host;", "", TRUE }, /* which has no /tmp */
  };
  g_autoptr (SbxPolicy) base = shipped ("default");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (SbxPolicy) files = with (base, "Context", "filesystems", cases[i].filesystems);
    g_autoptr (SbxPolicy) policy = with (files, "Context", "sockets", cases[i].sockets);
    Fake fake = new_fake ();
    g_autoptr (SbxPlan) plan = NULL;
    g_autofree char *text = NULL;

    fake.machine.environment = elsewhere;
    plan = sbx_plan_new (policy, &request, &fake.machine, NULL);
    text = describe (plan);
    g_assert_true ((strstr (text, "'source': '/dev/null', 'dest': '/tmp/dbus-a/bus'") == NULL) == cases[i].open);
    g_assert_null (strstr (text, "'source': '/tmp/dbus-a/bus'"));
    g_hash_table_unref (fake.machine.filters);
  }
}

/* Displays and session managers are closed whatever shares /tmp, also those that are still to come. */
static void
test_sockets_in_tmp (void)
{
  static const char *const missing[] = { "/tmp/.ICE-unix", NULL };
  static const struct {
    const char *filesystems, *warning;
    gboolean covered, handed_over;
  } cases[] = {
    { "/tmp;", NULL, TRUE },
    { "/tmp:ro;", NULL, TRUE },
    { "/tmp:ro;/tmp/.X11-unix;/tmp/.ICE-unix:create;", "/tmp/.X11-unix is left out", TRUE },
    { "/tmp/.X11-unix/X0;/tmp/.ICE-unix;", "/tmp/.X11-unix/X0 is left out", FALSE },
    { "host;", NULL, FALSE },
    { "/tmp/mine;", NULL, FALSE },
    { "/tmp/mine;", NULL, TRUE, TRUE },
  };
  g_autoptr (SbxPolicy) base = shipped ("default");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (SbxPolicy) policy = with (base, "Context", "filesystems", cases[i].filesystems);
    Fake fake = new_fake ();
    g_autoptr (SbxPlan) plan = NULL;
    g_autofree char *text = NULL;
    const SbxForwardedFile tmp = { (char *) "/tmp", TRUE, -1 };
    SbxRequest asked = request;
    const SbxPlanDirectory *directories;
    gsize n;

    fake.missing = missing;
    asked.forward = &tmp;
    asked.n_forward = cases[i].handed_over;
    plan = sbx_plan_new (policy, &asked, &fake.machine, NULL);
    text = describe (plan);
    directories = sbx_plan_get_directories (plan, &n);
    for (gsize j = 0; j < 2; j++) {
      const char *place = j == 0 ? "/tmp/.X11-unix" : "/tmp/.ICE-unix";
      g_autofree char *cover = g_strdup_printf ("{'op': 'tmpfs', 'dest': '%s'", place);
      g_autofree char *close = g_strdup_printf ("{'op': 'remount-ro', 'dest': '%s'", place);
      g_autofree char *bind = g_strdup_printf ("'source': '%s", place);

      g_assert_true ((strstr (text, cover) != NULL) == cases[i].covered);
      g_assert_true ((strstr (text, close) != NULL) == cases[i].covered);
      g_assert_null (strstr (text, bind));
    }
    while (n > 0 && !g_str_has_prefix (directories[n - 1].path, "/tmp/"))
      n--; /* host: the directory of profiles */
    g_assert_cmpuint (n, ==, cases[i].covered ? 1 : 0);
    g_assert_true (n == 0 || (g_str_equal (directories[0].path, missing[0]) && directories[0].mode == 01777));
    g_assert_true (!cases[i].warning || strstr (text, cases[i].warning));
    g_hash_table_unref (fake.machine.filters);
  }
}

static void
test_environment (void)
{
  static const char *const env[] = { "LANG=C", "X=1", NULL }, *const unset[] = { "TERM", NULL };
  const SbxRequest other = { .app_id = "a", .argv = command, .env = env, .unset_env = unset };
  g_autoptr (SbxPolicy) base = shipped ("default"), passing = with (base, "Context", "pass-environment", "SECRET;");
  Fake fake = new_fake ();
  g_autoptr (SbxPlan) plan = sbx_plan_new (base, &other, &fake.machine, NULL);
  g_autoptr (SbxPlan) passed = sbx_plan_new (passing, &other, &fake.machine, NULL);

  g_assert_true (g_strv_contains (sbx_plan_get_environment (plan), "LANG=C"));
  g_assert_true (g_strv_contains (sbx_plan_get_environment (plan), "X=1"));
  g_assert_true (g_strv_contains (sbx_plan_get_environment (plan), "HOME=/home/u"));
  g_assert_false (g_strv_contains (sbx_plan_get_environment (plan), "TERM=xterm"));
  g_assert_false (g_strv_contains (sbx_plan_get_environment (plan), "SECRET=x"));
  g_assert_false (g_strv_contains (sbx_plan_get_environment (plan), "DISPLAY=:0"));
  g_assert_true (g_strv_contains (sbx_plan_get_environment (passed), "SECRET=x"));
  g_hash_table_unref (fake.machine.filters);
}

/* A row of the plan as text, or "". */
static char *
row_of (SbxPlan *plan, const char *key)
{
  g_autoptr (GVariant) variant = g_variant_ref_sink (sbx_plan_to_variant (plan));
  g_autoptr (GVariant) row = g_variant_lookup_value (variant, key, G_VARIANT_TYPE_BYTESTRING_ARRAY);
  g_autofree const char **words = row ? g_variant_get_bytestring_array (row, NULL) : NULL;

  return words ? g_strjoinv (" ", (char **) words) : g_strdup ("");
}

/* The user's display, one on top of it, and one that nobody sees. */
static void
test_x11 (void)
{
  static const char *const unseen[] = { "/tmp/.X11-unix/X0", "/usr/bin/Xephyr", NULL };
  static const char *const without[] = { "/usr/bin/Xephyr", NULL };
  static const struct {
    const char *kind;
    const char *const *missing;
    const char *server, *warning;
    gboolean display;
  } cases[] = {
    { "shared", NULL, "", "X11 lets every", TRUE },
    { "nested", NULL, "/usr/bin/Xephyr :1854775825", NULL, TRUE },
    { "nested", unseen, "/usr/bin/Xvfb :1854775825", "not to be seen", TRUE },
    { "nested", without, "", "apt install xserver-xephyr", FALSE },
  };
  g_autoptr (SbxPolicy) base = shipped ("default"), x11 = with (base, "Context", "sockets", "x11;");
  SbxRequest asked = request;

  asked.id = "8000000000000011"; /* 854775825 is what is left of it */
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (SbxPolicy) policy = with (x11, "Context", "x11", cases[i].kind);
    Fake fake = new_fake ();
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxPlan) plan = NULL;
    g_autofree char *server = NULL, *warnings = NULL;

    fake.missing = cases[i].missing;
    plan = sbx_plan_new (policy, &asked, &fake.machine, &error);
    g_assert_no_error (error);
    server = row_of (plan, "x-server");
    warnings = g_strjoinv ("\n", (char **) sbx_plan_get_warnings (plan));
    g_assert_true (*cases[i].server ? strstr (server, cases[i].server) != NULL : !*server);
    g_assert_true (!cases[i].warning || strstr (warnings, cases[i].warning));
    g_assert_true (g_strv_contains (sbx_plan_get_environment (plan), "DISPLAY=:1854775825") == cases[i].display);
    /* The user's socket: where it is shared in the sandbox, else with the server if at all */
    g_assert_true ((strstr (server, "/tmp/.X11-unix/X0 /tmp/.X11-unix/X0") != NULL) == (i == 1));
    g_hash_table_unref (fake.machine.filters);
  }
}

static gboolean
no_documents (SbxMachine *machine, const char *path)
{
  return FALSE;
}

/* Where the portal may be talked to, and its file system is there; a choice of the profile's own stays. */
static void
test_documents (void)
{
  static const struct {
    const char *rule;
    gboolean there, expected;
  } cases[] = {
    { "org.freedesktop.portal.*", TRUE, TRUE },         { "org.freedesktop.portal.Desktop", TRUE, TRUE },
    { "org.freedesktop.portal.*", FALSE, FALSE },       { "org.freedesktop.portal.Documents", TRUE, FALSE },
    { "org.freedesktop.portal.Desktop.*", TRUE, TRUE }, /* as xdg-dbus-proxy has it: the name itself as well */
  };
  g_autoptr (SbxPolicy) base = shipped ("default");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (SbxPolicy) policy = with (base, "Session Bus Policy", cases[i].rule, "talk");
    g_autoptr (SbxPolicy) own = with (policy, "Environment", "GTK_USE_PORTAL", "0");
    Fake fake = new_fake ();
    g_autoptr (SbxPlan) plan = NULL, other = NULL;
    g_autoptr (GVariant) row = NULL;
    const char *path = "";

    fake.machine.has_documents = cases[i].there ? fake_documents : no_documents;
    plan = sbx_plan_new (policy, &request, &fake.machine, NULL);
    other = sbx_plan_new (own, &request, &fake.machine, NULL);
    row = g_variant_ref_sink (sbx_plan_to_variant (plan));
    g_variant_lookup (row, "documents", "^&ay", &path);
    g_assert_cmpstr (path, ==, cases[i].expected ? "/run/user/1000/doc/by-app/org.example.App" : "");
    g_assert_true (g_strv_contains (sbx_plan_get_environment (plan), "GTK_USE_PORTAL=1") == cases[i].expected);
    g_assert_true (g_strv_contains (sbx_plan_get_environment (other), "GTK_USE_PORTAL=0"));
    g_hash_table_unref (fake.machine.filters);
  }
}

int
main (int argc, char **argv)
{
  static const char *const names[] = { "browser", "chromium", "debugger", "default",     "desktop",     "devel",
                                       "dumper",  "evince",   "firefox",  "gimp",        "libreoffice", "mpv",
                                       "offline", "strict",   "terminal", "thunderbird", "tracer" };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_strconcat ("/plan/golden/", names[i], NULL);

    g_test_add_data_func (path, names[i], test_golden);
  }
  g_test_add_func ("/plan/kernels", test_kernels);
  g_test_add_func ("/plan/root", test_root);
  g_test_add_func ("/plan/files", test_files);
  g_test_add_func ("/plan/order", test_order);
  g_test_add_func ("/plan/mounts", test_mounts);
  g_test_add_func ("/plan/profiles-are-made", test_profiles_are_made);
  g_test_add_func ("/plan/environment", test_environment);
  g_test_add_func ("/plan/sockets-in-tmp", test_sockets_in_tmp);
  g_test_add_func ("/plan/bus-by-its-path", test_bus_by_its_path);
  g_test_add_func ("/plan/x11", test_x11);
  g_test_add_func ("/plan/documents", test_documents);
  return g_test_run ();
}
