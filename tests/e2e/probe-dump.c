/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crash-client forked|server SIGNO: a program that has a handler of its own for its crashes, in the two manners that
 * are in use. It ends by the signal; the handler writes a minidump to standard output.
 *
 * forked: Breakpad's. The signal handler forks the dumper, names it as its tracer, and lets it begin through a pipe.
 * server: Crashpad's. A dumper that is nobody's child waits at a socket; it knows its client by the credentials that
 *         the kernel attaches, asks to be named, and says by SIGCONT that it is done. */
#include "probe.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS 16
#define STACK_BYTES 1024

/* What a client says of its crash. */
struct crash {
  pid_t pid, tid;
  int signo, code;
  uint64_t address;
};

struct dumped_thread {
  pid_t tid;
  struct user_regs_struct registers;
  uint64_t stack_pointer;
  unsigned char stack[STACK_BYTES];
};

static uintptr_t volatile nowhere = 0x10;
static int server = -1; /* the client's end of its socket */

/* The registers and the upper part of the stack; 0, or -1 when it cannot be traced. */
static int
dump_thread (pid_t pid, pid_t tid, struct dumped_thread *dumped)
{
  struct iovec registers = { &dumped->registers, sizeof dumped->registers };
  struct iovec here = { dumped->stack, sizeof dumped->stack }, there;
  int status;

  dumped->tid = tid;
  if (ptrace (PTRACE_ATTACH, tid, NULL, NULL) < 0 || waitpid (tid, &status, __WALL) != tid || !WIFSTOPPED (status))
    return -1;
  if (ptrace (PTRACE_GETREGSET, tid, (void *) NT_PRSTATUS, &registers) < 0)
    return -1;
#ifdef __x86_64__
  dumped->stack_pointer = dumped->registers.rsp;
#else
  dumped->stack_pointer = dumped->registers.sp;
#endif
  there = (struct iovec){ (void *) (uintptr_t) dumped->stack_pointer, sizeof dumped->stack };
  return process_vm_readv (pid, &here, 1, &there, 1, 0) == sizeof dumped->stack ? 0 : -1;
}

static int
dump_threads (pid_t pid, struct dumped_thread *threads)
{
  char path[64];
  DIR *tasks;
  int n = 0;

  snprintf (path, sizeof path, "/proc/%d/task", (int) pid);
  tasks = opendir (path);
  if (!tasks)
    return -1;
  for (struct dirent *entry; n >= 0 && n < MAX_THREADS && (entry = readdir (tasks));)
    if (entry->d_name[0] != '.')
      n = dump_thread (pid, (pid_t) atoi (entry->d_name), &threads[n]) < 0 ? -1 : n + 1;
  closedir (tasks);
  return n;
}

static void
put (unsigned char *bytes, size_t offset, uint64_t value, size_t size)
{
  memcpy (bytes + offset, &value, size); /* little endian, as the format is */
}

/* Layout: header, two directory entries, threads, exception, then a context and a stack for each thread. */
static int
write_minidump (const struct crash *crash, const struct dumped_thread *threads, int n)
{
  enum { HEADER = 32, ENTRY = 12, THREAD = 48, EXCEPTION = 168 };
  static unsigned char bytes[65536];
  size_t list = HEADER + 2 * ENTRY, exception = list + 4 + (size_t) n * THREAD, end = exception + EXCEPTION;

  memcpy (bytes, "MDMP", 4);
  put (bytes, 4, 0xa793, 4);
  put (bytes, 8, 2, 4);
  put (bytes, 12, HEADER, 4);
  put (bytes, 20, (uint64_t) time (NULL), 4);
  put (bytes, HEADER, 3, 4); /* ThreadListStream */
  put (bytes, HEADER + 4, 4 + (size_t) n * THREAD, 4);
  put (bytes, HEADER + 8, list, 4);
  put (bytes, HEADER + ENTRY, 6, 4); /* ExceptionStream */
  put (bytes, HEADER + ENTRY + 4, EXCEPTION, 4);
  put (bytes, HEADER + ENTRY + 8, exception, 4);

  put (bytes, list, (uint64_t) n, 4);
  for (int i = 0; i < n; i++) {
    size_t thread = list + 4 + (size_t) i * THREAD;

    put (bytes, thread, (uint64_t) threads[i].tid, 4);
    put (bytes, thread + 24, threads[i].stack_pointer, 8);
    put (bytes, thread + 32, STACK_BYTES, 4);
    put (bytes, thread + 36, end, 4);
    memcpy (bytes + end, threads[i].stack, STACK_BYTES);
    end += STACK_BYTES;
    put (bytes, thread + 40, sizeof threads[i].registers, 4);
    put (bytes, thread + 44, end, 4);
    if (threads[i].tid == crash->tid) {
      put (bytes, exception + 160, sizeof threads[i].registers, 4);
      put (bytes, exception + 164, end, 4);
    }
    memcpy (bytes + end, &threads[i].registers, sizeof threads[i].registers);
    end += sizeof threads[i].registers;
  }
  put (bytes, exception, (uint64_t) crash->tid, 4);
  put (bytes, exception + 8, (uint64_t) crash->signo, 4);
  put (bytes, exception + 12, (uint64_t) crash->code, 4);
  put (bytes, exception + 24, crash->address, 8);
  return write (STDOUT_FILENO, bytes, end) == (ssize_t) end ? 0 : -1;
}

/* Dumps the crashed process @pid, which is whom the kernel says it is. Says why when it cannot. */
static int
dump (pid_t pid, const struct crash *crash)
{
  static struct dumped_thread threads[MAX_THREADS];
  int n = dump_threads (pid, threads);

  if (n < 0)
    fprintf (stderr, "cannot trace %d: %s\n", (int) pid, strerror (errno));
  if (n < 0 || write_minidump (crash, threads, n) < 0)
    return -1;
  for (int i = 0; i < n; i++)
    ptrace (PTRACE_DETACH, threads[i].tid, NULL, NULL);
  return 0;
}

static int
send_message (int sock, const void *data, size_t size)
{
  return send (sock, data, size, MSG_NOSIGNAL) == (ssize_t) size ? 0 : -1;
}

/* A packet and the pid of its sender as this pid namespace knows it; 0 when none comes. */
static pid_t
receive_message (int sock, void *data, size_t size)
{
  union {
    char bytes[CMSG_SPACE (sizeof (struct ucred))];
    struct cmsghdr align;
  } control;
  struct iovec iov = { data, size };
  struct msghdr message = {
    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  struct cmsghdr *header;

  if (recvmsg (sock, &message, 0) != (ssize_t) size)
    return 0;
  header = CMSG_FIRSTHDR (&message);
  if (!header || header->cmsg_type != SCM_CREDENTIALS)
    return 0;
  return ((struct ucred *) CMSG_DATA (header))->pid;
}

/* The dumper at the other end of the socket. */
static int
serve (int sock)
{
  struct crash crash;
  pid_t client = receive_message (sock, &crash, sizeof crash);
  char byte = 't';
  int failed;

  if (client <= 0)
    return 2;
  /* Name me */
  if (send_message (sock, &byte, 1) < 0 || receive_message (sock, &byte, 1) != client)
    return 2;
  failed = dump (client, &crash);
  /* To the thread that waits, which must not wait longer for a dump that failed */
  return tgkill (client, crash.tid, SIGCONT) < 0 || failed ? 2 : 0;
}

static void
by_server (struct crash *crash)
{
  struct timespec patience = { 60, 0 };
  siginfo_t done;
  sigset_t set;
  char byte;
  pid_t dumper;
  int signo;

  sigemptyset (&set);
  sigaddset (&set, SIGCONT);
  sigprocmask (SIG_BLOCK, &set, NULL);
  if (send_message (server, crash, sizeof *crash) < 0 || (dumper = receive_message (server, &byte, 1)) <= 0)
    _exit (2);
  prctl (PR_SET_PTRACER, dumper, 0, 0, 0); /* EINVAL without Yama */
  if (send_message (server, &byte, 1) < 0)
    _exit (2);
  do /* being stopped by the tracer interrupts it */
    signo = sigtimedwait (&set, &done, &patience);
  while (signo < 0 && errno == EINTR);
  if (signo != SIGCONT || done.si_pid != dumper)
    _exit (2);
}

static void
by_forked (struct crash *crash)
{
  int gate[2], status = 0;
  char byte = 0;
  pid_t dumper;

  if (pipe (gate) < 0 || (dumper = fork ()) < 0)
    _exit (2);
  if (dumper == 0) {
    close (gate[1]);
    _exit (read (gate[0], &byte, 1) == 1 && dump (getppid (), crash) == 0 ? 0 : 2);
  }
  prctl (PR_SET_PTRACER, dumper, 0, 0, 0); /* EINVAL without Yama */
  if (write (gate[1], &byte, 1) != 1 || waitpid (dumper, &status, __WALL) != dumper)
    _exit (2);
}

static void
on_crash (int signo, siginfo_t *info, void *context)
{
  struct crash crash = { getpid (), gettid (), signo, info->si_code, (uint64_t) (uintptr_t) info->si_addr };

  if (server >= 0)
    by_server (&crash);
  else
    by_forked (&crash);
  signal (signo, SIG_DFL);
  raise (signo); /* blocked until the handler returns */
}

static void *
wait_forever (void *unused)
{
  for (;;)
    pause ();
  return unused;
}

static int
start_server (void)
{
  int ends[2], on = 1, status;
  pid_t child;

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0
      || setsockopt (ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0
      || setsockopt (ends[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0 || (child = fork ()) < 0)
    return -1;
  if (child == 0) {
    close (ends[0]);
    _exit (fork () == 0 ? serve (ends[1]) : 0); /* its parent is not the client */
  }
  close (ends[1]);
  if (waitpid (child, &status, 0) != child)
    return -1;
  return ends[0];
}

int
probe_crash_client (int argc, char **argv)
{
  struct sigaction action = { .sa_sigaction = on_crash, .sa_flags = SA_SIGINFO };
  pthread_t thread;
  int signo;

  if (argc != 2)
    return 2;
  signo = atoi (argv[1]);
  if (strcmp (argv[0], "server") == 0 && (server = start_server ()) < 0)
    return 2;
  if (sigaction (signo, &action, NULL) < 0 || pthread_create (&thread, NULL, wait_forever, NULL) != 0)
    return 2;
  if (signo == SIGSEGV)
    *(int volatile *) nowhere = 1;
  raise (signo);
  return 2;
}
