/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/filter/socketcall.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/net.h>
#include <stddef.h>

#include "plan/filter/path-table.h"
#include "wire/call-program.h"

#define SOCKETCALL_OF_I386 102 /* arch/x86/entry/syscalls/syscall_32.tbl */
#define MADE (SECCOMP_RET_ERRNO | ENOSYS | SBX_FILTER_ASKS)

/* include/uapi/linux/net.h; under which names a rule may refuse it. Those that make sockets are MADE whatever is said
 * of them: the keeper runs the filter over what it finds. */
static const struct {
  guint32 number;
  const char *call, *other;
} rows[] = {
  { SYS_SOCKET, NULL, NULL },
  { SYS_BIND, "bind", NULL },
  { SYS_CONNECT, "connect", NULL },
  { SYS_LISTEN, "listen", NULL },
  { SYS_ACCEPT, "accept", "accept4" },
  { SYS_GETSOCKNAME, "getsockname", NULL },
  { SYS_GETPEERNAME, "getpeername", NULL },
  { SYS_SOCKETPAIR, NULL, NULL },
  { SYS_SEND, "send", "sendto" },
  { SYS_RECV, "recv", "recvfrom" },
  { SYS_SENDTO, "sendto", NULL },
  { SYS_RECVFROM, "recvfrom", NULL },
  { SYS_SHUTDOWN, "shutdown", NULL },
  { SYS_SETSOCKOPT, "setsockopt", NULL },
  { SYS_GETSOCKOPT, "getsockopt", NULL },
  { SYS_SENDMSG, "sendmsg", NULL },
  { SYS_RECVMSG, "recvmsg", NULL },
  { SYS_ACCEPT4, "accept4", "accept" },
  { SYS_RECVMMSG, "recvmmsg", NULL },
  { SYS_SENDMMSG, "sendmmsg", NULL },
};

static gboolean
names_a_path (const char *call)
{
  for (const SbxPathRow *row = sbx_path_rows; row->call; row++)
    if (g_str_equal (row->call, call))
      return TRUE;
  return FALSE;
}

/* What is returned for the row, or FALSE: it is for the program to say. */
static gboolean
decide (gsize i, const SbxPolicy *policy, guint facts, SbxRefuses refuses, guint32 *says)
{
  *says = MADE;
  if (!rows[i].call)
    return TRUE;
  *says = (facts & SBX_BOX_LEARNED) && names_a_path (rows[i].call) ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW;
  return !refuses (policy, facts, rows[i].call) && !(rows[i].other && refuses (policy, facts, rows[i].other));
}

static void
add (GArray *program, guint16 code, guint32 k, guint8 is, guint8 is_not)
{
  const struct sock_filter instruction = { code, is, is_not, k };

  g_array_append_val (program, instruction);
}

GBytes *
sbx_socketcall_decide (GBytes *program, const SbxPolicy *policy, guint facts, SbxRefuses refuses)
{
  g_autoptr (GBytes) rest = program;
  g_autoptr (GArray) decisions = g_array_new (FALSE, FALSE, sizeof (struct sock_filter));
  GArray *all;
  gsize size;
  gconstpointer data = g_bytes_get_data (rest, &size);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    guint32 says;

    if (!decide (i, policy, facts, refuses, &says))
      continue;
    add (decisions, BPF_JMP | BPF_JEQ | BPF_K, rows[i].number, 0, 1);
    add (decisions, BPF_RET | BPF_K, says, 0, 0);
  }
  all = g_array_new (FALSE, FALSE, sizeof (struct sock_filter));
  add (all, BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, arch), 0, 0);
  add (all, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 0, (guint8) (decisions->len + 3));
  add (all, BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr), 0, 0);
  add (all, BPF_JMP | BPF_JEQ | BPF_K, SOCKETCALL_OF_I386, 0, (guint8) (decisions->len + 1));
  add (all, BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, args), 0, 0); /* its lower half: little-endian */
  g_array_append_vals (all, decisions->data, decisions->len);
  g_array_append_vals (all, data, (guint) (size / sizeof (struct sock_filter)));
  size = all->len * sizeof (struct sock_filter);
  return g_bytes_new_take (g_array_free (all, FALSE), size);
}
