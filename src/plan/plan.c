/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan.h"

#include <errno.h>
#include <string.h>

#include "common/error.h"
#include "common/names.h"
#include "plan/filter/syscall-filter.h"
#include "plan/plan-private.h"
#include "wire/block.h"
#include "wire/landlock.h"

#define UID_FOR_ROOT 1000 /* what root's applications are inside */

G_DEFINE_FINAL_TYPE (SbxPlan, sbx_plan, G_TYPE_OBJECT)

static void
clear_op (gpointer data)
{
  SbxOp *op = data;

  g_free (op->source);
  g_free (op->dest);
}

static void
clear_file (gpointer data)
{
  g_bytes_unref (((SbxPlanFile *) data)->content);
}

static void
clear_directory (gpointer data)
{
  g_free (((SbxPlanDirectory *) data)->path);
}

static GArray *
new_array (gsize size, GDestroyNotify clear)
{
  GArray *array = g_array_new (FALSE, TRUE, (guint) size);

  if (clear)
    g_array_set_clear_func (array, clear);
  return array;
}

static void
sbx_plan_init (SbxPlan *self)
{
  self->ops = new_array (sizeof (SbxOp), clear_op);
  self->files = new_array (sizeof (SbxPlanFile), clear_file);
  self->directories = new_array (sizeof (SbxPlanDirectory), clear_directory);
  self->rlimits = new_array (sizeof (SbxRlimit), NULL);
  self->bwrap = g_ptr_array_new_with_free_func (g_free);
  self->proxy = g_ptr_array_new_with_free_func (g_free);
  self->display = g_ptr_array_new_with_free_func (g_free);
  self->environment = g_ptr_array_new_with_free_func (g_free);
  self->warnings = g_ptr_array_new_with_free_func (g_free);
  self->writable = g_ptr_array_new_with_free_func (g_free);
  self->covered = g_ptr_array_new_with_free_func (g_free);
}

static void
sbx_plan_finalize (GObject *object)
{
  SbxPlan *self = SBX_PLAN (object);

  g_clear_pointer (&self->kept_policy, sbx_policy_unref);
  g_free (self->home);
  g_free (self->runtime_dir);
  g_free (self->app_home);
  g_free (self->cwd);
  g_strfreev (self->argv);
  g_array_unref (self->ops);
  g_array_unref (self->files);
  g_array_unref (self->directories);
  g_array_unref (self->rlimits);
  g_clear_pointer (&self->connect, g_array_unref);
  g_clear_pointer (&self->bind, g_array_unref);
  g_ptr_array_unref (self->bwrap);
  g_ptr_array_unref (self->proxy);
  g_ptr_array_unref (self->display);
  g_clear_pointer (&self->display_file, g_bytes_unref);
  g_clear_pointer (&self->proxy_filter, g_bytes_unref);
  g_clear_pointer (&self->display_filter, g_bytes_unref);
  g_free (self->bus_directory);
  g_free (self->app_info);
  g_free (self->documents);
  g_free (self->documents_at);
  g_ptr_array_unref (self->environment);
  g_ptr_array_unref (self->warnings);
  g_ptr_array_unref (self->writable);
  g_ptr_array_unref (self->covered);
  g_clear_pointer (&self->filter, g_bytes_unref);
  G_OBJECT_CLASS (sbx_plan_parent_class)->finalize (object);
}

static void
sbx_plan_class_init (SbxPlanClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sbx_plan_finalize;
}

void
sbx_plan_op (SbxPlan *self, SbxOpKind kind, const char *source, const char *dest, int mode)
{
  SbxOp op = { kind, g_strdup (source), g_strdup (dest), mode, -1 };

  g_array_append_val (self->ops, op);
}

static void
add_file (SbxPlan *self, const char *what, GBytes *content, gboolean secret, const char *dest)
{
  SbxPlanFile file = { SBX_PLAN_FIRST_FILE_NUMBER + (int) self->files->len, content, what, secret };
  SbxOp op = { SBX_OP_FILE, NULL, g_strdup (dest), secret ? 0600 : 0644, file.number };

  g_array_append_val (self->files, file);
  g_array_append_val (self->ops, op);
}

void
sbx_plan_file (SbxPlan *self, const char *what, const char *content, const char *dest)
{
  add_file (self, what, g_bytes_new (content, strlen (content)), FALSE, dest);
}

void
sbx_plan_secret_file (SbxPlan *self, const char *what, GBytes *content, const char *dest)
{
  add_file (self, what, content, TRUE, dest);
}

void
sbx_plan_warn (SbxPlan *self, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_ptr_array_add (self->warnings, g_strdup_vprintf (format, args));
  va_end (args);
}

void
sbx_plan_writable (SbxPlan *self, const char *path)
{
  g_ptr_array_add (self->writable, g_strdup (path));
}

void
sbx_plan_directory (SbxPlan *self, const char *path, guint mode)
{
  SbxPlanDirectory directory = { g_strdup (path), mode };

  g_array_append_val (self->directories, directory);
}

gboolean
sbx_plan_exists (SbxPlan *self, const char *path)
{
  return self->machine->look (self->machine, path, NULL) != SBX_FILE_MISSING;
}

gboolean
sbx_plan_may_be_socket (SbxPlan *self, const char *path)
{
  return self->machine->look (self->machine, path, NULL) == SBX_FILE_OTHER;
}

gboolean
sbx_plan_bind_if_there (SbxPlan *self, SbxOpKind kind, const char *path)
{
  if (!sbx_plan_exists (self, path))
    return FALSE;
  sbx_plan_op (self, kind, path, path, -1);
  return TRUE;
}

/* Who it is inside, and where its own places are. */
static void
choose_places (SbxPlan *self)
{
  SbxMachine *machine = self->machine;

  self->as_root = machine->uid == 0 && !(sbx_policy_get_features (self->policy) & SBX_FEATURE_ROOT);
  self->uid = self->as_root ? UID_FOR_ROOT : machine->uid;
  self->gid = self->as_root ? UID_FOR_ROOT : machine->gid;
  /* "/" as a home would be covered by an empty one, and with it everything else */
  self->home = g_strdup (machine->home && strcmp (machine->home, "/") != 0 ? machine->home : "/run/home");
  self->runtime_dir =
      machine->runtime_dir ? g_strdup (machine->runtime_dir) : g_strdup_printf ("/run/user/%u", self->uid);
  self->app_home = g_build_filename (machine->data_home, SBX_RUNTIME_SUBDIR, self->request->app_id, NULL);
  self->handler = self->request->handler;
  self->cwd = g_strdup (self->request->cwd);
  self->argv = g_strdupv ((char **) self->request->argv);
}

SbxPlan *
sbx_plan_new (const SbxPolicy *policy, const SbxRequest *request, SbxMachine *machine, GError **error)
{
  g_autoptr (SbxPlan) self = g_object_new (SBX_TYPE_PLAN, NULL);

  if (machine->bwrap_problem) {
    sbx_throw (error, SBX_ERROR_NOT_SUPPORTED, "%s", machine->bwrap_problem);
    return NULL;
  }
  if (machine->kernel.userns_problem) {
    sbx_throw (error, SBX_ERROR_NOT_SUPPORTED, "no sandbox can start: %s", machine->kernel.userns_problem);
    return NULL;
  }
  self->kept_policy = sbx_policy_ref (policy);
  self->policy = policy;
  self->request = request;
  self->machine = machine;
  choose_places (self);
  sbx_plan_add_system (self);
  sbx_plan_add_devices (self);
  sbx_plan_add_files (self);
  sbx_plan_add_environment (self);
  sbx_plan_add_sockets (self);
  sbx_plan_add_buses (self);
  sbx_plan_close_covered (self);
  if (!sbx_plan_add_confinement (self, error))
    return NULL;
  sbx_plan_write_bwrap (self);
  if (self->proxy->len > 0)
    g_ptr_array_add (self->proxy, NULL);
  if (self->display->len > 0)
    g_ptr_array_add (self->display, NULL);
  g_ptr_array_add (self->environment, NULL);
  g_ptr_array_add (self->warnings, NULL);
  self->request = NULL;
  self->machine = NULL;
  return g_steal_pointer (&self);
}

const char *const *
sbx_plan_get_bwrap_argv (SbxPlan *self)
{
  return (const char *const *) self->bwrap->pdata;
}

const SbxPlanFile *
sbx_plan_get_files (SbxPlan *self, gsize *n)
{
  *n = self->files->len;
  return (const SbxPlanFile *) (gpointer) self->files->data;
}

const SbxPlanDirectory *
sbx_plan_get_directories (SbxPlan *self, gsize *n)
{
  *n = self->directories->len;
  return (const SbxPlanDirectory *) (gpointer) self->directories->data;
}

const char *const *
sbx_plan_get_environment (SbxPlan *self)
{
  return (const char *const *) self->environment->pdata;
}

const char *const *
sbx_plan_get_warnings (SbxPlan *self)
{
  return (const char *const *) self->warnings->pdata;
}

gboolean
sbx_plan_is_inferiors_only (SbxPlan *self)
{
  return self->inferiors_only;
}

static int
finish_block (SbxBlockWriter *writer, GError **error)
{
  int fd = sbx_block_finish (writer);

  if (fd < 0)
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "cannot write the launch down in memory");
  return fd;
}

static void
add_bytes (SbxBlockWriter *writer, guint32 tag, GBytes *bytes)
{
  gsize n;
  const void *data = g_bytes_get_data (bytes, &n);

  sbx_block_add (writer, tag, data, n);
}

static void
add_sidecar (SbxPlan *self, SbxBlockWriter *writer, SbxSidecarKind kind, const GPtrArray *argv, GBytes *file,
             GBytes *filter)
{
  sbx_block_add_u32 (writer, SBX_TAG_SIDECAR, kind);
  sbx_block_add_strv (writer, SBX_TAG_SIDECAR_COMMAND, (const char *const *) argv->pdata);
  add_bytes (writer, SBX_TAG_SIDECAR_FILTER, filter);
  add_bytes (writer, SBX_TAG_SIDECAR_FILE, file);
  if (self->sidecar_memory != SBX_LIMIT_NONE)
    sbx_block_add (writer, SBX_TAG_SIDECAR_MEMORY, &self->sidecar_memory, sizeof self->sidecar_memory);
}

int
sbx_plan_write_prepare (SbxPlan *self, const char *id, GBytes *info, GError **error)
{
  SbxBlockWriter writer = { 0 };
  g_autofree gint32 *numbers = g_new (gint32, self->files->len + 1);

  for (guint i = 0; i < self->files->len; i++)
    numbers[i] = g_array_index (self->files, SbxPlanFile, i).number;
  sbx_block_add_string (&writer, SBX_TAG_ID, id);
  add_bytes (&writer, SBX_TAG_INFO, info);
  sbx_block_add_strv (&writer, SBX_TAG_BWRAP, sbx_plan_get_bwrap_argv (self));
  sbx_block_add (&writer, SBX_TAG_FDMAP, numbers, self->files->len * sizeof *numbers);
  sbx_block_add_u32 (&writer, SBX_TAG_PROCFS, self->procfs_flags);
  sbx_block_add_u32 (&writer, SBX_TAG_DOMAIN, self->domain_flags);
  if (self->documents) {
    sbx_block_add_string (&writer, SBX_TAG_DOCUMENTS, self->documents);
    sbx_block_add_string (&writer, SBX_TAG_DOCUMENTS_AT, self->documents_at);
  }
  if (self->proxy->len > 0) {
    g_autoptr (GBytes) app_info = g_bytes_new_static (self->app_info, strlen (self->app_info));

    add_sidecar (self, &writer, SBX_SIDECAR_BUS, self->proxy, app_info, self->proxy_filter);
  }
  if (self->display->len > 0)
    add_sidecar (self, &writer, SBX_SIDECAR_DISPLAY, self->display, self->display_file, self->display_filter);
  if (self->handler)
    sbx_block_add_u32 (&writer, SBX_TAG_JOIN, self->join);
  return finish_block (&writer, error);
}

static void
add_ports (SbxBlockWriter *writer, const GArray *ports, guint64 access)
{
  for (guint i = 0; ports && i < ports->len; i++) {
    guint64 rule[2] = { access, g_array_index (ports, guint16, i) };

    sbx_block_add (writer, SBX_TAG_PORT_RULE, rule, sizeof rule);
  }
}

static void
add_domain (SbxPlan *self, SbxBlockWriter *writer)
{
  guint64 attr[3] = { self->handled_fs, self->handled_net, self->scoped };

  if (!attr[0] && !attr[1] && !attr[2])
    return;
  sbx_block_add (writer, SBX_TAG_LANDLOCK, attr, sizeof attr);
  if (self->handled_fs) {
    sbx_block_add_path_rule (writer, SBX_LANDLOCK_FS_READ_ALL & self->handled_fs, "/");
    for (guint i = 0; i < self->writable->len; i++)
      sbx_block_add_path_rule (writer, self->handled_fs, self->writable->pdata[i]);
  }
  add_ports (writer, self->connect, SBX_LANDLOCK_NET_CONNECT_TCP);
  add_ports (writer, self->bind, SBX_LANDLOCK_NET_BIND_TCP);
}

int
sbx_plan_write_start (SbxPlan *self, gboolean by_scope, const gint32 *targets, gsize n_targets, GError **error)
{
  SbxBlockWriter writer = { 0 };
  gsize n;
  const char *filter = g_bytes_get_data (self->filter, &n);

  sbx_block_add (&writer, SBX_TAG_FDMAP, targets, n_targets * sizeof *targets);
  sbx_block_add_u32 (&writer, SBX_TAG_FLAGS, self->start_flags);
  sbx_block_add_strv (&writer, SBX_TAG_ARGV, (const char *const *) self->argv);
  sbx_block_add_strv (&writer, SBX_TAG_ENV, sbx_plan_get_environment (self));
  if (self->cwd)
    sbx_block_add_string (&writer, SBX_TAG_CWD, self->cwd);
  sbx_block_add_string (&writer, SBX_TAG_HOME, self->home);
  sbx_block_add (&writer, SBX_TAG_SECCOMP, filter, n);
  add_domain (self, &writer);
  for (guint i = 0; i < self->rlimits->len; i++) {
    const SbxRlimit *row = &g_array_index (self->rlimits, SbxRlimit, i);
    guint64 values[3] = { (guint64) row->resource, row->value, row->value };

    if (!by_scope || !row->of_all)
      sbx_block_add (&writer, SBX_TAG_RLIMIT, values, sizeof values);
  }
  return finish_block (&writer, error);
}
