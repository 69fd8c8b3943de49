/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one value of a profile does to a policy. */
#include <gio/gio.h>
#include <string.h>
#include <time.h>

#include "common/error.h"
#include "common/key-file.h"
#include "policy-fixture.h"
#include "policy/policy-private.h"
#include "policy/score.h"

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
    { "Network", "publish", "0:80", "no published port" },
    { "Network", "publish", "8080:65536", "no published port" },
    { "Network", "publish", "8080:80/icmp", "no published port" },
    { "Network", "publish", "localhost:8080:80", "no published port" },
    { "Network", "publish", "::1:8080:80", "no published port" },
    { "Network", "publish", "[::1:8080:80", "no published port" },
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
    again = sbx_policy_merge_variant (policy, groups, &policy_places, &error);
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
      SBX_DEVICE_INPUT | SBX_DEVICE_KVM | SBX_DEVICE_SHM | SBX_DEVICE_USB | SBX_DEVICE_CAMERA | SBX_DEVICE_SOUND
          | SBX_DEVICE_FIDO | SBX_DEVICE_HIDRAW },
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

  g_assert_null (sbx_policy_merge_variant (empty, groups, &policy_places, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
  g_assert_nonnull (strstr (error->message, "did you mean \"Context\""));
  g_clear_error (&error);
  g_assert_null (sbx_policy_merge_variant (empty, wrong, &policy_places, &error));
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

static void
expect_attached (const char *words, const char *where, const char *source)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxPolicy) policy = policy_of ("Context", "filesystems", words, &error);
  gsize n = 0;
  const SbxAttached *rows = policy ? sbx_policy_get_attached (policy, &n) : NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, where ? 1 : 0);
  g_assert_cmpstr (where ? rows[0].where : NULL, ==, where);
  g_assert_cmpstr (where ? rows[0].source : NULL, ==, source);
}

/* A second name is of what may be read, and goes with it; what is taken away is no place for another thing. */
static void
test_attached (void)
{
  static const struct {
    const char *words, *where, *source;
  } cases[] = {
    { "/a:ro@/w", "/w", "/a" },
    { "~/a:ro@~/w/x", "/home/u/w/x", "/home/u/a" },
    { "/a:ro@/w;/b:ro@/w", "/w", "/b" },
    { "/a:ro@b:ro@/w", "/w", "/a:ro@b" },
    { "/a:ro@/b:ro@/w", "/w", "/a:ro@/b" },
    { "/a:ro@/w;!/a:ro@/w", NULL, NULL },
    { "/a:ro@/w;!/a", NULL, NULL },
    { "/a:ro@/w;/a:none", NULL, NULL },
    { "/a:ro@/w;!/w", NULL, NULL },
    { "/a:ro@/w/x;!/w", NULL, NULL },
    { "!/a;/a:ro@/w", "/w", "/a" },
    { "/a;/a/b:ro@/w", "/w", "/a/b" },
    { "/a:ro@/w:ro", NULL, NULL }, /* the name of a file */
    { "!/a:ro@/w/", NULL, NULL },
    { "/a@/w", NULL, NULL },
  };
  g_autoptr (SbxPolicy) all = policy_of ("Context", "filesystems", "/a;/a/b:ro@/w", NULL);
  g_autoptr (SbxPolicy) except = policy_of ("Context", "filesystems", "/a:ro@/w;!/a/b", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    expect_attached (cases[i].words, cases[i].where, cases[i].source);
  g_assert_cmpint (sbx_policy_get_access (all, "/a/b"), ==, SBX_ACCESS_RW); /* no less than without */
  g_assert_cmpint (sbx_policy_get_access (except, "/a"), ==, SBX_ACCESS_RO);
  g_assert_cmpint (sbx_policy_get_access (except, "/a/b"), ==, SBX_ACCESS_NONE);
  g_assert_cmpint (sbx_policy_get_access (except, "/w"), ==, SBX_ACCESS_NONE);
}

/* In the order of what they allow, a second name is more than none, and asks for files. */
static void
test_attached_order (void)
{
  g_autoptr (SbxPolicy) plain = policy_of ("Context", "filesystems", "/a:ro", NULL);
  g_autoptr (SbxPolicy) named = policy_of ("Context", "filesystems", "/a:ro@/w", NULL);
  g_autoptr (SbxPolicy) other = policy_of ("Context", "filesystems", "/a:ro@/v", NULL);
  g_autoptr (SbxPolicy) meet = sbx_policy_meet (named, other), join = sbx_policy_join (named, other);
  gsize n;

  g_assert_true (sbx_policy_leq (plain, named));
  g_assert_false (sbx_policy_leq (named, plain));
  g_assert_cmpuint (sbx_policy_excess (named, plain), ==, SBX_CLASS_FILES);
  g_assert_true (sbx_policy_equal (meet, plain));
  sbx_policy_get_attached (join, &n);
  g_assert_cmpuint (n, ==, 2);
}

/* Nothing but a plain name in a place that is the application's own. */
static void
test_attached_strict (void)
{
  static const struct {
    const char *words, *says;
  } cases[] = {
    { "/a:rw@/w", "read only" },
    { "/a:create@/w", "read only" },
    { "/a:none@/w", "read only" },
    { "/a:ro@", "no name inside" },
    { "/a:ro@w", "no name inside" },
    { "/a:ro@w/x", "no name inside" },
    { "/a:ro@~", "no name inside" },
    { "/a:ro@~u/x", "no name" },
    { "/a:ro@xdg-music/x", "no name inside" },
    { "/a:ro@/w/../x", "\"..\"" },
    { "/a:ro@~/../x", "\"..\"" },
    { "/a:ro@/w/./x", "\"..\"" },
    { "/a:ro@/w//x", "\"//\"" },
    { "/a:ro@/w/", "\"/\" at its" },
    { "/a:ro@//w", "\"//\"" },
    { "/a:ro@/../w", "above the" },
    { "/a:ro@/w\nx", "control" },
    { "/a:ro@/", "has / of its own" },
    { "/a:ro@/proc", "/proc of" },
    { "/a:ro@/proc/x", "/proc of" },
    { "/a:ro@/sys/x", "/sys of" },
    { "/a:ro@/dev/shm", "/dev of" },
    { "/a:ro@/run/user/7", "/run of" },
    { "/a:ro@/usr/x", "/usr of" },
    { "/a:ro@/etc/x", "/etc of" },
    { "/a:ro@/bin/x", "/bin of" },
    { "/a:ro@/var/run/x", "/var/run of" },
    { "/a:ro@/tmp", "/tmp of" },
    { "/a:ro@/var", "/var of" },
    { "/a:ro@/home", "/home of" },
    { "/a:ro@/home/u", "/home/u of" },
    { "/a:ro@~/.config", "closed" },
    { "/a:ro@~/.config/sandbox/x", "closed" },
    { "/a:ro@~/.local", "closed" },
    { "/a:ro@~/.local/share/sandbox", "closed" },
    { "/a:ro@~/.local/state/sandbox/crashes", "closed" },
    { "/:ro@/w", "another name" },
    { "host:ro@/w", "another name" },
    { "nowhere:ro@/w", "not a path" },
    { "!/a:rw@/w", "read only" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    if (policy_of ("Context", "filesystems", cases[i].words, &error))
      g_error ("%s is taken", cases[i].words);
    g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
    if (!strstr (error->message, cases[i].says))
      g_error ("%s: \"%s\" does not say %s", cases[i].words, error->message, cases[i].says);
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

/* Seconds of the processor, not of a clock, for the rules and names of one option, @n of each. */
static double
cost_of (int n)
{
  g_autoptr (GString) paths = g_string_new (NULL), names = g_string_new (NULL);
  clock_t before = clock ();

  for (int i = 0; i < n; i++) {
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
  return (double) (clock () - before) / CLOCKS_PER_SEC;
}

/* What a client can put into one option does not hold the service up: eight times as much takes about eight times as
 * long, and not 64 times. */
static void
test_time (void)
{
  double few = cost_of (1500), many = cost_of (12000);

  g_test_message ("%.3f s and %.3f s", few, many);
  g_assert_cmpfloat (many, <, 48 * few);
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
  g_autoptr (SbxPolicy) less = sbx_policy_merge_variant (all, none, &policy_places, &error);

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
  g_test_add_func ("/policy/portals", test_portals);
  g_test_add_func ("/policy/portal-less", test_portal_less);
  g_test_add_func ("/policy/errors", test_errors);
  g_test_add_func ("/policy/paths", test_paths);
  g_test_add_func ("/policy/path-colons", test_path_colons);
  g_test_add_func ("/policy/removed", test_removed);
  g_test_add_func ("/policy/empty-group", test_empty_group);
  g_test_add_func ("/policy/places", test_places);
  g_test_add_func ("/policy/host", test_host);
  g_test_add_func ("/policy/attached", test_attached);
  g_test_add_func ("/policy/attached/order", test_attached_order);
  g_test_add_func ("/policy/attached/strict", test_attached_strict);
  g_test_add_func ("/policy/time", test_time);
  g_test_add_func ("/policy/classes", test_classes);
  return g_test_run ();
}
