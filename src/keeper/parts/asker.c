/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/parts/asker.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <unistd.h>

#include "wire/io.h"
#include "wire/sys.h"

/* The process of the thread @tid: pidfd_open(2) takes no other threads before Linux 6.9. Threads share their
 * descriptors unless they say otherwise, and then it is a descriptor of the same application all the same. */
static pid_t
find_process (pid_t tid)
{
  char path[32], text[2048], *line;

  snprintf (path, sizeof path, "/proc/%d/status", (int) tid);
  if (sbx_read_text_at (path, text, sizeof text) <= 0)
    return -1;
  line = strstr (text, "\nTgid:\t");
  return line ? atoi (line + strlen ("\nTgid:\t")) : -1;
}

static int
still_asks (int questions, const struct seccomp_notif *question)
{
  return ioctl (questions, SECCOMP_IOCTL_NOTIF_ID_VALID, &question->id);
}

int
sbx_asker_open (int questions, const struct seccomp_notif *question)
{
  pid_t pid = find_process ((pid_t) question->pid);
  int pidfd = pid > 0 ? sbx_sys_pidfd_open (pid) : -1;

  if (pidfd >= 0 && still_asks (questions, question) == 0)
    return pidfd;
  if (pidfd >= 0)
    close (pidfd);
  return -1;
}

int
sbx_asker_namespace (int questions, const struct seccomp_notif *question, const char *name)
{
  char path[48];
  int namespace;

  snprintf (path, sizeof path, "/proc/%d/ns/%s", (int) question->pid, name);
  namespace = open (path, O_RDONLY | O_CLOEXEC);
  if (namespace >= 0 && still_asks (questions, question) == 0)
    return namespace;
  if (namespace >= 0)
    close (namespace);
  return -1;
}

int
sbx_asker_name (int questions, const struct seccomp_notif *question, char *name, size_t size)
{
  char path[32];

  snprintf (path, sizeof path, "/proc/%d/comm", (int) find_process ((pid_t) question->pid));
  if (sbx_read_text_at (path, name, size) <= 0)
    return -1;
  name[strcspn (name, "\n")] = '\0';
  return still_asks (questions, question);
}
