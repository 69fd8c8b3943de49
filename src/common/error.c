/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/error.h"

#include <string.h>

#include "common/names.h"

/* In the order of SbxError. */
static const char *const names[] = {
  SBX_ERROR_PREFIX "NotAuthorized",  SBX_ERROR_PREFIX "AuthenticationCanceled",
  SBX_ERROR_PREFIX "UnknownProfile", SBX_ERROR_PREFIX "BadProfile",
  SBX_ERROR_PREFIX "BadOption",      SBX_ERROR_PREFIX "PolicyExceeded",
  SBX_ERROR_PREFIX "NotFound",       SBX_ERROR_PREFIX "NotSupported",
  SBX_ERROR_PREFIX "SpawnFailed",    SBX_ERROR_PREFIX "Exited",
  SBX_ERROR_PREFIX "Limits",         SBX_ERROR_PREFIX "Busy",
  SBX_ERROR_PREFIX "NotPermitted",   SBX_ERROR_PREFIX "BadNamespace",
};
G_STATIC_ASSERT (G_N_ELEMENTS (names) == SBX_N_ERRORS);

G_DEFINE_QUARK (sbx - error - quark, sbx_error)

const char *
sbx_error_name (SbxError code)
{
  return names[code];
}

gboolean
sbx_error_from_name (const char *name, SbxError *code)
{
  for (guint i = 0; i < SBX_N_ERRORS; i++)
    if (strcmp (names[i], name) == 0) {
      *code = (SbxError) i;
      return TRUE;
    }
  return FALSE;
}

#define TEXT_MAX 4000

/* Texts quote what others sent, cut off anywhere: they must be text again before they go over the bus, and nothing in
 * them may give orders to the terminal that shows them. */
static char *
make_text (const char *format, va_list args)
{
  g_autofree char *raw = g_strdup_vprintf (format, args);
  char *text;

  if (strlen (raw) > TEXT_MAX)
    strcpy (raw + TEXT_MAX - strlen ("..."), "...");
  text = g_utf8_make_valid (raw, -1);
  for (char *p = text; *p; p++)
    if (((guchar) *p < ' ' && *p != '\n' && *p != '\t') || *p == 0x7f)
      *p = '?';
  return text;
}

gboolean
sbx_throw_errno (GError **error, SbxError code, int errnum, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = make_text (format, args);
  va_end (args);
  g_set_error (error, SBX_ERROR, code, "%s: %s", what, g_strerror (errnum));
  return FALSE;
}

gboolean
sbx_throw (GError **error, SbxError code, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = make_text (format, args);
  va_end (args);
  g_set_error_literal (error, SBX_ERROR, code, what);
  return FALSE;
}
