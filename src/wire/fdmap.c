/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/fdmap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "wire/sys.h"

/* The lowest number that no target uses, so that nothing that is moved there is overwritten. */
static int
floor_above (const int32_t *targets, size_t n)
{
  int top = 2;

  for (size_t i = 0; i < n; i++)
    if (targets[i] > top)
      top = targets[i];
  return top + 1;
}

/* Targets may lie above the soft limit of open files; what the hard limit allows is the caller's own choice. The old
 * limit goes to @old, to be put back: descriptors above it stay open. */
static void
make_room (int top, size_t n, struct rlimit *old)
{
  rlim_t wanted = (rlim_t) top + n + 16;

  if (getrlimit (RLIMIT_NOFILE, old) == 0 && old->rlim_cur < wanted) {
    struct rlimit limit = { wanted < old->rlim_max ? wanted : old->rlim_max, old->rlim_max };

    setrlimit (RLIMIT_NOFILE, &limit);
  }
}

/* CLOSE_RANGE_CLOEXEC came with Linux 5.11; before it, one by one. */
static int
mark_all (void)
{
  struct rlimit limit;

  if (sbx_sys_close_range (3, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
    return 0;
  if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
    return -1;
  for (int fd = 3; (rlim_t) fd < limit.rlim_cur; fd++)
    fcntl (fd, F_SETFD, FD_CLOEXEC);
  return 0;
}

static int
open_missing (void)
{
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl (fd, F_GETFD) < 0 && open ("/dev/null", O_RDWR) != fd)
      return -1;
  return 0;
}

int
sbx_fdmap_apply (const int *fds, const int32_t *targets, size_t n, int keep)
{
  int moved[SBX_FDMAP_MAX];
  struct rlimit limit = { 0, 0 };
  int floor, kept = keep;

  if (n > SBX_FDMAP_MAX) {
    errno = E2BIG;
    return -1;
  }
  for (size_t i = 0; i < n; i++)
    if (targets[i] < 0 || targets[i] > SBX_FDMAP_MAX_TARGET) {
      errno = EBADF;
      return -1;
    }
  floor = floor_above (targets, n);
  make_room (floor, n, &limit);
  for (size_t i = 0; i < n; i++) {
    moved[i] = fcntl (fds[i], F_DUPFD_CLOEXEC, floor);
    if (moved[i] < 0)
      return -1;
  }
  if (keep >= 0) {
    kept = fcntl (keep, F_DUPFD_CLOEXEC, floor);
    if (kept < 0)
      return -1;
  }
  /* 0, 1, 2 are closed first: what is not a target there becomes /dev/null, never something of ours */
  for (int fd = 0; fd <= 2; fd++)
    close (fd);
  if (mark_all () < 0)
    return -1;
  for (size_t i = 0; i < n; i++)
    if (dup2 (moved[i], targets[i]) < 0)
      return -1;
  if (open_missing () < 0)
    return -1;
  if (limit.rlim_max > 0 && setrlimit (RLIMIT_NOFILE, &limit) < 0)
    return -1;
  return keep >= 0 ? kept : 0;
}
