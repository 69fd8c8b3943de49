/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sandbox of a program that serves the application from outside (keeper/sidecar.c): the system's programs,
 * namespaces of its own, no capabilities, the calls of sidecar-table.c, and what the rest of the plan adds. */
#include "plan/plan-private.h"

void
sbx_plan_add_words (GPtrArray *argv, const char *const *words)
{
  for (; *words; words++)
    g_ptr_array_add (argv, g_strdup (*words));
}

void
sbx_plan_begin_sidecar (SbxPlan *self, GPtrArray *argv)
{
  static const char *const namespaces[] = { "--die-with-parent",    "--unshare-user",
                                            "--unshare-pid",        "--unshare-ipc",
                                            "--unshare-uts",        "--unshare-net",
                                            "--unshare-cgroup-try", NULL };
  static const char *const tops[] = { "/bin", "/sbin", "/lib", "/lib32", "/lib64" };

  g_ptr_array_add (argv, g_strdup (self->machine->bwrap));
  sbx_plan_add_words (argv, namespaces);
  if (self->machine->uid == 0)
    sbx_plan_add_words (argv, (const char *const[]){ "--cap-drop", "ALL", NULL });
  sbx_plan_add_words (argv, (const char *const[]){ "--ro-bind", "/usr", "/usr", NULL });
  for (gsize i = 0; i < G_N_ELEMENTS (tops); i++) {
    g_autofree char *link = NULL;
    SbxFileKind kind = self->machine->look (self->machine, tops[i], &link);

    if (link)
      sbx_plan_add_words (argv, (const char *const[]){ "--symlink", link, tops[i], NULL });
    else if (kind == SBX_FILE_DIRECTORY)
      sbx_plan_add_words (argv, (const char *const[]){ "--ro-bind", tops[i], tops[i], NULL });
  }
  if (sbx_plan_exists (self, "/etc/ld.so.cache"))
    sbx_plan_add_words (argv, (const char *const[]){ "--ro-bind", "/etc/ld.so.cache", "/etc/ld.so.cache", NULL });
}

void
sbx_plan_end_sidecar (GPtrArray *argv, const char *program)
{
  /* Its root is memory of bwrap's, where it would have room for files of its own */
  sbx_plan_add_words (argv,
                      (const char *const[]){ "--remount-ro", "/", "--seccomp", G_STRINGIFY (SBX_PLAN_SIDECAR_FILTER),
                                             "--chdir", "/", "--", program, NULL });
}
