/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every probe uses. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hostile.h"

Finding
refused (int error)
{
  const char *name = strerrorname_np (error);

  return refused_because ("%s", name ? name : "?");
}

static Finding
say (int is_breach, const char *format, va_list arguments)
{
  Finding finding = { .breach = is_breach };

  vsnprintf (finding.detail, sizeof finding.detail, format, arguments);
  for (char *c = finding.detail; *c; c++)
    if ((unsigned char) *c < ' ')
      *c = ' '; /* one line, whatever was read */
  return finding;
}

Finding
refused_because (const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  Finding finding = say (0, format, arguments);
  va_end (arguments);
  return finding;
}

Finding
breach (const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  Finding finding = say (1, format, arguments);
  va_end (arguments);
  return finding;
}

Finding
judge (long result)
{
  return result < 0 ? refused (errno) : breach ("it was done");
}

void
cannot (const char *what)
{
  fprintf (stderr, "hostile-probe: %s: %s\n", what, strerror (errno));
  _exit (2);
}

const char *
given_or (const Given *all, const char *key, const char *otherwise)
{
  size_t length = strlen (key);

  for (int i = 0; i < all->n; i++)
    if (strncmp (all->words[i], key, length) == 0 && all->words[i][length] == '=')
      return all->words[i] + length + 1;
  return otherwise;
}

const char *
given (const Given *all, const char *key)
{
  const char *value = given_or (all, key, NULL);

  errno = EINVAL;
  if (!value)
    cannot (key);
  return value;
}

long
given_number (const Given *all, const char *key)
{
  return strtol (given (all, key), NULL, 10);
}

int
next_number (const char **rest, long *number)
{
  char *end;

  *number = strtol (*rest, &end, 10);
  if (end == *rest)
    return 0;
  *rest = *end == ',' ? end + 1 : end;
  return 1;
}

int
file_has (const char *path, const char *text)
{
  static char content[65536];
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  size_t size = 0;
  ssize_t n = 0;

  if (fd < 0)
    return -1;
  while (size < sizeof content && (n = read (fd, content + size, sizeof content - size)) > 0)
    size += (size_t) n;
  int error = errno;
  close (fd);
  errno = error;
  return size == 0 && n < 0 ? -1 : memmem (content, size, text, strlen (text)) != NULL;
}

int
connect_unix (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  size_t length = strlen (path);
  int sock = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (sock < 0 || length >= sizeof address.sun_path) {
    if (sock >= 0)
      close (sock);
    return -1;
  }
  memcpy (address.sun_path, path, length);
  if (*path == '@')
    *address.sun_path = '\0';
  if (connect (sock, (struct sockaddr *) &address, (socklen_t) (offsetof (struct sockaddr_un, sun_path) + length)) == 0)
    return sock;
  int error = errno;
  close (sock);
  errno = error;
  return -1;
}
