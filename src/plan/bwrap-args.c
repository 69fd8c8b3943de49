/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plan as a command line of bwrap 0.8. It gets no environment and no command of the application's: sandbox-init
 * is what it runs, and that is told the rest when it starts. */
#include "plan/plan-private.h"

static const char *const op_names[SBX_N_OPS] = {
  [SBX_OP_RO_BIND] = "ro-bind",       [SBX_OP_BIND] = "bind",       [SBX_OP_DEV_BIND] = "dev-bind",
  [SBX_OP_TMPFS] = "tmpfs",           [SBX_OP_SYMLINK] = "symlink", [SBX_OP_DIR] = "dir",
  [SBX_OP_FILE] = "ro-bind-data",     [SBX_OP_PROC] = "proc",       [SBX_OP_DEV] = "dev",
  [SBX_OP_REMOUNT_RO] = "remount-ro",
};

const char *
sbx_op_name (SbxOpKind kind)
{
  return op_names[kind];
}

static void
arg (SbxPlan *self, const char *text)
{
  g_ptr_array_add (self->bwrap, g_strdup (text));
}

static void
add_namespaces (SbxPlan *self)
{
  guint shared = sbx_policy_get_shared (self->policy);

  if (!self->handler) { /* else sandbox-keeper puts in what is joined: keeper/join.c */
    arg (self, "--unshare-user");
    arg (self, "--unshare-pid");
  }
  arg (self, "--unshare-uts");
  arg (self, "--unshare-cgroup-try");
  if (!(shared & SBX_SHARED_IPC))
    arg (self, "--unshare-ipc");
  if (!(shared & SBX_SHARED_NETWORK))
    arg (self, "--unshare-net");
  if (self->as_root && !self->handler) {
    arg (self, "--uid");
    g_ptr_array_add (self->bwrap, g_strdup_printf ("%u", self->uid));
    arg (self, "--gid");
    g_ptr_array_add (self->bwrap, g_strdup_printf ("%u", self->gid));
  }
  if (self->machine->uid == 0) { /* bwrap keeps root's capabilities inside unless told otherwise */
    arg (self, "--cap-drop");
    arg (self, "ALL");
  }
  if (self->handler) { /* over the processes of the namespace that it joins, and no others (user_namespaces(7)) */
    arg (self, "--cap-add");
    arg (self, "CAP_SYS_PTRACE");
  }
}

static void
add_op (SbxPlan *self, const SbxOp *op)
{
  if (op->mode >= 0) {
    arg (self, "--perms");
    g_ptr_array_add (self->bwrap, g_strdup_printf ("%04o", (guint) op->mode));
  }
  g_ptr_array_add (self->bwrap, g_strconcat ("--", op_names[op->kind], NULL));
  if (op->kind == SBX_OP_FILE)
    g_ptr_array_add (self->bwrap, g_strdup_printf ("%d", op->number));
  else if (op->source)
    arg (self, op->source);
  arg (self, op->dest);
}

void
sbx_plan_write_bwrap (SbxPlan *self)
{
  arg (self, self->machine->bwrap);
  /* With --pidns bwrap forks twice, and what it asks to die with is the process between, which is ending: under load
   * that comes late, and ends the sandbox. The keeper sees to a handler's end (keeper/launch.c). */
  if (!self->handler) {
    arg (self, "--as-pid-1");
    arg (self, "--die-with-parent");
  }
  add_namespaces (self);
  for (guint i = 0; i < self->ops->len; i++)
    add_op (self, &g_array_index (self->ops, SbxOp, i));
  arg (self, "--chdir");
  arg (self, "/");
  arg (self, "--");
  g_ptr_array_add (self->bwrap, g_strdup_printf ("/proc/self/fd/%d", SBX_INIT_PROGRAM_FD));
  g_ptr_array_add (self->bwrap, NULL);
}
