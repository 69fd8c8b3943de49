/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For LD_PRELOAD: a program that takes its time to end, as one does on a busy machine. */
#include <unistd.h>

void exit (int status) __attribute__ ((noreturn));

void
exit (int status)
{
  usleep (300000);
  _exit (status);
}
