/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which system calls the programs that serve a sandbox from outside may make. Nothing else: what is not here is to them
 * a call that this kernel does not have (ENOSYS), which libraries do without. They are few programs whose needs are
 * known (strace of xdg-dbus-proxy 0.1.4, slirp4netns 1.2, Xvfb and Xephyr 21.1 with Mesa 22.3, libc's older and newer
 * ways), they are reached by everything that is inside, and what they hold is worth more: the user's bus, the user's
 * display.
 *
 * The proxy starts nothing, makes no file but its sockets, and has no memory that is both written and executed. The X
 * server starts a shell and xkbcomp for each keyboard, and its drawing library makes code. slirp4netns forks once.
 * Numbers: include/uapi/linux/{sched,socket,prctl}.h and asm-generic/{fcntl,ioctls,mman-common}.h. */
#include "plan/filter/syscall-table.h"

#define BUS (SBX_SIDECAR_BIT (SBX_SIDECAR_BUS) | SBX_SIDECAR_BIT (SBX_SIDECAR_ACCESSIBILITY)) /* the same program */
#define X11 SBX_SIDECAR_BIT (SBX_SIDECAR_DISPLAY)
#define NET SBX_SIDECAR_BIT (SBX_SIDECAR_NETWORK)
#define ALL (BUS | X11 | NET)
#define SMALL (BUS | NET) /* no code of their own making, no files */

#define WRITE 0x2u /* PROT_* */
#define EXEC 0x4u
#define BRANCHES 0x10u /* PROT_BTI; on other architectures no protection at all: EINVAL */
#define CHANGES 0x643u /* O_ACCMODE, O_CREAT, O_TRUNC, O_APPEND */
#define NAMESPACES 0x7e020000u
#define THREAD 0x10000u /* CLONE_THREAD; above: CLONE_NEW* */

#define ALLOW(who, call, why)                                                                                          \
  {                                                                                                                    \
    call, 0, who, 0, SBX_CALL_ANY, 0, 0, 0, why                                                                        \
  }
#define EQUAL(who, call, argument, value, why)                                                                         \
  {                                                                                                                    \
    call, 0, who, 0, SBX_CALL_EQUAL, argument, 0, value, why                                                           \
  }
#define MASKED(who, call, argument, mask, value, why)                                                                  \
  {                                                                                                                    \
    call, 0, who, 0, SBX_CALL_MASKED, argument, mask, value, why                                                       \
  }
/* Of these arguments the kernel looks at 32 bits */
#define REQUEST(who, call, argument, value, why) MASKED (who, call, argument, 0xffffffffu, value, why)

#define STARTS "libc and the loader at the start"
#define MEMORY "memory"
#define READS "files, for reading"
#define WRITES "the lock of a display, and a keyboard on its way from xkbcomp"
#define SOCKETS "its socket and those who come to it"
#define CONNECTS "the connections of the application"
#define WAITS "waiting, and telling other threads"
#define SIGNALS "signals, among its own processes"
#define WHO "what it is"
#define STARTING "xkbcomp, in a shell"
#define DRAWS "threads and memory of the drawing library"

const SbxCallRow sbx_sidecar_rows[] = {
  ALLOW (ALL, "execve", "bwrap executes it"),
  ALLOW (ALL, "wait4", "bwrap, PID 1 in there, waits for it"),
  ALLOW (ALL, "exit", STARTS),
  ALLOW (ALL, "exit_group", STARTS),
  ALLOW (ALL, "arch_prctl", STARTS),
  ALLOW (ALL, "set_tid_address", STARTS),
  ALLOW (ALL, "set_robust_list", STARTS),
  ALLOW (ALL, "rseq", STARTS),
  ALLOW (ALL, "getrandom", STARTS),
  EQUAL (ALL, "prlimit64", 2, 0, "its limits, for reading"),
  ALLOW (ALL, "getrlimit", "its limits, for reading"),
  ALLOW (ALL, "uname", STARTS),

  ALLOW (ALL, "brk", MEMORY),
  ALLOW (ALL, "munmap", MEMORY),
  ALLOW (ALL, "mremap", MEMORY),
  ALLOW (ALL, "madvise", MEMORY),
  MASKED (SMALL, "mmap", 2, WRITE | EXEC, 0, MEMORY),
  MASKED (SMALL, "mmap", 2, WRITE | EXEC, WRITE, MEMORY),
  MASKED (SMALL, "mmap", 2, WRITE | EXEC, EXEC, "the loader: programs and libraries"),
  MASKED (SMALL, "mprotect", 2, EXEC, 0, MEMORY),
  MASKED (SMALL, "mprotect", 2, WRITE | EXEC | BRANCHES, EXEC | BRANCHES, "the loader on arm64 (glibc, dl-bti.c)"),
  ALLOW (X11, "mmap", DRAWS),
  ALLOW (X11, "mprotect", DRAWS),

  MASKED (SMALL, "open", 1, CHANGES, 0, READS),
  MASKED (SMALL, "openat", 2, CHANGES, 0, READS),
  ALLOW (X11, "open", READS),
  ALLOW (X11, "openat", READS),
  ALLOW (ALL, "close", READS),
  ALLOW (ALL, "read", READS),
  ALLOW (ALL, "readv", READS),
  ALLOW (ALL, "pread64", READS),
  ALLOW (ALL, "lseek", READS),
  ALLOW (ALL, "stat", READS),
  ALLOW (ALL, "lstat", READS),
  ALLOW (ALL, "fstat", READS),
  ALLOW (ALL, "newfstatat", READS),
  ALLOW (ALL, "statx", READS),
  ALLOW (ALL, "statfs", READS),
  ALLOW (ALL, "fstatfs", READS),
  ALLOW (ALL, "access", READS),
  ALLOW (ALL, "faccessat", READS),
  ALLOW (ALL, "faccessat2", READS),
  ALLOW (ALL, "readlink", READS),
  ALLOW (ALL, "readlinkat", READS),
  ALLOW (ALL, "getdents64", READS),
  ALLOW (ALL, "getcwd", READS),
  ALLOW (ALL, "fcntl", READS),
  REQUEST (ALL, "ioctl", 1, 0x5401, "is it a terminal (TCGETS)?"),
  REQUEST (ALL, "ioctl", 1, 0x541b, "how much is there to read (FIONREAD)?"),
  REQUEST (ALL, "ioctl", 1, 0x5421, "without waiting (FIONBIO)"),
  ALLOW (X11, "link", WRITES),
  ALLOW (X11, "linkat", WRITES),
  ALLOW (X11, "rename", WRITES),
  ALLOW (X11, "renameat", WRITES),
  ALLOW (X11, "renameat2", WRITES),
  ALLOW (X11, "ftruncate", WRITES),
  ALLOW (X11, "mkdir", WRITES),
  ALLOW (X11, "mkdirat", WRITES),
  ALLOW (X11, "umask", WRITES),

  REQUEST (ALL, "socket", 0, 1, SOCKETS),   /* AF_UNIX */
  REQUEST (NET, "socket", 0, 2, CONNECTS),  /* AF_INET */
  REQUEST (NET, "socket", 0, 10, CONNECTS), /* AF_INET6 */
  REQUEST (ALL, "socketpair", 0, 1, SOCKETS),
  ALLOW (ALL, "bind", SOCKETS),
  ALLOW (ALL, "listen", SOCKETS),
  ALLOW (ALL, "accept", SOCKETS),
  ALLOW (ALL, "accept4", SOCKETS),
  ALLOW (ALL, "connect", SOCKETS),
  ALLOW (ALL, "shutdown", SOCKETS),
  ALLOW (ALL, "getsockname", SOCKETS),
  ALLOW (ALL, "getpeername", SOCKETS),
  ALLOW (ALL, "getsockopt", SOCKETS),
  ALLOW (ALL, "setsockopt", SOCKETS),
  ALLOW (ALL, "sendmsg", SOCKETS),
  ALLOW (ALL, "sendto", SOCKETS),
  ALLOW (ALL, "recvmsg", SOCKETS),
  ALLOW (ALL, "recvfrom", SOCKETS),
  ALLOW (ALL, "write", SOCKETS),
  ALLOW (ALL, "writev", SOCKETS),
  ALLOW (ALL, "unlink", "the socket of one that was there before"),
  ALLOW (ALL, "unlinkat", "the socket of one that was there before"),

  ALLOW (ALL, "poll", WAITS),
  ALLOW (ALL, "ppoll", WAITS),
  ALLOW (ALL, "select", WAITS),
  ALLOW (ALL, "pselect6", WAITS),
  ALLOW (ALL, "epoll_create", WAITS),
  ALLOW (ALL, "epoll_create1", WAITS),
  ALLOW (ALL, "epoll_ctl", WAITS),
  ALLOW (ALL, "epoll_wait", WAITS),
  ALLOW (ALL, "epoll_pwait", WAITS),
  ALLOW (ALL, "eventfd2", WAITS),
  ALLOW (ALL, "pipe", WAITS),
  ALLOW (ALL, "pipe2", WAITS),
  ALLOW (ALL, "futex", WAITS),
  ALLOW (ALL, "nanosleep", WAITS),
  ALLOW (ALL, "clock_nanosleep", WAITS),
  ALLOW (ALL, "clock_gettime", WAITS),
  ALLOW (ALL, "clock_getres", WAITS),
  ALLOW (ALL, "gettimeofday", WAITS),
  ALLOW (ALL, "time", WAITS),
  ALLOW (ALL, "restart_syscall", WAITS),
  ALLOW (ALL, "sched_yield", WAITS),
  ALLOW (X11, "setitimer", "turns of its clients"),
  ALLOW (X11, "getitimer", "turns of its clients"),

  ALLOW (ALL, "rt_sigaction", SIGNALS),
  ALLOW (ALL, "rt_sigprocmask", SIGNALS),
  ALLOW (ALL, "rt_sigreturn", SIGNALS),
  ALLOW (ALL, "rt_sigsuspend", SIGNALS),
  ALLOW (ALL, "sigaltstack", SIGNALS),
  ALLOW (ALL, "tgkill", SIGNALS),

  ALLOW (ALL, "getpid", WHO),
  ALLOW (ALL, "gettid", WHO),
  ALLOW (ALL, "getppid", WHO),
  ALLOW (ALL, "getpgrp", WHO),
  ALLOW (ALL, "getuid", WHO),
  ALLOW (ALL, "geteuid", WHO),
  ALLOW (ALL, "getgid", WHO),
  ALLOW (ALL, "getegid", WHO),
  ALLOW (ALL, "getresuid", WHO),
  ALLOW (ALL, "getresgid", WHO),
  REQUEST (ALL, "prctl", 0, 15, "names of threads (PR_SET_NAME)"),
  REQUEST (X11, "prctl", 0, 23, "libcap at its start (PR_CAPBSET_READ)"),
  REQUEST (X11, "prctl", 0, 27, "libcap at its start (PR_GET_SECUREBITS)"),
  REQUEST (X11, "prctl", 0, 39, "libcap at its start (PR_GET_NO_NEW_PRIVS)"),

  MASKED (BUS, "clone", 0, NAMESPACES | THREAD, THREAD, "threads of GLib; no processes"),
  EQUAL (BUS, "sched_getattr", 0, 0, "threads of GLib: like the first"),
  EQUAL (BUS, "sched_setattr", 0, 0, "threads of GLib: like the first"),
  ALLOW (ALL, "sched_getaffinity", "how many processors there are"),
  MASKED (X11, "clone", 0, NAMESPACES, 0, STARTING),
  MASKED (NET, "clone", 0, NAMESPACES | THREAD, 0, "the process that waits at its socket for the first who comes"),
  ALLOW (X11, "fork", STARTING),
  ALLOW (X11, "vfork", STARTING),
  ALLOW (X11, "waitid", STARTING),
  ALLOW (X11, "dup", STARTING),
  ALLOW (X11, "dup2", STARTING),
  ALLOW (X11, "dup3", STARTING),
  ALLOW (X11, "chdir", STARTING),
  ALLOW (X11, "setuid", STARTING), /* to what it is already, and it gives up when that fails */
  ALLOW (X11, "setgid", STARTING),
  ALLOW (X11, "setresuid", "likewise, before it reads its cookies; without them it would let in whoever has the uid"),

  ALLOW (X11, "memfd_create", DRAWS),
  ALLOW (X11, "fallocate", DRAWS),
  ALLOW (X11, "sched_setaffinity", DRAWS),
  ALLOW (X11, "sched_getparam", DRAWS),
  ALLOW (X11, "sched_getscheduler", DRAWS),
  ALLOW (X11, "sched_setscheduler", DRAWS),
  ALLOW (X11, "sched_get_priority_max", DRAWS),
  ALLOW (X11, "sched_get_priority_min", DRAWS),
  ALLOW (X11, "membarrier", DRAWS),
  ALLOW (X11, "mincore", DRAWS),
  ALLOW (X11, "getcpu", DRAWS),
  ALLOW (X11, "sysinfo", DRAWS),
  ALLOW (X11, "getrusage", DRAWS),
  ALLOW (X11, "times", DRAWS),

  { NULL, 0, 0, 0, SBX_CALL_ANY, 0, 0, 0, NULL },
};
