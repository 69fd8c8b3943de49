/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/parts/socketcall.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/net.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/enter.h"
#include "keeper/parts/asker.h"

/* arch/x86/entry/syscalls/syscall_32.tbl */
#define SOCKETCALL_OF_I386 102
#define SOCKET_OF_I386 359
#define SOCKETPAIR_OF_I386 360

/* What a child makes, and says of it. */
typedef struct {
  int questions, network, owner; /* network: -1 if the caller has ours; owner: … of that, or -1 if it is ours */
  uint64_t question;
  const struct seccomp_data *direct;
  int32_t *numbers; /* shared: what the sockets are to the caller */
} Making;

bool
sbx_socketcall_is (const struct seccomp_data *call)
{
  return call->arch == AUDIT_ARCH_I386 && call->nr == SOCKETCALL_OF_I386
         && ((uint32_t) call->args[0] == SYS_SOCKET || (uint32_t) call->args[0] == SYS_SOCKETPAIR);
}

int
sbx_socketcall_read (const struct seccomp_notif *question, struct seccomp_data *direct, uint64_t *pair)
{
  bool is_pair = (uint32_t) question->data.args[0] == SYS_SOCKETPAIR;
  uint32_t words[4] = { 0 };
  struct iovec here = { words, (is_pair ? 4 : 3) * sizeof *words };
  struct iovec there = { (void *) (uintptr_t) (uint32_t) question->data.args[1], here.iov_len };

  if (process_vm_readv ((pid_t) question->pid, &here, 1, &there, 1, 0) != (ssize_t) here.iov_len)
    return EFAULT;
  *direct = question->data;
  direct->nr = is_pair ? SOCKETPAIR_OF_I386 : SOCKET_OF_I386;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    direct->args[i] = words[i];
  *pair = words[3];
  return 0;
}

/* Gives the sockets @made away. 0, or an errno. */
static int
hand_over (const Making *making, const int *made, int n)
{
  for (int i = 0; i < n; i++) {
    struct seccomp_notif_addfd adding = { .id = making->question,
                                          .srcfd = (uint32_t) made[i],
                                          .newfd_flags = making->direct->args[1] & SOCK_CLOEXEC ? O_CLOEXEC : 0 };

    making->numbers[i] = ioctl (making->questions, SECCOMP_IOCTL_NOTIF_ADDFD, &adding);
    if (making->numbers[i] < 0)
      return errno;
  }
  return 0;
}

/* In the child, which ends with what this returns. */
static int
make_there (const Making *making)
{
  const __u64 *args = making->direct->args;
  bool is_pair = making->direct->nr == SOCKETPAIR_OF_I386;
  int made[2] = { -1, -1 };

  if (making->owner >= 0 && setns (making->owner, CLONE_NEWUSER) < 0)
    return errno;
  if (making->network >= 0 && setns (making->network, CLONE_NEWNET) < 0)
    return errno;
  if (sbx_enter_give_up () < 0)
    return errno;
  if (is_pair)
    return socketpair ((int) args[0], (int) args[1], (int) args[2], made) < 0 ? errno : hand_over (making, made, 2);
  made[0] = socket ((int) args[0], (int) args[1], (int) args[2]);
  return made[0] < 0 ? errno : hand_over (making, made, 1);
}

static int
make_in_child (const Making *making)
{
  pid_t child = fork ();
  int status;

  if (child == 0)
    _exit (make_there (making));
  if (child < 0)
    return errno;
  while (waitpid (child, &status, 0) < 0)
    if (errno != EINTR)
      return errno;
  return WIFEXITED (status) ? WEXITSTATUS (status) : ENOBUFS;
}

/* Whether the namespace @fd is the one at @path, our own. */
static bool
is_ours (int fd, const char *path)
{
  struct stat one, other;

  return fstat (fd, &one) == 0 && stat (path, &other) == 0 && one.st_ino == other.st_ino && one.st_dev == other.st_dev;
}

/* Where the caller is. */
static bool
find_network (Making *making, const struct seccomp_notif *question)
{
  making->network = sbx_asker_namespace (making->questions, question, "net");
  if (making->network < 0)
    return false;
  if (is_ours (making->network, "/proc/self/ns/net")) {
    close (making->network);
    making->network = -1;
    return true;
  }
  making->owner = ioctl (making->network, NS_GET_USERNS);
  if (making->owner >= 0 && is_ours (making->owner, "/proc/self/ns/user")) {
    close (making->owner);
    making->owner = -1;
    return true;
  }
  return making->owner >= 0;
}

static int
give_numbers (const struct seccomp_notif *question, const Making *making, uint64_t pair, int64_t *number)
{
  struct iovec here = { making->numbers, 2 * sizeof *making->numbers };
  struct iovec there = { (void *) (uintptr_t) pair, here.iov_len };

  *number = making->direct->nr == SOCKETPAIR_OF_I386 ? 0 : making->numbers[0];
  if (making->direct->nr != SOCKETPAIR_OF_I386)
    return 0;
  return process_vm_writev ((pid_t) question->pid, &here, 1, &there, 1, 0) == (ssize_t) here.iov_len ? 0 : EFAULT;
}

int
sbx_socketcall_make (int questions, const struct seccomp_notif *question, const struct seccomp_data *direct,
                     uint64_t pair, int64_t *number, int64_t *used)
{
  Making making = { questions, -1, -1, question->id, direct, NULL };
  void *shared = mmap (NULL, 2 * sizeof *making.numbers, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int64_t before = sbx_enter_used ();
  int error;

  *used = 0;
  if (shared == MAP_FAILED)
    return ENOBUFS;
  making.numbers = shared;
  error = find_network (&making, question) ? make_in_child (&making) : ENOBUFS;
  *used = sbx_enter_used () - before;
  if (error == 0)
    error = give_numbers (question, &making, pair, number);
  munmap (shared, 2 * sizeof *making.numbers);
  if (making.network >= 0)
    close (making.network);
  if (making.owner >= 0)
    close (making.owner);
  return error;
}
