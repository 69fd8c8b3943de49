/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/inherited.h"

#include <sched.h>
#include <signal.h>
#include <string.h>

#include "common/error.h"
#include "policy/nearest.h"

#define MAX_SIGNAL 64

typedef struct Row Row;

struct Row {
  const char *key, *type;
  gboolean (*read) (const Row *row, GVariant *value, SbxInherited *self);
  gint32 min, max;
  gsize field; /* of a number */
};

static gboolean
read_number (const Row *row, GVariant *value, SbxInherited *self)
{
  gint64 number = row->type[0] == 'u' ? (gint64) g_variant_get_uint32 (value) : (gint64) g_variant_get_int32 (value);

  G_STRUCT_MEMBER (gint32, self, row->field) = (gint32) number;
  return number >= row->min && number <= row->max;
}

/* Those that need no privilege (sched(7)). */
static gboolean
read_scheduler (const Row *row, GVariant *value, SbxInherited *self)
{
  guint32 number = g_variant_get_uint32 (value);

  self->scheduler = (gint32) number;
  return number == SCHED_OTHER || number == SCHED_BATCH || number == SCHED_IDLE;
}

static gboolean
read_signals (const Row *row, GVariant *value, SbxInherited *self)
{
  GVariantIter iter;
  guint32 number;

  g_variant_iter_init (&iter, value);
  while (g_variant_iter_next (&iter, "u", &number)) {
    if (number < 1 || number > MAX_SIGNAL || number == SIGKILL || number == SIGSTOP)
      return FALSE;
    self->ignored |= G_GUINT64_CONSTANT (1) << (number - 1);
  }
  return TRUE;
}

static gboolean
read_rlimits (const Row *row, GVariant *value, SbxInherited *self)
{
  GVariantIter iter;
  guint32 resource;
  guint64 soft, hard;

  g_variant_iter_init (&iter, value);
  while (g_variant_iter_next (&iter, "(utt)", &resource, &soft, &hard)) {
    if (resource >= SBX_INHERITED_RLIMITS || self->rlimits[resource].said || soft > hard)
      return FALSE;
    self->rlimits[resource] = (SbxInheritedRlimit){ TRUE, soft, hard };
  }
  return TRUE;
}

static gboolean
read_cpus (const Row *row, GVariant *value, SbxInherited *self)
{
  GVariantIter iter;
  guint32 number;

  g_variant_iter_init (&iter, value);
  while (g_variant_iter_next (&iter, "u", &number)) {
    if (number >= SBX_INHERITED_CPUS)
      return FALSE;
    self->cpus[number / 64] |= G_GUINT64_CONSTANT (1) << (number % 64);
    self->n_cpus = MAX (self->n_cpus, number / 64 + 1);
  }
  return self->n_cpus > 0; /* a process runs somewhere */
}

#define NUMBER(key, type, min, max, field)                                                                             \
  {                                                                                                                    \
    key, type, read_number, min, max, G_STRUCT_OFFSET (SbxInherited, field)                                            \
  }

static const Row rows[] = {
  NUMBER ("umask", "u", 0, 0777, umask),
  NUMBER ("nice", "i", -20, 19, nice),
  NUMBER ("oom-score-adj", "i", -1000, 1000, oom_score_adj),
  NUMBER ("io-priority", "u", 0, 0xffff, io_priority),
  { "scheduler", "u", read_scheduler, 0, 0, 0 },
  { "ignored-signals", "au", read_signals, 0, 0, 0 },
  { "rlimits", "a(utt)", read_rlimits, 0, 0, 0 },
  { "cpus", "au", read_cpus, 0, 0, 0 },
};

static const Row *
find_row (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (strcmp (rows[i].key, name) == 0)
      return &rows[i];
  return NULL;
}

static gboolean
throw_unknown (const char *key, const char *name, GError **error)
{
  const char *known[G_N_ELEMENTS (rows) + 1] = { NULL }, *near;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    known[i] = rows[i].key;
  near = sbx_nearest_word (name, known);
  if (near)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\": unknown key \"%.64s\", did you mean \"%s\"?", key,
                      name, near);
  return sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\": unknown key \"%.64s\"", key, name);
}

static gboolean
read_one (const char *key, const char *name, GVariant *value, SbxInherited *self, GError **error)
{
  const Row *row = find_row (name);

  if (!row)
    return throw_unknown (key, name, error);
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE (row->type)))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\": %s has type %s, not %s", key, name,
                      g_variant_get_type_string (value), row->type);
  return row->read (row, value, self)
         || sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\": the value of %s is none that a process can have",
                       key, name);
}

gboolean
sbx_inherited_read (GVariant *value, const char *key, SbxInherited *self, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  GVariantIter iter;
  const char *name;
  GVariant *one;
  gboolean ok = TRUE;

  *self = (SbxInherited){ .umask = SBX_NOT_INHERITED,
                          .nice = SBX_NOT_INHERITED,
                          .oom_score_adj = SBX_NOT_INHERITED,
                          .scheduler = SBX_NOT_INHERITED,
                          .io_priority = SBX_NOT_INHERITED };
  if (!value)
    return TRUE;
  g_variant_iter_init (&iter, value);
  while (ok && g_variant_iter_next (&iter, "{&sv}", &name, &one)) {
    const Row *row = find_row (name);

    if (row && !g_hash_table_add (seen, (gpointer) row))
      ok = sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\": %s is there twice", key, name);
    else
      ok = read_one (key, name, one, self, error);
    g_variant_unref (one);
  }
  return ok;
}

gboolean
sbx_inherited_check (const char *key, GVariant *value, GError **error)
{
  SbxInherited ignored;

  return sbx_inherited_read (value, key, &ignored, error);
}
