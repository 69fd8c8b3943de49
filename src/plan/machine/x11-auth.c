/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/machine/x11-auth.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <X11/Xauth.h>

#include "common/read-file.h"

#define METHOD "MIT-MAGIC-COOKIE-1"
#define MAX_FILE (1 << 20)

static gboolean
equals (const char *text, gsize length, const char *other)
{
  return strlen (other) == length && memcmp (text, other, length) == 0;
}

static gboolean
is_for (const Xauth *row, const char *number, const char *host)
{
  return equals (row->name, row->name_length, METHOD) && row->data_length == SBX_X11_COOKIE_SIZE
         && (row->number_length == 0 || equals (row->number, row->number_length, number))
         && (row->family == FamilyWild
             || (row->family == FamilyLocal && equals (row->address, row->address_length, host)));
}

GBytes *
sbx_x11_find_cookie (const char *path, const char *number)
{
  gsize size = 0;
  g_autofree char *content = sbx_read_file (AT_FDCWD, path, MAX_FILE, SBX_READ_PLAIN, &size);
  FILE *file = content ? fmemopen (content, size, "r") : NULL;
  GBytes *found = NULL;
  char host[256] = "";
  Xauth *row;

  if (!file)
    return NULL;
  if (gethostname (host, sizeof host - 1) < 0)
    host[0] = '\0';
  while (!found && (row = XauReadAuth (file)) != NULL) {
    if (is_for (row, number, host))
      found = g_bytes_new (row->data, row->data_length);
    XauDisposeAuth (row);
  }
  fclose (file);
  return found;
}

static void
write_row (FILE *file, unsigned short family, const char *host, const char *number, const guint8 *cookie)
{
  char method[] = METHOD;
  Xauth row = { .family = family,
                .address = (char *) host,
                .address_length = (unsigned short) strlen (host),
                .number = (char *) number,
                .number_length = (unsigned short) strlen (number),
                .name = method,
                .name_length = sizeof method - 1,
                .data = (char *) cookie,
                .data_length = SBX_X11_COOKIE_SIZE };

  (void) XauWriteAuth (file, &row); /* to memory */
}

GBytes *
sbx_x11_write_cookies (const guint8 *const *cookies, const char *const *numbers, gsize n)
{
  char *bytes = NULL, host[256] = "";
  gsize size = 0;
  FILE *file = open_memstream (&bytes, &size);

  if (gethostname (host, sizeof host - 1) < 0)
    host[0] = '\0';
  /* For this host, which every reader knows, and for any: a host's name changes with its network */
  for (gsize i = 0; file && i < n; i++) {
    write_row (file, FamilyLocal, host, numbers[i], cookies[i]);
    write_row (file, FamilyWild, "", numbers[i], cookies[i]);
  }
  if (!file || fclose (file) != 0)
    g_error ("Cannot write %zu bytes to memory", size); /* as GLib does without memory */
  return g_bytes_new_with_free_func (bytes, size, free, bytes);
}
