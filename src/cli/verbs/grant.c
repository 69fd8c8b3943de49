/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each path is opened here and handed over as a descriptor: what the caller cannot reach, nobody gets. Destinations of
 * a network, and names on buses, are words. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/duration.h"
#include "cli/instances.h"
#include "cli/policy-options.h"
#include "cli/verbs/functions.h"
#include "common/key-file.h"
#include "policy/options.h"
#include "policy/policy.h"

/* What is open, in the order of the paths. */
typedef struct {
  const char *path;
  SbxAccess access;
  int fd;
  int made; /* how many bytes of the path were there already; -1: all */
} File;

/* What there is to grant. */
typedef struct {
  GArray *files;        /* File */
  GVariant *facilities; /* or NULL */
  char **where;         /* destinations, or NULL */
  guint32 seconds;      /* 0: as long as the instance runs */
  gboolean reconnect;
} Grant;

static void
clear_file (gpointer data)
{
  File *file = data;

  if (file->fd >= 0)
    close (file->fd);
}

/* The policy that the options say over none. */
static SbxPolicy *
read_policy (const SbxPolicyOptions *options, GError **error)
{
  const char *xdg_dirs[G_USER_N_DIRECTORIES];
  const SbxPlaces places = sbx_find_places (xdg_dirs);
  g_autoptr (SbxPolicy) nothing = sbx_policy_new ();
  g_autoptr (GVariant) groups = sbx_policy_options_to_variant (options);

  return groups ? sbx_policy_merge_variant (nothing, g_variant_ref_sink (groups), &places, error) : NULL;
}

/* Of --network-allow, the caller's; NULL: it was not said, or @error. */
static char **
read_destinations (const SbxPolicyOptions *options, GError **error)
{
  g_autoptr (GVariant) groups = sbx_policy_options_to_variant (options), network = NULL;
  const char *allow = NULL, *deny = NULL;

  if (groups)
    g_variant_ref_sink (groups);
  network = groups ? g_variant_lookup_value (groups, "Network", G_VARIANT_TYPE ("a{ss}")) : NULL;
  if (network && g_variant_lookup (network, "deny", "&s", &deny))
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                         _ ("grant takes nothing away; `sandboxctl restrict` does"));
  else if (network && g_variant_lookup (network, "allow", "&s", &allow))
    return sbx_key_file_split (allow);
  return NULL;
}

/* Adds @group to @rest without what has a method of its own. */
static void
add_rest (GVariantBuilder *rest, const char *group, GVariant *keys)
{
  static const struct {
    const char *group, *key;
  } others[] = { { "Context", "filesystems" }, { "Network", "allow" } };
  GVariantBuilder left;
  GVariantIter iter;
  const char *key, *value;
  gboolean any = FALSE;

  g_variant_builder_init (&left, G_VARIANT_TYPE ("a{ss}"));
  g_variant_iter_init (&iter, keys);
  while (g_variant_iter_next (&iter, "{&s&s}", &key, &value)) {
    gboolean other = FALSE;

    for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
      other = other || (g_str_equal (others[i].group, group) && g_str_equal (others[i].key, key));
    if (other)
      continue;
    g_variant_builder_add (&left, "{ss}", key, value);
    any = TRUE;
  }
  if (any)
    g_variant_builder_add (rest, "{sv}", group, g_variant_builder_end (&left));
  else
    g_variant_builder_clear (&left);
}

/* What is neither a file nor a destination: a{sv}, the caller's; NULL: there is none. */
static GVariant *
read_facilities (const SbxPolicyOptions *options)
{
  g_autoptr (GVariant) groups = sbx_policy_options_to_variant (options), all = NULL;
  GVariantBuilder rest;
  GVariantIter iter;
  const char *group;
  GVariant *keys;

  if (groups)
    g_variant_ref_sink (groups);
  g_variant_builder_init (&rest, G_VARIANT_TYPE_VARDICT);
  g_variant_iter_init (&iter, groups);
  while (g_variant_iter_next (&iter, "{&sv}", &group, &keys)) {
    add_rest (&rest, group, keys);
    g_variant_unref (keys);
  }
  all = g_variant_ref_sink (g_variant_builder_end (&rest));
  return g_variant_n_children (all) > 0 ? g_steal_pointer (&all) : NULL;
}

/* Makes the directories that are missing of @path. How many bytes were there, or -1: all. */
static int
make_directories (const char *path)
{
  g_autofree char *at = g_strdup (path);
  struct stat st;
  char *slash;

  if (stat (path, &st) == 0)
    return -1;
  while ((slash = strrchr (at, '/')) != NULL && slash > at) {
    *slash = '\0';
    if (stat (at, &st) == 0)
      break;
  }
  (void) g_mkdir_with_parents (path, 0755); /* what it lacks, open (2) says */
  return (int) strlen (at);
}

/* Removes what was made, if it is empty still. */
static void
remove_made (const File *file)
{
  g_autofree char *at = g_strdup (file->path);

  while (file->made >= 0 && strlen (at) > (gsize) file->made && rmdir (at) == 0)
    *strrchr (at, '/') = '\0';
}

static gboolean
open_files (const SbxPolicy *policy, GArray *files, GError **error)
{
  gsize n;
  const SbxPathRule *paths = sbx_policy_get_filesystems (policy, &n);

  for (gsize i = 0; i < n; i++) {
    File file = { paths[i].path, paths[i].access, -1, -1 };

    if (file.access == SBX_ACCESS_CREATE)
      file.made = make_directories (file.path);
    file.fd = open (file.path, O_PATH | O_CLOEXEC);
    if (file.fd < 0) {
      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), _ ("%s: %s; nothing was changed"), file.path,
                   g_strerror (errno));
      return FALSE;
    }
    g_array_append_val (files, file);
  }
  return TRUE;
}

static gboolean
grant (SbxService *service, const char *path, const File *file, guint32 seconds, GError **error)
{
  static const char *const words[] = { "none", "ro", "rw", "create" };
  g_autoptr (SbxFdList) fds = sbx_fd_list_new ();
  g_autoptr (GVariant) reply = NULL;
  GVariantBuilder how;
  int handle = sbx_fd_list_append (fds, file->fd, error);

  if (handle < 0)
    return FALSE;
  g_variant_builder_init (&how, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&how, "{sv}", "access", g_variant_new_string (words[file->access]));
  if (seconds > 0)
    g_variant_builder_add (&how, "{sv}", "seconds", g_variant_new_uint32 (seconds));
  reply =
      sbx_service_call (service, path, SBX_INSTANCE_INTERFACE, "Grant",
                        g_variant_new ("(h@aya{sv})", handle, g_variant_new_bytestring (file->path), &how), fds, error);
  return reply != NULL;
}

/* All of them, or none. */
static gboolean
grant_network (SbxService *service, const char *path, char **where, guint32 seconds, GError **error)
{
  g_autoptr (GVariant) reply = NULL;
  GVariantBuilder how;

  g_variant_builder_init (&how, G_VARIANT_TYPE_VARDICT);
  if (seconds > 0)
    g_variant_builder_add (&how, "{sv}", "seconds", g_variant_new_uint32 (seconds));
  reply = sbx_service_call (service, path, SBX_INSTANCE_INTERFACE, "GrantNetwork",
                            g_variant_new ("(^asa{sv})", where, &how), NULL, error);
  return reply != NULL;
}

/* All of them, or none. */
static gboolean
grant_facilities (SbxService *service, const char *path, const Grant *grant, GError **error)
{
  g_autoptr (GVariant) reply = NULL;
  GVariantBuilder how;

  g_variant_builder_init (&how, G_VARIANT_TYPE_VARDICT);
  if (grant->seconds > 0)
    g_variant_builder_add (&how, "{sv}", "seconds", g_variant_new_uint32 (grant->seconds));
  if (grant->reconnect)
    g_variant_builder_add (&how, "{sv}", "reconnect", g_variant_new_boolean (TRUE));
  reply = sbx_service_call (service, path, SBX_INSTANCE_INTERFACE, "GrantFacilities",
                            g_variant_new ("(@a{sv}a{sv})", grant->facilities, &how), NULL, error);
  return reply != NULL;
}

/* One after the other, so that an error says which: facilities, files, destinations. */
static int
grant_all (const char *word, const Grant *all)
{
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GPtrArray) instances = NULL;
  g_autoptr (GError) error = NULL;
  GArray *files = all->files;
  const SbxInstanceInfo *info = sbx_instances_open (word, &service, &instances, &error);
  gboolean begun = FALSE;
  guint i = 0;

  if (info && sbx_instance_has_ended (info)) {
    g_set_error (&error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 _ ("the sandbox %s has ended: nothing can be given to it"), info->id);
    info = NULL;
  }
  if (info && all->facilities)
    begun = grant_facilities (service, info->path, all, &error);
  while (info && !error && i < files->len
         && grant (service, info->path, &g_array_index (files, File, i), all->seconds, &error))
    i++;
  if (info && !error && all->where)
    (void) grant_network (service, info->path, all->where, all->seconds, &error);
  if (!error)
    return 0;
  for (guint j = i; j < files->len; j++)
    remove_made (&g_array_index (files, File, j));
  if (i > 0)
    g_prefix_error (&error, _ ("%s and what was named before it was granted, and then: "),
                    g_array_index (files, File, i - 1).path);
  else if (begun)
    g_prefix_error (&error, "%s", _ ("all but files and destinations was granted, and then: "));
  return sbx_fail_error (error);
}

static void
grant_clear (Grant *grant)
{
  g_clear_pointer (&grant->files, g_array_unref);
  g_clear_pointer (&grant->facilities, g_variant_unref);
  g_clear_pointer (&grant->where, g_strfreev);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Grant, grant_clear)

/* Reads what there is to grant. */
static gboolean
read_grant (Grant *grant, const SbxPolicyOptions *options, const SbxPolicy *policy, GError **error)
{
  gsize n = 0;

  grant->files = g_array_new (FALSE, FALSE, sizeof (File));
  g_array_set_clear_func (grant->files, clear_file);
  grant->where = read_destinations (options, error);
  if (*error)
    return FALSE;
  grant->facilities = read_facilities (options);
  (void) sbx_policy_get_filesystems (policy, &n);
  if (n > 0 || grant->where || grant->facilities)
    return TRUE;
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       _ ("grant takes nothing away; `sandboxctl restrict` does"));
  return FALSE;
}

static gboolean
check_names (const SbxPolicy *policy, GError **error)
{
  gsize n;

  (void) sbx_policy_get_attached (policy, &n);
  if (n == 0)
    return TRUE;
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       _ ("a running sandbox is given files at their own path, and at no other name "
                          "(PATH:ro@WHERE). Nothing was changed; start it with it"));
  return FALSE;
}

int
sbx_cmd_grant (SbxCommand *command)
{
  g_autoptr (SbxPolicyOptions) options = sbx_policy_options_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxPolicy) policy = NULL;
  g_autofree char *until = NULL;
  g_auto (Grant) all = { 0 };
  const GOptionEntry entries[] = {
    { "until", 0, 0, G_OPTION_ARG_STRING, &until, N_ ("End it after 30s, 5m, 2h or 1d (or: exit)"), N_ ("TIME") },
    { "reconnect", 0, 0, G_OPTION_ARG_NONE, &all.reconnect, N_ ("Close connections to buses, so new ones are made"),
      NULL },
    G_OPTION_ENTRY_NULL,
  };
  int status;

  if (!sbx_parse (
          command, entries, sbx_policy_options_make_group (options),
          _ ("SANDBOX --filesystem=PATH[:MODE]… --network-allow=WHERE… --talk-name=NAME…"),
          _ ("Gives files to a running sandbox, at their own path: to read, with :rw to change them too, and with\n"
             ":create after making the directory; destinations to one with a private network; and names to one with\n"
             "filtered buses. With --until it ends by itself. What else is asked for is refused, with the reason."),
          &status))
    return status;
  if (until && !g_str_equal (until, "exit") && !sbx_duration_parse (until, SBX_GRANT_MAX_SECONDS, &all.seconds))
    return sbx_fail (
        _ ("--until takes how long it lasts, as in 30s, 5m, 2h or 1d, at most %d days; or \"exit\": as long as "
           "the sandbox runs"),
        SBX_GRANT_MAX_SECONDS / 86400);
  policy = read_policy (options, &error);
  if (!error && (command->argc != 2 || !policy))
    return sbx_fail (_ ("grant takes one sandbox and what it gets, as in `sandboxctl grant SANDBOX "
                        "--filesystem=xdg-download:ro`"));
  if (error || !check_names (policy, &error) || !read_grant (&all, options, policy, &error))
    return sbx_fail_error (error);
  if (!open_files (policy, all.files, &error)) {
    for (guint i = 0; i < all.files->len; i++)
      remove_made (&g_array_index (all.files, File, i));
    return sbx_fail_error (error);
  }
  return grant_all (command->argv[1], &all);
}
