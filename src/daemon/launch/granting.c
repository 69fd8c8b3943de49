/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plan that the instance would have with one path more, and of its layers those for that path: so covers, pins and
 * everything else that a launch takes care of are the same. What Restrict has taken away is closed in them too. */
#include "daemon/launch/granting.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/names.h"
#include "common/path.h"
#include "daemon/launch/lending.h"
#include "daemon/launch/running.h"
#include "policy/options.h"
#include "sources/source.h"
#include "wire/place.h"

void
sbx_grant_request_free (SbxGrantRequest *self)
{
  g_free (self->path);
  g_free (self);
}

void
sbx_grant_plan_free (SbxGrantPlan *self)
{
  g_clear_pointer (&self->layers, sbx_layers_free);
  g_clear_object (&self->plan);
  g_clear_pointer (&self->surroundings, sbx_surroundings_free);
  g_clear_pointer (&self->policy, sbx_policy_unref);
  g_array_unref (self->taken);
  g_ptr_array_unref (self->given);
  g_free (self);
}

/* What may be handed over: of other files there is no copy of its own in a sandbox. */
static gboolean
check_kind (int fd, GError **error)
{
  static const struct {
    mode_t kind;
    const char *what;
  } rows[] = {
    { S_IFLNK, N_ ("a link; grant what it leads to") },
    { S_IFCHR, N_ ("a device, and a device is opened by its facility (devices=) when a sandbox is started") },
    { S_IFBLK, N_ ("a device, and a device is opened by its facility (devices=) when a sandbox is started") },
    { S_IFIFO, "a FIFO" },
  };
  struct stat st;

  if (fstat (fd, &st) < 0)
    return sbx_throw_errno (error, SBX_ERROR_BAD_OPTION, errno, "the descriptor cannot be looked at");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if ((st.st_mode & S_IFMT) == rows[i].kind)
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "only files, directories and sockets can be granted; this is %s",
                        rows[i].what);
  return TRUE;
}

/* As the kernel knows it; the caller's. */
static char *
path_of (int fd, GError **error)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  char *path = g_file_read_link (link, NULL);

  if (!path)
    sbx_throw (error, SBX_ERROR_BAD_OPTION, "the path of what is granted is of more than %d bytes", PATH_MAX - 1);
  return path;
}

static gboolean
check_path (const char *path, GError **error)
{
  if (strlen (path) >= PATH_MAX)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "the path of what is granted is of more than %d bytes",
                      PATH_MAX - 1);
  if (strcmp (path, "/") == 0)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"/\" cannot be granted: name a directory in it");
  if (!sbx_is_place (path))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"%s\" is not an absolute path without \"//\", \".\" and \"..\"",
                      path);
  for (const char *at = path; *at; at++)
    if ((guchar) *at < ' ' || *at == 0x7f)
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "the path of what is granted has a control character");
  return g_utf8_validate (path, -1, NULL)
         || sbx_throw (error, SBX_ERROR_BAD_OPTION,
                       "the path of what is granted is not in UTF-8, and no policy can name it");
}

/* Nothing said is read-only. */
static SbxAccess
find_access (const char *word)
{
  if (!word || g_str_equal (word, "ro"))
    return SBX_ACCESS_RO;
  return g_str_equal (word, "rw") ? SBX_ACCESS_RW : SBX_ACCESS_CREATE;
}

SbxGrantRequest *
sbx_grant_request_new (int fd, GVariant *where, GVariant *how, GError **error)
{
  g_autoptr (SbxGrantRequest) self = g_new0 (SbxGrantRequest, 1);
  SbxOptions options;
  gsize n = 0;
  const char *bytes = g_variant_get_fixed_array (where, &n, 1);

  self->fd = fd;
  if (!sbx_options_read (how, sbx_grant_options, &options, error))
    return NULL;
  self->access = find_access (options.access);
  self->seconds = options.seconds ? g_variant_get_uint32 (options.seconds) : 0;
  sbx_options_clear (&options);
  if (!check_kind (fd, error))
    return NULL;
  if (n > 0 && bytes[n - 1] == '\0') /* GLib's bytestrings end in one */
    n--;
  if (n > 0 && memchr (bytes, '\0', n)) {
    sbx_throw (error, SBX_ERROR_BAD_OPTION, "the path of what is granted has a NUL in it");
    return NULL;
  }
  self->path = n > 0 ? g_strndup (bytes, n) : path_of (fd, error);
  return self->path && check_path (self->path, error) ? g_steal_pointer (&self) : NULL;
}

/* The access that a mount has. */
static SbxAccess
level (SbxAccess access)
{
  return MIN (access, SBX_ACCESS_RW);
}

/* The path has to lead to what the caller has open: it says where, and the descriptor says what. Where that is without
 * links, the caller's; or NULL. */
static char *
find_object (const SbxGrantRequest *request, GError **error)
{
  const SbxSourceWay way = { 0 };
  g_autoptr (SbxSource) source = sbx_source_open (request->path, &way, error);
  const SbxSourceLink *last;
  struct stat st;

  if (!source)
    return NULL;
  last = source->links->len > 0 ? &g_array_index (source->links, SbxSourceLink, source->links->len - 1) : NULL;
  if (last && g_str_equal (last->path, request->path))
    sbx_throw (error, SBX_ERROR_BAD_OPTION, "%s is a link; grant what it leads to: %s", request->path, source->path);
  else if (fstat (request->fd, &st) == 0 && sbx_object_equal (&source->object, &(SbxObject){ st.st_dev, st.st_ino }))
    return g_strdup (source->path);
  else
    sbx_throw (error, SBX_ERROR_BAD_OPTION,
               "%s is not what the descriptor is open on: it has been replaced meanwhile, or is another one where "
               "the caller is; nothing was changed",
               request->path);
  return NULL;
}

/* What lies there would disappear from under the application. */
static gboolean
check_place (SbxHost *host, const SbxPolicy *policy, const char *path, GError **error)
{
  const char *const kernel[] = { "/dev", "/proc", "/sys" };
  const char *const own[] = { "/tmp", "/var/tmp", "/run", host->machine->runtime_dir, host->machine->home };

  for (gsize i = 0; i < G_N_ELEMENTS (kernel); i++)
    if (sbx_path_is_below (path, kernel[i]))
      return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                        "%s cannot be granted: a sandbox has a %s of its own, and devices are opened by their facility "
                        "(devices=) when it is started",
                        path, kernel[i]);
  if (sbx_policy_get_access (policy, path) != SBX_ACCESS_NONE) /* it is the host's already */
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (own); i++)
    if (own[i] && sbx_path_is_below (own[i], path))
      return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                        "%s cannot be granted while the instance runs: it has %s of its own, and what is in that would "
                        "disappear from under it. Grant a directory in it, or start the instance with "
                        "--filesystem=%s",
                        path, own[i], path);
  return TRUE;
}

/* Visits what Restrict has left of paths. */
static void
read_restriction (GArray *taken, GVariant *row)
{
  g_autoptr (GVariant) files = g_variant_lookup_value (row, "filesystems", G_VARIANT_TYPE ("a{ss}"));
  GVariantIter iter;
  const char *path, *left;

  if (!files)
    return;
  g_variant_iter_init (&iter, files);
  while (g_variant_iter_next (&iter, "{&s&s}", &path, &left)) {
    SbxLayersTaken one = { path, g_str_equal (left, "ro") };

    g_array_append_val (taken, one);
  }
}

/* What was left of a path may have gone later, with what it lies in. */
static void
take_what_lies_in (GArray *taken)
{
  SbxLayersTaken *rows = (SbxLayersTaken *) (gpointer) taken->data;

  for (guint i = 0; i < taken->len; i++)
    for (guint j = 0; j < taken->len; j++)
      if (!rows[j].readable && sbx_path_is_below (rows[i].path, rows[j].path))
        rows[i].readable = FALSE;
}

GArray *
sbx_grant_list_taken (const SbxInfo *info)
{
  GArray *taken = g_array_new (FALSE, FALSE, sizeof (SbxLayersTaken));

  for (gsize i = 0; info->restrictions && i < g_variant_n_children (info->restrictions); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (info->restrictions, i);

    read_restriction (taken, row); /* the strings stay @info's */
  }
  take_what_lies_in (taken);
  return taken;
}

/* The policy with the path more, and without what was taken away. NULL when that is just what is asked for. */
static SbxPolicy *
add_path (const SbxGrantPlan *self, const SbxPolicy *from, const SbxGrantRequest *request, GError **error)
{
  SbxPolicy *policy = sbx_policy_with_path (from, request->path, request->access);

  for (guint i = 0; i < self->taken->len; i++) {
    const SbxLayersTaken *taken = &g_array_index (self->taken, SbxLayersTaken, i);
    SbxAccess left = taken->readable ? SBX_ACCESS_RO : SBX_ACCESS_NONE;
    SbxPolicy *less;

    if (sbx_path_is_below (request->path, taken->path) && level (request->access) > left) {
      sbx_throw (
          error, SBX_ERROR_NOT_AUTHORIZED,
          "%s cannot be granted: %s was taken away from this instance%s, and that is for good. Start it again to "
          "give it that",
          request->path, taken->path, taken->readable ? " for writing" : "");
      sbx_policy_unref (policy);
      return NULL;
    }
    if (!sbx_path_is_below (taken->path, request->path) || sbx_policy_get_access (policy, taken->path) <= left)
      continue;
    less = sbx_policy_with_path (policy, taken->path, left);
    sbx_policy_unref (policy);
    policy = less;
  }
  return policy;
}

/* The second line of defence is drawn when the application is started. */
static gboolean
check_landlock (SbxHost *host, const SbxInfo *info, const SbxPolicy *from, const SbxGrantRequest *request,
                const char *dest, GError **error)
{
  g_autoptr (SbxPlan) plan = NULL;
  const SbxProcess *process;

  if (request->access < SBX_ACCESS_RW)
    return TRUE;
  plan = sbx_running_plan (host, info, from, NULL, error);
  if (!plan)
    return FALSE;
  process = sbx_plan_get_process (plan);
  if (process->handled_fs == 0)
    return TRUE;
  for (guint i = 0; process->writable && i < process->writable->len; i++)
    if (sbx_path_is_below (dest, process->writable->pdata[i]))
      return TRUE;
  return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                    "%s can only be granted for reading while the instance runs: what it may write outside of its home "
                    "and /tmp was fixed by Landlock when it was started, and the kernel does not change that. Grant "
                    "%s:ro, or start the instance with --filesystem=%s",
                    request->path, request->path, request->path);
}

/* Of what is given: the mount that all others of it lie in, or that a door needs. NULL: there is none. */
static const SbxLayer *
find_tree (const SbxLayers *list)
{
  gsize n;
  const SbxLayer *layers = sbx_layers_get (list, &n);

  for (gsize i = 0; i < n; i++)
    if (layers[i].kind == SBX_LAYER_TREE)
      return &layers[i];
  return NULL;
}

/* The policy whose plan has a mount of the path's own, the caller's. Where the path gets what is open around it
 * already, and was an exception of that, the policy that comes of it does not name it any more. */
static SbxPolicy *
name_path (const SbxPolicy *policy, const SbxGrantRequest *request)
{
  SbxAccess access = sbx_policy_get_access (policy, request->path);
  g_autofree char *above = g_path_get_dirname (request->path);
  SbxAccess around = sbx_policy_get_access (policy, above);
  g_autoptr (SbxPolicy) apart = NULL;

  if (request->forward || access != around)
    return sbx_policy_ref ((SbxPolicy *) policy);
  if (access >= SBX_ACCESS_RW) /* the same mount by another word */
    return sbx_policy_with_path (policy, request->path, access == SBX_ACCESS_RW ? SBX_ACCESS_CREATE : SBX_ACCESS_RW);
  apart =
      sbx_policy_with_path (policy, above, SBX_ACCESS_NONE); /* where nothing can be written, and so no link be made */
  return sbx_policy_with_path (apart, request->path, access);
}

static gboolean
make_layers (SbxGrantPlan *self, SbxHost *host, const SbxInfo *info, const SbxGrantRequest *request, gboolean looking,
             GError **error)
{
  const SbxForwardedFile *forward = request->forward;
  g_autoptr (SbxPolicy) named = name_path (self->policy, request);
  SbxLayersAround *around;

  self->plan = sbx_running_plan (host, info, named, forward, error);
  if (!self->plan)
    return FALSE;
  self->surroundings = sbx_surroundings_new (host, info->id);
  around = &self->surroundings->around;
  around->only = request->path;
  around->only_looking = looking;
  around->taken = (const SbxLayersTaken *) (gpointer) self->taken->data;
  around->n_taken = self->taken->len;
  self->layers = sbx_layers_new (sbx_plan_get_box (self->plan), self->policy, forward, forward ? 1 : 0, around, error);
  around->only = NULL; /* which is the request's */
  if (!self->layers)
    return FALSE;
  return find_tree (self->layers) || (looking && forward && forward->is_new)
         || sbx_throw (error, SBX_ERROR_NOT_SUPPORTED, "%s is left out by every policy: it cannot be granted",
                       request->path);
}

/* Whether it may be that the file is saved through a door, as far as can be said before one is made. */
static gboolean
may_have_door (const SbxGrantRequest *request, gboolean looking)
{
  struct stat st;

  return looking && request->forward && fstat (request->fd, &st) == 0 && S_ISREG (st.st_mode);
}

static void
note_given (SbxGrantPlan *self, const SbxPolicy *from, const SbxPolicy *to)
{
  g_autofree char *diff = sbx_policy_diff (from, to);
  g_auto (GStrv) lines = g_strsplit (diff, "\n", -1);

  for (char **line = lines; *line; line++)
    if (**line)
      g_ptr_array_add (self->given, g_strdup (*line));
}

static gboolean
plan_new (SbxGrantPlan *self, SbxHost *host, const SbxInfo *info, const SbxPolicy *from, const SbxGrantRequest *request,
          gboolean looking, GError **error)
{
  const SbxLayer *tree;

  if (!check_place (host, from, request->path, error))
    return FALSE;
  self->policy = add_path (self, from, request, error);
  if (!self->policy)
    return FALSE;
  if (request->forward) { /* it was only asked what has been taken away */
    sbx_policy_unref (self->policy);
    self->policy = sbx_policy_ref (from);
  }
  self->classes = sbx_policy_excess (self->policy, from);
  note_given (self, from, self->policy);
  if (!make_layers (self, host, info, request, looking, error))
    return FALSE;
  tree = find_tree (self->layers);
  return !tree || may_have_door (request, looking) || check_landlock (host, info, from, request, tree->dest, error);
}

/* What is open by its name there, and has a cover all the same. */
static gboolean
is_covered (SbxHost *host, const char *path, SbxAccess access)
{
  const struct {
    const char *top;
    SbxAccess open;
  } rows[] = { { host->machine->data_home, SBX_ACCESS_NONE },
               { host->machine->config_home, SBX_ACCESS_RO },
               { g_get_user_state_dir (), SBX_ACCESS_NONE },
               { host->machine->runtime_dir, SBX_ACCESS_NONE } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *closed = rows[i].top ? g_build_filename (rows[i].top, SBX_RUNTIME_SUBDIR, NULL) : NULL;

    if (closed && sbx_path_is_below (path, closed) && access > rows[i].open)
      return TRUE;
  }
  return FALSE;
}

/* It is there for a time, and now is to be there for another one. */
static gboolean
extend (SbxGrantPlan *self, SbxHost *host, const SbxInfo *info, const SbxGrantRequest *request, GError **error)
{
  g_autoptr (SbxPolicy) without = sbx_lending_most (host, info, G_MAXUINT64, error);
  g_autoptr (SbxPolicy) with = without ? sbx_policy_with_path (without, request->path, request->access) : NULL;

  if (!with)
    return FALSE;
  self->extends = TRUE;
  self->classes = sbx_policy_excess (with, without);
  note_given (self, without, with);
  return TRUE;
}

static gboolean
has_access (const SbxPolicy *policy, const SbxGrantRequest *request, const char *path)
{
  return level (sbx_policy_get_access (policy, path)) >= level (request->access);
}

/* Whether what the policy opens by its name is what there is to be seen. */
static gboolean
check_reached (SbxHost *host, const SbxPolicy *from, const SbxGrantRequest *request, const char *real, GError **error)
{
  if (!has_access (from, request, real))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                      "a link on the way to %s leads out of what is open; grant what it leads to: %s", request->path,
                      real);
  return !is_covered (host, real, request->access)
         || sbx_throw (
             error, SBX_ERROR_NOT_SUPPORTED,
             "%s is closed to every sandbox that is not started with it by name, and cannot be opened in this "
             "one any more",
             request->path);
}

SbxGrantPlan *
sbx_grant_plan_new (SbxHost *host, const SbxInfo *info, const SbxGrantRequest *request, gboolean looking,
                    GError **error)
{
  gboolean is_new = request->forward && request->forward->is_new;
  g_autoptr (SbxGrantPlan) self = g_new0 (SbxGrantPlan, 1);
  g_autoptr (SbxPolicy) from = NULL;
  g_autofree char *real = NULL;

  self->given = g_ptr_array_new_with_free_func (g_free);
  self->taken = sbx_grant_list_taken (info);
  from = sbx_running_policy (host, info, error);
  real = from && !is_new ? find_object (request, error) : NULL;
  if (!from || (!real && !is_new))
    return NULL;
  if (!has_access (from, request, request->path)) {
    if (!plan_new (self, host, info, from, request, looking, error))
      return NULL;
  } else if (real && !check_reached (host, from, request, real, error)) {
    return NULL;
  } else {
    self->policy = sbx_policy_ref (from);
    if (!request->forward && sbx_lending_is_lent (host, info, request->path, request->access)
        && !extend (self, host, info, request, error))
      return NULL;
  }
  return g_steal_pointer (&self);
}

GVariant *
sbx_grant_plan_describe (const SbxGrantPlan *self, const SbxGrantRequest *request, guint32 pid)
{
  static const char *const words[] = { "none", "ro", "rw", "create" };
  GVariantBuilder builder, files;

  g_variant_builder_init (&files, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&files, "{ss}", request->path, words[request->access]);
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "time", g_variant_new_uint64 ((guint64) g_get_real_time ()));
  g_variant_builder_add (&builder, "{sv}", "pid", g_variant_new_uint32 (pid));
  g_variant_builder_add (&builder, "{sv}", "given",
                         g_variant_new_strv ((const char *const *) self->given->pdata, (gssize) self->given->len));
  g_variant_builder_add (&builder, "{sv}", "filesystems", g_variant_builder_end (&files));
  sbx_lending_add_deadline (&builder, request->seconds);
  return g_variant_builder_end (&builder);
}
