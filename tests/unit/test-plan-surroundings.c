/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of the machine and of the caller's surroundings a plan has: variables, links of the system, accounts, the user's
 * directories, sockets in other places, devices. */
#include <string.h>
#include <unistd.h>

#include "fake-machine.h"
#include "plan/machine/accounts.h"
#include "plan/machine/fido.h"

static gboolean
has (const char *plan, const char *row)
{
  return strstr (plan, row) != NULL;
}

/* The plan for `default` with @key=@value in [Context], for a caller with @surroundings; @word instead of @value there
 * is the control. */
static char *
plan_for (const char *key, const char *value, const char *const *surroundings, Fake *fake)
{
  g_autoptr (SbxPolicy) base = shipped ("default"), policy = key ? with (base, "Context", key, value) : NULL;
  g_autoptr (GError) error = NULL;
  SbxPlanRequest asked = request;
  g_autoptr (SbxPlan) plan = NULL;

  asked.display_env = surroundings;
  plan = sbx_plan_new (policy ? policy : base, &asked, &fake->machine, &error);
  g_assert_no_error (error);
  return describe (plan);
}

static void
test_variables (void)
{
  static const char *const caller[] = { "TZDIR=/usr/share/zoneinfo",
                                        "TERMINFO=/home/u/.terminfo",
                                        "http_proxy=http://p:1",
                                        "NO_PROXY=l",
                                        "SSL_CERT_FILE=/etc/ssl/ca.pem",
                                        "CURL_CA_BUNDLE=/home/u/ca.pem",
                                        "DRI_PRIME=1",
                                        "VK_ICD_FILENAMES=/home/u/a.json:/usr/share/vulkan/b.json",
                                        "QT_QPA_PLATFORM=wayland;xcb",
                                        "GDK_BACKEND=x11",
                                        "QT_SCREEN_SCALE_FACTORS=2",
                                        "PULSE_SINK=out",
                                        "PRINTER=lp",
                                        "MY_SECRET=x",
                                        NULL };
  static const struct {
    const char *key, *value, *row;
  } rows[] = {
    { NULL, NULL, "'TZDIR=/usr/share/zoneinfo'" },
    { "shared", "network;", "'http_proxy=http://p:1'" },
    { "shared", "network;", "'NO_PROXY=l'" },
    { "shared", "network;", "'SSL_CERT_FILE=/etc/ssl/ca.pem'" },
    { "devices", "dri;", "'DRI_PRIME=1'" },
    { "devices", "dri;", "'VK_ICD_FILENAMES=/usr/share/vulkan/b.json'" },
    { "sockets", "wayland;", "'QT_QPA_PLATFORM=wayland;xcb'" },
    { "sockets", "wayland;", "'QT_SCREEN_SCALE_FACTORS=2'" },
    { "sockets", "x11;", "'GDK_BACKEND=x11'" },
    { "sockets", "pulseaudio;", "'PULSE_SINK=out'" },
    { "sockets", "cups;", "'PRINTER=lp'" },
  };
  Fake fake = new_fake ();
  g_autofree char *plain = plan_for (NULL, NULL, caller, &fake);
  g_autofree char *wayland = plan_for ("sockets", "wayland;", caller, &fake);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *plan = plan_for (rows[i].key, rows[i].value, caller, &fake);

    g_test_message ("%s", rows[i].row);
    g_assert_true (has (plan, rows[i].row));
    g_assert_true (!rows[i].key || !has (plain, rows[i].row));
    g_assert_false (has (plan, "CURL_CA_BUNDLE") || has (plan, "TERMINFO") || has (plan, "MY_SECRET"));
  }
  g_assert_false (has (wayland, "GDK_BACKEND")); /* which would keep it from showing anything */
  g_hash_table_unref (fake.machine.filters);
}

static void
test_links (void)
{
  SbxLinkOut rows[] = { { (char *) "/etc/resolv.conf", (char *) "/run/resolve/stub.conf" },
                        { (char *) "/etc/localtime", (char *) "/srv/zones/here" },
                        { (char *) "/usr/local", (char *) "/var/usrlocal" },
                        { (char *) "/usr/share/mine", (char *) "/home/u/mine" },
                        { (char *) "/usr/share/data", (char *) "/home/u/.local/share" } };
  g_autoptr (GArray) links = g_array_new (FALSE, FALSE, sizeof *rows);
  g_autofree char *plain = NULL, *network = NULL, *opened = NULL;
  Fake fake = new_fake ();

  g_array_append_vals (links, rows, G_N_ELEMENTS (rows));
  fake.links = links;
  plain = plan_for (NULL, NULL, NULL, &fake);
  network = plan_for ("shared", "network;", NULL, &fake);
  opened = plan_for ("filesystems", "/srv:rw;", NULL, &fake);
  g_assert_true (has (plain, "'/srv/zones/here'") && has (plain, "'/var/usrlocal'"));
  g_assert_false (has (plain, "/run/resolve") || has (plain, "/home/u/mine"));
  /* The directory, in which the file is replaced */
  g_assert_true (has (network, "'/run/resolve'"));
  g_assert_false (has (network, "stub.conf"));
  /* What the policy says of it counts */
  g_assert_false (has (opened, "'/srv/zones/here'"));
  g_hash_table_unref (fake.machine.filters);
}

static void
test_accounts (void)
{
  static const struct passwd entry = { .pw_name = (char *) "lena",
                                       .pw_uid = 20001,
                                       .pw_gid = 20002,
                                       .pw_gecos = (char *) "a:b\nc",
                                       .pw_dir = (char *) "/home/lena",
                                       .pw_shell = (char *) "/bin/bash" };
  g_autofree char *row = sbx_accounts_user_row (&entry), *path = NULL, *added = NULL, *there = NULL, *plan = NULL;
  g_autofree char *plain = NULL, *missing = NULL;
  g_autoptr (GError) error = NULL;
  Fake fake = new_fake ();
  int fd = g_file_open_tmp ("passwd-XXXXXX", &path, &error);

  g_assert_no_error (error);
  close (fd);
  g_assert_cmpstr (row, ==, "lena:x:20001:20002:a b c:/home/lena:/bin/bash");
  g_assert_true (g_file_set_contents (path, "root:x:0:0::/:/bin/sh\nx:x:1:20001::/:", -1, NULL));
  added = sbx_accounts_add (path, row);
  g_assert_cmpstr (added, ==,
                   "root:x:0:0::/:/bin/sh\nx:x:1:20001::/:\nlena:x:20001:20002:a b c:/home/lena:/bin/bash\n");
  g_assert_true (g_file_set_contents (path, added, -1, NULL));
  there = sbx_accounts_add (path, row);
  g_assert_null (there);
  g_assert_cmpint (unlink (path), ==, 0);
  missing = sbx_accounts_add (path, row);
  g_assert_null (missing);
  plain = plan_for (NULL, NULL, NULL, &fake);
  fake.foreign_user = TRUE;
  plan = plan_for (NULL, NULL, NULL, &fake);
  g_assert_true (has (plan, "content of /etc/passwd") && has (plan, "content of /etc/group"));
  g_assert_false (has (plain, "content of"));
  g_hash_table_unref (fake.machine.filters);
}

static void
test_user_dirs (void)
{
  Fake fake = new_fake ();
  g_autofree char *plain = NULL, *opened = NULL;

  fake.machine.user_dirs[G_USER_DIRECTORY_DOWNLOAD] = "/home/u/T\"l";
  fake.machine.user_dirs[G_USER_DIRECTORY_MUSIC] = "/srv/music";
  fake.machine.user_dirs[G_USER_DIRECTORY_VIDEOS] = "/home/u/Videos";
  fake.machine.user_dirs[G_USER_DIRECTORY_DESKTOP] = "/home/u"; /* there is none */
  plain = plan_for (NULL, NULL, NULL, &fake);
  opened = plan_for ("filesystems", "~/T\"l;/srv/music:ro;", NULL, &fake);
  g_assert_true (has (opened, "/home/u/.config/user-dirs.dirs"));
  g_assert_true (has (opened, "XDG_DOWNLOAD_DIR=\"$HOME/T\\\\\"l\"\\nXDG_MUSIC_DIR=\"/srv/music\"\\n"));
  g_assert_false (has (opened, "VIDEOS") || has (opened, "DESKTOP"));
  g_assert_false (has (plain, "user-dirs"));
  g_hash_table_unref (fake.machine.filters);
}

static void
test_base_directories (void)
{
  static const char *const environment[] = { "XDG_DATA_HOME=/home/u/data", "XDG_CONFIG_HOME=/srv/config",
                                             "XDG_CACHE_HOME=/home/u/.cache", "SHELL=/usr/bin/zsh", NULL };
  static const char *const foreign[] = { "SHELL=/home/u/bin/zsh", NULL };
  Fake fake = new_fake ();
  g_autofree char *plain = plan_for (NULL, NULL, foreign, &fake), *plan = NULL, *opened = NULL;

  fake.machine.environment = environment;
  plan = plan_for (NULL, NULL, NULL, &fake);
  opened = plan_for ("filesystems", "/srv/config:ro;", NULL, &fake);
  g_assert_true (has (plan, "'XDG_DATA_HOME=/home/u/data'") && has (plan, "'SHELL=/usr/bin/zsh'"));
  g_assert_false (has (plan, "XDG_CONFIG_HOME") || has (plan, "XDG_CACHE_HOME"));
  g_assert_true (has (opened, "'XDG_CONFIG_HOME=/srv/config'"));
  g_assert_true (has (plain, "'SHELL=/bin/sh'"));
  g_assert_false (has (plain, "XDG_DATA_HOME"));
  g_hash_table_unref (fake.machine.filters);
}

/* The sound servers that clients outside would find. */
static void
test_sound (void)
{
  static const struct {
    const char *variable, *source, *says;
  } rows[] = {
    { "PULSE_SERVER=unix:/srv/a.sock", "/srv/a.sock", "unix:/run/user/1000/pulse/native" },
    { "PULSE_SERVER=/srv/a.sock", "/srv/a.sock", "unix:/run/user/1000/pulse/native" },
    { "PULSE_SERVER={aa}unix:/srv/a.sock {bb}unix:/srv/b.sock", "/srv/b.sock", "unix:/run/user/1000/pulse/native" },
    { "PULSE_SERVER=unix:/srv/directory", "/run/user/1000/pulse", "unix:/run/user/1000/pulse/native" },
    { "PULSE_SERVER=tcp:host:4713", "/run/user/1000/pulse", "unix:/run/user/1000/pulse/native" },
    { "PULSE_RUNTIME_PATH=/srv/pulse", "/srv/pulse/native", "unix:/run/user/1000/pulse/native" },
    { "X=", "/run/user/1000/pulse", "unix:/run/user/1000/pulse/native" },
  };
  static const char *const network[] = { "PULSE_SERVER=tcp:host:4713", NULL };
  Fake fake = new_fake ();
  g_autoptr (SbxPolicy) base = shipped ("default"), sound = with (base, "Context", "sockets", "pulseaudio;");
  g_autoptr (SbxPolicy) both = with (sound, "Context", "shared", "network;");
  SbxPlanRequest asked = request;
  g_autoptr (SbxPlan) plan = NULL;
  g_autofree char *text = NULL;

  fake.machine.machine_id = "bb";
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    const char *const caller[] = { rows[i].variable, NULL };
    g_autofree char *one = plan_for ("sockets", "pulseaudio;", caller, &fake);
    g_autofree char *source = g_strdup_printf ("'source': '%s'", rows[i].source);
    g_autofree char *server = g_strdup_printf ("'PULSE_SERVER=%s'", rows[i].says);

    g_test_message ("%s", rows[i].variable);
    g_assert_true (has (one, source) && has (one, server));
  }
  asked.display_env = network;
  plan = sbx_plan_new (both, &asked, &fake.machine, NULL);
  text = describe (plan);
  g_assert_true (has (text, "'PULSE_SERVER=tcp:host:4713'"));
  g_hash_table_unref (fake.machine.filters);
}

static void
test_pipewire (void)
{
  static const struct {
    const char *variable, *source;
  } rows[] = { { "PIPEWIRE_REMOTE=/srv/p.sock", "/srv/p.sock" },
               { "PIPEWIRE_REMOTE=other.sock", "/run/user/1000/other.sock" },
               { "PIPEWIRE_RUNTIME_DIR=/srv", "/srv/pipewire-0" },
               { "X=", "/run/user/1000/pipewire-0" } };
  static const char *const planted[] = { "PIPEWIRE_REMOTE=../x.sock", NULL };
  Fake fake = new_fake ();
  g_autofree char *none = plan_for ("sockets", "pipewire;", planted, &fake);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    const char *const caller[] = { rows[i].variable, NULL };
    g_autofree char *plan = plan_for ("sockets", "pipewire;", caller, &fake);
    g_autofree char *source = g_strdup_printf ("'source': '%s'", rows[i].source);

    g_test_message ("%s", rows[i].variable);
    g_assert_true (has (plan, source) && has (plan, "'dest': '/run/user/1000/pipewire-0'"));
  }
  g_assert_false (has (none, "pipewire-0'"));
  g_hash_table_unref (fake.machine.filters);
}

static void
test_devices (void)
{
  static const struct {
    const char *key, *word, *path;
  } rows[] = { { "devices", "dri;", "'/dev/kfd'" },         { "devices", "dri;", "'/dev/ntsync'" },
               { "devices", "camera;", "'/dev/video0'" },   { "devices", "camera;", "'/dev/media63'" },
               { "devices", "sound;", "'/dev/snd'" },       { "devices", "fido;", "'/dev/hidraw3'" },
               { "devices", "hidraw;", "'/dev/hidraw0'" },  { "features", "devel;", "'/sys/devices'" },
               { "features", "devel;", "'/sys/kernel/mm'" } };
  Fake fake = new_fake ();
  g_autofree char *plain = plan_for (NULL, NULL, NULL, &fake), *fido = plan_for ("devices", "fido;", NULL, &fake);
  g_autofree char *devel = plan_for ("features", "devel;", NULL, &fake);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *plan = plan_for (rows[i].key, rows[i].word, NULL, &fake);

    g_test_message ("%s%s", rows[i].word, rows[i].path);
    g_assert_true (has (plan, rows[i].path));
    g_assert_false (has (plain, rows[i].path));
  }
  g_assert_false (has (fido, "'/dev/hidraw0'"));
  g_assert_false (has (devel, "'/dev/dri'") || has (devel, "'op': 'dev-bind'"));
  g_hash_table_unref (fake.machine.filters);
}

/* Report descriptors: of a key (as CTAP 2.1 has it, 11.2.8.1), of a mouse, of a keyboard with that number as a value,
 * cut. */
static void
test_security_keys (void)
{
  static const guint8 key[] = { 0x06, 0xd0, 0xf1, 0x09, 0x01, 0xa1, 0x01 }, mouse[] = { 0x05, 0x01, 0x09, 0x02 };
  static const guint8 value[] = { 0x0a, 0xd0, 0xf1, 0x26, 0xd0, 0xf1 },
                      behind[] = { 0xfe, 2, 0, 1, 2, 0x06, 0xd0, 0xf1 };
  static const guint8 within[] = { 0xfe, 3, 0, 0x06, 0xd0, 0xf1 };

  g_assert_true (sbx_fido_is_key (key, sizeof key));
  g_assert_true (sbx_fido_is_key (behind, sizeof behind));
  g_assert_false (sbx_fido_is_key (mouse, sizeof mouse));
  g_assert_false (sbx_fido_is_key (value, sizeof value));
  g_assert_false (sbx_fido_is_key (within, sizeof within));
  for (gsize n = 0; n < 3; n++)
    g_assert_false (sbx_fido_is_key (key, n));
  g_assert_false (sbx_fido_is_key ((const guint8[]){ 0xfe }, 1));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plan/surroundings/variables", test_variables);
  g_test_add_func ("/plan/surroundings/links", test_links);
  g_test_add_func ("/plan/surroundings/accounts", test_accounts);
  g_test_add_func ("/plan/surroundings/user-dirs", test_user_dirs);
  g_test_add_func ("/plan/surroundings/base-directories", test_base_directories);
  g_test_add_func ("/plan/surroundings/sound", test_sound);
  g_test_add_func ("/plan/surroundings/pipewire", test_pipewire);
  g_test_add_func ("/plan/surroundings/devices", test_devices);
  g_test_add_func ("/plan/surroundings/security-keys", test_security_keys);
  return g_test_run ();
}
