/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/mounts/address.h"

#include <string.h>

#define PREFIX "unix:path="

char *
sbx_mounts_socket_of (const char *address)
{
  g_autofree char *value = NULL;

  if (!g_str_has_prefix (address, PREFIX) || strchr (address, ';'))
    return NULL;
  value = g_strndup (address + strlen (PREFIX), strcspn (address + strlen (PREFIX), ","));
  return g_uri_unescape_string (value, NULL);
}
