/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names that are an application's own. */
#include <gio/gio.h>
#include <string.h>

#include "policy-fixture.h"
#include "policy/own-names.h"

static SbxPolicy *
make (const char *text)
{
  g_autoptr (GVariant) groups = g_variant_take_ref (g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL));
  g_autoptr (SbxPolicy) empty = sbx_policy_new ();
  g_autoptr (GError) error = NULL;
  SbxPolicy *policy = sbx_policy_merge_variant (empty, groups, &policy_places, &error);

  g_assert_no_error (error);
  return policy;
}

static char *
list (const char *policy_text, const char *app_id, const char *command)
{
  g_autoptr (SbxPolicy) policy = make (policy_text);
  g_autoptr (GPtrArray) names = sbx_own_names_list (policy, app_id, command);

  g_ptr_array_add (names, NULL);
  return g_strjoinv (" ", (char **) names->pdata);
}

#define TALKS "'Session Bus Policy': <{'org.example.Other': 'talk'}>"

static void
test_list (void)
{
  static const struct {
    const char *policy, *app_id, *command, *names;
  } cases[] = {
    { "{" TALKS "}", "org.example.App", "/usr/bin/app", "org.example.App org.example.App.*" },
    /* Of a vendor's all are not one application's */
    { "{" TALKS "}", "example.app", NULL, "example.app" },
    { "{" TALKS "}", "firefox", NULL, "" },
    { "{" TALKS "}", "org.example.7up", NULL, "" },
    { "{" TALKS "}", ":1.7", NULL, "" },
    /* Nobody's */
    { "{" TALKS "}", "org.example.Sandbox", NULL, "" },
    { "{" TALKS "}", "org.example.Sandbox.Instance", NULL, "" },
    { "{" TALKS "}", "org.freedesktop.portal.Desktop", NULL, "" },
    { "{" TALKS "}", "org.freedesktop.DBus", NULL, "" },
    { "{" TALKS "}", "org.freedesktop.secrets", NULL, "" },
    { "{" TALKS "}", "org.kde.kwalletd5", NULL, "" },
    { "{" TALKS "}", "org.kde.polkit-kde-authentication-agent-1", NULL, "" },
    { "{" TALKS "}", "org.gnome.evolution", NULL, "org.gnome.evolution" },
    { "{" TALKS "}", "org.kde.kwalletmanager5", NULL, "org.kde.kwalletmanager5 org.kde.kwalletmanager5.*" },
    { "{" TALKS "}", "org.gnome.keyring.SystemPrompter", NULL, "" },
    { "{" TALKS "}", "org.gnome.shell.extensions", NULL, "" },
    { "{" TALKS "}", "org.gnome.Shellfish", NULL, "org.gnome.Shellfish org.gnome.Shellfish.*" },
    { "{" TALKS "}", "org.freedesktop.Piper", NULL, "org.freedesktop.Piper org.freedesktop.Piper.*" },
    { "{" TALKS "}", "org.example.Sandboxes", NULL, "org.example.Sandboxes org.example.Sandboxes.*" },
    /* Without a filtered bus there is none to own anything on */
    { "{}", "org.example.App", NULL, "" },
    { "{" TALKS ", 'Context': <{'sockets': 'session-bus;'}>}", "org.example.App", NULL, "" },
    /* No wildcards where there may be a proxy inside */
    { "{" TALKS ", 'Context': <{'features': 'userns;'}>}", "org.example.App", NULL, "org.example.App" },
    { "{" TALKS ", 'Context': <{'features': 'userns;', 'sockets': 'pipewire;'}>}", "org.example.App", "app",
      "org.example.App org.mpris.MediaPlayer2.org.example.App org.mpris.MediaPlayer2.App org.mpris.MediaPlayer2.app" },
    /* Who plays sound may be a player, under the names that players take */
    { "{" TALKS ", 'Context': <{'sockets': 'pulseaudio;'}>}", "vlc", "/usr/bin/vlc",
      "org.mpris.MediaPlayer2.vlc org.mpris.MediaPlayer2.vlc.*" },
    { "{" TALKS ", 'Context': <{'sockets': 'pulseaudio;'}>}", "a", "/opt/org.mpris.x",
      "org.mpris.MediaPlayer2.a "
      "org.mpris.MediaPlayer2.a.*" },
    /* Who has an icon in the tray */
    { "{'Session Bus Policy': <{'org.kde.StatusNotifierWatcher': 'talk'}>}", "plain", NULL,
      "org.kde.StatusNotifierItem-2-1 org.kde.StatusNotifierItem-2-2 org.kde.StatusNotifierItem-2-3 "
      "org.kde.StatusNotifierItem-2-4" },
    { "{'Session Bus Policy': <{'org.kde.StatusNotifierWatcher': 'see'}>}", "plain", NULL, "" },
    /* What the policy has it has */
    { "{'Session Bus Policy': <{'org.example.*': 'own'}>}", "org.example.App", NULL, "" },
    { "{'Session Bus Policy': <{'org.example.*': 'talk'}>}", "org.example.App", NULL,
      "org.example.App org.example.App.*" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *names = list (cases[i].policy, cases[i].app_id, cases[i].command);

    if (strcmp (names, cases[i].names) != 0)
      g_error ("%s under %s: \"%s\", not \"%s\"", cases[i].app_id, cases[i].policy, names, cases[i].names);
  }
}

static void
test_owned (void)
{
  const char *const names[] = { "org.example.App", "org.example.App.*" };
  g_autoptr (SbxPolicy) before = make ("{" TALKS "}");
  g_autoptr (SbxPolicy) after = sbx_policy_with_own (before, names, G_N_ELEMENTS (names));
  g_autoptr (SbxPolicy) same = sbx_policy_with_own (before, NULL, 0);

  g_assert_false (sbx_policy_owns (before, "org.example.App"));
  g_assert_true (sbx_policy_owns (after, "org.example.App"));
  g_assert_true (sbx_policy_owns (after, "org.example.App.Window"));
  g_assert_true (sbx_policy_owns (after, "org.example.App.*"));
  g_assert_false (sbx_policy_owns (after, "org.example.Other"));
  g_assert_false (sbx_policy_owns (after, "org.example.Apple"));
  g_assert_true (sbx_policy_leq (before, after));
  g_assert_cmpuint (sbx_policy_excess (after, before), ==, SBX_CLASS_BUS);
  g_assert_true (sbx_policy_equal (before, same));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/own-names/list", test_list);
  g_test_add_func ("/own-names/owned", test_owned);
  return g_test_run ();
}
