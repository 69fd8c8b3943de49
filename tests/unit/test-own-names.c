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
  g_autoptr (GPtrArray) names = sbx_own_names_list (policy, app_id, command, NULL);

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
    { "{" TALKS "}", "org.kde.kwalletmanager5", NULL,
      "org.kde.kwalletmanager5 org.kde.Kwalletmanager5 org.kde.kwalletmanager5-2 org.kde.kwalletmanager5.*" },
    { "{" TALKS "}", "org.gnome.shell", NULL, "" },
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

static void
test_written (void)
{
  static const struct {
    const char *text, *program, *names;
  } cases[] = {
    { "\177ELF|org.atheme.audacious|", "audacious", "org.atheme.audacious" },
    { "|im.pidgin.purple.PurpleService|", "pidgin", "im.pidgin.purple.PurpleService" },
    { "|org.xfce.Terminal5|org.xfce.terminal|", "xfce4-terminal", "org.xfce.Terminal5 org.xfce.terminal" },
    /* What its vendor has made besides is not it */
    { "|org.xfce.FileManager|", "xfce4-terminal", "" },
    { "|org.gnome.Evince|", "evince-previewer", "org.gnome.Evince" },
    { "|org.example.Other|", "program", "" },
    /* The desktop's are nobody's */
    { "|org.freedesktop.secrets|org.gnome.keyring|org.freedesktop.portal.Desktop|", "secrets", "" },
    { "|org.kde.kwalletd5|org.kde|", "kwalletd5", "" },
    { "|org.gnome.Shell|", "gnome-shell", "" },
    /* No names, texts that go on, none that ends */
    { "|program.py|/usr/share/org.example.program|org..program|:1.program|org.example.program %s|", "program", "" },
    { "|org.example.program", "program", "" },
    { "", "program", "" },
    { "|org.example.program|", "-", "" },
    { "|org.example.7|", "7", "" },
    { "|a.b.program|a.c.program|a.d.program|a.e.program|a.f.program|a.g.program|a.h.program|a.i.program|a.j.program|",
      "program", "a.b.program a.c.program a.d.program a.e.program a.f.program a.g.program a.h.program a.i.program" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *bytes = g_strdelimit (g_strdup (cases[i].text), "|", '\0'), *text = NULL;
    g_autoptr (GPtrArray) names = sbx_own_names_in (bytes, strlen (cases[i].text), cases[i].program);

    g_ptr_array_add (names, NULL);
    text = g_strjoinv (" ", (char **) names->pdata);
    g_assert_cmpstr (text, ==, cases[i].names);
  }
}

/* They count where the id is no name; and only what is not there already is added. */
static void
test_wants_program (void)
{
  g_autoptr (SbxPolicy) talks = make ("{" TALKS "}"), none = make ("{}");
  g_autoptr (GPtrArray) written = g_ptr_array_new (), names = NULL;

  g_assert_true (sbx_own_names_wants_program (talks, "audacious"));
  g_assert_false (sbx_own_names_wants_program (talks, "org.example.App"));
  g_assert_false (sbx_own_names_wants_program (none, "audacious"));
  g_ptr_array_add (written, (gpointer) "org.atheme.audacious");
  names = sbx_own_names_list (talks, "audacious", "/usr/bin/audacious", written);
  g_assert_cmpuint (names->len, ==, 1);
  g_assert_cmpstr (names->pdata[0], ==, "org.atheme.audacious");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/own-names/list", test_list);
  g_test_add_func ("/own-names/owned", test_owned);
  g_test_add_func ("/own-names/written", test_written);
  g_test_add_func ("/own-names/wants-program", test_wants_program);
  return g_test_run ();
}
