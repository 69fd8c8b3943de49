/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "desktop/wrap.h"

#include <glib/gi18n.h>
#include <string.h>

#include "common/error.h"
#include "desktop/exec.h"

#define FORWARDING "--file-forwarding"
#define FILES_BEGIN "@@"
#define URIS_BEGIN "@@u"
#define FORWARDED_END "@@"

static gboolean
is_mark (const char *arg)
{
  return g_str_equal (arg, FILES_BEGIN) || g_str_equal (arg, URIS_BEGIN);
}

/* "%%" is a percent sign and no code. */
static gboolean
has_code (const char *arg, const char *codes)
{
  for (; *arg; arg++)
    if (*arg == '%' && arg[1]) {
      if (strchr (codes, arg[1]))
        return TRUE;
      arg++;
    }
  return FALSE;
}

static char *
no_codes (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "%", -1);

  return g_strjoinv ("%%", parts);
}

/* `sandboxctl run … --`; @codes: the result is for Exec=, where a percent sign is written twice. */
static void
add_prefix (GPtrArray *argv, const SbxWrap *how, gboolean codes)
{
  char *fixed[] = { g_strdup (how->sandboxctl),
                    g_strdup ("run"),
                    g_strdup_printf ("--profile=%s", how->profile),
                    how->app_id ? g_strdup_printf ("--app-id=%s", how->app_id) : NULL,
                    how->tty ? g_strdup ("--tty") : NULL,
                    g_strdup (FORWARDING),
                    g_strdup ("--") };

  for (gsize i = 0; i < G_N_ELEMENTS (fixed); i++) {
    if (fixed[i])
      g_ptr_array_add (argv, codes ? no_codes (fixed[i]) : g_strdup (fixed[i]));
    g_free (fixed[i]);
  }
}

static char *
wrap_exec (const char *value, const SbxWrap *how, GError **error)
{
  g_auto (GStrv) argv = sbx_exec_split (value, error);
  g_autoptr (GPtrArray) wrapped = g_ptr_array_new_with_free_func (g_free);

  if (!argv)
    return NULL;
  add_prefix (wrapped, how, TRUE);
  for (char **arg = argv; *arg; arg++) {
    gboolean files = has_code (*arg, "fF"), uris = has_code (*arg, "uU");

    if (is_mark (*arg)) {
      sbx_throw (
          error, SBX_ERROR_BAD_OPTION,
          _ ("Exec has the argument \"%s\", which marks files to be opened up; it is a Flatpak's launcher or has "
             "been wrapped already"),
          *arg);
      return NULL;
    }
    if (files || uris)
      g_ptr_array_add (wrapped, g_strdup (uris ? URIS_BEGIN : FILES_BEGIN));
    g_ptr_array_add (wrapped, g_strdup (*arg));
    if (files || uris)
      g_ptr_array_add (wrapped, g_strdup (FORWARDED_END));
  }
  g_ptr_array_add (wrapped, NULL);
  return sbx_exec_join ((const char *const *) wrapped->pdata);
}

/* An action that only D-Bus could start would go round the sandbox. */
static void
drop_actions_without_exec (SbxDesktopEntry *entry)
{
  g_auto (GStrv) actions = sbx_desktop_entry_get_list (entry, SBX_DESKTOP_GROUP, "Actions");
  g_autoptr (GString) left = g_string_new (NULL);
  gboolean dropped = FALSE;

  for (char **action = actions; *action; action++) {
    g_autofree char *group = g_strconcat (SBX_DESKTOP_ACTION_PREFIX, *action, NULL);

    if (sbx_desktop_entry_get (entry, group, "Exec")) {
      g_string_append_printf (left, "%s;", *action);
    } else {
      sbx_desktop_entry_remove_group (entry, group);
      dropped = TRUE;
    }
  }
  if (dropped && left->len > 0)
    sbx_desktop_entry_set (entry, SBX_DESKTOP_GROUP, "Actions", left->str);
  else if (dropped)
    sbx_desktop_entry_unset (entry, SBX_DESKTOP_GROUP, "Actions");
}

/* "Exec[de]": only what is shown may be translated (Desktop Entry Specification, "Localized values for keys"), but some
 * desktops, KDE's among them, look for a translation of every key, and would start that. */
static gboolean
is_odd_translation (const char *key)
{
  static const char *const shown[] = { "Name", "GenericName", "Comment", "Icon", "Keywords", NULL };
  const char *bracket = strchr (key, '[');
  g_autofree char *name = bracket ? g_strndup (key, (gsize) (bracket - key)) : NULL;

  /* Those that begin with "X-" are of one desktop, which shows them: X-GNOME-FullName and the like */
  return name && !g_strv_contains (shown, name) && !g_str_has_prefix (name, "X-");
}

/* The keys of @group that are odd translations; free the array only. */
static const char **
find_odd_translations (const SbxDesktopEntry *entry, const char *group)
{
  const char **keys = sbx_desktop_entry_keys (entry, group);
  gsize n = 0;

  for (gsize i = 0; keys[i]; i++)
    if (is_odd_translation (keys[i]))
      keys[n++] = keys[i];
  keys[n] = NULL;
  return keys;
}

static void
drop_odd_translations (SbxDesktopEntry *entry)
{
  g_autofree const char **groups = sbx_desktop_entry_groups (entry);

  for (gsize i = 0; groups[i]; i++) {
    g_autofree const char **keys = find_odd_translations (entry, groups[i]);

    for (gsize j = 0; keys[j]; j++)
      sbx_desktop_entry_unset (entry, groups[i], keys[j]);
  }
}

static gboolean
check_entry (const SbxDesktopEntry *entry, GError **error)
{
  const char *type = sbx_desktop_entry_get (entry, SBX_DESKTOP_GROUP, "Type");

  if (type && !g_str_equal (type, "Application"))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("it starts no application (Type=%.40s)"), type);
  if (sbx_desktop_entry_get_boolean (entry, SBX_DESKTOP_GROUP, "Hidden"))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("it says that it has been deleted (Hidden=true)"));
  if (!sbx_desktop_entry_get (entry, SBX_DESKTOP_GROUP, "Exec"))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                      _ ("it has no Exec: only D-Bus could start it, and not in a sandbox"));
  return TRUE;
}

gboolean
sbx_wrap_entry (SbxDesktopEntry *entry, const SbxWrap *how, GError **error)
{
  g_autofree const char **groups = NULL;
  SbxWrap inner = *how;

  if (!check_entry (entry, error))
    return FALSE;
  if (sbx_desktop_entry_get_boolean (entry, SBX_DESKTOP_GROUP, "Terminal"))
    inner.tty = TRUE;
  if (sbx_desktop_entry_get (entry, SBX_DESKTOP_GROUP, "DBusActivatable"))
    sbx_desktop_entry_set (entry, SBX_DESKTOP_GROUP, "DBusActivatable", "false");
  drop_odd_translations (entry);
  drop_actions_without_exec (entry);
  /* Every group, not only those of the specification: desktops have had other names for actions */
  groups = sbx_desktop_entry_groups (entry);
  for (gsize i = 0; groups[i]; i++) {
    const char *value = sbx_desktop_entry_get (entry, groups[i], "Exec");
    g_autofree char *wrapped = value ? wrap_exec (value, &inner, error) : NULL;

    if (value && !wrapped) {
      g_prefix_error (error, "[%s]: ", groups[i]);
      return FALSE;
    }
    if (wrapped)
      sbx_desktop_entry_set (entry, groups[i], "Exec", wrapped);
  }
  return TRUE;
}

char *
sbx_wrap_service (const SbxDesktopEntry *service, const SbxWrap *how, GError **error)
{
  const char *name = sbx_desktop_entry_get (service, SBX_DBUS_SERVICE_GROUP, "Name");
  const char *exec = sbx_desktop_entry_get (service, SBX_DBUS_SERVICE_GROUP, "Exec");
  g_auto (GStrv) argv = exec ? sbx_exec_split_shell (exec, error) : NULL;
  g_autoptr (GPtrArray) wrapped = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *value = NULL;

  if (!name || !exec)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("a D-Bus service file without Name or Exec")), NULL;
  if (!argv)
    return NULL;
  add_prefix (wrapped, how, FALSE);
  for (char **arg = argv; *arg; arg++)
    g_ptr_array_add (wrapped, g_strdup (*arg));
  g_ptr_array_add (wrapped, NULL);
  value = sbx_exec_join_shell ((const char *const *) wrapped->pdata, FALSE);
  if (!value)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                      _ ("the Exec of the D-Bus service %s has characters that D-Bus daemons read differently"), name),
           NULL;
  /* No SystemdService=, which would come before Exec= */
  return g_strdup_printf ("[" SBX_DBUS_SERVICE_GROUP "]\nName=%s\nExec=%s\n", name, value);
}

char *
sbx_wrap_script (const char *program, const SbxWrap *how, const char *remedy)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *text = NULL;

  add_prefix (argv, how, FALSE);
  g_ptr_array_add (argv, g_strdup (program));
  g_ptr_array_add (argv, NULL);
  text = sbx_exec_join_shell ((const char *const *) argv->pdata, TRUE);
  return g_strdup_printf ("#!/bin/sh\n# Made by `sandboxctl desktop install`; `%s` takes it away.\n"
                          "exec %s " FILES_BEGIN " \"$@\" " FORWARDED_END "\n",
                          remedy, text);
}

char **
sbx_unwrap_argv (const char *const *argv)
{
  g_autofree char *name = argv[0] ? g_path_get_basename (argv[0]) : NULL;
  g_autoptr (GPtrArray) inner = NULL;
  gboolean forwarded = FALSE;
  gsize i = 2;

  if (!name || !g_str_equal (name, "sandboxctl") || g_strcmp0 (argv[1], "run") != 0)
    return NULL;
  while (argv[i] && g_str_has_prefix (argv[i], "--") && !g_str_equal (argv[i], "--"))
    i++;
  if (!argv[i] || !g_str_equal (argv[i], "--") || !argv[i + 1])
    return NULL;
  inner = g_ptr_array_new_with_free_func (g_free);
  for (i++; argv[i]; i++) {
    if (forwarded ? g_str_equal (argv[i], FORWARDED_END) : is_mark (argv[i]))
      forwarded = !forwarded;
    else
      g_ptr_array_add (inner, g_strdup (argv[i]));
  }
  g_ptr_array_add (inner, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&inner), FALSE);
}

gboolean
sbx_desktop_entry_is_wrapped (const SbxDesktopEntry *entry)
{
  g_autofree const char **groups = sbx_desktop_entry_groups (entry);
  const char *by_bus = sbx_desktop_entry_get (entry, SBX_DESKTOP_GROUP, "DBusActivatable");
  gsize n = 0;

  /* Not what a desktop might take for a yes either: KDE's does "on" and "yes" */
  if (by_bus && !g_str_equal (by_bus, "false"))
    return FALSE;
  for (gsize i = 0; groups[i]; i++) {
    g_autofree const char **odd = find_odd_translations (entry, groups[i]);
    const char *value = sbx_desktop_entry_get (entry, groups[i], "Exec");
    g_auto (GStrv) argv = value ? sbx_exec_split (value, NULL) : NULL;
    g_auto (GStrv) inner = argv ? sbx_unwrap_argv ((const char *const *) argv) : NULL;

    if (odd[0] || (value && !inner))
      return FALSE;
    n += value != NULL;
  }
  return n > 0;
}
