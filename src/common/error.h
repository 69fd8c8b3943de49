/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one error domain, mapped one to one to D-Bus names (SBX_ERROR_PREFIX + name). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  SBX_ERROR_NOT_AUTHORIZED,
  SBX_ERROR_AUTHENTICATION_CANCELED,
  SBX_ERROR_UNKNOWN_PROFILE,
  SBX_ERROR_BAD_PROFILE,
  SBX_ERROR_BAD_OPTION,
  SBX_ERROR_POLICY_EXCEEDED,
  SBX_ERROR_NOT_FOUND,
  SBX_ERROR_NOT_SUPPORTED, /* names the missing kernel feature or program */
  SBX_ERROR_SPAWN_FAILED,  /* names the failing step and the errno */
  SBX_ERROR_EXITED,
  SBX_ERROR_LIMITS,
  /* What the kernel says of a procfs with the option pidns=; EOPNOTSUPP is NOT_SUPPORTED */
  SBX_ERROR_BUSY,          /* EBUSY */
  SBX_ERROR_NOT_PERMITTED, /* EPERM */
  SBX_ERROR_BAD_NAMESPACE, /* EINVAL */
  SBX_N_ERRORS
} SbxError;

#define SBX_ERROR (sbx_error_quark ())
GQuark sbx_error_quark (void);

/* Its D-Bus name. */
const char *sbx_error_name (SbxError code);
/* Whether @name is the D-Bus name of one, and of which. */
gboolean sbx_error_from_name (const char *name, SbxError *code);

/* Sets @error to SBX_ERROR/@code with the formatted message, ": " and g_strerror (@errnum) after it. Returns FALSE. */
gboolean sbx_throw_errno (GError **error, SbxError code, int errnum, const char *format, ...) G_GNUC_PRINTF (4, 5);

/* Sets @error to SBX_ERROR/@code with the formatted message. Returns FALSE. */
gboolean sbx_throw (GError **error, SbxError code, const char *format, ...) G_GNUC_PRINTF (3, 4);

G_END_DECLS
