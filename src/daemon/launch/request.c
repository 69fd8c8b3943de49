/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/request.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/descriptors.h"
#include "common/error.h"
#include "daemon/bounds.h"
#include "policy/profile-set.h"

void
sbx_launch_request_free (SbxLaunchRequest *request)
{
  sbx_options_clear (&request->options);
  g_strfreev (request->argv);
  g_strfreev (request->env);
  g_clear_pointer (&request->within, sbx_policy_unref);
  g_free (request->within_profile);
  g_clear_object (&request->list);
  g_free (request->targets);
  g_free (request->fds);
  g_free (request->forward);
  for (gsize i = 0; i < request->n_new_files; i++)
    g_free (request->new_files[i].name);
  g_free (request->new_files);
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

/* The environment that @request adds, with the token that tells a desktop which click this is. */
static void
take_environment (SbxLaunchRequest *request)
{
  const SbxOptions *options = &request->options;

  if (options->env)
    request->env = take_env (options->env);
  if (!options->activation_token)
    return;
  if (!request->env)
    request->env = g_new0 (char *, 1);
  request->env = g_environ_setenv (request->env, "XDG_ACTIVATION_TOKEN", options->activation_token, FALSE);
  request->env = g_environ_setenv (request->env, "DESKTOP_STARTUP_ID", options->activation_token, FALSE);
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

/* A file, since a pipe could make the application wait for a reader. */
static gboolean
take_learn (SbxLaunchRequest *request, gint32 handle, GError **error)
{
  int flags;
  struct stat st;

  request->learn = find_fd (request, handle, "learn", error);
  if (request->learn < 0)
    return FALSE;
  flags = fcntl (request->learn, F_GETFL);
  if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY && !(flags & O_PATH) && fstat (request->learn, &st) == 0
      && S_ISREG (st.st_mode))
    return TRUE;
  return sbx_throw (error, SBX_ERROR_BAD_OPTION, "the option \"learn\" is no regular file that is open for writing");
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
take_new_files (SbxLaunchRequest *request, GVariant *files, GError **error)
{
  gsize n = g_variant_n_children (files);

  request->new_files = g_new0 (SbxNewFile, n + 1);
  for (gsize i = 0; i < n; i++) {
    g_autoptr (GVariant) bytes = NULL;
    const char *name;
    gsize size;
    gint32 handle;

    g_variant_get_child (files, i, "(h@ay)", &handle, &bytes);
    name = g_variant_get_fixed_array (bytes, &size, 1);
    request->new_files[i] = (SbxNewFile){ find_fd (request, handle, "forward-new", error), g_strndup (name, size) };
    request->n_new_files++;
    if (request->new_files[i].directory < 0)
      return FALSE;
  }
  return TRUE;
}

/* Puts the descriptors that come over a socket into the place of those that came with the message, since a message bus
 * takes few in one message (dbus-daemon(1), max_message_unix_fds: 16 if nothing is said). */
static gboolean
take_descriptors (SbxLaunchRequest *request, gint32 handle, GError **error)
{
  g_autoptr (SbxFdList) list = NULL;
  g_autoptr (GUnixFDList) taken = NULL;
  g_autofree int *fds = NULL;
  gsize n;
  int sock = find_fd (request, handle, "descriptors", error);

  if (sock < 0)
    return FALSE;
  list = sbx_descriptors_receive (sock, SBX_MAX_DESCRIPTORS, error);
  if (!list)
    return FALSE;
  n = sbx_fd_list_get_length (list);
  fds = g_new (int, n);
  for (gsize i = 0; i < n; i++)
    fds[i] = sbx_fd_list_steal (list, (int) i);
  taken = g_unix_fd_list_new_from_array (fds, (int) n); /* takes them */
  g_set_object (&request->list, taken);
  return TRUE;
}

static gboolean
take_fd_options (SbxLaunchRequest *request, GError **error)
{
  const SbxOptions *options = &request->options;

  if (options->descriptors >= 0 && !take_descriptors (request, options->descriptors, error))
    return FALSE;
  if (options->fds && !take_fds (request, options->fds, error))
    return FALSE;
  if (options->forward && !take_forward (request, options->forward, error))
    return FALSE;
  if (options->forward_new && !take_new_files (request, options->forward_new, error))
    return FALSE;
  if (options->lifeline >= 0 && !take_lifeline (request, options->lifeline, error))
    return FALSE;
  if (options->learn >= 0 && !take_learn (request, options->learn, error))
    return FALSE;
  if (options->learn >= 0 && options->join)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                      "the option \"learn\" is for a new instance, and \"join\" may start none");
  if (options->tty && (request->n_fds == 0 || request->targets[0] != STDIN_FILENO))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                      "the option \"tty\" makes descriptor 0 the terminal, and \"fds\" has no 0");
  return TRUE;
}

SbxLaunchRequest *
sbx_launch_request_new (GVariant *argv, GVariant *options, const SbxOptionSpec *table, GUnixFDList *fds,
                        gboolean look_at_fds, GError **error)
{
  g_autoptr (SbxLaunchRequest) request = g_new0 (SbxLaunchRequest, 1);

  request->lifeline = request->learn = -1;
  request->list = fds ? g_object_ref (fds) : NULL;
  if (!sbx_options_read (options, table, &request->options, error)
      || !sbx_inherited_read (request->options.inherit, "inherit", &request->inherited, error)
      || !take_argv (request, argv, error))
    return NULL;
  take_environment (request);
  if (look_at_fds && !take_fd_options (request, error))
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

/* What cannot be read is taken for one, which costs nothing but questions. */
static gboolean
is_in_session (SbxInstance *target, const SbxPlaces *places)
{
  g_autoptr (SbxPolicy) nothing = sbx_policy_new (), policy = NULL;

  policy = sbx_policy_merge_variant (nothing, sbx_instance_get_info (target)->policy, places, NULL);
  return !policy || sbx_policy_get_pidns (policy) == SBX_PIDNS_SESSION;
}

void
sbx_launch_request_set_target (SbxLaunchRequest *request, SbxInstance *target, guint pid, const char *crash_directory,
                               const SbxPlaces *places)
{
  request->handler = TRUE;
  request->target_in_session = is_in_session (target, places);
  request->target_enforced = sbx_instance_get_enforced (target);
  request->target_pid = pid != 0 ? pid : pid_inside (sbx_instance_get_pid (target));
  request->crash_directory = g_strdup (crash_directory);
}

gboolean
sbx_launch_request_set_within (SbxLaunchRequest *request, const SbxInfo *info, const SbxPlaces *places, GError **error)
{
  g_autoptr (SbxPolicy) nothing = sbx_policy_new ();

  if (request->options.app_id && !g_str_equal (request->options.app_id, info->app_id))
    return sbx_throw (error, SBX_ERROR_POLICY_EXCEEDED,
                      "the option \"app-id\": from inside of %s nothing can be started as %s; leave it out",
                      info->app_id, request->options.app_id);
  if (request->n_forward > 0 || request->n_new_files > 0)
    return sbx_throw (error, SBX_ERROR_POLICY_EXCEEDED,
                      "the option \"forward\": a sandbox hands no files on by their path; pass descriptors in \"fds\"");
  if (request->options.on_crash && !g_str_equal (request->options.on_crash, SBX_ON_CRASH_NONE))
    return sbx_throw (error, SBX_ERROR_POLICY_EXCEEDED,
                      "the option \"on-crash\": a sandbox starts no crash handlers; leave it out");
  g_clear_pointer (&request->within, sbx_policy_unref);
  request->within = sbx_policy_merge_variant (nothing, info->policy, places, error);
  g_free (request->options.app_id);
  request->options.app_id = g_strdup (info->app_id);
  /* Which socket and which cookie a display is has been said by somebody outside */
  g_strfreev (request->options.display_env);
  request->options.display_env = g_strdupv (info->display);
  g_free (request->within_profile);
  request->within_profile = g_strdup (info->profile);
  return request->within != NULL;
}
