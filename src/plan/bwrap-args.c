/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The box as a command line of bwrap 0.8. It gets no environment and no command of the application's: sandbox-init
 * is what it runs, and that is told the rest when it starts. */
#include "plan/bwrap-args.h"

#include "wire/layout.h"

/* A mount in bwrap's words; of BIND they depend on the flags. */
static const struct {
  SbxMountKind kind;
  guint flags;
  const char *word;
} words[] = {
  { SBX_MOUNT_BIND, 0, "bind" },
  { SBX_MOUNT_BIND, SBX_MOUNT_READ_ONLY, "ro-bind" },
  { SBX_MOUNT_BIND, SBX_MOUNT_DEVICES, "dev-bind" },
  { SBX_MOUNT_TMPFS, 0, "tmpfs" },
  { SBX_MOUNT_SYMLINK, 0, "symlink" },
  { SBX_MOUNT_DIRECTORY, 0, "dir" },
  { SBX_MOUNT_FILE, SBX_MOUNT_READ_ONLY, "ro-bind-data" },
  { SBX_MOUNT_PROC, 0, "proc" },
  { SBX_MOUNT_DEV, 0, "dev" },
  { SBX_MOUNT_REMOUNT, SBX_MOUNT_READ_ONLY, "remount-ro" },
};

const char *
sbx_bwrap_word (const SbxMount *mount)
{
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (words[i].kind == mount->kind && words[i].flags == (mount->flags & ~(guint) SBX_MOUNT_WAYLAND))
      return words[i].word;
  g_error ("A mount of kind %d with flags %#x, which bwrap cannot make", (int) mount->kind, mount->flags);
}

static void
arg (SbxDraft *self, const char *text)
{
  g_ptr_array_add (self->box->bwrap, g_strdup (text));
}

static void
add_namespaces (SbxDraft *self)
{
  guint shared = self->box->shared;
  gboolean joins = sbx_box_joins (self->box);

  if (!joins) { /* else sandbox-keeper puts in what is joined: keeper/join.c */
    arg (self, "--unshare-user");
    arg (self, "--unshare-pid");
  }
  arg (self, "--unshare-uts");
  arg (self, "--unshare-cgroup-try");
  if (!(shared & SBX_SHARED_IPC))
    arg (self, "--unshare-ipc");
  if (!(shared & SBX_SHARED_NETWORK))
    arg (self, "--unshare-net");
  if (self->box->as_root && !joins) {
    arg (self, "--uid");
    g_ptr_array_add (self->box->bwrap, g_strdup_printf ("%u", self->box->uid));
    arg (self, "--gid");
    g_ptr_array_add (self->box->bwrap, g_strdup_printf ("%u", self->box->gid));
  }
  if (self->machine->uid == 0) { /* bwrap keeps root's capabilities inside unless told otherwise */
    arg (self, "--cap-drop");
    arg (self, "ALL");
  }
  if (self->box->handler) { /* over the processes of the namespace that it joins, and no others (user_namespaces(7)) */
    arg (self, "--cap-add");
    arg (self, "CAP_SYS_PTRACE");
  }
}

static void
add_mount (SbxDraft *self, const SbxMount *mount)
{
  if (mount->mode >= 0) {
    arg (self, "--perms");
    g_ptr_array_add (self->box->bwrap, g_strdup_printf ("%04o", (guint) mount->mode));
  }
  g_ptr_array_add (self->box->bwrap, g_strconcat ("--", sbx_bwrap_word (mount), NULL));
  if (mount->kind == SBX_MOUNT_FILE)
    g_ptr_array_add (self->box->bwrap, g_strdup_printf ("%d", mount->number));
  else if (mount->source)
    arg (self, mount->source);
  arg (self, mount->dest);
}

void
sbx_bwrap_write (SbxDraft *self)
{
  arg (self, self->machine->bwrap);
  /* With --pidns bwrap forks twice, and what it asks to die with is the process between, which is ending: under load
   * that comes late, and ends the sandbox. The keeper sees to the end of what joins (keeper/ending.h). */
  if (!sbx_box_joins (self->box)) {
    arg (self, "--as-pid-1");
    arg (self, "--die-with-parent");
  }
  add_namespaces (self);
  for (gsize i = 0; i < self->box->n_skeleton; i++)
    add_mount (self, &g_array_index (self->box->mounts, SbxMount, i));
  arg (self, "--chdir");
  arg (self, "/");
  arg (self, "--");
  g_ptr_array_add (self->box->bwrap, g_strdup_printf ("/proc/self/fd/%d", SBX_INIT_PROGRAM_FD));
  g_ptr_array_add (self->box->bwrap, NULL);
}
