/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The compiled filter, tried on real system calls in a child that has installed it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/error.h"
#include "plan/filter/syscall-filter.h"
#include "policy-fixture.h"
#include "wire/call-program.h"

#define ANYTHING 200 /* whatever the kernel says, as long as it is asked */

typedef struct {
  const char *what;
  long number, arguments[5];
  int error; /* what the filter answers; ANYTHING: it lets the call through */
} Call;

static SbxPolicy *
policy_with (const char *tier, const char *features, const char *allow, const char *deny)
{
  g_autofree char *text =
      g_strdup_printf ("{'Seccomp': <{'tier': '%s', 'allow': '%s', 'deny': '%s'}>, 'Context': <{'features': '%s'}>}",
                       tier, allow, deny, features);

  return policy_from_text (text);
}

/* In a child: the number of the first call that answers otherwise + 1, or 0. */
static int
try_calls (GBytes *filter, const Call *calls)
{
  gsize size;
  const void *data = g_bytes_get_data (filter, &size);
  g_autofree struct sock_filter *copy = g_memdup2 (data, size);
  struct sock_fprog program = { (unsigned short) (size / sizeof *copy), copy };

  sbx_filter_resolve_marks (copy, program.len, FALSE);
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
    return 127;
  for (int i = 0; calls[i].what; i++) {
    const long *a = calls[i].arguments;
    long rc = syscall (calls[i].number, a[0], a[1], a[2], a[3], a[4]);
    gboolean refused = rc < 0 && errno == calls[i].error;

    if (calls[i].error == ANYTHING ? rc < 0 && (errno == EPERM || errno == ENOSYS) : !refused)
      return i + 1;
  }
  return 0;
}

static void
expect_of (GBytes *filter, const Call *calls)
{
  pid_t pid;
  int status;

  pid = fork ();
  if (pid == 0)
    _exit (try_calls (filter, calls));
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status));
  if (WEXITSTATUS (status) != 0)
    g_error ("%s: not what the table says", calls[WEXITSTATUS (status) - 1].what);
}

static void
expect (const SbxPolicy *policy, const Call *calls)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) filter = sbx_seccomp_compile (policy, 0, &error);

  g_assert_no_error (error);
  expect_of (filter, calls);
}

#define HIGH (1L << 40)
#define NOBODY 0x7ffffffe /* no such process: ptrace that gets through says ESRCH */

static const Call everywhere[] = {
  { "add_key", SYS_add_key, { 0 }, EPERM },
  { "bpf", SYS_bpf, { 0 }, EPERM },
  { "userfaultfd", SYS_userfaultfd, { 0 }, EPERM },
  { "kexec_load", SYS_kexec_load, { 0 }, EPERM },
  { "init_module", SYS_init_module, { 0 }, EPERM },
  { "reboot", SYS_reboot, { 0 }, EPERM },
  { "swapon", SYS_swapon, { 0 }, EPERM },
  { "acct", SYS_acct, { 0 }, EPERM },
  { "quotactl", SYS_quotactl, { 0 }, EPERM },
  { "syslog", SYS_syslog, { 0 }, EPERM },
  { "io_uring_setup", SYS_io_uring_setup, { 0 }, ENOSYS },
  { "TIOCSTI", SYS_ioctl, { 0, 0x5412 }, EPERM },
  { "TIOCSTI with more bits than the kernel reads", SYS_ioctl, { 0, 0x5412 | HIGH }, EPERM },
  { "TIOCLINUX", SYS_ioctl, { 0, 0x541c | HIGH }, EPERM },
  { "vsock", SYS_socket, { 40, SOCK_STREAM }, EAFNOSUPPORT },
  { "packet", SYS_socket, { AF_PACKET, SOCK_RAW }, EAFNOSUPPORT },
  { "XDP", SYS_socket, { 44, SOCK_RAW }, EAFNOSUPPORT },
  { "a pair of another family", SYS_socketpair, { AF_INET, SOCK_STREAM }, EAFNOSUPPORT },
  { "a pair of vsock", SYS_socketpair, { 40, SOCK_STREAM }, EAFNOSUPPORT },
  { "a pair", SYS_socketpair, { AF_UNIX, SOCK_STREAM }, ANYTHING },
  { "SCTP", SYS_socket, { AF_INET, SOCK_STREAM, 132 }, EPROTONOSUPPORT },
  { "the process connector", SYS_socket, { AF_NETLINK, SOCK_DGRAM, 11 }, EPROTONOSUPPORT },
  { "the process connector with more bits", SYS_socket, { AF_NETLINK, SOCK_DGRAM, 11 | HIGH }, EPROTONOSUPPORT },
  { "netlink with more bits", SYS_socket, { AF_NETLINK | HIGH, SOCK_DGRAM, 11 }, EAFNOSUPPORT },
  { "routes", SYS_socket, { AF_NETLINK, SOCK_RAW, 0 }, ANYTHING },
  { "devices", SYS_socket, { AF_NETLINK, SOCK_RAW, 15 }, ANYTHING },
  { "unix", SYS_socket, { AF_UNIX, SOCK_STREAM }, ANYTHING },
  { "inet6", SYS_socket, { AF_INET6, SOCK_STREAM }, ANYTHING },
  { "getpid", SYS_getpid, { 0 }, ANYTHING },
  { NULL, 0, { 0 }, 0 },
};

static const Call without_userns[] = {
  { "mount", SYS_mount, { 0 }, EPERM },
  { "fsopen", SYS_fsopen, { 0 }, EPERM },
  { "open_tree", SYS_open_tree, { 0 }, EPERM },
  { "setns", SYS_setns, { -1 }, EPERM },
  { "unshare (NEWUSER)", SYS_unshare, { CLONE_NEWUSER }, EPERM },
  { "unshare (NEWUSER) among others", SYS_unshare, { CLONE_NEWUSER | CLONE_NEWNS | HIGH }, EPERM },
  { "unshare (FILES)", SYS_unshare, { CLONE_FILES }, ANYTHING },
  { "clone (NEWUSER)", SYS_clone, { CLONE_NEWUSER | SIGCHLD }, EPERM },
  { "clone3", SYS_clone3, { 0 }, ENOSYS },
  { NULL, 0, { 0 }, 0 },
};

static const Call with_userns[] = {
  { "mount", SYS_mount, { 0 }, EFAULT },
  { "setns", SYS_setns, { -1 }, EBADF },
  { "clone3", SYS_clone3, { 0 }, EINVAL },
  { NULL, 0, { 0 }, 0 },
};

static void
test_tiers (void)
{
  static const char *const tiers[] = { "strict", "dumper", "default", "debugger", "browser" };

  for (gsize i = 0; i < G_N_ELEMENTS (tiers); i++) {
    g_autoptr (SbxPolicy) policy = policy_with (tiers[i], "", "", "");
    g_autoptr (SbxPolicy) nested = policy_with (tiers[i], "userns;", "", "");

    expect (policy, everywhere);
    expect (policy, without_userns);
    expect (nested, everywhere);
    expect (nested, with_userns);
  }
}

static const Call tracing[] = {
  { "ptrace (ATTACH)", SYS_ptrace, { PTRACE_ATTACH, NOBODY }, ESRCH },
  { "ptrace (POKEDATA)", SYS_ptrace, { PTRACE_POKEDATA, NOBODY }, ESRCH },
  { "process_vm_writev", SYS_process_vm_writev, { NOBODY }, ANYTHING },
  { NULL, 0, { 0 }, 0 },
};

static const Call no_tracing[] = {
  { "ptrace (ATTACH)", SYS_ptrace, { PTRACE_ATTACH, NOBODY }, EPERM },
  { "process_vm_readv", SYS_process_vm_readv, { NOBODY }, EPERM },
  { "process_vm_writev", SYS_process_vm_writev, { NOBODY }, EPERM },
  { NULL, 0, { 0 }, 0 },
};

static const Call reading[] = {
  { "ptrace (SEIZE)", SYS_ptrace, { PTRACE_SEIZE, NOBODY }, ESRCH },
  { "ptrace (PEEKDATA)", SYS_ptrace, { PTRACE_PEEKDATA, NOBODY }, ESRCH },
  { "ptrace (GETREGSET)", SYS_ptrace, { PTRACE_GETREGSET, NOBODY }, ESRCH },
  { "ptrace (DETACH)", SYS_ptrace, { PTRACE_DETACH, NOBODY }, ESRCH },
  { "process_vm_readv", SYS_process_vm_readv, { NOBODY }, ANYTHING },
  { "ptrace (POKETEXT)", SYS_ptrace, { PTRACE_POKETEXT, NOBODY }, EPERM },
  { "ptrace (POKEDATA)", SYS_ptrace, { PTRACE_POKEDATA, NOBODY }, EPERM },
  { "ptrace (POKEUSER)", SYS_ptrace, { PTRACE_POKEUSER, NOBODY }, EPERM },
  { "ptrace (SETREGS)", SYS_ptrace, { PTRACE_SETREGS, NOBODY }, EPERM },
  { "ptrace (SETREGSET)", SYS_ptrace, { PTRACE_SETREGSET, NOBODY }, EPERM },
  { "ptrace (SYSCALL)", SYS_ptrace, { PTRACE_SYSCALL, NOBODY }, EPERM },
  { "ptrace (SETSIGINFO)", SYS_ptrace, { PTRACE_SETSIGINFO, NOBODY }, EPERM },
  { "ptrace (a later one)", SYS_ptrace, { 0x4300, NOBODY }, EPERM },
  { "process_vm_writev", SYS_process_vm_writev, { NOBODY }, EPERM },
  { NULL, 0, { 0 }, 0 },
};

static void
test_tracing (void)
{
  static const struct {
    const char *tier;
    const Call *calls;
  } cases[] = { { "strict", no_tracing },
                { "dumper", reading },
                { "default", tracing },
                { "debugger", tracing },
                { "browser", tracing } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (SbxPolicy) policy = policy_with (cases[i].tier, "", "", "");

    expect (policy, cases[i].calls);
  }
}

/* -1: the address of a new limit. The kernel says EFAULT to that, and ESRCH to NOBODY */
static const Call limits_of_others[] = {
  { "prlimit64 (another's, to set)", SYS_prlimit64, { 1, 1, -1, 0 }, EPERM },
  { "prlimit64 (another's, to set, with more bits)", SYS_prlimit64, { 1 | HIGH, 1, -1, 0 }, EPERM },
  { "prlimit64 (another's, to read)", SYS_prlimit64, { NOBODY, 1, 0, 0 }, ESRCH },
  { "prlimit64 (one's own, to set)", SYS_prlimit64, { 0, 1, -1, 0 }, EFAULT },
  { NULL, 0, { 0 }, 0 },
};

static const Call limits_of_a_tracee[] = {
  { "prlimit64 (another's, to set)", SYS_prlimit64, { NOBODY, 1, -1, 0 }, EFAULT },
  { NULL, 0, { 0 }, 0 },
};

static void
test_limits (void)
{
  static const char *const tiers[] = { "strict", "dumper", "default", "browser" };
  g_autoptr (SbxPolicy) debugger = policy_with ("debugger", "", "", "");

  for (gsize i = 0; i < G_N_ELEMENTS (tiers); i++) {
    g_autoptr (SbxPolicy) policy = policy_with (tiers[i], "", "", "");

    expect (policy, limits_of_others);
  }
  expect (debugger, limits_of_a_tracee);
}

#define FASTOPEN 0x20000000L
#define TCP_ULP 31

static const Call around_ports[] = {
  { "MPTCP", SYS_socket, { AF_INET, SOCK_STREAM, 262 }, EPROTONOSUPPORT },
  { "MPTCP with more bits", SYS_socket, { AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 262 | HIGH }, EPROTONOSUPPORT },
  { "SMC", SYS_socket, { AF_INET, SOCK_STREAM, 256 }, EPROTONOSUPPORT },
  { "sendto (FASTOPEN)", SYS_sendto, { -1, 0, 0, FASTOPEN | MSG_NOSIGNAL }, EOPNOTSUPP },
  { "sendmsg (FASTOPEN)", SYS_sendmsg, { -1, 0, FASTOPEN | HIGH }, EOPNOTSUPP },
  { "sendmmsg (FASTOPEN)", SYS_sendmmsg, { -1, 0, 0, FASTOPEN }, EOPNOTSUPP },
  { "setsockopt (TCP_ULP)", SYS_setsockopt, { -1, 6, TCP_ULP, 0, 0 }, ENOENT },
  { "TCP", SYS_socket, { AF_INET, SOCK_STREAM, 6 }, ANYTHING },
  { "sendto", SYS_sendto, { -1, 0, 0, MSG_NOSIGNAL }, EBADF },
  { "setsockopt (TCP_NODELAY)", SYS_setsockopt, { -1, 6, 1, 0, 0 }, EBADF },
  { "setsockopt (of another level)", SYS_setsockopt, { -1, 1, TCP_ULP, 0, 0 }, EBADF },
  { NULL, 0, { 0 }, 0 },
};

/* The same calls where every port is allowed. */
static const Call every_port[] = {
  { "MPTCP", SYS_socket, { AF_INET, SOCK_STREAM, 262 }, ANYTHING },
  { "sendto (FASTOPEN)", SYS_sendto, { -1, 0, 0, FASTOPEN }, EBADF },
  { "sendmsg (FASTOPEN)", SYS_sendmsg, { -1, 0, FASTOPEN }, EBADF },
  { "sendmmsg (FASTOPEN)", SYS_sendmmsg, { -1, 0, 0, FASTOPEN }, EBADF },
  { "setsockopt (TCP_ULP)", SYS_setsockopt, { -1, 6, TCP_ULP, 0, 0 }, EBADF },
  { NULL, 0, { 0 }, 0 },
};

static SbxPolicy *
policy_with_ports (const char *key, const char *ports)
{
  g_autofree char *limit = key ? g_strdup_printf ("'Network': <{'%s': '%s'}>, ", key, ports) : g_strdup ("");
  g_autofree char *text = g_strdup_printf ("{%s'Context': <{'shared': 'network'}>}", limit);

  return policy_from_text (text);
}

static void
test_ports (void)
{
  g_autoptr (SbxPolicy) connecting = policy_with_ports ("connect", "443"), binding = policy_with_ports ("bind", "8080");
  g_autoptr (SbxPolicy) free = policy_with_ports (NULL, NULL);
  g_autoptr (GHashTable) cache = sbx_seccomp_cache_new ();
  g_autoptr (GBytes) limited = sbx_seccomp_get (cache, connecting, 0, NULL),
                     plain = sbx_seccomp_get (cache, free, 0, NULL);

  expect (connecting, around_ports);
  expect (binding, around_ports);
  expect (free, every_port);
  g_assert_false (g_bytes_equal (limited, plain));
}

#define KEY 0x53425800 /* nobody's */

/* Segments of System V shared memory can be made unless the X server is in another IPC namespace. */
static void
test_x11 (void)
{
  static const Call made[] = { { "shmget", SYS_shmget, { IPC_PRIVATE, 0 }, EINVAL },
                               { "shmget (key)", SYS_shmget, { KEY, 0, IPC_CREAT }, EINVAL },
                               { NULL, 0, { 0 }, 0 } };
  /* One with a key is made by the keeper, where it can be asked; one that is there already has a number of its own */
  static const Call refused[] = { { "shmget", SYS_shmget, { IPC_PRIVATE, 0 }, ENOSYS },
                                  { "shmget (made)", SYS_shmget, { IPC_PRIVATE, 0, IPC_CREAT }, ENOSYS },
                                  { "shmget (key)", SYS_shmget, { KEY, 0, IPC_CREAT }, ENOSYS },
                                  { "shmget (key, exclusive)", SYS_shmget, { KEY, 0, IPC_CREAT | IPC_EXCL }, ENOSYS },
                                  { "shmget (found)", SYS_shmget, { KEY, 0, 0 }, ENOENT },
                                  { NULL, 0, { 0 }, 0 } };
  static const struct {
    const char *words;
    guint facts;
    const Call *calls;
  } rows[] = {
    { "@a{sv} {}", 0, made },
    { "@a{sv} {}", SBX_BOX_SHARES_X11, refused },
    { "{'Context': <{'shared': 'ipc'}>}", SBX_BOX_SHARES_X11, made },
    { "{'Context': <{'shared': 'network'}>}", SBX_BOX_SHARES_X11, refused },
    { "{'Context': <{'sockets': 'x11'}>}", 0, made },
    { "{'Seccomp': <{'tier': 'browser'}>}", SBX_BOX_SHARES_X11, refused },
    { "{'Seccomp': <{'allow': 'shmget'}>}", SBX_BOX_SHARES_X11, made },
  };
  g_autoptr (GHashTable) cache = sbx_seccomp_cache_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    static const SbxPlaces places = { "/", NULL, NULL, NULL, NULL, NULL };
    g_autoptr (GVariant) words = g_variant_ref_sink (g_variant_new_parsed (rows[i].words, NULL));
    g_autoptr (SbxPolicy) nothing = sbx_policy_new (), policy = NULL;
    g_autoptr (GBytes) filter = NULL;

    policy = sbx_policy_merge_variant (nothing, words, &places, NULL);
    filter = sbx_seccomp_get (cache, policy, rows[i].facts, NULL);
    expect_of (filter, rows[i].calls);
  }
}

static void
test_lists (void)
{
  static const Call calls[] = {
    { "getppid, denied", SYS_getppid, { 0 }, EPERM },
    { "clone3, denied over its row", SYS_clone3, { 0 }, EPERM },
    { "open_by_handle_at, allowed", SYS_open_by_handle_at, { -1 }, EFAULT },
    { "add_key, as ever", SYS_add_key, { 0 }, EPERM },
    { NULL, 0, { 0 }, 0 },
  };
  g_autoptr (SbxPolicy) policy = policy_with ("default", "", "open_by_handle_at;", "getppid;clone3;");
  g_autoptr (SbxPolicy) wrong = policy_with ("default", "", "no_such_call;", "");
  g_autoptr (SbxPolicy) nothing = policy_with ("default", "", "", "*;");
  g_autoptr (GError) error = NULL;

  expect (policy, calls);
  g_assert_null (sbx_seccomp_compile (wrong, 0, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_PROFILE);
  g_assert_nonnull (strstr (error->message, "no_such_call"));
  g_clear_error (&error);
  g_assert_null (sbx_seccomp_compile (nothing, 0, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_PROFILE);
  g_assert_nonnull (strstr (error->message, "nothing can start"));
}

/* One compilation for policies that filter alike. */
static void
test_cache (void)
{
  g_autoptr (GHashTable) cache = sbx_seccomp_cache_new ();
  g_autoptr (SbxPolicy) a = policy_with ("default", "", "", ""), b = policy_with ("default", "", "", "");
  g_autoptr (GBytes) first = sbx_seccomp_get (cache, a, 0, NULL), again = sbx_seccomp_get (cache, b, 0, NULL);
  SbxPolicy *const others[] = { policy_with ("strict", "", "", ""), policy_with ("default", "userns;", "", ""),
                                policy_with ("default", "", "bpf;", ""), policy_with ("default", "", "", "getppid;") };

  g_assert_true (first == again);
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++) {
    g_autoptr (SbxPolicy) policy = others[i];
    g_autoptr (GBytes) other = sbx_seccomp_get (cache, policy, 0, NULL);

    g_assert_false (g_bytes_equal (first, other));
  }
}

/* What no program that serves a sandbox has a use for: it is not there. */
static const Call no_sidecar[] = {
  { "unshare", SYS_unshare, { 0 }, ENOSYS },
  { "setns", SYS_setns, { -1 }, ENOSYS },
  { "mount", SYS_mount, { 0 }, ENOSYS },
  { "ptrace", SYS_ptrace, { PTRACE_PEEKDATA, NOBODY }, ENOSYS },
  { "process_vm_readv", SYS_process_vm_readv, { NOBODY }, ENOSYS },
  { "kill", SYS_kill, { NOBODY, SIGTERM }, ENOSYS },
  { "pidfd_open", SYS_pidfd_open, { 1 }, ENOSYS },
  { "clone3", SYS_clone3, { 0 }, ENOSYS },
  { "clone (NEWUSER)", SYS_clone, { CLONE_NEWUSER | SIGCHLD }, ENOSYS },
  { "clone (NEWNET, a thread)", SYS_clone, { CLONE_NEWNET | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM }, ENOSYS },
  { "io_uring_setup", SYS_io_uring_setup, { 0 }, ENOSYS },
  { "bpf", SYS_bpf, { 0 }, ENOSYS },
  { "keyctl", SYS_keyctl, { 0 }, ENOSYS },
  { "shmget", SYS_shmget, { 0, 1, 01600 }, ENOSYS },
  { "inet", SYS_socket, { AF_INET, SOCK_STREAM }, ENOSYS },
  { "netlink", SYS_socket, { AF_NETLINK, SOCK_RAW }, ENOSYS },
  { "TIOCSTI", SYS_ioctl, { 0, 0x5412 }, ENOSYS },
  { "prctl (PR_SET_DUMPABLE)", SYS_prctl, { PR_SET_DUMPABLE, 1 }, ENOSYS },
  { "prlimit64 (with a new limit)", SYS_prlimit64, { 0, 0, 1 }, ENOSYS },
  { "prlimit64", SYS_prlimit64, { 0, 0, 0, 0 }, ANYTHING },
  { "unix", SYS_socket, { AF_UNIX, SOCK_STREAM }, ANYTHING },
  { "openat (to read)", SYS_openat, { AT_FDCWD, 0, O_RDONLY | O_CLOEXEC }, ANYTHING },
  { "mmap", SYS_mmap, { 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1 }, ANYTHING },
  { "FIONREAD", SYS_ioctl, { -1, 0x541b }, ANYTHING },
  { NULL, 0, { 0 }, 0 },
};

static const Call no_proxy[] = {
  { "openat (to write)", SYS_openat, { AT_FDCWD, 0, O_WRONLY }, ENOSYS },
  { "openat (a new one)", SYS_openat, { AT_FDCWD, 0, O_RDONLY | O_CREAT }, ENOSYS },
  { "mmap (written and executed)",
    SYS_mmap,
    { 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1 },
    ENOSYS },
  { "mprotect (executed)", SYS_mprotect, { 0, 0, PROT_READ | PROT_EXEC }, ENOSYS },
  { "mprotect", SYS_mprotect, { 0, 0, PROT_READ }, ANYTHING },
  { "memfd_create", SYS_memfd_create, { 0 }, ENOSYS },
  { "clone (a process)", SYS_clone, { SIGCHLD }, ENOSYS },
  { "clone (a thread, which lacks its memory)", SYS_clone, { CLONE_THREAD }, ANYTHING },
  { "setresuid", SYS_setresuid, { -1, -1, -1 }, ENOSYS },
  { NULL, 0, { 0 }, 0 },
};

static const Call x_server[] = {
  { "openat (to write)", SYS_openat, { AT_FDCWD, 0, O_WRONLY }, ANYTHING },
  { "memfd_create", SYS_memfd_create, { 0 }, ANYTHING },
  { "setresuid", SYS_setresuid, { -1, -1, -1 }, ANYTHING },
  { "clone (a process without memory of its own, which it must have)", SYS_clone, { CLONE_SIGHAND }, ANYTHING },
  { NULL, 0, { 0 }, 0 },
};

static const Call network_stack[] = {
  { "unshare", SYS_unshare, { 0 }, ENOSYS },
  { "setns", SYS_setns, { -1 }, ENOSYS },
  { "ptrace", SYS_ptrace, { PTRACE_PEEKDATA, NOBODY }, ENOSYS },
  { "kill", SYS_kill, { NOBODY, SIGTERM }, ENOSYS },
  { "clone (NEWUSER)", SYS_clone, { CLONE_NEWUSER | SIGCHLD }, ENOSYS },
  { "openat (to write)", SYS_openat, { AT_FDCWD, 0, O_WRONLY }, ENOSYS },
  { "mmap (written and executed)",
    SYS_mmap,
    { 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1 },
    ENOSYS },
  { "memfd_create", SYS_memfd_create, { 0 }, ENOSYS },
  { "packet", SYS_socket, { AF_PACKET, SOCK_RAW }, ENOSYS },
  { "netlink", SYS_socket, { AF_NETLINK, SOCK_RAW }, ENOSYS },
  { "vsock", SYS_socket, { AF_VSOCK, SOCK_STREAM }, ENOSYS },
  { "inet", SYS_socket, { AF_INET, SOCK_STREAM }, ANYTHING },
  { "inet6", SYS_socket, { AF_INET6, SOCK_DGRAM }, ANYTHING },
  { NULL, 0, { 0 }, 0 },
};

static void
test_sidecars (void)
{
  g_autoptr (GHashTable) cache = sbx_seccomp_cache_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bus = sbx_seccomp_get_sidecar (cache, SBX_SIDECAR_BUS, &error);
  g_autoptr (GBytes) x11 = sbx_seccomp_get_sidecar (cache, SBX_SIDECAR_DISPLAY, &error);
  g_autoptr (GBytes) again = sbx_seccomp_get_sidecar (cache, SBX_SIDECAR_DISPLAY, &error);
  g_autoptr (GBytes) stack = sbx_seccomp_get_sidecar (cache, SBX_SIDECAR_NETWORK, &error);

  g_assert_no_error (error);
  g_assert_true (again == x11 && x11 != bus);
  if (SBX_SIDECAR_LISTED) {
    expect_of (bus, no_sidecar);
    expect_of (x11, no_sidecar);
    expect_of (bus, no_proxy);
    expect_of (x11, x_server);
    expect_of (stack, network_stack);
  } else {
    expect_of (bus, everywhere);
    expect_of (x11, without_userns);
  }
  for (const SbxCallRow *row = sbx_sidecar_rows; row->call; row++) {
    g_assert_true (row->tiers != 0 && row->error == 0);
    g_assert_cmpuint (strlen (row->reason), >, 5);
  }
}

/* What our own processes have given up, and what those that they start may still have to do. */
static void
test_own (void)
{
  static const Call calls[] = {
    { "nfsservctl", SYS_nfsservctl, { 0 }, EPERM }, /* ENOSYS by the kernel */
    { "delete_module", SYS_delete_module, { 0 }, EPERM },
    { "ptrace", SYS_ptrace, { 16, NOBODY }, ESRCH },
    { "keyctl", SYS_keyctl, { -1 }, EOPNOTSUPP },
    { "mount", SYS_mount, { 0, 0 }, EFAULT },
    { NULL, 0, { 0 }, 0 },
  };
  static const Call control[] = { { "nfsservctl", SYS_nfsservctl, { 0 }, ENOSYS }, { NULL, 0, { 0 }, 0 } };
  g_autoptr (SbxPolicy) policy = policy_with ("default", "", "nfsservctl;", "");
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) filter = sbx_seccomp_compile_own (&error);

  g_assert_no_error (error);
  expect_of (filter, calls);
  expect (policy, control);
  for (const SbxCallRow *row = sbx_own_rows; row->call; row++) {
    g_assert_cmpint (row->error, ==, EPERM);
    g_assert_cmpuint (strlen (row->reason), >, 5);
  }
}

static void
test_explained (void)
{
  g_autoptr (SbxPolicy) policy = policy_with ("strict", "", "", "");
  g_autoptr (GVariant) rows = g_variant_ref_sink (sbx_seccomp_explain (policy, 0));

  g_assert_cmpuint (g_variant_n_children (rows), >, 50);
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    const char *reason = NULL;

    g_assert_true (g_variant_lookup (row, "reason", "&s", &reason));
    g_assert_cmpuint (strlen (reason), >, 5);
  }
}

/* What the filter of an instance that is learned says of @call is what it says without, but that what is allowed may be
 * a question. Returns whether it is one. */
static gboolean
is_question (GBytes *plain, GBytes *learned, const struct seccomp_data *call)
{
  gsize n_plain, n_learned;
  const struct sock_filter *one = g_bytes_get_data (plain, &n_plain), *two = g_bytes_get_data (learned, &n_learned);
  guint32 before = sbx_filter_run (one, n_plain / sizeof *one, call);
  guint32 after = sbx_filter_run (two, n_learned / sizeof *two, call);

  if (before != SECCOMP_RET_ALLOW || after != SECCOMP_RET_USER_NOTIF)
    g_assert_cmphex (before, ==, after);
  return before != after;
}

static void
test_paths (void)
{
  static const struct {
    const char *tier, *features, *deny;
  } policies[] = { { "default", "", "" },
                   { "strict", "", "" },
                   { "browser", "userns;", "openat;rename;" },
                   { "debugger", "multiarch;", "" } };
  static const guint32 arches[] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64 };
  static const guint64 values[] = { 0, 1, 3, 0x80000, G_MAXUINT64 };

  for (gsize i = 0; i < G_N_ELEMENTS (policies); i++) {
    g_autoptr (SbxPolicy) policy = policy_with (policies[i].tier, policies[i].features, "", policies[i].deny);
    g_autoptr (GBytes) plain = sbx_seccomp_compile (policy, 0, NULL);
    g_autoptr (GBytes) learned = sbx_seccomp_compile (policy, SBX_BOX_LEARNED, NULL);
    guint questions = 0;

    for (gsize a = 0; a < G_N_ELEMENTS (arches); a++)
      for (int number = 0; number < 480; number++)
        for (gsize v = 0; v < G_N_ELEMENTS (values); v++) {
          guint64 value = values[v];
          struct seccomp_data call = { number, arches[a], 0, { value, value, value, value, value, value } };

          questions += is_question (plain, learned, &call);
        }
    g_assert_cmpuint (questions, >, 20 * G_N_ELEMENTS (values));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/filter/tiers", test_tiers);
  g_test_add_func ("/filter/tracing", test_tracing);
  g_test_add_func ("/filter/limits", test_limits);
  g_test_add_func ("/filter/ports", test_ports);
  g_test_add_func ("/filter/x11", test_x11);
  g_test_add_func ("/filter/own", test_own);
  g_test_add_func ("/filter/lists", test_lists);
  g_test_add_func ("/filter/cache", test_cache);
  g_test_add_func ("/filter/explained", test_explained);
  g_test_add_func ("/filter/paths", test_paths);
  g_test_add_func ("/filter/sidecars", test_sidecars);
  return g_test_run ();
}
