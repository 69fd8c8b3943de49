/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/parts/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper/enter.h"
#include "keeper/parts/asker.h"

#define SHMGET_OF_I386 395
#define NEXT "/proc/sys/kernel/shm_next_id"

/* A number is an index below 32768 and, from bit 15 on, how often it was used (ipc/util.h). The kernel takes the lowest
 * indexes that are free, so that the upper half is in use where there are that many segments at once. */
#define INDEX_BITS 15
#define UPPER_HALF (1u << (INDEX_BITS - 1))
#define TRIES 8
#define NOT_ASKED_FOR (-2)

/* What the child is told and what it tells, in memory that both have. */
typedef struct {
  int namespace;
  int next; /* the number that the segment is to have */
  key_t key;
  size_t size;
  int flags;
  int number;
} Segment;

bool
sbx_segment_is_asked (const struct seccomp_data *call)
{
  return call->nr == SYS_shmget || call->nr == SHMGET_OF_I386;
}

/* One that no segment of the host's has, as far as that can be said: 0, or -1 with errno. */
static int
choose_number (int *number)
{
  struct shmid_ds status;

  for (int i = 0; i < TRIES; i++) {
    uint32_t bits;

    if (getrandom (&bits, sizeof bits, 0) != (ssize_t) sizeof bits)
      return -1;
    *number = (int) ((bits | UPPER_HALF) & INT32_MAX);
    if (shmctl (*number, IPC_STAT, &status) < 0 && (errno == EINVAL || errno == EIDRM))
      return 0;
  }
  errno = ENOSPC;
  return -1;
}

static int
say_next (int number)
{
  int fd = open (NEXT, O_WRONLY | O_CLOEXEC), length;
  char text[16];

  if (fd < 0)
    return -1;
  length = snprintf (text, sizeof text, "%d", number);
  if (write (fd, text, (size_t) length) != length) {
    close (fd);
    return -1;
  }
  return close (fd);
}

/* In the child, in the user namespace that the IPC namespace belongs to. Without a number of its own there is no
 * segment. Over the segments of others we want to have no power. */
static int
make (void *data)
{
  Segment *self = data;

  if (setns (self->namespace, CLONE_NEWIPC) < 0 || say_next (self->next) < 0 || sbx_enter_give_up () < 0)
    return ENOSYS;
  self->number = shmget (self->key, self->size, self->flags);
  return self->number < 0 ? errno : 0;
}

static int
make_in (int namespace, Segment *shared, const struct seccomp_data *call)
{
  SbxNamespaces owner = SBX_NAMESPACES_NONE;
  int error;

  owner.owner = ioctl (namespace, NS_GET_USERNS);
  if (owner.owner < 0)
    return ENOSYS;
  *shared = (Segment){ .namespace = namespace, .number = NOT_ASKED_FOR };
  shared->key = (key_t) call->args[0];
  shared->size = (size_t) call->args[1];
  shared->flags = (int) call->args[2];
  error = choose_number (&shared->next) < 0 ? ENOSYS : sbx_enter (&owner, false, make, shared);
  sbx_namespaces_close (&owner);
  return shared->number == NOT_ASKED_FOR ? ENOSYS : error;
}

int
sbx_segment_answer (int questions, const struct seccomp_notif *question, int64_t *number, int64_t *used)
{
  Segment *shared = mmap (NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int namespace = sbx_asker_namespace (questions, question, "ipc"), error = ENOSYS;
  int64_t before = sbx_enter_used ();

  if (shared != MAP_FAILED && namespace >= 0)
    error = make_in (namespace, shared, &question->data);
  *used = sbx_enter_used () - before;
  if (shared != MAP_FAILED) {
    *number = shared->number;
    munmap (shared, sizeof *shared);
  }
  if (namespace >= 0)
    close (namespace);
  return error;
}
