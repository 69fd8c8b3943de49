/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Desktop entries and D-Bus service files from anywhere: what is taken can be written, read again and unwrapped to what
 * it was, and nothing in it gets out of its argument. */
#include <glib.h>
#include <stdint.h>
#include <string.h>

#include "desktop/exec.h"
#include "desktop/wrap.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const SbxWrap how = { .sandboxctl = "/usr/bin/sandboxctl", .profile = "desktop", .app_id = "org.example.Fuzz" };

/* Arguments that were read are written, and read as the same, by us and by GLib's two steps. */
static void
check_exec (const char *value, char **argv)
{
  g_autofree char *joined = sbx_exec_join ((const char *const *) argv);
  g_auto (GStrv) again = sbx_exec_split (joined, NULL), of_glib = NULL;
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *text = g_strdup_printf ("[Desktop Entry]\nExec=%s\n", joined), *line = NULL;

  g_assert_true (again && g_strv_equal ((const char *const *) argv, (const char *const *) again));
  g_assert_true (g_key_file_load_from_data (file, text, (gsize) -1, G_KEY_FILE_NONE, NULL));
  line = g_key_file_get_string (file, "Desktop Entry", "Exec", NULL);
  g_assert_true (g_shell_parse_argv (line, NULL, &of_glib, NULL));
  g_assert_true (g_strv_equal ((const char *const *) argv, (const char *const *) of_glib));
}

/* Every command of @wrapped is one of ours around the one that @before has. */
static void
check_wrapped (const SbxDesktopEntry *before, const SbxDesktopEntry *wrapped)
{
  g_autofree const char **groups = sbx_desktop_entry_groups (wrapped);

  g_assert_true (sbx_desktop_entry_is_wrapped (wrapped));
  for (gsize i = 0; groups[i]; i++) {
    const char *old = sbx_desktop_entry_get (before, groups[i], "Exec");
    const char *new = sbx_desktop_entry_get (wrapped, groups[i], "Exec");
    g_auto (GStrv) old_argv = NULL, new_argv = NULL, inner = NULL;

    g_assert_true ((old != NULL) == (new != NULL));
    if (!old)
      continue;
    old_argv = sbx_exec_split (old, NULL);
    new_argv = sbx_exec_split (new, NULL);
    g_assert_true (old_argv && new_argv);
    g_assert_cmpstr (new_argv[0], ==, how.sandboxctl);
    inner = sbx_unwrap_argv ((const char *const *) new_argv);
    g_assert_true (inner && g_strv_equal ((const char *const *) old_argv, (const char *const *) inner));
    check_exec (new, new_argv);
  }
}

static void
try_entry (const char *data, gsize size)
{
  g_autoptr (SbxDesktopEntry) entry = sbx_desktop_entry_parse (data, size, "fuzz", SBX_DESKTOP_GROUP, NULL);
  g_autoptr (SbxDesktopEntry) before = NULL, again = NULL;
  g_autofree char *text = NULL, *same = NULL, *wrapped = NULL;

  if (!entry)
    return;
  text = sbx_desktop_entry_to_text (entry);
  if (strlen (text) > SBX_DESKTOP_MAX) /* one line end more than before */
    return;
  before = sbx_desktop_entry_parse (text, strlen (text), "fuzz", SBX_DESKTOP_GROUP, NULL);
  g_assert_nonnull (before);
  same = sbx_desktop_entry_to_text (before);
  g_assert_cmpstr (same, ==, text);
  if (!sbx_wrap_entry (entry, &how, NULL))
    return;
  wrapped = sbx_desktop_entry_to_text (entry);
  again = sbx_desktop_entry_parse (wrapped, strlen (wrapped), "fuzz", SBX_DESKTOP_GROUP, NULL);
  if (strlen (wrapped) > SBX_DESKTOP_MAX)
    return;
  g_assert_nonnull (again);
  check_wrapped (before, again);
}

static void
try_service (const char *data, gsize size)
{
  g_autoptr (SbxDesktopEntry) service = sbx_desktop_entry_parse (data, size, "fuzz", SBX_DBUS_SERVICE_GROUP, NULL);
  g_autofree char *wrapped = service ? sbx_wrap_service (service, &how, NULL) : NULL;
  g_autoptr (SbxDesktopEntry) again = NULL;
  g_auto (GStrv) argv = NULL, inner = NULL;

  if (!wrapped)
    return;
  again = sbx_desktop_entry_parse (wrapped, strlen (wrapped), "fuzz", SBX_DBUS_SERVICE_GROUP, NULL);
  g_assert_nonnull (again);
  argv = sbx_exec_split_shell (sbx_desktop_entry_get (again, SBX_DBUS_SERVICE_GROUP, "Exec"), NULL);
  g_assert_nonnull (argv);
  inner = sbx_unwrap_argv ((const char *const *) argv);
  g_assert_nonnull (inner);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_auto (GStrv) argv = NULL;

  try_entry ((const char *) data, size);
  try_service ((const char *) data, size);
  /* The input as the value of an Exec too; control characters do not come that far */
  for (char *p = text; *p; p++)
    if (g_ascii_iscntrl (*p) && *p != '\t') {
      *p = '\0';
      break;
    }
  argv = g_utf8_validate (text, -1, NULL) ? sbx_exec_split (text, NULL) : NULL;
  if (argv)
    check_exec (text, argv);
  return 0;
}
