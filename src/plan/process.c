/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/process.h"

#include <sys/resource.h>

#include "plan/environment.h"
#include "wire/block.h"

static const struct {
  SbxLimit limit;
  int resource;
  const char *name;
  gboolean of_all; /* a scope does it better */
} rlimits[] = {
  /* RLIMIT_AS would count reserved address space, of which browsers and sanitizers take terabytes */
  { SBX_LIMIT_MEMORY, RLIMIT_DATA, "data", TRUE },
  /* Counted per user namespace since Linux 5.14 */
  { SBX_LIMIT_PIDS, RLIMIT_NPROC, "nproc", TRUE },
  { SBX_LIMIT_NOFILE, RLIMIT_NOFILE, "nofile", FALSE },
  { SBX_LIMIT_CORE, RLIMIT_CORE, "core", FALSE },
};

GArray *
sbx_process_list_rlimits (const SbxPolicy *policy)
{
  GArray *list = g_array_new (FALSE, FALSE, sizeof (SbxRlimit));

  for (gsize i = 0; i < G_N_ELEMENTS (rlimits); i++) {
    SbxRlimit row = { rlimits[i].resource, rlimits[i].name, sbx_policy_get_limit (policy, rlimits[i].limit),
                      rlimits[i].of_all };

    if (row.value != SBX_LIMIT_NONE)
      g_array_append_val (list, row);
  }
  return list;
}

static guint32
make_flags (const SbxPolicy *policy, const SbxPlanRequest *request)
{
  guint32 flags = 0;

  if (request->tty)
    flags |= SBX_START_TTY;
  if (request->cwd_optional)
    flags |= SBX_START_CWD_OPTIONAL;
  if (sbx_policy_get_features (policy) & SBX_FEATURE_BACKGROUND)
    flags |= SBX_START_LINGER;
  if (!request->handler && sbx_policy_get_pidns (policy) == SBX_PIDNS_SESSION)
    flags |= SBX_START_SWEEP;
  return flags;
}

SbxProcess *
sbx_process_new (const SbxPolicy *policy, const SbxOffers *offers, const SbxPlanRequest *request,
                 const char *const *environment)
{
  SbxProcess *self = g_new0 (SbxProcess, 1);
  const char *home = sbx_offers_get (offers, "HOME");

  self->argv = g_strdupv ((char **) request->argv);
  self->environment = sbx_environment_make (policy, offers, request, environment);
  self->cwd = g_strdup (request->cwd);
  self->cwd_also = g_strdup (request->cwd_also);
  self->home = g_strdup (home ? home : "/");
  self->start_flags = make_flags (policy, request);
  self->rlimits = sbx_process_list_rlimits (policy);
  if (request->inherited)
    self->inherited = g_memdup2 (request->inherited, sizeof *request->inherited);
  return self;
}

void
sbx_process_free (SbxProcess *self)
{
  g_strfreev (self->argv);
  g_ptr_array_unref (self->environment);
  g_free (self->cwd);
  g_free (self->cwd_also);
  g_free (self->home);
  g_array_unref (self->rlimits);
  g_free (self->inherited);
  g_clear_pointer (&self->filter, g_bytes_unref);
  g_clear_pointer (&self->rules, g_bytes_unref);
  g_clear_pointer (&self->paths, g_bytes_unref);
  g_clear_pointer (&self->writable, g_ptr_array_unref);
  g_clear_pointer (&self->connect, g_array_unref);
  g_clear_pointer (&self->bind, g_array_unref);
  g_free (self);
}

const char *const *
sbx_process_get_environment (const SbxProcess *self)
{
  return (const char *const *) self->environment->pdata;
}
