/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The terminal that is descriptor 0 and somebody else's as well. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "hostile.h"

/* From Linux 6.2 the kernel itself may say EIO: the setting dev.tty.legacy_tiocsti, or who has CAP_SYS_ADMIN. Then it
 * is the terminal that refuses, and not the sandbox. */
static Finding
pushes (unsigned long request)
{
  char pushed[] = "x";
  struct termios quiet;

  if (tcgetattr (0, &quiet) < 0)
    cannot ("descriptor 0 is no terminal");
  quiet.c_lflag &= ~(tcflag_t) ECHO; /* of what is pushed, into the line that is printed */
  tcsetattr (0, TCSANOW, &quiet);
  if (syscall (SYS_ioctl, 0, request, pushed) >= 0)
    return breach ("a character was pushed");
  return errno == EIO ? breach ("the terminal was asked: EIO") : refused (errno);
}

static Finding
try_push (const Given *all)
{
  return pushes (TIOCSTI);
}

/* The kernel looks at 32 bits of the request, a filter may look at 64. */
static Finding
try_push_high_bits (const Given *all)
{
  return pushes (TIOCSTI | 1UL << 32);
}

static Finding
try_push_all_high_bits (const Given *all)
{
  return pushes (TIOCSTI | 0xffffffffUL << 32);
}

/* As the terminal of the process: with a name, although none was given. */
static Finding
try_controlling (const Given *all)
{
  return judge (open ("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
}

/* Whom the keys ^C and ^Z reach. */
static Finding
try_foreground (const Given *all)
{
  pid_t group = tcgetpgrp (0);

  return judge (group < 0 ? -1 : tcsetpgrp (0, group));
}

/* The session that the terminal belongs to. */
static Finding
try_session (const Given *all)
{
  return judge (tcgetsid (0));
}

/* Another terminal of the user's, "terminal", by its name. */
static Finding
try_other (const Given *all)
{
  return judge (open (given (all, "terminal"), O_RDWR | O_CLOEXEC | O_NOCTTY));
}

/* Any terminal in /dev/pts that can be opened. */
static Finding
try_any_other (const Given *all)
{
  char path[32];

  for (int i = 0; i < 256; i++) {
    snprintf (path, sizeof path, "/dev/pts/%d", i);
    if (open (path, O_RDWR | O_CLOEXEC | O_NOCTTY) >= 0)
      return breach ("%s", path);
  }
  return refused_because ("none can be opened");
}

const Probe terminal_probes[] = {
  { "push", try_push },
  { "push-high-bits", try_push_high_bits },
  { "push-all-high-bits", try_push_all_high_bits },
  { "controlling", try_controlling },
  { "foreground", try_foreground },
  { "session", try_session },
  { "other", try_other },
  { "any-other", try_any_other },
  { 0 },
};
