/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/request.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/bounds.h"
#include "plan/build.h"
#include "plan/nested.h"
#include "wire/layout.h"

void
sbx_launch_request_free (SbxLaunchRequest *request)
{
  g_free (request->app_id);
  g_strfreev (request->argv);
  g_strfreev (request->env);
  g_strfreev (request->unset_env);
  g_strfreev (request->display_env);
  g_free (request->cwd);
  g_clear_pointer (&request->policy, g_variant_unref);
  g_clear_pointer (&request->within, sbx_policy_unref);
  g_clear_object (&request->list);
  g_free (request->targets);
  g_free (request->fds);
  g_free (request->forward);
  g_free (request->on_crash);
  g_free (request->crash_directory);
  g_free (request);
}

/* An `ay`, with or without a NUL at its end (GVariant's bytestrings have one, other bindings send none). */
static char *
take_bytes (GVariant *bytes, const char *what, GError **error)
{
  gsize n = 0;
  const char *data = g_variant_get_fixed_array (bytes, &n, 1);

  if (n > 0 && data[n - 1] == '\0')
    n--;
  if (n > 0 && memchr (data, '\0', n)) {
    sbx_throw (error, SBX_ERROR_BAD_OPTION, "%s has a NUL in it", what);
    return NULL;
  }
  return g_strndup (data ? data : "", n);
}

static gboolean
take_argv (SbxLaunchRequest *request, GVariant *argv, GError **error)
{
  gsize n = g_variant_n_children (argv);

  request->argv = g_new0 (char *, n + 1);
  for (gsize i = 0; i < n; i++) {
    g_autoptr (GVariant) bytes = g_variant_get_child_value (argv, i);

    request->argv[i] = take_bytes (bytes, "an argument of the command", error);
    if (!request->argv[i])
      return FALSE;
  }
  if (n > 0 && request->argv[0][0] == '\0')
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "the command is an empty string");
  return TRUE;
}

static char **
take_env (GVariant *env)
{
  g_autoptr (GPtrArray) strings = g_ptr_array_new ();
  const char *name, *value;
  GVariantIter iter;

  g_variant_iter_init (&iter, env);
  while (g_variant_iter_next (&iter, "{&s&s}", &name, &value))
    g_ptr_array_add (strings, g_strconcat (name, "=", value, NULL));
  g_ptr_array_add (strings, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&strings), FALSE);
}

static gboolean
take_plain_options (SbxLaunchRequest *request, GVariant *options, GError **error)
{
  g_autoptr (GVariant) cwd = g_variant_lookup_value (options, "cwd", G_VARIANT_TYPE_BYTESTRING);
  g_autoptr (GVariant) env = g_variant_lookup_value (options, "env", G_VARIANT_TYPE ("a{ss}"));
  const char *token = NULL;

  g_variant_lookup (options, "app-id", "s", &request->app_id);
  g_variant_lookup (options, "cwd-optional", "b", &request->cwd_optional);
  g_variant_lookup (options, "tty", "b", &request->tty);
  g_variant_lookup (options, "hold", "b", &request->hold);
  g_variant_lookup (options, "unset-env", "^as", &request->unset_env);
  g_variant_lookup (options, "display-env", "^as", &request->display_env);
  request->policy = g_variant_lookup_value (options, "policy", G_VARIANT_TYPE_VARDICT);
  if (cwd && !(request->cwd = take_bytes (cwd, "the option \"cwd\"", error)))
    return FALSE;
  if (env)
    request->env = take_env (env);
  if (g_variant_lookup (options, "activation-token", "&s", &token)) {
    if (!request->env)
      request->env = g_new0 (char *, 1);
    request->env = g_environ_setenv (request->env, "XDG_ACTIVATION_TOKEN", token, FALSE);
    request->env = g_environ_setenv (request->env, "DESKTOP_STARTUP_ID", token, FALSE);
  }
  g_variant_lookup (options, "on-crash", "s", &request->on_crash);
  return TRUE;
}

static int
find_fd (SbxLaunchRequest *request, gint32 handle, const char *key, GError **error)
{
  gint n = 0;
  const gint *all = request->list ? g_unix_fd_list_peek_fds (request->list, &n) : NULL;

  if (handle >= 0 && handle < n)
    return all[handle];
  sbx_throw (error, SBX_ERROR_BAD_OPTION, "the option \"%s\" names descriptor %d, but the message carries %d", key,
             handle, n);
  return -1;
}

typedef struct {
  gint32 target;
  int fd;
} Mapped;

static int
compare_targets (gconstpointer a, gconstpointer b)
{
  const Mapped *first = a, *second = b;

  return (first->target > second->target) - (first->target < second->target);
}

static gboolean
take_fds (SbxLaunchRequest *request, GVariant *map, GError **error)
{
  gsize n = g_variant_n_children (map);
  g_autofree Mapped *mapped = g_new0 (Mapped, n + 1);

  for (gsize i = 0; i < n; i++) {
    guint32 target;
    gint32 handle;

    g_variant_get_child (map, i, "{uh}", &target, &handle);
    mapped[i] = (Mapped){ (gint32) target, find_fd (request, handle, "fds", error) };
    if (mapped[i].fd < 0)
      return FALSE;
  }
  qsort (mapped, n, sizeof *mapped, compare_targets);
  request->targets = g_new0 (gint32, n + 1);
  request->fds = g_new0 (int, n + 1);
  request->n_fds = n;
  for (gsize i = 0; i < n; i++) {
    if (i > 0 && mapped[i].target == mapped[i - 1].target)
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "the option \"fds\" names %d twice", mapped[i].target);
    request->targets[i] = mapped[i].target;
    request->fds[i] = mapped[i].fd;
  }
  return TRUE;
}

static gboolean
take_lifeline (SbxLaunchRequest *request, gint32 handle, GError **error)
{
  int type = 0, domain = 0;
  socklen_t size = sizeof type;

  request->lifeline = find_fd (request, handle, "lifeline", error);
  if (request->lifeline < 0)
    return FALSE;
  if (getsockopt (request->lifeline, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET
      && getsockopt (request->lifeline, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX)
    return TRUE;
  return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                    "the option \"lifeline\" is no connected AF_UNIX socket of type SOCK_SEQPACKET");
}

static gboolean
take_forward (SbxLaunchRequest *request, GVariant *handles, GError **error)
{
  request->n_forward = g_variant_n_children (handles);
  request->forward = g_new0 (int, request->n_forward + 1);
  for (gsize i = 0; i < request->n_forward; i++) {
    gint32 handle;

    g_variant_get_child (handles, i, "h", &handle);
    request->forward[i] = find_fd (request, handle, "forward", error);
    if (request->forward[i] < 0)
      return FALSE;
  }
  return TRUE;
}

static gboolean
take_fd_options (SbxLaunchRequest *request, GVariant *options, GError **error)
{
  g_autoptr (GVariant) map = g_variant_lookup_value (options, "fds", G_VARIANT_TYPE ("a{uh}"));
  g_autoptr (GVariant) forward = g_variant_lookup_value (options, "forward", G_VARIANT_TYPE ("ah"));
  gint32 lifeline;

  if (map && !take_fds (request, map, error))
    return FALSE;
  if (forward && !take_forward (request, forward, error))
    return FALSE;
  if (g_variant_lookup (options, "lifeline", "h", &lifeline) && !take_lifeline (request, lifeline, error))
    return FALSE;
  if (request->tty && (request->n_fds == 0 || request->targets[0] != STDIN_FILENO))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                      "the option \"tty\" makes descriptor 0 the terminal, and \"fds\" has no 0");
  return TRUE;
}

SbxLaunchRequest *
sbx_launch_request_new (GVariant *argv, GVariant *options, const SbxOptionSpec *table, GUnixFDList *fds,
                        gboolean look_at_fds, GError **error)
{
  g_autoptr (SbxLaunchRequest) request = g_new0 (SbxLaunchRequest, 1);

  request->lifeline = -1;
  request->list = fds ? g_object_ref (fds) : NULL;
  if (!sbx_options_check (options, table, error) || !take_argv (request, argv, error)
      || !take_plain_options (request, options, error) || (look_at_fds && !take_fd_options (request, options, error)))
    return NULL;
  return g_steal_pointer (&request);
}

/* The number of the process @pid in its own pid namespace: the last one of NSpid in /proc/PID/status (proc(5)). It is
 * only told to people and programs; 0 when it cannot be had. */
static guint
pid_inside (gint32 pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", pid), *text = NULL;
  const char *line, *end, *word;

  if (!g_file_get_contents (path, &text, NULL, NULL) || !(line = strstr (text, "\nNSpid:")))
    return 0;
  end = strchr (line + 1, '\n');
  word = end ? end : line + strlen (line);
  while (word > line && g_ascii_isdigit (word[-1]))
    word--;
  return (guint) g_ascii_strtoull (word, NULL, 10);
}

void
sbx_launch_request_set_target (SbxLaunchRequest *request, SbxInstance *target, guint pid, const char *crash_directory)
{
  request->handler = TRUE;
  request->target_enforced = sbx_instance_get_enforced (target);
  request->target_pid = pid != 0 ? pid : pid_inside (sbx_instance_get_pid (target));
  request->crash_directory = g_strdup (crash_directory);
}

gboolean
sbx_launch_request_set_within (SbxLaunchRequest *request, const SbxInfo *info, SbxContext *context, GError **error)
{
  g_autoptr (SbxPolicy) nothing = sbx_policy_new ();

  if (request->app_id && !g_str_equal (request->app_id, info->app_id))
    return sbx_throw (error, SBX_ERROR_POLICY_EXCEEDED,
                      "the option \"app-id\": from inside of %s nothing can be started as %s; leave it out",
                      info->app_id, request->app_id);
  if (request->n_forward > 0)
    return sbx_throw (error, SBX_ERROR_POLICY_EXCEEDED,
                      "the option \"forward\": a sandbox hands no files on by their path; pass descriptors in \"fds\"");
  if (request->on_crash && !g_str_equal (request->on_crash, SBX_ON_CRASH_NONE))
    return sbx_throw (error, SBX_ERROR_POLICY_EXCEEDED,
                      "the option \"on-crash\": a sandbox starts no crash handlers; leave it out");
  request->within = sbx_policy_merge_variant (nothing, info->policy, &context->places, error);
  g_free (request->app_id);
  request->app_id = g_strdup (info->app_id);
  /* Which socket and which cookie a display is has been said by somebody outside */
  g_strfreev (request->display_env);
  request->display_env = g_strdupv (info->display);
  return request->within != NULL;
}

void
sbx_choice_free (SbxChoice *choice)
{
  g_clear_object (&choice->profile);
  g_clear_pointer (&choice->policy, sbx_policy_unref);
  g_free (choice->app_id);
  g_strfreev (choice->argv);
  g_free (choice->on_crash);
  g_clear_object (&choice->plan);
  g_clear_pointer (&choice->forward, sbx_forward_free);
  g_free (choice);
}

static SbxPolicy *
merge (SbxContext *context, const SbxPolicy *base, const SbxLaunchRequest *request, GError **error)
{
  return request->policy ? sbx_policy_merge_variant (base, request->policy, &context->places, error)
                         : sbx_policy_ref (base);
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
  if (request->app_id)
    return g_strdup (request->app_id);
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

/* What of @request is about the command. */
static SbxPlanRequest
describe_command (const SbxLaunchRequest *request, const char *app_id, char **argv)
{
  return (SbxPlanRequest){ .id = request->id[0] ? request->id : NULL,
                           .app_id = app_id,
                           .argv = (const char *const *) argv,
                           .env = (const char *const *) request->env,
                           .unset_env = (const char *const *) request->unset_env,
                           .cwd = request->cwd,
                           .cwd_optional = request->cwd_optional,
                           .tty = request->tty,
                           .display_env = (const char *const *) request->display_env };
}

static SbxPlan *
make_plan (SbxContext *context, const SbxLaunchRequest *request, const SbxPolicy *policy, const char *app_id,
           char **argv, const SbxForward *forward, GError **error)
{
  SbxPlanRequest plan_request = describe_command (request, app_id, argv);
  char terminal[PATH_MAX];

  if (request->tty && !request->within && request->n_fds > 0
      && ttyname_r (request->fds[0], terminal, sizeof terminal) == 0)
    plan_request.terminal = terminal;
  plan_request.handler = request->handler;
  plan_request.crash_directory = request->crash_directory;
  plan_request.dump_program = request->handler ? sbx_context_get_dump_program (context) : NULL;
  plan_request.target_enforced = request->target_enforced;
  plan_request.target_pid = request->target_pid;
  plan_request.forward = (const SbxForwardedFile *) (gpointer) forward->files->data;
  plan_request.n_forward = forward->files->len;
  return sbx_plan_new (policy, &plan_request, context->machine, error);
}

/* Which handler a crash gets. What the profile names is part of it; another one is as if it were attached. */
static gboolean
choose_on_crash (SbxContext *context, const SbxLaunchRequest *request, SbxChoice *choice, GError **error)
{
  const char *of_profile = sbx_profile_get_on_crash (choice->profile);
  const char *name = request->on_crash && request->on_crash[0] ? request->on_crash : of_profile;
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
  handler = sbx_profile_set_lookup (context->profiles, name, error);
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

/* Exactly what @request is within, or less: an error else, and never silently less. What the profile names, the caller
 * may not read: it is the user's. */
static gboolean
check_policy_within (SbxContext *context, const SbxLaunchRequest *request, const SbxChoice *choice, GError **error)
{
  g_autoptr (SbxPolicy) nothing = sbx_policy_new (), said = NULL, most = NULL;
  g_autofree char *more = NULL;

  if (sbx_policy_leq (choice->policy, request->within))
    return TRUE;
  said = merge (context, nothing, request, error);
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

/* Which others there are, and what is wrong in the words of this one, is not for a caller in a sandbox. */
static SbxProfile *
look_up (SbxContext *context, const char *name, const SbxLaunchRequest *request, GError **error)
{
  g_autoptr (GError) problem = NULL;
  SbxProfile *profile = sbx_profile_set_lookup (context->profiles, name, &problem);

  if (!profile && !request->within)
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

static SbxChoice *
choose (SbxContext *context, const char *profile, const SbxLaunchRequest *request, const char *const *fallback_argv,
        GError **error)
{
  g_autoptr (SbxChoice) choice = g_new0 (SbxChoice, 1);

  choice->profile = look_up (context, profile, request, error);
  if (!choice->profile)
    return NULL;
  choice->argv = choose_argv (request, choice->profile, fallback_argv, error);
  if (!choice->argv)
    return NULL;
  choice->policy = merge (context, sbx_profile_get_policy (choice->profile), request, error);
  /* Before a file of the profile is looked at */
  if (!choice->policy || (request->within && !check_policy_within (context, request, choice, error)))
    return NULL;
  choice->classes = sbx_policy_excess (choice->policy, sbx_profile_get_approved_policy (choice->profile));
  choice->forward = sbx_forward_new (context->machine, request->forward, request->n_forward, choice->policy,
                                     sbx_profile_get_approved_policy (choice->profile), error);
  if (!choice->forward)
    return NULL;
  choice->classes |= choice->forward->classes;
  if (!request->handler && !request->within && !choose_on_crash (context, request, choice, error))
    return NULL;
  if (request->within) /* which is approved */
    choice->classes = 0;
  choice->app_id = choose_app_id (request, choice->profile, choice->argv[0]);
  choice->plan = make_plan (context, request, choice->policy, choice->app_id, choice->argv, choice->forward, error);
  if (!choice->plan || (request->within && !check_plan_within (request, choice, error)))
    return NULL;
  return g_steal_pointer (&choice);
}

SbxChoice *
sbx_choice_new (SbxContext *context, const char *profile, const SbxLaunchRequest *request,
                const char *const *fallback_argv, GError **error)
{
  GError *problem = NULL;
  SbxChoice *choice = choose (context, profile, request, fallback_argv, &problem);

  if (g_error_matches (problem, SBX_ERROR, SBX_ERROR_NOT_SUPPORTED) && sbx_context_probe_again (context)) {
    g_clear_error (&problem);
    choice = choose (context, profile, request, fallback_argv, &problem);
  }
  if (problem)
    g_propagate_error (error, problem);
  return choice;
}

SbxProcess *
sbx_launch_request_make_process (SbxContext *context, const SbxLaunchRequest *request, const SbxInfo *info,
                                 GError **error)
{
  g_autoptr (SbxPolicy) bottom = sbx_policy_new ();
  g_autoptr (SbxPolicy) policy = sbx_policy_merge_variant (bottom, info->policy, &context->places, error);
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
  return sbx_process_new (policy, info->offers, &plan_request, (const char *const *) context->environment);
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
