/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values as D-Bus has them in messages (D-Bus specification, "Marshaling (Wire Format)"), in this machine's byte order.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Appends @value, which has no maybe types, to @bytes, whose beginning is that of what it is aligned to. */
void sbx_marshal_write (GByteArray *bytes, GVariant *value);

/* What is being read. */
typedef struct {
  const guint8 *data;
  gsize size, at;
} SbxMarshalReader;

/* Takes a value of the definite @type out of @reader. Not floating, the caller's; NULL with SBX_BUS_ERROR_MALFORMED for
 * what is not exactly one: padding that is not zero, a length that leads out, text that is not UTF-8, a boolean that is
 * neither, a type that D-Bus has not, more depth than it allows. */
GVariant *sbx_marshal_read (SbxMarshalReader *reader, const GVariantType *type, GError **error);

G_END_DECLS
