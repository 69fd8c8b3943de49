/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandboxctl learn: runs a command, and proposes a profile by what it used and missed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/denied.h"
#include "cli/exposure.h"
#include "cli/forward.h"
#include "cli/instances.h"
#include "cli/learned-file.h"
#include "cli/learned-missed.h"
#include "cli/learned-text.h"
#include "cli/link/follow.h"
#include "cli/process-options.h"
#include "cli/verbs/functions.h"
#include "common/error.h"
#include "policy/options.h"

#define STILL_REFUSED 1 /* exit status of --replay */

typedef struct {
  SbxProcessOptions process;
  SbxLearnedFile file;
  char *profile, *app_id;
  gboolean write, replay, forward;
  int learned; /* memory that the run is written to */
  char *path;  /* of the instance, once it is there */
  char **named, **lent;
  gboolean asking; /* a part of it wanted to be asked about system calls */
  char **argv;     /* with --file-forwarding */
} Learn;

static void
learn_clear (Learn *self)
{
  sbx_process_options_clear (&self->process);
  sbx_learned_file_clear (&self->file);
  g_free (self->profile);
  g_free (self->app_id);
  g_free (self->path);
  g_strfreev (self->named);
  g_strfreev (self->lent);
  g_strfreev (self->argv);
  if (self->learned >= 0)
    close (self->learned);
}

/* Only looked at: whether it is there, what it is, and whose. */
static void
look (const char *path, SbxOutside *outside, gpointer data)
{
  g_autofree char *real = NULL;
  struct stat st;

  *outside = (SbxOutside){ .exists = stat (path, &st) == 0 };
  if (!outside->exists)
    return;
  outside->directory = S_ISDIR (st.st_mode);
  outside->of_system = st.st_uid == 0 && (st.st_mode & S_IROTH) && !(st.st_mode & S_IWOTH)
                       && (!outside->directory || (st.st_mode & S_IXOTH));
  real = realpath (path, NULL);
  if (real && strcmp (real, path) != 0)
    outside->target = g_steal_pointer (&real);
}

/* Which files the user has named in the command. */
static char **
find_named (char **argv)
{
  g_autoptr (GStrvBuilder) list = g_strv_builder_new ();

  for (char **word = argv + 1; argv[0] && *word; word++) {
    g_autofree char *of_uri = g_str_has_prefix (*word, "file://") ? g_filename_from_uri (*word, NULL, NULL) : NULL;
    g_autofree char *path = g_canonicalize_filename (of_uri ? of_uri : *word, NULL);

    if (**word != '-' && g_strcmp0 (path, g_get_home_dir ()) != 0 && g_file_test (path, G_FILE_TEST_EXISTS))
      g_strv_builder_add (list, path);
  }
  return g_strv_builder_end (list);
}

/* Opens up what stands between @@ and @@, for this run alone; *@argv becomes the command without the marks. */
static gboolean
forward_files (Learn *self, char ***argv, GError **error)
{
  g_auto (GVariantBuilder) handles = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("ah"));
  g_auto (GVariantBuilder) new_files = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(hay)"));
  g_autoptr (GVariant) files = NULL;

  if (!self->forward)
    return TRUE;
  self->argv = sbx_forward_files (*argv, self->process.fds, &handles, &new_files, error);
  if (!self->argv)
    return FALSE;
  *argv = self->argv;
  self->lent = find_named (*argv);
  g_clear_pointer (&self->named, g_strfreev);
  g_variant_builder_add (&self->process.options, "{sv}", "forward", g_variant_builder_end (&handles));
  files = g_variant_ref_sink (g_variant_builder_end (&new_files));
  if (g_variant_n_children (files) > 0)
    g_variant_builder_add (&self->process.options, "{sv}", "forward-new", files);
  return TRUE;
}

static gboolean
make_options (Learn *self, const SbxCommand *command, char ***argv, GError **error)
{
  int handle;

  if (!sbx_process_options_make (&self->process, command, FALSE, error))
    return FALSE;
  self->learned = memfd_create ("learned", MFD_CLOEXEC);
  if (self->learned < 0)
    return sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, _ ("what is learned cannot be written down"));
  handle = sbx_fd_list_append (self->process.fds, self->learned, error);
  if (handle < 0)
    return FALSE;
  g_variant_builder_add (&self->process.options, "{sv}", "learn", g_variant_new_handle (handle));
  if (self->file.app_id)
    g_variant_builder_add (&self->process.options, "{sv}", "app-id", g_variant_new_string (self->file.app_id));
  return forward_files (self, argv, error) && sbx_process_options_pack (&self->process, error);
}

static void
on_reply (GVariant *reply, gpointer data)
{
  Learn *self = data;

  g_variant_get (reply, "(o)", &self->path);
}

static int
run (Learn *self, SbxService *service, char **argv)
{
  const char *profile = self->file.exists ? self->file.name : self->file.base;
  GVariant *parameters;

  self->process.open = FALSE;
  parameters = g_variant_new ("(s@aaya{sv})", profile, sbx_process_options_argv (argv), &self->process.options);
  const SbxFollowCall call = { .service = service,
                               .path = SBX_MANAGER_PATH,
                               .interface = SBX_MANAGER_INTERFACE,
                               .method = "Launch",
                               .parameters = parameters,
                               .fds = self->process.fds,
                               .lifeline = &self->process.lifeline,
                               .terminal = self->process.terminal,
                               .command = argv[0],
                               .cwd = self->process.cwd,
                               .profile = profile,
                               .instance = TRUE,
                               .needs_reply = TRUE,
                               .replied = on_reply,
                               .data = self };
  int status = sbx_follow (&call);

  g_clear_pointer (&self->process.terminal, sbx_terminal_free);
  return status;
}

/* Names on the buses that it was refused, and whether it wanted to be asked itself. */
static void
add_denied (Learn *self, SbxProposals *proposals, const SbxLearnContext *context, GVariant *properties,
            GVariant *policy)
{
  g_autoptr (GVariant) denied = g_variant_lookup_value (properties, "Denied", G_VARIANT_TYPE ("aa{sv}"));

  for (gsize i = 0; denied && i < g_variant_n_children (denied); i++) {
    g_autoptr (GVariant) child = g_variant_get_child_value (denied, i);
    g_autoptr (GPtrArray) remedies = NULL;
    SbxDenied row;

    if (!sbx_denied_read (&row, child))
      continue;
    self->asking |= g_str_equal (row.source, "system-call") && g_str_equal (row.object, "seccomp");
    if (!g_str_equal (row.source, "bus"))
      continue;
    remedies = sbx_denied_remedies (&row, policy);
    for (guint j = 0; j < remedies->len; j++) {
      const SbxRemedy *remedy = remedies->pdata[j];
      g_auto (GStrv) pair = g_strsplit (remedy->line, "=", 2);

      if (pair[0] && pair[1])
        sbx_proposals_add_name (proposals, context, remedy->group, pair[0], pair[1]);
    }
  }
}

static SbxProposals *
propose (Learn *self, SbxService *service, const SbxTraces *traces, GError **error)
{
  const char *xdg_dirs[G_USER_N_DIRECTORIES] = { NULL };
  const SbxPlaces places = sbx_find_places (xdg_dirs);
  g_autoptr (GVariant) reply = sbx_service_ask (service, self->path, "org.freedesktop.DBus.Properties", "GetAll",
                                                g_variant_new ("(s)", SBX_INSTANCE_INTERFACE), error);
  g_autoptr (GVariant) properties = reply ? g_variant_get_child_value (reply, 0) : NULL;
  g_autoptr (GVariant) groups =
      properties ? g_variant_lookup_value (properties, "Policy", G_VARIANT_TYPE_VARDICT) : NULL;
  g_autoptr (SbxPolicy) policy = groups ? sbx_exposure_policy (groups, error) : NULL;
  SbxLearnContext context = { policy, &places, (const char *const *) self->named, (const char *const *) self->lent,
                              look,   NULL };
  SbxProposals *proposals;

  if (!policy) {
    if (error && !*error)
      sbx_throw (error, SBX_ERROR_NOT_AUTHORIZED, _ ("the policy of the sandbox is not told"));
    return NULL;
  }
  proposals = sbx_proposals_new (&context, traces);
  add_denied (self, proposals, &context, properties, groups);
  return proposals;
}

/* Each line by itself: what is accepted comes into the profile. */
static void
choose (Learn *self, const SbxProposals *proposals)
{
  for (guint i = 0; i < proposals->lines->len; i++) {
    const SbxProposal *line = proposals->lines->pdata[i];

    if (self->write ? !line->asked : sbx_learned_text_ask (line))
      sbx_learned_file_accept (&self->file, line);
    else
      sbx_learned_file_decline (&self->file, line);
  }
}

static int
keep (Learn *self, const SbxProposals *proposals)
{
  g_autoptr (GError) error = NULL;

  if (!self->write && !isatty (STDIN_FILENO)) {
    puts (_ ("Nothing was written: say --write, or run this on a terminal."));
    return 0;
  }
  choose (self, proposals);
  if (!sbx_learned_file_save (&self->file, proposals->lines, &error))
    return sbx_fail_error (error);
  printf (_ ("The profile %s, which inherits %s: %s\n"), self->file.name, self->file.base, self->file.path);
  return 0;
}

/* Says what is refused although it was learned. What its user did not want is not counted. */
static int
compare (const Learn *self, const SbxProposals *proposals)
{
  guint n = 0;

  for (guint i = 0; i < proposals->lines->len; i++) {
    const SbxProposal *line = proposals->lines->pdata[i];
    g_autofree char *comment = sbx_learned_text_comment (line);
    gboolean declined = sbx_learned_file_is_declined (&self->file, line);

    printf (declined ? _ ("Not wanted: [%s] %s\n") : _ ("Still refused: [%s] %s\n"), line->group, comment);
    n += !declined;
  }
  if (n == 0)
    printf (_ ("The profile %s suffices: nothing else was refused.\n"), self->file.name);
  return n == 0 ? 0 : STILL_REFUSED;
}

static int
conclude (Learn *self, SbxService *service)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxTraces) traces = sbx_traces_read (self->learned, &error);
  g_autoptr (SbxProposals) proposals = traces ? propose (self, service, traces, &error) : NULL;

  if (!proposals)
    return sbx_fail_error (error);
  sbx_learned_missed_write (sbx_instance_id_of_path (self->path), proposals);
  sbx_learned_text_notes (traces, proposals, self->asking);
  if (self->replay)
    return compare (self, proposals);
  sbx_learned_text_print (proposals, self->file.exists ? self->file.name : self->file.base);
  return proposals->lines->len > 0 || !self->file.exists ? keep (self, proposals) : 0;
}

static gboolean
open_file (Learn *self, const char *program, GError **error)
{
  g_autofree char *base_name = g_path_get_basename (program);
  g_autoptr (GVariant) id = NULL;
  const char *name = self->app_id ? self->app_id : base_name;

  if (!g_utf8_validate (name, -1, NULL) || (self->profile && !g_utf8_validate (self->profile, -1, NULL)))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("the names of profiles and applications are UTF-8 text"));
  id = g_variant_ref_sink (g_variant_new_string (name));
  if (!sbx_option_check_app_id ("app-id", id, error)
      || !sbx_learned_file_open (&self->file, name, self->profile, self->app_id, error))
    return FALSE;
  return !self->replay || self->file.exists
         || sbx_throw (error, SBX_ERROR_UNKNOWN_PROFILE, _ ("--replay: nothing was learned yet: there is no %s"),
                       self->file.path);
}

static int
learn (Learn *self, const SbxCommand *command, char **argv)
{
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GError) error = NULL;
  int status, concluded;

  if (!open_file (self, argv[0], &error))
    return sbx_fail_error (error);
  self->named = find_named (argv);
  if (!make_options (self, command, &argv, &error))
    return sbx_fail ("%s", error->message);
  service = sbx_service_open (&error);
  if (!service)
    return sbx_fail_error (error);
  status = run (self, service, argv);
  if (!self->path) /* it was not started, and why has been said */
    return status;
  concluded = conclude (self, service);
  return status != 0 ? status : concluded;
}

int
sbx_cmd_learn (SbxCommand *command)
{
  Learn self = { .process = SBX_PROCESS_OPTIONS_INIT, .learned = -1 };
  const GOptionEntry entries[] = {
    { "profile", 'p', 0, G_OPTION_ARG_FILENAME, &self.profile, N_ ("The profile to begin with (default: desktop)"),
      N_ ("NAME") },
    { "app-id", 0, 0, G_OPTION_ARG_FILENAME, &self.app_id, N_ ("As this application"), N_ ("ID") },
    { "write", 0, 0, G_OPTION_ARG_NONE, &self.write, N_ ("Accept all but what is marked, and ask nothing"), NULL },
    { "replay", 0, 0, G_OPTION_ARG_NONE, &self.replay, N_ ("Run with what was learned, and say what is refused still"),
      NULL },
    { "file-forwarding", 0, 0, G_OPTION_ARG_NONE, &self.forward, N_ ("Open up what is between @@ (URIs: @@u) and @@"),
      NULL },
    SBX_PROCESS_OPTIONS_ENTRIES (&self.process),
    G_OPTION_ENTRY_NULL,
  };
  int status = 0;

  if (sbx_parse (command, entries, NULL, _ ("[--] COMMAND [ARGUMENT…]"),
                 _ ("Runs a command in a sandbox, and proposes a profile by what it used and missed."), &status)) {
    if (command->argc < 2)
      status = sbx_fail (_ ("learn: a command is missing, as in `sandboxctl learn -- mousepad`"));
    else if (self.write && self.replay)
      status = sbx_fail (_ ("--write and --replay exclude each other"));
    else
      status = learn (&self, command, command->argv + 1);
  }
  learn_clear (&self);
  return status;
}
