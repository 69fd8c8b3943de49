/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/blocks.h"

#include <errno.h>
#include <string.h>

#include "common/error.h"
#include "wire/block.h"
#include "wire/call-rule.h"
#include "wire/landlock.h"
#include "wire/path-call.h"

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

void
sbx_box_write_sidecar (SbxBlockWriter *writer, const SbxPlanSidecar *sidecar)
{
  sbx_block_add_u32 (writer, SBX_TAG_SIDECAR, sidecar->kind);
  sbx_block_add_strv (writer, SBX_TAG_SIDECAR_COMMAND, (const char *const *) sidecar->argv->pdata);
  add_bytes (writer, SBX_TAG_SIDECAR_FILTER, sidecar->filter);
  if (sidecar->file)
    add_bytes (writer, SBX_TAG_SIDECAR_FILE, sidecar->file);
  if (sidecar->to)
    add_bytes (writer, SBX_TAG_SIDECAR_TO, sidecar->to);
  if (sidecar->memory != SBX_LIMIT_NONE)
    sbx_block_add (writer, SBX_TAG_SIDECAR_MEMORY, &sidecar->memory, sizeof sidecar->memory);
}

int
sbx_box_write_furnish (const SbxBox *self, const char *id, const SbxLayer *layers, gsize n_layers, GError **error)
{
  SbxBlockWriter writer = { 0 };

  sbx_block_add_string (&writer, SBX_TAG_ID, id);
  if (self->documents) {
    sbx_block_add_string (&writer, SBX_TAG_DOCUMENTS, self->documents);
    sbx_block_add_string (&writer, SBX_TAG_DOCUMENTS_AT, self->documents_at);
  }
  if (self->published)
    add_bytes (&writer, SBX_TAG_PUBLISHED, self->published);
  for (guint i = 0; i < self->sidecars->len; i++)
    sbx_box_write_sidecar (&writer, &g_array_index (self->sidecars, SbxPlanSidecar, i));
  for (gsize i = 0; i < n_layers; i++)
    sbx_block_add_layer (&writer, &layers[i]);
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
add_domain (const SbxProcess *self, SbxBlockWriter *writer)
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

static void
add_rlimits (const SbxProcess *self, SbxBlockWriter *writer, gboolean by_scope)
{
  for (guint i = 0; i < self->rlimits->len; i++) {
    const SbxRlimit *row = &g_array_index (self->rlimits, SbxRlimit, i);
    guint64 values[3] = { (guint64) row->resource, row->value, row->value };

    if (!by_scope || !row->of_all)
      sbx_block_add (writer, SBX_TAG_RLIMIT, values, sizeof values);
  }
}

/* A number that was said, as the record @tag has it. */
static void
add_inherited_number (SbxBlockWriter *writer, guint32 tag, gint32 number)
{
  if (number != SBX_NOT_INHERITED)
    sbx_block_add_u32 (writer, tag, (guint32) number);
}

/* What the caller has, to be applied before the policy's limits, which are within its hard ones. */
static void
add_inherited (const SbxInherited *self, SbxBlockWriter *writer)
{
  add_inherited_number (writer, SBX_TAG_UMASK, self->umask);
  add_inherited_number (writer, SBX_TAG_NICE, self->nice == SBX_NOT_INHERITED ? self->nice : self->nice + 20);
  add_inherited_number (writer, SBX_TAG_SCHEDULER, self->scheduler);
  add_inherited_number (writer, SBX_TAG_IO_PRIORITY, self->io_priority);
  if (self->oom_score_adj > 0) /* nobody of a sandbox is spared more than the service */
    sbx_block_add_u32 (writer, SBX_TAG_OOM, (guint32) self->oom_score_adj);
  if (self->ignored)
    sbx_block_add (writer, SBX_TAG_IGNORED, &self->ignored, sizeof self->ignored);
  if (self->n_cpus > 0)
    sbx_block_add (writer, SBX_TAG_CPUS, self->cpus, self->n_cpus * sizeof *self->cpus);
  for (guint64 i = 0; i < SBX_INHERITED_RLIMITS; i++)
    if (self->rlimits[i].said)
      sbx_block_add (writer, SBX_TAG_RLIMIT, (guint64[]){ i, self->rlimits[i].soft, self->rlimits[i].hard },
                     3 * sizeof (guint64));
}

/* What START and EXEC have in common. */
static void
add_process (const SbxProcess *self, SbxBlockWriter *writer, gboolean by_scope, const gint32 *targets, gsize n_targets)
{
  sbx_block_add (writer, SBX_TAG_FDMAP, targets, n_targets * sizeof *targets);
  sbx_block_add_u32 (writer, SBX_TAG_FLAGS, self->start_flags);
  sbx_block_add_strv (writer, SBX_TAG_ARGV, (const char *const *) self->argv);
  sbx_block_add_strv (writer, SBX_TAG_ENV, sbx_process_get_environment (self));
  if (self->cwd)
    sbx_block_add_string (writer, SBX_TAG_CWD, self->cwd);
  if (self->cwd_also)
    sbx_block_add_string (writer, SBX_TAG_CWD_ALSO, self->cwd_also);
  sbx_block_add_string (writer, SBX_TAG_HOME, self->home);
  if (self->inherited)
    add_inherited (self->inherited, writer);
  add_rlimits (self, writer, by_scope);
}

static void
add_rules (SbxBlockWriter *writer, GBytes *rules)
{
  gsize size;
  const SbxCallRule *rows = g_bytes_get_data (rules, &size);

  for (gsize i = 0; i < size / sizeof *rows; i++)
    sbx_block_add (writer, SBX_TAG_CALL_RULE, &rows[i], sizeof rows[i]);
}

static void
add_paths (SbxBlockWriter *writer, GBytes *paths)
{
  gsize size = 0;
  const SbxPathCall *rows = paths ? g_bytes_get_data (paths, &size) : NULL;

  for (gsize i = 0; i < size / sizeof *rows; i++)
    sbx_block_add (writer, SBX_TAG_PATH_CALL, &rows[i], sizeof rows[i]);
}

int
sbx_process_write_start (const SbxProcess *self, GBytes *info, gboolean by_scope, const gint32 *targets,
                         gsize n_targets, GError **error)
{
  SbxBlockWriter writer = { 0 };

  add_process (self, &writer, by_scope, targets, n_targets);
  add_bytes (&writer, SBX_TAG_INFO, info);
  add_bytes (&writer, SBX_TAG_SECCOMP, self->filter);
  add_rules (&writer, self->rules);
  add_paths (&writer, self->paths);
  add_domain (self, &writer);
  return finish_block (&writer, error);
}

int
sbx_process_write_exec (const SbxProcess *self, gboolean by_scope, const gint32 *targets, gsize n_targets,
                        GError **error)
{
  SbxBlockWriter writer = { 0 };

  add_process (self, &writer, by_scope, targets, n_targets);
  return finish_block (&writer, error);
}
