/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/instances.h"
#include "cli/policy-options.h"
#include "cli/text/json.h"
#include "cli/text/output.h"
#include "cli/tighten.h"
#include "cli/verbs/functions.h"

/* The name of the process, for people; the caller's. */
static char *
name_of (guint32 pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%u/comm", pid), *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return g_strdup ("?");
  return sbx_output_clean (g_strchomp (text));
}

static const char *
explain (const char *what)
{
  static const struct {
    const char *what, *text;
  } rows[] = {
    { "fd", N_ ("has open") },
    { "cwd", N_ ("works in") },
    { "root", N_ ("has as its root directory") },
    { "map", N_ ("has mapped into memory") },
    { "namespace", N_ ("is in a sandbox that the application has made, and may be able to undo this there") },
    { "connection", N_ ("is connected to") },
    { "sockets", N_ ("has sockets, of which the kernel does not tell whom they are connected to") },
    { "unknown", N_ ("could not be looked at") },
    { "more", N_ ("and those after it have more than can be told") },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (rows[i].what, what))
      return _ (rows[i].text);
  return what;
}

/* The id of the instance that @row is about, if that is one below the one that was named; borrowed, or NULL. */
static const char *
find_below (GVariant *row)
{
  const char *path;

  return g_variant_lookup (row, "instance", "&o", &path) ? sbx_instance_id_of_path (path) : NULL;
}

/* Which sandboxes have lost something with it. */
static void
print_below (GVariant *held)
{
  gboolean titled = FALSE;

  for (gsize i = 0; i < g_variant_n_children (held); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (held, i);
    const char *what = "", *id = find_below (row);

    g_variant_lookup (row, "what", "&s", &what);
    if (!id || !g_str_equal (what, "below"))
      continue;
    if (!titled)
      printf ("%s\n", _ ("Restricted with it, since it has started them:"));
    titled = TRUE;
    printf ("  %s\n", id);
  }
}

/* Who has lost connections with it. */
static void
print_cut (GVariant *held)
{
  guint32 last = 0;

  for (gsize i = 0; i < g_variant_n_children (held); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (held, i);
    g_autofree char *name = NULL;
    const char *what = "";
    guint32 pid = 0;

    g_variant_lookup (row, "pid", "u", &pid);
    g_variant_lookup (row, "what", "&s", &what);
    if (!g_str_equal (what, "cut") || pid == last)
      continue;
    last = pid;
    name = name_of (pid);
    printf (_ ("%u (%s) was cut off from its message buses; it may connect anew, to what is left\n"), pid, name);
  }
}

/* What cannot be taken back, a line for each. */
static void
print_held (GVariant *held)
{
  gboolean titled = FALSE;

  for (gsize i = 0; i < g_variant_n_children (held); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (held, i);
    const char *what = "", *path = NULL;
    g_autofree char *name = NULL, *clean = NULL;
    guint32 pid = 0;

    g_variant_lookup (row, "pid", "u", &pid);
    g_variant_lookup (row, "what", "&s", &what);
    g_variant_lookup (row, "path", "^&ay", &path);
    if (g_str_equal (what, "below") || g_str_equal (what, "cut"))
      continue;
    if (!titled)
      printf ("%s\n", _ ("Cannot be taken back:"));
    titled = TRUE;
    name = name_of (pid);
    clean = path ? sbx_output_clean (path) : NULL;
    printf ("  %u (%s) %s%s%s\n", pid, name, explain (what), clean ? " " : "", clean ? clean : "");
  }
}

static void
print_json (GVariant *held)
{
  sbx_output_json (sbx_output_to_json (held));
}

static int
run (const char *word, GVariant *policy, gboolean json)
{
  g_autoptr (GVariant) groups = g_variant_ref_sink (policy), reply = NULL, held = NULL;
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GPtrArray) instances = NULL;
  g_autoptr (GError) error = NULL;
  const SbxInstanceInfo *info = sbx_instances_open (word, &service, &instances, &error);

  if (!info)
    return sbx_fail_error (error);
  if (sbx_instance_has_ended (info))
    return sbx_fail (_ ("the sandbox %s has ended: there is nothing left to take away"), info->id);
  reply = sbx_service_call (service, info->path, SBX_INSTANCE_INTERFACE, "Restrict", g_variant_new ("(@a{sv})", groups),
                            NULL, &error);
  if (!reply)
    return sbx_fail_error (error);
  held = g_variant_get_child_value (reply, 0);
  if (json) {
    print_json (held);
    return 0;
  }
  print_below (held);
  print_cut (held);
  print_held (held);
  return 0;
}

/* Does not return unless it fails. */
static int
run_self (char **argv, GVariant *policy)
{
  const char *xdg_dirs[G_USER_N_DIRECTORIES];
  const SbxPlaces places = sbx_find_places (xdg_dirs);
  g_autoptr (GVariant) groups = g_variant_ref_sink (policy);
  g_autoptr (GError) error = NULL;
  int saved;

  if (!sbx_tighten_self (groups, &places, &error))
    return sbx_fail_error (error);
  execvp (argv[0], argv);
  saved = errno;
  sbx_fail ("%s: %s", argv[0], g_strerror (saved));
  return saved == ENOENT ? SBX_EXIT_NOT_FOUND : SBX_EXIT_NOT_EXECUTABLE;
}

int
sbx_cmd_restrict (SbxCommand *command)
{
  gboolean json = FALSE, self = FALSE;
  g_autoptr (SbxPolicyOptions) policy = sbx_policy_options_new ();
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_ ("Print what cannot be taken back as JSON"), NULL },
    { "self", 0, 0, G_OPTION_ARG_NONE, &self, N_ ("Run COMMAND with less than this process has"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  GVariant *groups;
  char **words;
  int status;

  if (!sbx_parse (
          command, entries, sbx_policy_options_make_group (policy), _ ("SANDBOX OPTION… | --self OPTION… -- COMMAND…"),
          _ ("Takes something away from a running sandbox, for good: files with --nofilesystem=PATH and "
             "--filesystem=PATH:ro,\nsockets with --nosocket=SOCKET, names on buses with --no-talk-name=NAME. The "
             "sandboxes that it has\nstarted lose the same. Says what processes have open and so cannot be taken "
             "back."),
          &status))
    return status;
  groups = sbx_policy_options_to_variant (policy);
  words = command->argv + 1;
  if (self && *words && g_str_equal (*words, "--"))
    words++;
  if (self && groups && *words && !json)
    return run_self (words, groups);
  if (self || command->argc != 2 || !groups) {
    if (groups)
      g_variant_unref (g_variant_ref_sink (groups));
    if (self)
      return sbx_fail (_ ("restrict --self takes what is lost and a command, as in `sandboxctl restrict --self "
                          "--nofilesystem=xdg-download -- COMMAND`"));
    return sbx_fail (_ ("restrict takes one sandbox and what it loses, as in `sandboxctl restrict SANDBOX "
                        "--nofilesystem=xdg-download`"));
  }
  return run (command->argv[1], groups, json);
}
