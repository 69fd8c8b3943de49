/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sandbox of a program that serves the application from outside (keeper/parts/sidecar.c): the system's programs,
 * namespaces of its own, no capabilities, the calls of filter/sidecar-table.c, and what the rest of the plan adds. */
#include "plan/sidecar.h"

#include "common/names.h"
#include "plan/filter/syscall-filter.h"
#include "wire/layout.h"

void
sbx_sidecar_add_words (GPtrArray *argv, const char *const *words)
{
  for (; *words; words++)
    g_ptr_array_add (argv, g_strdup (*words));
}

static GPtrArray *
begin (SbxDraft *self, gboolean connected)
{
  static const char *const namespaces[] = { "--die-with-parent", "--unshare-user", "--unshare-pid",
                                            "--unshare-ipc",     "--unshare-uts",  NULL };
  static const char *const tops[] = { "/bin", "/sbin", "/lib", "/lib32", "/lib64" };
  GPtrArray *argv = g_ptr_array_new_with_free_func (g_free);

  g_ptr_array_add (argv, g_strdup (self->machine->bwrap));
  sbx_sidecar_add_words (argv, namespaces);
  if (!connected)
    sbx_sidecar_add_words (argv, (const char *const[]){ "--unshare-net", NULL });
  sbx_sidecar_add_words (argv, (const char *const[]){ "--unshare-cgroup-try", NULL });
  if (self->machine->uid == 0)
    sbx_sidecar_add_words (argv, (const char *const[]){ "--cap-drop", "ALL", NULL });
  sbx_sidecar_add_words (argv, (const char *const[]){ "--ro-bind", "/usr", "/usr", NULL });
  for (gsize i = 0; i < G_N_ELEMENTS (tops); i++) {
    g_autofree char *link = NULL;
    SbxFileKind kind = self->machine->look (self->machine, tops[i], &link);

    if (link)
      sbx_sidecar_add_words (argv, (const char *const[]){ "--symlink", link, tops[i], NULL });
    else if (kind == SBX_FILE_DIRECTORY)
      sbx_sidecar_add_words (argv, (const char *const[]){ "--ro-bind", tops[i], tops[i], NULL });
  }
  if (sbx_draft_exists (self, "/etc/ld.so.cache"))
    sbx_sidecar_add_words (argv, (const char *const[]){ "--ro-bind", "/etc/ld.so.cache", "/etc/ld.so.cache", NULL });
  return argv;
}

GPtrArray *
sbx_sidecar_begin (SbxDraft *self)
{
  return begin (self, FALSE);
}

GPtrArray *
sbx_sidecar_begin_connected (SbxDraft *self)
{
  return begin (self, TRUE);
}

void
sbx_sidecar_run (GPtrArray *argv, const char *program)
{
  /* Its root is memory of bwrap's, where it would have room for files of its own */
  sbx_sidecar_add_words (argv,
                         (const char *const[]){ "--remount-ro", "/", "--seccomp", SBX_FD_TEXT (SBX_SIDECAR_FILTER_FD),
                                                "--chdir", "/", "--", program, NULL });
}

char *
sbx_sidecar_get_directory (SbxDraft *self, SbxSidecarKind kind)
{
  const char *id = self->request->id ? self->request->id : "ID";

  return g_build_filename (self->machine->runtime_dir, SBX_RUNTIME_SUBDIR, id, sbx_sidecars[kind].directory, NULL);
}

char *
sbx_sidecar_get_source (SbxDraft *self, SbxSidecarKind kind)
{
  g_autofree char *directory = sbx_sidecar_get_directory (self, kind);

  return g_strconcat (directory, self->request->replaces ? SBX_SIDECAR_NEXT : NULL, NULL);
}

/* The least that they work with: libraries for drawing, stacks of threads */
#define SIDECAR_MEMORY (256u << 20)

void
sbx_sidecar_add (SbxDraft *self, SbxSidecarKind kind, GPtrArray *argv, GBytes *file)
{
  guint64 memory = sbx_policy_get_limit (self->policy, SBX_LIMIT_MEMORY);
  SbxPlanSidecar sidecar = { .kind = kind, .argv = argv, .file = file };

  g_ptr_array_add (argv, NULL);
  sidecar.memory = memory == SBX_LIMIT_NONE ? memory : MAX (memory, SIDECAR_MEMORY);
  g_array_append_val (self->box->sidecars, sidecar);
}

gboolean
sbx_sidecars_confine (SbxDraft *self, GError **error)
{
  for (guint i = 0; i < self->box->sidecars->len; i++) {
    SbxPlanSidecar *sidecar = &g_array_index (self->box->sidecars, SbxPlanSidecar, i);

    sidecar->filter = sbx_seccomp_get_sidecar (self->machine->filters, sidecar->kind, error);
    if (!sidecar->filter)
      return FALSE;
  }
  return TRUE;
}
