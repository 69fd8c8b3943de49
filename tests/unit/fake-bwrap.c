/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-bwrap.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wire/layout.h"

/* A command is a packet: one of these letters, and more behind it. */
#define SAY 's'
#define SAY_BY_CHILD 'c'
#define EXIT 'x'
#define PRINT 'p'

static void
send_command (int sock, char command, const void *data, gsize size)
{
  char packet[8192];

  g_assert_cmpuint (size, <, sizeof packet);
  packet[0] = command;
  memcpy (packet + 1, data, size);
  g_assert_cmpint (send (sock, packet, size + 1, MSG_NOSIGNAL), ==, size + 1);
}

void
fake_init_say (int sock, const SbxMessage *message, gboolean by_child)
{
  char packet[8000];
  int pair[2];
  ssize_t n;

  /* As it is on the wire, whatever that looks like */
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
  g_assert_cmpint (sbx_message_send (pair[0], message, NULL, 0), ==, 0);
  n = recv (pair[1], packet, sizeof packet, 0);
  g_assert_cmpint (n, >, 0);
  send_command (sock, by_child ? SAY_BY_CHILD : SAY, packet, (gsize) n);
  close (pair[0]);
  close (pair[1]);
}

void
fake_init_exit (int sock, int status)
{
  char byte = (char) status;

  send_command (sock, EXIT, &byte, 1);
}

void
fake_bwrap_print (int sock, const char *text)
{
  send_command (sock, PRINT, text, strlen (text));
}

/* In one that stands for the application. */
static void __attribute__ ((noreturn)) stay (const char *packet, gsize n, int said)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (send (SBX_INIT_CONTROL_FD, packet, n, MSG_NOSIGNAL) < 0)
    _exit (1);
  close (said);
  close (SBX_INIT_CONTROL_FD);
  close (FAKE_SOCKET);
  for (;;)
    pause ();
}

/* As sandbox-init, it does not go on before its child has said it. */
static void
say_by_child (const char *packet, gsize n)
{
  int said[2];
  char byte;

  if (pipe (said) < 0)
    _exit (1);
  if (fork () == 0)
    stay (packet, n, said[1]);
  close (said[1]);
  (void) !read (said[0], &byte, 1);
  close (said[0]);
}

static void
obey (const char *packet, gsize n)
{
  switch (packet[0]) {
  case SAY:
    if (send (SBX_INIT_CONTROL_FD, packet + 1, n - 1, MSG_NOSIGNAL) < 0)
      _exit (1);
    break;
  case SAY_BY_CHILD:
    say_by_child (packet + 1, n - 1);
    break;
  case PRINT:
    if (write (STDERR_FILENO, packet + 1, n - 1) < 0)
      _exit (1);
    break;
  default:
    _exit (packet[1]);
  }
}

/* With the descriptors, so that the test sees who holds what. */
static void
forward (void)
{
  char packet[8192], control[8192];
  struct iovec part = { packet, sizeof packet };
  struct msghdr message = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
  };
  ssize_t n = recvmsg (SBX_INIT_CONTROL_FD, &message, 0);

  if (n <= 0)
    _exit (1);
  part.iov_len = (size_t) n;
  if (message.msg_controllen == 0)
    message.msg_control = NULL;
  if (sendmsg (FAKE_SOCKET, &message, MSG_NOSIGNAL) < 0)
    _exit (1);
  for (struct cmsghdr *head = CMSG_FIRSTHDR (&message); head; head = CMSG_NXTHDR (&message, head))
    for (gsize i = 0; i < (head->cmsg_len - CMSG_LEN (0)) / sizeof (int); i++)
      close (((int *) (void *) CMSG_DATA (head))[i]);
}

static void __attribute__ ((noreturn)) be_init (void)
{
  struct pollfd polled[2] = { { SBX_INIT_CONTROL_FD, POLLIN, 0 }, { FAKE_SOCKET, POLLIN, 0 } };
  char packet[8192];

  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  for (;;) {
    ssize_t n;

    if (poll (polled, 2, -1) < 0)
      _exit (1);
    if (polled[0].revents)
      forward ();
    if (!polled[1].revents)
      continue;
    n = recv (FAKE_SOCKET, packet, sizeof packet, 0);
    if (n <= 0) /* the test has closed its end: as if we were not there */
      polled[1].fd = -1;
    else
      obey (packet, (gsize) n);
  }
}

/* bwrap's process outside: passes on how init ended. */
static void __attribute__ ((noreturn)) be_bwrap (void)
{
  int status;
  pid_t pid = fork ();

  if (pid == 0)
    be_init ();
  close (SBX_INIT_CONTROL_FD);
  close (FAKE_SOCKET);
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  _exit (WIFSIGNALED (status) ? 128 + WTERMSIG (status) : WEXITSTATUS (status));
}

/* Words: "print TEXT", "complain TEXT", "ready", "close" (the link), "exit STATUS", "stay", in the order in which they
 * are done. */
static void __attribute__ ((noreturn)) be_sidecar (char **words)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  for (; *words; words++)
    if (g_str_equal (*words, "print"))
      (void) !write (STDOUT_FILENO, words[1], strlen (words[1])), words++;
    else if (g_str_equal (*words, "complain"))
      (void) !write (STDERR_FILENO, words[1], strlen (words[1])), words++;
    else if (g_str_equal (*words, "ready"))
      (void) !write (11, "1", 1);
    else if (g_str_equal (*words, "close"))
      close (11);
    else if (g_str_equal (*words, "exit"))
      _exit (atoi (words[1]));
    else
      pause ();
  _exit (0);
}

void
fake_bwrap_main (int argc, char **argv)
{
  if (argc > 1 && g_str_equal (argv[1], FAKE_BWRAP))
    be_bwrap ();
  if (argc > 1 && g_str_equal (argv[1], FAKE_SIDECAR))
    be_sidecar (argv + 2);
}
