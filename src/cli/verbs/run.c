/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/forward.h"
#include "cli/instances.h"
#include "cli/kept-output.h"
#include "cli/link/follow.h"
#include "cli/notes.h"
#include "cli/policy-options.h"
#include "cli/process-options.h"
#include "cli/profile-file.h"
#include "cli/verbs/functions.h"
#include "cli/words.h"
#include "policy/options.h"

#define MAX_TIMEOUT 31536000.0 /* a year */

typedef struct {
  SbxProcessOptions process;
  SbxPolicyOptions *policy;
  SbxProfileFile *file; /* or NULL: a profile's name is meant */
  SbxNotes notes;
  SbxKeptOutput kept;
  double timeout;
  char *profile, *app_id, *on_crash;
  char **argv; /* with --file-forwarding */
  gboolean detach, json, forward, join, new_instance;
} Run;

static gboolean
add_text (Run *run, const char *option, const char *value, GError **error)
{
  if (!value)
    return TRUE;
  if (!g_utf8_validate (value, -1, NULL))
    return g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _ ("--%s=%s is not UTF-8 text"), option,
                        value),
           FALSE;
  g_variant_builder_add (&run->process.options, "{sv}", option, g_variant_new_string (value));
  return TRUE;
}

static gboolean
check_app_id (const char *app_id, GError **error)
{
  g_autoptr (GVariant) value = NULL;

  if (!app_id || !g_utf8_validate (app_id, -1, NULL))
    return TRUE; /* add_text () tells */
  value = g_variant_ref_sink (g_variant_new_string (app_id));
  if (sbx_option_check_app_id ("app-id", value, error))
    return TRUE;
  g_prefix_error (error, "--app-id=%s: ", app_id);
  return FALSE;
}

/* Whether the command is to be started in the instance of its application that runs already. A launcher's is: that of
 * many applications is to open a file in the window that is there. Not what has a terminal, which ends with that. */
static gboolean
is_joining (const Run *run)
{
  return run->join || (run->forward && !run->new_instance && !run->process.tty);
}

static gboolean
make_options (Run *run, const SbxCommand *command, GError **error)
{
  GVariant *policy;

  if (!check_app_id (run->app_id, error) || !sbx_process_options_make (&run->process, command, run->detach, error)
      || !add_text (run, "app-id", run->app_id, error) || !add_text (run, "on-crash", run->on_crash, error))
    return FALSE;
  run->notes.joins = is_joining (run);
  if (run->notes.joins)
    g_variant_builder_add (&run->process.options, "{sv}", "join", g_variant_new_boolean (TRUE));
  policy = sbx_policy_options_to_variant (run->policy);
  if (policy) {
    run->notes.policy = g_variant_ref_sink (policy);
    g_variant_builder_add (&run->process.options, "{sv}", "policy", policy);
  }
  return TRUE;
}

/* The files among the arguments go as descriptors; *@argv becomes the command without the marks. */
static gboolean
forward_files (Run *run, char ***argv, GError **error)
{
  g_auto (GVariantBuilder) handles = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("ah"));
  g_auto (GVariantBuilder) new_files = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(hay)"));
  g_autoptr (GVariant) files = NULL;

  if (!run->forward)
    return TRUE;
  run->argv = sbx_forward_files (*argv, run->process.fds, &handles, &new_files, error);
  if (!run->argv)
    return FALSE;
  *argv = run->argv;
  g_variant_builder_add (&run->process.options, "{sv}", "forward", g_variant_builder_end (&handles));
  files = g_variant_ref_sink (g_variant_builder_end (&new_files));
  if (g_variant_n_children (files) > 0)
    g_variant_builder_add (&run->process.options, "{sv}", "forward-new", files);
  return TRUE;
}

static GVariant *
make_parameters (Run *run, char **argv)
{
  run->process.open = FALSE;
  return g_variant_new ("(s@aaya{sv})", run->profile, sbx_process_options_argv (argv), &run->process.options);
}

static void
on_reply (GVariant *reply, gpointer data)
{
  Run *run = data;
  const char *path;

  g_variant_get (reply, "(&o)", &path);
  sbx_log_name (&run->kept.log, sbx_instance_id_of_path (path));
  sbx_notes_begin (&run->notes, path);
}

static int
launch_detached (Run *run, SbxService *service, GVariant *parameters)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = sbx_service_call (service, SBX_MANAGER_PATH, SBX_MANAGER_INTERFACE, "Launch", parameters,
                                                 run->process.fds, &error);
  const char *path, *id;

  if (!reply)
    return sbx_fail_error (error);
  g_variant_get (reply, "(&o)", &path);
  id = sbx_instance_id_of_path (path);
  sbx_log_name (&run->kept.log, id);
  if (run->json)
    printf ("{ \"id\" : \"%s\" }\n", id);
  else
    printf ("%s\n", id);
  sbx_notes_begin (&run->notes, path);
  return 0;
}

static int
follow (Run *run, const SbxFollowCall *call)
{
  const SbxLifeline *end = &run->process.lifeline;
  int status = sbx_follow (call);

  g_clear_pointer (&run->process.terminal, sbx_terminal_free); /* what we say is for lines as they were */
  sbx_notes_end (&run->notes, status);
  if (end->exited && WIFEXITED (end->wait_status) && end->ended && end->end.value == SBX_CULPRIT_APPLICATION)
    sbx_notes_leftovers (&run->notes, end->end.leftovers);
  return status;
}

/* Under the default profile a browser has neither a window nor a network: says which profile is made for it. */
static void
propose_profile (const Run *run, const char *program)
{
  const char *profile = program && strcmp (run->profile, "default") == 0 ? sbx_words_profile_of (program) : NULL;

  if (profile && !run->notes.policy)
    g_printerr (_ ("sandboxctl: mind: the profile \"%s\" is made for %s: --profile=%s\n"), profile, program, profile);
}

/* --profile=FILE: the profile that it begins with, and under the options what the file says. */
static gboolean
take_file (Run *run, char ***argv, GError **error)
{
  SbxPolicyOptions *options = run->policy;

  if (!sbx_is_profile_file (run->profile))
    return TRUE;
  run->file = sbx_profile_file_read (run->profile, error);
  if (!run->file)
    return FALSE;
  if (!run->file->inherits)
    return g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                        _ ("%s inherits no profile; Inherits=default below [Profile] is what most begin with"),
                        run->profile),
           FALSE;
  run->policy = g_steal_pointer (&run->file->policy);
  sbx_policy_options_put_all (run->policy, options);
  sbx_policy_options_free (options);
  g_free (run->profile);
  run->profile = g_strdup (run->file->inherits);
  if (!run->app_id)
    run->app_id = g_strdup (sbx_profile_get_app_id (run->file->profile));
  if (!run->on_crash)
    run->on_crash = g_strdup (sbx_profile_get_on_crash (run->file->profile));
  if (!**argv && sbx_profile_get_command (run->file->profile))
    *argv = (char **) sbx_profile_get_command (run->file->profile);
  return TRUE;
}

static int
launch (Run *run, const SbxCommand *command, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxService) service = NULL;
  GVariant *parameters;

  if (!g_utf8_validate (run->profile, -1, NULL))
    return sbx_fail (_ ("--profile=%s is not UTF-8 text"), run->profile);
  if (!take_file (run, &argv, &error) || !make_options (run, command, &error) || !forward_files (run, &argv, &error)
      || !sbx_process_options_pack (&run->process, &error))
    return sbx_fail ("%s", error->message);
  propose_profile (run, argv[0]);
  /* One that is to be joined has to be known before */
  service = run->notes.joins ? sbx_service_open (&error) : sbx_service_open_for_launch (&error);
  if (!service)
    return sbx_fail_error (error);
  parameters = make_parameters (run, argv);
  run->notes.service = service;
  run->notes.profile = run->profile;
  run->notes.argv = g_variant_ref_sink (sbx_process_options_argv (argv));
  if (run->detach)
    return launch_detached (run, service, parameters);
  const SbxFollowCall call = { .service = service,
                               .path = SBX_MANAGER_PATH,
                               .interface = SBX_MANAGER_INTERFACE,
                               .method = "Launch",
                               .parameters = parameters,
                               .fds = run->process.fds,
                               .lifeline = &run->process.lifeline,
                               .terminal = run->process.terminal,
                               .command = argv[0] ? argv[0] : run->profile,
                               .cwd = run->process.cwd,
                               .profile = run->profile,
                               .instance = TRUE,
                               .timeout_ms = (guint) MIN (run->timeout * 1000, G_MAXUINT),
                               .replied = on_reply,
                               .data = run };
  return follow (run, &call);
}

static void
run_clear (Run *run)
{
  sbx_process_options_clear (&run->process);
  sbx_notes_clear (&run->notes);
  sbx_kept_output_clear (&run->kept);
  g_clear_pointer (&run->notes.argv, g_variant_unref);
  g_clear_pointer (&run->notes.policy, g_variant_unref);
  sbx_policy_options_free (run->policy);
  g_free (run->profile);
  g_free (run->app_id);
  g_free (run->on_crash);
  g_strfreev (run->argv);
  g_clear_pointer (&run->file, sbx_profile_file_free);
}

/* launch (), with what it prints kept where nobody would read it. */
static int
launch_kept (Run *run, const SbxCommand *command, char **argv)
{
  const SbxKeptStart start = { run->profile, argv, run->forward, run->detach };
  const char *program = argv[0] ? argv[0] : run->profile;
  int status;

  if (!run->process.tty)
    sbx_kept_output_begin (&run->kept, &start);
  run->process.output = run->kept.log.writer;
  run->process.icon = run->kept.icon;
  status = launch (run, command, argv);
  sbx_kept_output_end (&run->kept, &run->notes, program, status);
  return status;
}

int
sbx_cmd_run (SbxCommand *command)
{
  Run run = { .process = SBX_PROCESS_OPTIONS_INIT, .policy = sbx_policy_options_new (), .kept = SBX_KEPT_OUTPUT_INIT };
  const GOptionEntry entries[] = {
    { "profile", 'p', 0, G_OPTION_ARG_FILENAME, &run.profile, N_ ("A profile or a file with one (default: default)"),
      N_ ("NAME") },
    { "app-id", 0, 0, G_OPTION_ARG_FILENAME, &run.app_id, N_ ("As this application"), N_ ("ID") },
    { "detach", 'd', 0, G_OPTION_ARG_NONE, &run.detach, N_ ("Print the id and do not wait for the end"), NULL },
    { "on-crash", 0, 0, G_OPTION_ARG_FILENAME, &run.on_crash, N_ ("Handler profile for a crash"), N_ ("PROFILE") },
    { "file-forwarding", 0, 0, G_OPTION_ARG_NONE, &run.forward, N_ ("Open up what is between @@ (URIs: @@u) and @@"),
      NULL },
    { "join", 0, 0, G_OPTION_ARG_NONE, &run.join, N_ ("In the sandbox that runs it already"), NULL },
    { "new-instance", 0, 0, G_OPTION_ARG_NONE, &run.new_instance, N_ ("In a sandbox of its own, whatever runs"), NULL },
    { "timeout", 0, 0, G_OPTION_ARG_DOUBLE, &run.timeout, N_ ("End it after this long, with exit status 124"),
      N_ ("SECONDS") },
    { "json", 0, 0, G_OPTION_ARG_NONE, &run.json, N_ ("With --detach: print JSON"), NULL },
    SBX_PROCESS_OPTIONS_ENTRIES (&run.process),
    G_OPTION_ENTRY_NULL,
  };
  int status = 0;

  if (sbx_parse (command, entries, sbx_policy_options_make_group (run.policy), _ ("[--] COMMAND [ARGUMENT…]"),
                 _ ("Starts a command in a sandbox and takes its exit status."), &status)) {
    /* A profile other than the default one may name a command */
    if (command->argc < 2 && !run.profile)
      status = sbx_fail (_ ("run: a command is missing, as in `sandboxctl run -- ps ax`"));
    else if (run.join && run.new_instance)
      status = sbx_fail (_ ("--join and --new-instance exclude each other"));
    else if (run.timeout != 0 && (run.detach || !(run.timeout > 0 && run.timeout <= MAX_TIMEOUT)))
      status = run.detach ? sbx_fail (_ ("--timeout and --detach exclude each other: nobody would look at the clock"))
                          : sbx_fail (_ ("--timeout takes a number of seconds, from 0 to a year"));
    else {
      if (!run.profile)
        run.profile = g_strdup ("default");
      status = launch_kept (&run, command, command->argv + 1);
    }
  }
  run_clear (&run);
  return status;
}
