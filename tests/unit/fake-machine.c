/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-machine.h"

#include <string.h>

#include "plan/filter/syscall-filter.h"
#include "policy/profile-set.h"

static SbxFileKind
fake_look (SbxMachine *self, const char *path, char **link)
{
  const Fake *fake = (const Fake *) self;
  static const char *const merged[] = { "/bin", "/sbin", "/lib", "/lib64", NULL };
  static const char *const files[] = { "/home/u/.Xauthority", "/etc/shadow", "/usr/bin/zsh", NULL };

  if (link)
    *link = g_strv_contains (merged, path) ? g_strconcat ("usr", path, NULL) : NULL;
  /* Of what packages keep in /var one of each */
  if ((g_str_has_prefix (path, "/var/lib/") && !strstr (path, "aspell"))
      || (g_str_has_prefix (path, "/var/cache/") && !strstr (path, "fontconfig"))
      || g_str_has_prefix (path, "/var/spool/"))
    return SBX_FILE_MISSING;
  if ((fake->missing && g_strv_contains (fake->missing, path)) || strstr (path, "nvidia") || strstr (path, "/mali")
      || strstr (path, "kgsl") || g_str_equal (path, "/lib32") || g_str_equal (path, "/libx32"))
    return SBX_FILE_MISSING;
  if (strstr (path, ".sock") || g_str_has_suffix (path, "/pulse/native") || strstr (path, "pipewire-0")
      || strstr (path, "/X0") || strstr (path, "wayland-0") || strstr (path, "/bus"))
    return SBX_FILE_OTHER;
  return g_strv_contains (files, path) ? SBX_FILE_REGULAR : SBX_FILE_DIRECTORY;
}

static const char *const *
fake_hidden (SbxMachine *self)
{
  static const char *const hidden[] = { "/etc/shadow", "/etc/ssl/private", NULL };

  return hidden;
}

/* A user of some directory, and links as they are on various distributions. */
static char *
fake_accounts (SbxMachine *self, const char *path)
{
  const Fake *fake = (const Fake *) self;

  return fake->foreign_user ? g_strconcat ("content of ", path, "\n", NULL) : NULL;
}

static const GArray *
fake_links (SbxMachine *self)
{
  return ((const Fake *) self)->links;
}

static gboolean
fake_is_fido (SbxMachine *self, guint number)
{
  return number == 3;
}

static void
fake_random (SbxMachine *self, guint8 *bytes, gsize size)
{
  memset (bytes, 7, size);
}

static const char *const environment[] = { "DISPLAY=:0",       "WAYLAND_DISPLAY=wayland-0",
                                           "LANG=de_DE.UTF-8", "TERM=xterm",
                                           "SECRET=x",         NULL };

gboolean
fake_documents (SbxMachine *machine, const char *path)
{
  return strcmp (path, "/run/user/1000/doc") == 0;
}

Fake
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
                              .accounts = fake_accounts,
                              .links_out = fake_links,
                              .is_fido = fake_is_fido,
                              .xephyr = "/usr/bin/Xephyr",
                              .xvfb = "/usr/bin/Xvfb",
                              .hidden_config = fake_hidden,
                              .filters = sbx_seccomp_cache_new () } };
}

const char *const command[] = { "app", "arg", NULL };
const SbxPlanRequest request = { .app_id = "org.example.App",
                                 .argv = command,
                                 .open_program = "/usr/libexec/sandbox-open" };

SbxPolicy *
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

SbxPolicy *
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

char *
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

char *
expect_plan (const SbxPolicy *policy, Fake *fake, gboolean inferiors_only)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxPlan) plan = sbx_plan_new (policy, &request, &fake->machine, &error);

  g_assert_no_error (error);
  g_assert_cmpint (sbx_plan_is_inferiors_only (plan), ==, inferiors_only);
  return describe (plan);
}
