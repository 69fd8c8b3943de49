/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans are a pure function of policy, request and machine: golden files hold them for every shipped profile.
 * SBX_UPDATE_GOLDEN=1 writes them anew; read the difference before you commit it. */
#include <string.h>

#include "common/error.h"
#include "fake-machine.h"
#include "policy/own-names.h"

static void
expect_golden (const SbxPolicy *policy, const char *name)
{
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
test_golden (gconstpointer data)
{
  const char *name = data;
  g_autoptr (SbxPolicy) profile = shipped (name);
  g_autoptr (GPtrArray) own = sbx_own_names_list (profile, request.app_id, request.argv[0], NULL);
  g_autoptr (SbxPolicy) policy = sbx_policy_with_own (profile, (const char *const *) own->pdata, own->len);

  expect_golden (policy, name);
}

/* With rules of all kinds; the stack has the host's loopback only where host is allowed. */
static void
test_rules (void)
{
  g_autoptr (SbxPolicy) base = shipped ("default"), own = with (base, "Context", "shared", "private-network;");
  g_autoptr (SbxPolicy) some =
      with (own, "Network", "allow", "*.example.org:443/tcp;dns;host:5432;192.168.1.0/24;[2001:db8::]/32/udp;");
  g_autoptr (SbxPolicy) denied = with (some, "Network", "deny", "192.168.1.1;evil.example.org;");
  g_autoptr (SbxPolicy) ruled = with (denied, "Network", "publish", "8080:80;[::1]:5353:53/udp;");

  expect_golden (ruled, "rules");
}

/* A second name for files, and an exception of what it is the name of. */
static void
test_second_names (void)
{
  g_autoptr (SbxPolicy) base = shipped ("default");
  g_autoptr (SbxPolicy) named = with (base, "Context", "filesystems", "/srv/data:ro@~/data;!/srv/data/secret;");

  expect_golden (named, "second-names");
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

/* pidns=session stands on scopes and a /proc that hides; bwrap makes neither of the namespaces then. */
static void
test_session (void)
{
  g_autoptr (SbxPolicy) base = shipped ("default"), policy = with (base, "Procfs", "pidns", "session");
  g_autoptr (SbxPolicy) open = with (policy, "Procfs", "hidepid", "off");
  g_autoptr (SbxPolicy) invisible = with (policy, "Procfs", "hidepid", "invisible");
  g_autoptr (SbxPolicy) none = with (open, "Procfs", "instance", "none");
  g_autoptr (SbxPolicy) anyway = with (policy, "Context", "features", "no-landlock;");
  g_autofree char *plan = NULL, *before = NULL;
  Fake fake = new_fake ();

  before = expect_plan (base, &fake, TRUE);
  g_assert_nonnull (strstr (before, "'--unshare-pid'"));
  plan = expect_plan (policy, &fake, TRUE);
  g_assert_null (strstr (plan, "'--unshare-pid'"));
  g_assert_null (strstr (plan, "'--unshare-user'"));
  g_assert_null (strstr (plan, "'--die-with-parent'"));
  g_assert_nonnull (strstr (plan, "pid of the session"));
  expect_refused (open, &fake, "hidepid=ptraceable");
  expect_refused (invisible, &fake, "hidepid=ptraceable");
  expect_refused (none, &fake, "instance=private");
  for (fake.machine.kernel.landlock_abi = 0; fake.machine.kernel.landlock_abi < 6; fake.machine.kernel.landlock_abi++) {
    expect_refused (policy, &fake, "scopes");
    expect_refused (anyway, &fake, "scopes");
  }
  g_hash_table_unref (fake.machine.filters);
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
    const SbxForwardedFile tmp = { .path = (char *) "/tmp", .writable = TRUE, .fd = -1 };
    SbxPlanRequest asked = request;
    const SbxPlanDirectory *directories;
    gsize n;

    fake.missing = missing;
    asked.forward = &tmp;
    asked.n_forward = cases[i].handed_over;
    plan = sbx_plan_new (policy, &asked, &fake.machine, NULL);
    text = describe (plan);
    directories = sbx_box_get_directories (sbx_plan_get_box (plan), &n);
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
  const SbxPlanRequest other = { .app_id = "a", .argv = command, .env = env, .unset_env = unset };
  g_autoptr (SbxPolicy) base = shipped ("default"), passing = with (base, "Context", "pass-environment", "SECRET;");
  Fake fake = new_fake ();
  g_autoptr (SbxPlan) plan = sbx_plan_new (base, &other, &fake.machine, NULL);
  g_autoptr (SbxPlan) passed = sbx_plan_new (passing, &other, &fake.machine, NULL);

  g_assert_true (g_strv_contains (sbx_process_get_environment (sbx_plan_get_process (plan)), "LANG=C"));
  g_assert_true (g_strv_contains (sbx_process_get_environment (sbx_plan_get_process (plan)), "X=1"));
  g_assert_true (g_strv_contains (sbx_process_get_environment (sbx_plan_get_process (plan)), "HOME=/home/u"));
  g_assert_false (g_strv_contains (sbx_process_get_environment (sbx_plan_get_process (plan)), "TERM=xterm"));
  g_assert_false (g_strv_contains (sbx_process_get_environment (sbx_plan_get_process (plan)), "SECRET=x"));
  g_assert_false (g_strv_contains (sbx_process_get_environment (sbx_plan_get_process (plan)), "DISPLAY=:0"));
  g_assert_true (g_strv_contains (sbx_process_get_environment (sbx_plan_get_process (passed)), "SECRET=x"));
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
  SbxPlanRequest asked = request;

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
    g_assert_true (g_strv_contains (sbx_process_get_environment (sbx_plan_get_process (plan)), "DISPLAY=:1854775825")
                   == cases[i].display);
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

/* What a rule of the profile's comes to at the proxy: never the whole of the desktop's portals by a name of theirs. */
static void
test_portals (void)
{
#define DESKTOP "=org.freedesktop.portal.Desktop"
#define PORTAL "=org.freedesktop.portal."
#define AT "@/org/freedesktop/portal/desktop"
  static const struct {
    const char *rule, *word;
    gboolean expected;
  } cases[] = {
    { "org.freedesktop.portal.*", "--call" DESKTOP PORTAL "FileChooser.*" AT, TRUE },
    { "org.freedesktop.portal.*", "--call" DESKTOP PORTAL "Background.*" AT, FALSE },
    { "org.freedesktop.portal.*", "--call" DESKTOP PORTAL "Settings.*" AT, TRUE },
    { "org.freedesktop.portal.*", "--broadcast" DESKTOP PORTAL "Settings.*" AT, TRUE },
    { "org.freedesktop.portal.*", "--broadcast" DESKTOP PORTAL "FileChooser.*" AT, FALSE },
    { "org.freedesktop.portal.*", "--talk=org.freedesktop.portal.*", FALSE },
    { "org.freedesktop.portal.*", "--talk=org.freedesktop.portal.IBus", TRUE },
    { "org.freedesktop.portal.Desktop", "--call" DESKTOP PORTAL "FileChooser.*" AT, TRUE },
    { "org.freedesktop.portal.Desktop", "--call" DESKTOP PORTAL "Background.*" AT, FALSE },
    { "org.freedesktop.portal.Desktop", "--talk=org.freedesktop.portal.Desktop", FALSE },
    { "org.freedesktop.portal.Desktop", "--talk=org.freedesktop.portal.IBus", FALSE },
    { "org.freedesktop.portal.Desktop.*", "--talk=org.freedesktop.portal.Desktop.*", FALSE },
    { "org.freedesktop.portal.Desktop.*", "--call" DESKTOP PORTAL "FileChooser.*" AT, TRUE },
    { "org.freedesktop.portal.Background", "--call" DESKTOP PORTAL "Background.*" AT, TRUE },
    { "org.freedesktop.portal.Background", "--call" DESKTOP PORTAL "FileChooser.*" AT, FALSE },
    { "org.freedesktop.portal.FileChooser", "--call" DESKTOP PORTAL "Request.*" AT "/request/*", TRUE },
    { "org.freedesktop.portal.Documents", "--call" DESKTOP PORTAL "Request.*" AT "/request/*", FALSE },
    { "org.freedesktop.portal.Unheard", "--call" DESKTOP PORTAL "Unheard.*" AT, TRUE },
    { "org.freedesktop.portal.Unheard", "--talk=org.freedesktop.portal.Unheard", TRUE },
    { "org.freedesktop.portal.Flatpak", "--talk=org.freedesktop.portal.Flatpak", TRUE },
    { "org.freedesktop.Portal", "--talk=org.freedesktop.Portal", TRUE },
  };
#undef DESKTOP
#undef PORTAL
#undef AT
  g_autoptr (SbxPolicy) base = shipped ("default");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (SbxPolicy) policy = with (base, "Session Bus Policy", cases[i].rule, "talk");
    Fake fake = new_fake ();
    g_autoptr (SbxPlan) plan = sbx_plan_new (policy, &request, &fake.machine, NULL);
    g_autoptr (GVariant) row = g_variant_ref_sink (sbx_plan_to_variant (plan));
    g_autofree const char **words = NULL;

    g_assert_true (g_variant_lookup (row, "bus-proxy", "^a&ay", &words));
    if (g_strv_contains (words, cases[i].word) != cases[i].expected)
      g_error ("%s: %s%s", cases[i].rule, cases[i].expected ? "no " : "", cases[i].word);
    g_hash_table_unref (fake.machine.filters);
  }
}

/* Where the portal may be talked to, and its file system is there; a choice of the profile's own stays. */
static void
test_documents (void)
{
  static const struct {
    const char *rule;
    gboolean there, expected;
  } cases[] = {
    { "org.freedesktop.portal.*", TRUE, TRUE },           { "org.freedesktop.portal.Desktop", TRUE, TRUE },
    { "org.freedesktop.portal.*", FALSE, FALSE },         { "org.freedesktop.portal.Documents", TRUE, FALSE },
    { "org.freedesktop.portal.Desktop.*", TRUE, TRUE }, /* as xdg-dbus-proxy has it: the name itself as well */
    { "org.freedesktop.portal.FileChooser", TRUE, TRUE }, { "org.freedesktop.portal.Settings", TRUE, FALSE },
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
    g_assert_true (g_strv_contains (sbx_process_get_environment (sbx_plan_get_process (plan)), "GTK_USE_PORTAL=1")
                   == cases[i].expected);
    g_assert_true (g_strv_contains (sbx_process_get_environment (sbx_plan_get_process (other)), "GTK_USE_PORTAL=0"));
    g_hash_table_unref (fake.machine.filters);
  }
}

int
main (int argc, char **argv)
{
  static const char *const names[] = { "browser",     "chromium", "chromium-based", "debugger", "default", "desktop",
                                       "devel",       "dumper",   "epiphany",       "evince",   "firefox", "gimp",
                                       "libreoffice", "mpv",      "offline",        "online",   "strict",  "terminal",
                                       "thunderbird", "tracer",   "transmission" };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_strconcat ("/plan/golden/", names[i], NULL);

    g_test_add_data_func (path, names[i], test_golden);
  }
  g_test_add_func ("/plan/golden/rules", test_rules);
  g_test_add_func ("/plan/second-names", test_second_names);
  g_test_add_func ("/plan/kernels", test_kernels);
  g_test_add_func ("/plan/session", test_session);
  g_test_add_func ("/plan/root", test_root);
  g_test_add_func ("/plan/environment", test_environment);
  g_test_add_func ("/plan/sockets-in-tmp", test_sockets_in_tmp);
  g_test_add_func ("/plan/bus-by-its-path", test_bus_by_its_path);
  g_test_add_func ("/plan/x11", test_x11);
  g_test_add_func ("/plan/documents", test_documents);
  g_test_add_func ("/plan/portals", test_portals);
  return g_test_run ();
}
