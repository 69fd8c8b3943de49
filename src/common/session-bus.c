/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/session-bus.h"

#include <string.h>

#define UNIX "unix:"
#define DIGITS 16 /* of a checksum of 64: buses of one user */

static char *
escape (const char *path)
{
  GString *text = g_string_new (NULL);

  /* "Server Addresses": what is not one of these is %XX */
  for (const char *at = path; *at; at++)
    if (g_ascii_isalnum (*at) || strchr ("-_/\\*.", *at))
      g_string_append_c (text, *at);
    else
      g_string_append_printf (text, "%%%02x", (guint) (guchar) *at);
  return g_string_free (text, FALSE);
}

char *
sbx_session_bus_find (void)
{
  const char *address = g_getenv ("DBUS_SESSION_BUS_ADDRESS"), *runtime = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *path = NULL, *escaped = NULL;

  if (address && *address)
    return g_strdup (address);
  path = runtime && *runtime ? g_build_filename (runtime, "bus", NULL) : NULL;
  if (!path || !g_file_test (path, G_FILE_TEST_EXISTS))
    return NULL;
  escaped = escape (path);
  return g_strconcat (UNIX "path=", escaped, NULL);
}

/* Of one address. */
static char *
parse_one (const char *address, gsize *size)
{
  g_auto (GStrv) pairs = g_strsplit (address + strlen (UNIX), ",", -1);

  for (char **pair = pairs; *pair; pair++) {
    gboolean abstract = g_str_has_prefix (*pair, "abstract=");
    g_autofree char *value =
        abstract || g_str_has_prefix (*pair, "path=") ? g_uri_unescape_string (strchr (*pair, '=') + 1, NULL) : NULL;
    char *place;

    if (!value || !*value)
      continue;
    *size = strlen (value) + abstract;
    place = g_malloc0 (*size + 1);
    memcpy (place + abstract, value, *size - abstract);
    return place;
  }
  return NULL;
}

char *
sbx_session_bus_parse (const char *address, gsize *size)
{
  g_auto (GStrv) addresses = g_strsplit (address, ";", -1);

  for (char **one = addresses; *one; one++) {
    char *place = g_str_has_prefix (*one, UNIX) ? parse_one (*one, size) : NULL;

    if (place)
      return place;
  }
  return NULL;
}

char *
sbx_session_socket_name (const char *address)
{
  gsize size;
  g_autofree char *place = sbx_session_bus_parse (address, &size), *sum = NULL;

  if (!place)
    return NULL;
  sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) place, size);
  return g_strdup_printf ("bus-%.*s", DIGITS, sum);
}
