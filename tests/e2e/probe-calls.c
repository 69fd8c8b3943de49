/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* System calls that a sandbox refuses, each with arguments that a kernel without the filter would answer otherwise
 * where there are such. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "probe.h"

#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#define CLONE3_SIZE 88

typedef struct {
  const char *name;
  long number;
  long arguments[6];
} Call;

#define P(pointer) ((long) (uintptr_t) (pointer))

/* Wrong on purpose (no such descriptor, no such address): the filter answers before the kernel looks. */
static const Call calls[] = {
  { "mount", SYS_mount, { P ("none"), P ("/no-such-directory"), P ("tmpfs"), 0, 0 } },
  { "umount2", SYS_umount2, { P ("/"), 0x7fffffff } },
  { "pivot_root", SYS_pivot_root, { P ("/"), P ("/") } },
  { "chroot", SYS_chroot, { P ("/no-such-directory") } },
  { "open_tree", SYS_open_tree, { -1, P ("."), 0 } },
  { "open_tree_clone", SYS_open_tree, { AT_FDCWD, P ("/no-such-directory"), 1 } },
  { "move_mount", SYS_move_mount, { -1, P (""), -1, P (""), 0x7fffffff } },
  { "fsopen", SYS_fsopen, { P ("tmpfs"), 0x7fff } },
  { "fsconfig", SYS_fsconfig, { -1, 0x7fff, 0, 0, 0 } },
  { "fsmount", SYS_fsmount, { -1, 0x7fff, 0 } },
  { "fspick", SYS_fspick, { -1, P (""), 0x7fff } },
  { "mount_setattr", SYS_mount_setattr, { -1, P (""), 0x7fff, 0, 0 } },
  { "keyctl", SYS_keyctl, { 0, -3, 0, 0, 0 } },
  { "add_key", SYS_add_key, { P ("user"), P ("probe"), P ("x"), 1, -1 } },
  { "request_key", SYS_request_key, { P ("user"), P ("probe"), 0, 0 } },
  { "bpf", SYS_bpf, { 0x7fff, 0, 0 } },
  { "perf_event_open", SYS_perf_event_open, { 0, 0, -1, -1, 0x7fff } },
  { "userfaultfd", SYS_userfaultfd, { 1 } },
  { "kexec_load", SYS_kexec_load, { 0, 0, 0, 0 } },
  { "kexec_file_load", SYS_kexec_file_load, { -1, -1, 0, 0, 0x7fff } },
  { "init_module", SYS_init_module, { 0, 0, 0 } },
  { "finit_module", SYS_finit_module, { -1, 0, 0x7fff } },
  { "delete_module", SYS_delete_module, { 0, 0 } },
  { "reboot", SYS_reboot, { 0, 0, 0, 0 } },
  { "swapon", SYS_swapon, { 0, 0x7fffffff } },
  { "swapoff", SYS_swapoff, { 0 } },
  { "acct", SYS_acct, { P ("/no-such-file") } },
  { "quotactl", SYS_quotactl, { 0, 0, 0, 0 } },
  { "syslog", SYS_syslog, { 10, 0, 0 } },
  { "unshare_user", SYS_unshare, { CLONE_NEWUSER } },
  { "unshare_user_and_more", SYS_unshare, { CLONE_NEWUSER | CLONE_NEWNS | CLONE_FS } },
  { "setns_user", SYS_setns, { -1, CLONE_NEWUSER } },
  { "clone3", SYS_clone3, { 0, CLONE3_SIZE } },
};

/* In a child: some of these would change the process. */
static int
try_call (const Call *call)
{
  int status;
  pid_t pid = fork ();

  if (pid == 0) {
    const long *a = call->arguments;

    _exit (syscall (call->number, a[0], a[1], a[2], a[3], a[4], a[5]) < 0 ? errno & 0xff : 0);
  }
  if (pid < 0 || waitpid (pid, &status, 0) < 0 || !WIFEXITED (status))
    return EFAULT;
  return WEXITSTATUS (status);
}

/* clone (CLONE_NEWUSER): its child ends at once. */
static int
try_clone (unsigned long flags)
{
  long pid = syscall (SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);

  if (pid == 0)
    _exit (0);
  if (pid < 0)
    return errno;
  waitpid ((pid_t) pid, NULL, 0);
  return 0;
}

int
probe_calls (int argc, char **argv)
{
  printf ("{\"clone_user\": \"%s\",\n", probe_outcome (try_clone (CLONE_NEWUSER)));
  printf (" \"clone_plain\": \"%s\"", probe_outcome (try_clone (0)));
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
    printf (",\n \"%s\": \"%s\"", calls[i].name, probe_outcome (try_call (&calls[i])));
  printf ("}\n");
  return 0;
}

#ifdef __x86_64__
/* A call by the kernel's interface for 32-bit programs: numbers of arch/x86/entry/syscalls/syscall_32.tbl. */
static int
try_call_32 (int number, int first, int second)
{
  int result;

  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "a"(number), "b"(first), "c"(second), "d"(0), "S"(0), "D"(0)
                   : "memory", "r8", "r9", "r10", "r11");
  return result < 0 ? -result : 0;
}

int
probe_calls_32 (int argc, char **argv)
{
  printf ("{\"getpid\": \"%s\", \"keyctl\": \"%s\"}\n", probe_outcome (try_call_32 (20, 0, 0)),
          probe_outcome (try_call_32 (288, 0, -3)));
  return 0;
}
#endif

/* Pushing characters into the terminal that is descriptor 0, with the request as it is and with rubbish above the 32
 * bits that the kernel looks at. */
int
probe_terminal (int argc, char **argv)
{
  static const struct {
    const char *name;
    unsigned long request;
  } requests[] = {
    { "TIOCSTI", TIOCSTI },
    { "TIOCSTI+high", TIOCSTI | 1UL << 32 },
    { "TIOCLINUX", TIOCLINUX },
    { "TIOCLINUX+high", TIOCLINUX | 0xdeadbeefUL << 32 },
  };
  struct winsize size = { 0 };
  char pushed[] = "x";

  printf ("{\"isatty\": %s", isatty (0) ? "true" : "false");
  for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
    errno = 0;
    if (syscall (SYS_ioctl, 0, requests[i].request, pushed) >= 0)
      errno = 0;
    printf (", \"%s\": \"%s\"", requests[i].name, probe_outcome (errno));
  }
  int fd = open ("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  printf (", \"/dev/tty\": \"%s\"", probe_outcome (fd < 0 ? errno : 0));
  if (fd >= 0)
    close (fd);
  ioctl (0, TIOCGWINSZ, &size);
  printf (", \"rows\": %d, \"columns\": %d, \"sid\": %d, \"foreground\": %d}\n", size.ws_row, size.ws_col,
          (int) getsid (0), (int) tcgetpgrp (0));
  return 0;
}
