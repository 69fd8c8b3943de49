/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The methods of org.example.Sandbox. */
#include <gio/gunixfdlist.h>
#include <unistd.h>

#include "common/error.h"
#include "common/names.h"
#include "daemon/bus/functions.h"
#include "daemon/identity/identify.h"
#include "daemon/launch/choice.h"
#include "daemon/launch/launch.h"
#include "daemon/launch/surroundings.h"
#include "plan/variant.h"
#include "policy/real-names.h"

static void
on_launched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SbxCall *call = user_data;
  GError *error = NULL;
  g_autoptr (SbxInstance) instance = sbx_launch_finish (result, &error);

  if (instance)
    sbx_call_return (call, g_variant_new ("(o)", sbx_instance_get_path (instance)));
  else
    sbx_call_fail (call, error);
}

void
sbx_method_launch (SbxCall *call)
{
  GVariant *parameters = g_dbus_method_invocation_get_parameters (call->invocation);
  GDBusMessage *message = g_dbus_method_invocation_get_message (call->invocation);
  g_autoptr (GVariant) argv = g_variant_get_child_value (parameters, 1);
  g_autoptr (GVariant) options = g_variant_get_child_value (parameters, 2);
  SbxLaunchCall launch_call = { .argv = argv,
                                .options = options,
                                .fds = g_dbus_message_get_unix_fd_list (message),
                                .interactive = sbx_call_is_interactive (call) };

  g_variant_get_child (parameters, 0, "&s", &launch_call.profile);
  sbx_launch_async (sbx_call_get_context (call), sbx_call_get_registry (call), call->subject, &launch_call, on_launched,
                    call);
}

/* What the disk adds: links, other names of what is closed, and why nothing would be started. */
static void
look_at_layers (const SbxChoice *choice, GVariantDict *dict)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxSurroundings) surroundings = sbx_surroundings_new (choice->host, 0);
  g_autoptr (SbxLayers) layers = NULL;

  surroundings->around.only_looking = TRUE;
  layers = sbx_layers_new (sbx_plan_get_box (choice->plan), choice->policy, NULL, 0, &surroundings->around, &error);
  if (!layers) {
    g_variant_dict_insert (dict, "refused", "s", error->message);
    return;
  }
  g_variant_dict_insert (dict, "links", "^as", sbx_layers_get_links (layers));
  g_variant_dict_insert (dict, "closed", "^as", sbx_layers_get_covers (layers));
}

static GVariant *
explain_choice (const SbxChoice *choice, gboolean looked_at)
{
  g_autoptr (GVariant) plan = g_variant_ref_sink (sbx_plan_to_variant (choice->plan));
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (plan);
  g_autofree const char **actions = sbx_gate_actions (SBX_ACTION_LAUNCH, choice->classes);

  g_variant_dict_insert (&dict, "profile", "s", sbx_profile_get_name (choice->profile));
  g_variant_dict_insert (&dict, "app-id", "s", choice->app_id);
  if (choice->on_crash)
    g_variant_dict_insert (&dict, "on-crash", "s", choice->on_crash);
  g_variant_dict_insert_value (&dict, "policy", sbx_policy_to_variant (choice->policy));
  g_variant_dict_insert_value (&dict, "exposure",
                               looked_at ? sbx_score_here_to_variant (choice->policy, &choice->host->places)
                                         : sbx_score_to_variant (choice->policy, &choice->host->places));
  g_variant_dict_insert_value (&dict, "actions", g_variant_new_strv (actions, -1));
  if (looked_at)
    look_at_layers (choice, &dict);
  return g_variant_dict_end (&dict);
}

/* From inside of a sandbox it says what could be started from there, and nothing of what else there is. */
static gboolean
limit (SbxCall *call, SbxLaunchRequest *request, GError **error)
{
  if (!call->subject->own)
    return sbx_subject_check_outside (call->subject, error);
  return sbx_launch_request_set_within (request, sbx_instance_get_info (call->subject->own),
                                        &sbx_call_get_context (call)->host->places, error);
}

void
sbx_method_explain (SbxCall *call)
{
  GVariant *parameters = g_dbus_method_invocation_get_parameters (call->invocation);
  g_autoptr (GVariant) argv = g_variant_get_child_value (parameters, 1);
  g_autoptr (GVariant) options = g_variant_get_child_value (parameters, 2);
  const char *some_command[] = { NULL, NULL };
  const char *profile;
  GError *error = NULL;
  g_autoptr (SbxLaunchRequest) request =
      sbx_launch_request_new (argv, options, sbx_launch_options, NULL, FALSE, &error);
  g_autoptr (SbxChoice) choice = NULL;
  /* Nothing is started, so nobody is asked who has the application's names now */
  g_autoptr (SbxSession) session = sbx_call_get_context (call)->bus ? sbx_session_new_presumed () : NULL;
  const SbxChoiceAround around = { session, sbx_call_get_registry (call), NULL };

  g_variant_get_child (parameters, 0, "&s", &profile);
  some_command[0] = profile;
  if (request)
    request->options.join = FALSE; /* it is told what would be started, whatever runs */
  if (request && limit (call, request, &error))
    choice = sbx_choice_new (sbx_call_get_context (call), &around, profile, request, some_command, &error);
  if (choice)
    sbx_call_return (call, g_variant_new ("(@a{sv})", explain_choice (choice, !call->subject->own)));
  else
    sbx_call_fail (call, error);
}

static const char *
place_name (SbxPlace place)
{
  static const char *const names[] = {
    [SBX_PLACE_VENDOR] = "vendor", [SBX_PLACE_ADMIN] = "administrator", [SBX_PLACE_USER] = "user"
  };

  return names[place];
}

void
sbx_method_list_profiles (SbxCall *call)
{
  SbxProfileSet *profiles = sbx_call_get_context (call)->host->profiles;
  g_auto (GStrv) names = sbx_profile_set_list (profiles);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ssss)"));
  for (gsize i = 0; names[i]; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxProfile) profile = sbx_profile_set_lookup (profiles, names[i], &error);
    const char *description = profile ? sbx_profile_get_description (profile) : NULL;

    g_variant_builder_add (&builder, "(ssss)", names[i], description ? description : "",
                           profile ? place_name (sbx_profile_get_place (profile)) : "", error ? error->message : "");
  }
  sbx_call_return (call, g_variant_new ("(a(ssss))", &builder));
}

static GVariant *
make_details (SbxProfile *profile)
{
  const struct {
    const char *key, *value;
  } words[] = {
    { "description", sbx_profile_get_description (profile) },  { "app-id", sbx_profile_get_app_id (profile) },
    { "on-crash", sbx_profile_get_on_crash (profile) },        { "icon", sbx_profile_get_icon (profile) },
    { "place", place_name (sbx_profile_get_place (profile)) },
  };
  const char *const *command = sbx_profile_get_command (profile);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (words[i].value)
      g_variant_builder_add (&builder, "{sv}", words[i].key, g_variant_new_string (words[i].value));
  if (command)
    g_variant_builder_add (&builder, "{sv}", "command", g_variant_new_bytestring_array (command, -1));
  return g_variant_builder_end (&builder);
}

void
sbx_method_get_profile (SbxCall *call)
{
  const char *name;
  GError *error = NULL;
  g_autoptr (SbxProfile) profile = NULL;

  g_variant_get (g_dbus_method_invocation_get_parameters (call->invocation), "(&s)", &name);
  profile = sbx_profile_set_lookup (sbx_call_get_context (call)->host->profiles, name, &error);
  if (!profile) {
    sbx_call_fail (call, error);
    return;
  }
  sbx_call_return (call,
                   g_variant_new ("(@a{sv}@a(ssssu)@a{sv})", sbx_policy_to_variant (sbx_profile_get_policy (profile)),
                                  sbx_profile_get_origins (profile), make_details (profile)));
}

/* The descriptor that the call's only argument stands for, ours to close; -1 with BAD_OPTION or LIMITS. */
static int
take_descriptor (SbxCall *call, GError **error)
{
  GUnixFDList *fds = g_dbus_message_get_unix_fd_list (g_dbus_method_invocation_get_message (call->invocation));
  g_autoptr (GError) problem = NULL;
  gint32 handle;
  int fd;

  g_variant_get (g_dbus_method_invocation_get_parameters (call->invocation), "(h)", &handle);
  if (!fds || handle < 0 || handle >= g_unix_fd_list_get_length (fds)) {
    sbx_throw (error, SBX_ERROR_BAD_OPTION, "pidfd: no descriptor came with the call");
    return -1;
  }
  fd = g_unix_fd_list_get (fds, handle, &problem);
  if (fd < 0)
    sbx_throw (error, SBX_ERROR_LIMITS, "pidfd: %s", problem->message);
  return fd;
}

void
sbx_method_identify (SbxCall *call)
{
  GError *error = NULL;
  SbxInstance *instance = NULL;
  int pidfd = take_descriptor (call, &error);
  gboolean ok =
      pidfd >= 0
      && sbx_identify (sbx_call_get_registry (call), sbx_call_get_context (call)->runtime, pidfd, &instance, &error);

  if (pidfd >= 0)
    close (pidfd);
  if (!ok) {
    sbx_call_fail (call, error);
    return;
  }
  if (instance && !sbx_subject_may_see (call->subject, instance))
    instance = NULL;
  sbx_call_return (call, g_variant_new ("(to)", instance ? sbx_instance_get_id (instance) : 0,
                                        instance ? sbx_instance_get_path (instance) : "/"));
}
