/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/choice.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/names.h"
#include "daemon/bounds.h"
#include "daemon/launch/joining.h"
#include "daemon/launch/program-names.h"
#include "daemon/launch/running.h"
#include "plan/build.h"
#include "plan/environment.h"
#include "plan/mounts/accessibility.h"
#include "plan/mounts/bus.h"
#include "plan/nested.h"
#include "wire/layout.h"

void
sbx_choice_free (SbxChoice *choice)
{
  g_clear_pointer (&choice->host, sbx_host_unref);
  g_clear_pointer (&choice->profile, sbx_profile_free);
  g_clear_pointer (&choice->policy, sbx_policy_unref);
  g_free (choice->app_id);
  g_strfreev (choice->argv);
  g_free (choice->on_crash);
  g_clear_object (&choice->plan);
  g_clear_object (&choice->running);
  g_clear_pointer (&choice->forward, sbx_forward_free);
  g_free (choice);
}

static SbxPolicy *
merge (const SbxHost *host, const SbxPolicy *base, const SbxLaunchRequest *request, GError **error)
{
  return request->options.policy ? sbx_policy_merge_variant (base, request->options.policy, &host->places, error)
                                 : sbx_policy_ref (base);
}

/* From inside of a sandbox no name stands for what that has itself, which need not be what its profile says now. */
static gboolean
is_own (const char *profile, const SbxLaunchRequest *request)
{
  return !*profile && request->within;
}

static const char *
get_name (const char *profile, const SbxLaunchRequest *request)
{
  return is_own (profile, request) ? request->within_profile : profile;
}

static const SbxPolicy *
get_base (const char *profile, const SbxLaunchRequest *request, SbxProfile *found)
{
  return is_own (profile, request) ? request->within : sbx_profile_get_policy (found);
}

char *
sbx_app_id_from_command (const char *command)
{
  g_autofree char *name = g_path_get_basename (command);

  g_strcanon (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-.", '_');
  /* The same rules as for the option: sbx_option_check_app_id () */
  for (gsize i = 0; name[i]; i++)
    if (name[i] == '.' && (i == 0 || name[i - 1] == '.' || name[i + 1] == '\0'))
      name[i] = '_';
  if (name[0] == '-' || name[0] == '\0')
    return g_strdup_printf ("_%.200s", name);
  return g_strndup (name, 200);
}

static char *
choose_app_id (const SbxLaunchRequest *request, SbxProfile *profile, const char *command)
{
  if (request->options.app_id)
    return g_strdup (request->options.app_id);
  if (sbx_profile_get_app_id (profile))
    return g_strdup (sbx_profile_get_app_id (profile));
  return sbx_app_id_from_command (command);
}

/* The Command= of a handler's profile, with the words @PID@ and @ROOT@ as its target has them. */
static char **
fill_in_target (const char *const *command, guint pid)
{
  g_autofree char *number = g_strdup_printf ("%u", pid);
  char **argv = g_new0 (char *, g_strv_length ((char **) command) + 1);

  for (gsize i = 0; command[i]; i++) {
    g_autoptr (GString) word = g_string_new (command[i]);

    g_string_replace (word, "@PID@", number, 0);
    g_string_replace (word, "@ROOT@", SBX_TARGET_ROOT, 0);
    argv[i] = g_strdup (word->str);
  }
  return argv;
}

static char **
choose_argv (const SbxLaunchRequest *request, SbxProfile *profile, const char *const *fallback, GError **error)
{
  const char *const *of_profile = sbx_profile_get_command (profile);

  if (request->argv[0])
    return g_strdupv (request->argv);
  if (of_profile && of_profile[0])
    return request->handler ? fill_in_target (of_profile, request->target_pid) : g_strdupv ((char **) of_profile);
  if (fallback)
    return g_strdupv ((char **) fallback);
  sbx_throw (error, SBX_ERROR_BAD_OPTION, "no command: name one, since the profile \"%s\" has no Command= of its own",
             sbx_profile_get_name (profile));
  return NULL;
}

/* Describes the command of @request. */
static SbxPlanRequest
describe_command (const SbxLaunchRequest *request, const char *app_id, char **argv)
{
  return (SbxPlanRequest){ .id = request->id[0] ? request->id : NULL,
                           .app_id = app_id,
                           .argv = (const char *const *) argv,
                           .env = (const char *const *) request->env,
                           .inherited = &request->inherited,
                           .unset_env = (const char *const *) request->options.unset_env,
                           .cwd = request->options.cwd,
                           .cwd_also = request->options.cwd_also,
                           .cwd_optional = request->options.cwd_optional,
                           .tty = request->options.tty,
                           .display_env = (const char *const *) request->options.display_env };
}

static SbxPlan *
make_plan (const SbxChoice *choice, const SbxLaunchRequest *request, const SbxChoiceAround *around,
           const GPtrArray *warnings, GError **error)
{
  const SbxHost *host = choice->host;
  SbxPlanRequest plan_request = describe_command (request, choice->app_id, choice->argv);
  g_autofree char *dump_program = NULL, *open_program = NULL;
  char terminal[PATH_MAX];

  if (request->options.tty && !request->within && request->n_fds > 0
      && ttyname_r (request->fds[0], terminal, sizeof terminal) == 0)
    plan_request.terminal = terminal;
  plan_request.handler = request->handler;
  plan_request.learned = request->learn >= 0;
  plan_request.crash_directory = request->crash_directory;
  if (request->handler)
    dump_program = sbx_program_find (host->machine->environment, "sandbox-dump", NULL);
  else
    open_program = sbx_program_find (host->machine->environment, "sandbox-open", NULL);
  plan_request.dump_program = dump_program;
  plan_request.open_program = open_program;
  plan_request.target_enforced = request->target_enforced;
  plan_request.target_in_session = request->target_in_session;
  plan_request.target_pid = request->target_pid;
  plan_request.forward = (const SbxForwardedFile *) (gpointer) choice->forward->files->data;
  plan_request.n_forward = choice->forward->files->len;
  plan_request.warnings = (const char *const *) warnings->pdata;
  plan_request.n_warnings = warnings->len;
  plan_request.accessibility = around->session ? around->session->accessibility : NULL;
  return sbx_plan_new (choice->policy, &plan_request, host->machine, error);
}

/* Chooses the handler for a crash. One that the profile names is part of it; another one counts as attached. */
static gboolean
choose_on_crash (const SbxHost *host, const SbxLaunchRequest *request, SbxChoice *choice, GError **error)
{
  const char *of_profile = sbx_profile_get_on_crash (choice->profile);
  const char *name = request->options.on_crash && request->options.on_crash[0] ? request->options.on_crash : of_profile;
  g_autoptr (SbxProfile) handler = NULL;
  const char *const *command;

  if (!name || g_str_equal (name, SBX_ON_CRASH_NONE) || g_str_equal (name, SBX_ON_CRASH_OWN))
    return TRUE;
  if (g_strcmp0 (of_profile, SBX_ON_CRASH_OWN) == 0)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                      "the option \"on-crash\" cannot be used with the profile \"%s\", whose applications bring crash "
                      "handlers of their own (OnCrash=own): a process has one tracer; use a profile without it, or "
                      "`sandboxctl attach`",
                      sbx_profile_get_name (choice->profile));
  handler = sbx_profile_set_lookup (host->profiles, name, error);
  if (!handler)
    return FALSE;
  command = sbx_profile_get_command (handler);
  if (!command || !command[0])
    return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                      "the option \"on-crash\": the profile \"%s\" has no Command= that could be started", name);
  choice->classes |= sbx_policy_excess (sbx_profile_get_policy (handler), sbx_profile_get_approved_policy (handler));
  if (g_strcmp0 (name, of_profile) != 0 || sbx_profile_get_place (choice->profile) == SBX_PLACE_USER)
    choice->classes |= SBX_CLASS_HANDLER;
  choice->on_crash = g_strdup (name);
  return TRUE;
}

/* Checks that the choice allows no more than @request->within: an error else, and never silently less. A caller in a
 * sandbox may not read what the profile names, since that is the user's. */
static gboolean
check_policy_within (const SbxHost *host, const SbxLaunchRequest *request, const SbxChoice *choice, GError **error)
{
  g_autoptr (SbxPolicy) nothing = sbx_policy_new (), said = NULL, most = NULL;
  g_autofree char *more = NULL;

  if (sbx_policy_leq (choice->policy, request->within))
    return TRUE;
  said = merge (host, nothing, request, error);
  if (!said)
    return FALSE;
  most = sbx_policy_meet (choice->policy, request->within);
  more = sbx_policy_tell_more (most, choice->policy, said);
  return sbx_throw (error, SBX_ERROR_POLICY_EXCEEDED,
                    "the profile \"%s\", with the options, allows more than the calling sandbox has itself: %s; name a "
                    "profile with less, or take it away in the option \"policy\"",
                    sbx_profile_get_name (choice->profile), more);
}

static gboolean
check_plan_within (const SbxLaunchRequest *request, const SbxChoice *choice, GError **error)
{
  gsize n = 0;
  const SbxPlanDirectory *directories = sbx_box_get_directories (sbx_plan_get_box (choice->plan), &n);

  for (gsize i = 0; i < n; i++)
    if (access (directories[i].path, F_OK) < 0)
      return sbx_throw (error, SBX_ERROR_POLICY_EXCEEDED, "%s is not there, and is not made for a sandbox",
                        directories[i].path);
  return sbx_plan_check_nested (choice->plan, request->within, error);
}

/* Looks up a profile. A caller in a sandbox is told neither which other profiles there are nor what is wrong in the
 * text of this one. */
static SbxProfile *
look_up (const SbxHost *host, const char *name, const SbxLaunchRequest *request, GError **error)
{
  g_autoptr (GError) problem = NULL;
  SbxProfile *profile = sbx_profile_set_lookup (host->profiles, name, &problem);

  if (!*name && !request->within)
    sbx_throw (
        error, SBX_ERROR_UNKNOWN_PROFILE,
        "no profile is named; \"\" stands for what the caller has itself, and that there is only inside of a sandbox");
  else if (!profile && !request->within)
    g_propagate_error (error, g_steal_pointer (&problem));
  else if (!profile && g_error_matches (problem, SBX_ERROR, SBX_ERROR_UNKNOWN_PROFILE))
    sbx_throw (error, SBX_ERROR_UNKNOWN_PROFILE,
               "there is no profile \"%.128s\"; `sandboxctl profile list` has them all, outside of this sandbox", name);
  else if (!profile)
    sbx_throw (error, SBX_ERROR_BAD_PROFILE,
               "the profile \"%.128s\" cannot be used; `sandboxctl profile check` says why, outside of this sandbox",
               name);
  return profile;
}

/* Gives the application its own names, for which nobody is asked: this comes after what is to be approved is known. */
static void
add_own_names (SbxContext *context, const SbxChoiceAround *around, const SbxLaunchRequest *request, SbxChoice *choice,
               GPtrArray *warnings)
{
  const SbxOwnNames own = { .app_id = choice->app_id,
                            .command = choice->argv[0],
                            .within = request->within,
                            .session = around->session,
                            .registry = around->registry,
                            .runtime = context->runtime,
                            .environment = (const char *const *) context->environment };
  SbxPolicy *policy;

  if (request->handler)
    return;
  policy = sbx_own_names_add (&own, choice->policy, warnings);
  sbx_policy_unref (choice->policy);
  choice->policy = policy;
}

/* For what it starts in turn: of the caller's variables those that a plan looks at, since they go to a file. What is
 * too much to be kept is nothing, and not the service's own. */
static char **
keep_display (const SbxLaunchRequest *request, const SbxPolicy *policy)
{
  g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func (g_free);
  gsize size = 0;

  if (!request->options.display_env)
    return NULL;
  for (char **row = request->options.display_env; *row; row++) {
    g_autofree char *name = g_strndup (*row, strcspn (*row, "="));

    if (!sbx_plan_looks_at (policy, name))
      continue;
    size += strlen (*row);
    g_ptr_array_add (kept, g_strdup (*row));
  }
  if (size > SBX_DISPLAY_KEPT)
    g_ptr_array_set_size (kept, 0);
  g_ptr_array_add (kept, NULL);
  return (char **) g_ptr_array_steal (kept, NULL);
}

/* Whether the command is to join an instance that runs already: then nothing has to be planned. */
static gboolean
find_running (const SbxChoiceAround *around, const SbxLaunchRequest *request, SbxChoice *choice, GPtrArray *warnings)
{
  g_auto (GStrv) display = keep_display (request, choice->policy);
  const GArray *files = choice->forward->files;
  const SbxJoinWanted wanted = { .app_id = choice->app_id,
                                 .profile = sbx_profile_get_name (choice->profile),
                                 .command = choice->argv[0],
                                 .on_crash = choice->on_crash,
                                 .policy = choice->policy,
                                 .host = choice->host,
                                 .display = display,
                                 .files = (const SbxForwardedFile *) (gpointer) files->data,
                                 .n_files = files->len,
                                 .refused = around->obstacle };
  SbxInstance *running;
  char *obstacle = NULL;

  if (!request->options.join || request->handler || request->within)
    return FALSE;
  running = sbx_joining_find (around->registry, &wanted, &obstacle);
  if (running)
    choice->running = g_object_ref (running);
  if (obstacle)
    g_ptr_array_add (warnings, obstacle);
  return running != NULL;
}

static SbxChoice *
choose (SbxContext *context, const SbxChoiceAround *around, const char *profile, const SbxLaunchRequest *request,
        const char *const *fallback_argv, GError **error)
{
  SbxHost *host = context->host;
  g_autoptr (SbxChoice) choice = g_new0 (SbxChoice, 1);
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);

  choice->host = sbx_host_ref (host);
  choice->profile = look_up (host, get_name (profile, request), request, error);
  if (!choice->profile)
    return NULL;
  choice->argv = choose_argv (request, choice->profile, fallback_argv, error);
  if (!choice->argv)
    return NULL;
  choice->policy = merge (host, get_base (profile, request, choice->profile), request, error);
  /* Before a file of the profile is looked at */
  if (!choice->policy || (request->within && !check_policy_within (host, request, choice, error)))
    return NULL;
  choice->classes = sbx_policy_excess (choice->policy, sbx_profile_get_approved_policy (choice->profile));
  choice->forward = sbx_forward_new (host->machine, request->forward, request->n_forward, choice->policy,
                                     sbx_profile_get_approved_policy (choice->profile), error);
  if (!choice->forward
      || !sbx_forward_add_new (choice->forward, host->machine, request->new_files, request->n_new_files, choice->policy,
                               sbx_profile_get_approved_policy (choice->profile), error))
    return NULL;
  choice->classes |= choice->forward->classes;
  if (!request->handler && !request->within && !choose_on_crash (host, request, choice, error))
    return NULL;
  if (request->within) /* which is approved */
    choice->classes = 0;
  choice->app_id = choose_app_id (request, choice->profile, choice->argv[0]);
  if (find_running (around, request, choice, warnings))
    return g_steal_pointer (&choice);
  add_own_names (context, around, request, choice, warnings);
  choice->plan = make_plan (choice, request, around, warnings, error);
  if (!choice->plan || (request->within && !check_plan_within (request, choice, error)))
    return NULL;
  return g_steal_pointer (&choice);
}

SbxSessionQuestion *
sbx_choice_get_question (SbxContext *context, const char *profile, const SbxLaunchRequest *request)
{
  g_autoptr (SbxSessionQuestion) question = NULL;
  g_autoptr (SbxProfile) found = sbx_profile_set_lookup (context->host->profiles, get_name (profile, request), NULL);
  g_autoptr (SbxPolicy) policy =
      found ? merge (context->host, get_base (profile, request, found), request, NULL) : NULL;
  g_auto (GStrv) argv = policy ? choose_argv (request, found, NULL, NULL) : NULL;
  g_autofree char *app_id = argv ? choose_app_id (request, found, argv[0]) : NULL;
  g_autoptr (GPtrArray) written = NULL;

  if (!app_id || request->handler)
    return NULL;
  question = g_new0 (SbxSessionQuestion, 1);
  written = request->within ? NULL : sbx_program_names (policy, app_id, argv[0]);
  question->names = request->within ? g_ptr_array_new () : sbx_own_names_list (policy, app_id, argv[0], written);
  question->documents = sbx_mounts_wants_documents (policy, context->host->machine);
  question->accessibility = sbx_mounts_wants_accessibility (policy);
  return sbx_session_question_is_empty (question) ? NULL : g_steal_pointer (&question);
}

SbxChoice *
sbx_choice_new (SbxContext *context, const SbxChoiceAround *around, const char *profile,
                const SbxLaunchRequest *request, const char *const *fallback_argv, GError **error)
{
  GError *problem = NULL;
  SbxChoice *choice = choose (context, around, profile, request, fallback_argv, &problem);

  if (g_error_matches (problem, SBX_ERROR, SBX_ERROR_NOT_SUPPORTED) && sbx_context_probe_again (context)) {
    g_clear_error (&problem);
    choice = choose (context, around, profile, request, fallback_argv, &problem);
  }
  if (problem)
    g_propagate_error (error, problem);
  return choice;
}

SbxProcess *
sbx_launch_request_make_process (const SbxHost *host, const SbxLaunchRequest *request, const SbxInfo *info,
                                 GError **error)
{
  g_autoptr (SbxPolicy) policy = sbx_running_policy (host, info, error);
  SbxPlanRequest plan_request;

  if (!policy)
    return NULL;
  if (!request->argv[0]) {
    sbx_throw (error, SBX_ERROR_BAD_OPTION, "no command: name one");
    return NULL;
  }
  if (!info->offers) {
    sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
               "the record of this instance does not say which variables its processes get: it cannot be read, or "
               "is of an older version; stop the instance and start it again");
    return NULL;
  }
  plan_request = describe_command (request, info->app_id, request->argv);
  return sbx_process_new (policy, info->offers, &plan_request, host->machine->environment);
}

GVariant *
sbx_command_to_variant (const char *const *argv)
{
  GVariantBuilder builder;
  gsize room = SBX_COMMAND_SHOWN;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_BYTESTRING_ARRAY);
  for (gsize i = 0; argv[i]; i++) {
    gsize size = strlen (argv[i]) + 1;

    if (size > room) {
      g_variant_builder_add_value (&builder, g_variant_new_bytestring ("\xe2\x80\xa6")); /* … */
      break;
    }
    room -= size;
    g_variant_builder_add_value (&builder, g_variant_new_bytestring (argv[i]));
  }
  return g_variant_builder_end (&builder);
}

/* SBX_INFO_FILES, or NULL for none; the caller's. */
static GVariant *
list_files (const SbxForward *forward)
{
  GVariantBuilder builder;

  if (forward->files->len == 0)
    return NULL;
  g_variant_builder_init (&builder, G_VARIANT_TYPE (SBX_INFO_FILES));
  for (guint i = 0; i < forward->files->len; i++)
    g_variant_builder_add_value (&builder,
                                 sbx_forwarded_file_describe (&g_array_index (forward->files, SbxForwardedFile, i)));
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

SbxInfo *
sbx_choice_make_info (const SbxChoice *choice, const SbxLaunchRequest *request, guint64 id, SbxInstance *parent)
{
  SbxInfo *info = g_new0 (SbxInfo, 1);
  gboolean limited = FALSE;

  for (int i = 0; i < SBX_N_LIMITS; i++)
    limited = limited || (i != SBX_LIMIT_CPU && sbx_policy_get_limit (choice->policy, (SbxLimit) i) != SBX_LIMIT_NONE);
  info->id = id;
  info->parent = parent ? sbx_instance_get_id (parent) : 0;
  info->nested = request->within != NULL;
  info->display = keep_display (request, choice->policy);
  info->offers = sbx_offers_ref (sbx_plan_get_box (choice->plan)->offers);
  info->app_id = g_strdup (choice->app_id);
  info->profile = g_strdup (sbx_profile_get_name (choice->profile));
  info->command = g_variant_ref_sink (sbx_command_to_variant ((const char *const *) choice->argv));
  info->policy = g_variant_ref_sink (sbx_policy_to_variant (choice->policy));
  info->warnings = g_strdupv ((char **) sbx_plan_get_warnings (choice->plan));
  info->files = list_files (choice->forward);
  info->limits = g_strdup (limited ? "rlimit" : "none");
  info->on_crash = g_strdup (choice->on_crash ? choice->on_crash : "");
  return info;
}
