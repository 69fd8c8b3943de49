/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/link/bus-message.h"

#include <string.h>

#include "cli/link/bus-error.h"
#include "cli/link/marshal.h"

#define VERSION 1
#define BYTE_ORDER_MARK (G_BYTE_ORDER == G_LITTLE_ENDIAN ? 'l' : 'B')
#define MAX_FIELDS (64 * 1024 * 1024) /* an array */

enum { PATH = 1, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SENDER, SIGNATURE, FDS, N_FIELDS };

/* Each with what the specification says of it, "Header Fields". */
static const struct {
  const char *type;
  gsize offset; /* in SbxBusMessage; 0: read elsewhere, or not at all */
} fields[N_FIELDS] = {
  [PATH] = { "o", G_STRUCT_OFFSET (SbxBusMessage, path) },
  [INTERFACE] = { "s", G_STRUCT_OFFSET (SbxBusMessage, interface) },
  [MEMBER] = { "s", G_STRUCT_OFFSET (SbxBusMessage, member) },
  [ERROR_NAME] = { "s", G_STRUCT_OFFSET (SbxBusMessage, error_name) },
  [REPLY_SERIAL] = { "u", G_STRUCT_OFFSET (SbxBusMessage, reply_serial) },
  [DESTINATION] = { "s", G_STRUCT_OFFSET (SbxBusMessage, destination) },
  [SENDER] = { "s", 0 },
  [SIGNATURE] = { "g", 0 },
  [FDS] = { "u", G_STRUCT_OFFSET (SbxBusMessage, n_fds) },
};

SbxBusMessage *
sbx_bus_message_new_call (const char *destination, const char *path, const char *interface, const char *member,
                          GVariant *body)
{
  SbxBusMessage *self = g_new0 (SbxBusMessage, 1);

  self->type = SBX_BUS_CALL;
  self->destination = g_strdup (destination);
  self->path = g_strdup (path);
  self->interface = g_strdup (interface);
  self->member = g_strdup (member);
  self->body = g_variant_ref_sink (body ? body : g_variant_new ("()"));
  return self;
}

void
sbx_bus_message_free (SbxBusMessage *self)
{
  g_free (self->destination);
  g_free (self->path);
  g_free (self->interface);
  g_free (self->member);
  g_free (self->error_name);
  g_clear_pointer (&self->body, g_variant_unref);
  g_clear_pointer (&self->fds, sbx_fd_list_free);
  g_free (self);
}

static void
add_field (GVariantBuilder *list, guint8 code, GVariant *value)
{
  g_variant_builder_add (list, "(yv)", code, value);
}

static GVariant *
make_fields (const SbxBusMessage *self, const char *signature, gsize n_fds)
{
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("a(yv)"));
  for (guint code = 1; code < N_FIELDS; code++) {
    const char *text = *fields[code].type == 'u' || fields[code].offset == 0
                           ? NULL
                           : G_STRUCT_MEMBER (char *, self, fields[code].offset);

    if (text)
      add_field (&list, (guint8) code, g_variant_new (fields[code].type, text));
  }
  if (self->reply_serial)
    add_field (&list, REPLY_SERIAL, g_variant_new_uint32 (self->reply_serial));
  if (*signature)
    add_field (&list, SIGNATURE, g_variant_new_signature (signature));
  if (n_fds > 0)
    add_field (&list, FDS, g_variant_new_uint32 ((guint32) n_fds));
  return g_variant_ref_sink (g_variant_builder_end (&list));
}

GByteArray *
sbx_bus_message_write (const SbxBusMessage *self, guint32 serial, gsize n_fds, GError **error)
{
  const char *type = g_variant_get_type_string (self->body);
  g_autofree char *signature = g_strndup (type + 1, strlen (type) - 2);
  g_autoptr (GVariant) list = make_fields (self, signature, n_fds);
  g_autoptr (GByteArray) body = g_byte_array_new (), bytes = g_byte_array_new ();
  const guint8 head[] = { BYTE_ORDER_MARK, self->type, self->flags, VERSION }, zeros[8] = { 0 };

  if (*signature)
    sbx_marshal_write (body, self->body);
  g_byte_array_append (bytes, head, sizeof head);
  g_byte_array_append (bytes, (const guint8 *) &body->len, sizeof (guint32));
  g_byte_array_append (bytes, (const guint8 *) &serial, sizeof serial);
  sbx_marshal_write (bytes, list);
  g_byte_array_append (bytes, zeros, (8 - bytes->len % 8) % 8);
  if ((gsize) bytes->len + body->len > SBX_BUS_MOST) {
    g_set_error (error, SBX_BUS_ERROR, SBX_BUS_ERROR_OTHER, "%u bytes are more than fit into one message", body->len);
    return NULL;
  }
  g_byte_array_append (bytes, body->data, body->len);
  return g_steal_pointer (&bytes);
}

static gboolean
fail (GError **error, const char *what)
{
  g_set_error (error, SBX_BUS_ERROR, SBX_BUS_ERROR_MALFORMED, "the bus has sent a malformed message: %s", what);
  return FALSE;
}

static guint32
u32_at (const guint8 *data)
{
  guint32 value;

  memcpy (&value, data, sizeof value);
  return value;
}

/* Behind the fields and their padding. */
static gsize
find_body (const guint8 *head)
{
  return (SBX_BUS_HEAD + (gsize) u32_at (head + 12) + 7) / 8 * 8;
}

gsize
sbx_bus_message_size (const guint8 *head, GError **error)
{
  gsize size;

  if (head[0] != BYTE_ORDER_MARK || head[3] != VERSION || head[1] == 0)
    return fail (error, "a beginning that is none"), 0;
  if (u32_at (head + 12) > MAX_FIELDS || u32_at (head + 4) > SBX_BUS_MOST)
    return fail (error, "one that is too long"), 0;
  size = find_body (head) + u32_at (head + 4);
  return size <= SBX_BUS_MOST ? size : (fail (error, "one that is too long"), 0);
}

/* What the field @code says into @self, or into *@signature. */
static gboolean
take_field (SbxBusMessage *self, guint8 code, GVariant *value, char **signature, GError **error)
{
  gpointer place = G_STRUCT_MEMBER_P (self, fields[code].offset);

  if (!g_variant_is_of_type (value, (const GVariantType *) fields[code].type))
    return fail (error, "a field of another type");
  if (code == SIGNATURE)
    *signature = g_variant_dup_string (value, NULL);
  else if (fields[code].offset == 0)
    return TRUE;
  else if (*fields[code].type == 'u')
    *(guint32 *) place = g_variant_get_uint32 (value);
  else
    *(char **) place = g_variant_dup_string (value, NULL);
  return TRUE;
}

/* Those that nobody knows are passed over, as the specification says. */
static gboolean
take_fields (SbxBusMessage *self, GVariant *list, char **signature, GError **error)
{
  gsize n = g_variant_n_children (list);
  guint seen = 0;

  for (gsize i = 0; i < n; i++) {
    g_autoptr (GVariant) value = NULL;
    guint8 code;

    g_variant_get_child (list, i, "(yv)", &code, &value);
    if (code == 0)
      return fail (error, "a field without a number");
    if (code >= N_FIELDS)
      continue;
    if (seen & 1u << code)
      return fail (error, "a field that is there twice");
    seen |= 1u << code;
    if (!take_field (self, code, value, signature, error))
      return FALSE;
  }
  return TRUE;
}

/* A message of a type that nobody knows is no answer, whatever it says. */
static gboolean
check_type (SbxBusMessage *self, GError **error)
{
  gboolean answers = self->type == SBX_BUS_RETURN || self->type == SBX_BUS_FAILURE;

  if (self->type > SBX_BUS_SIGNAL)
    self->reply_serial = 0;
  else if (answers != (self->reply_serial != 0) || (self->type == SBX_BUS_FAILURE && !self->error_name)
           || (!answers && (!self->path || !self->member)) || (self->type == SBX_BUS_SIGNAL && !self->interface))
    return fail (error, "a field is missing, or one too many");
  return TRUE;
}

static gboolean
take_body (SbxBusMessage *self, SbxMarshalReader *reader, const char *signature, GError **error)
{
  g_autofree char *type = g_strconcat ("(", signature ? signature : "", ")", NULL);

  if (signature && *signature)
    self->body = sbx_marshal_read (reader, (const GVariantType *) type, error);
  else
    self->body = g_variant_ref_sink (g_variant_new ("()"));
  if (!self->body)
    return FALSE;
  return reader->at == reader->size ? TRUE : fail (error, "something behind its end");
}

SbxBusMessage *
sbx_bus_message_read (const guint8 *data, gsize size, GError **error)
{
  g_autoptr (SbxBusMessage) self = g_new0 (SbxBusMessage, 1);
  SbxMarshalReader reader = { data, size, 12 };
  g_autoptr (GVariant) list = NULL;
  g_autofree char *signature = NULL;

  if (size < SBX_BUS_HEAD || sbx_bus_message_size (data, NULL) != size)
    return fail (error, "one of another length"), NULL;
  self->type = data[1];
  self->flags = data[2];
  if (u32_at (data + 8) == 0)
    return fail (error, "one without a serial number"), NULL;
  list = sbx_marshal_read (&reader, G_VARIANT_TYPE ("a(yv)"), error);
  if (!list || !take_fields (self, list, &signature, error) || !check_type (self, error))
    return NULL;
  for (gsize end = find_body (data); reader.at < end; reader.at++)
    if (data[reader.at] != 0)
      return fail (error, "something before its body"), NULL;
  reader = (SbxMarshalReader){ data + reader.at, size - reader.at, 0 }; /* alignment goes on, this being one of 8 */
  return take_body (self, &reader, signature, error) ? g_steal_pointer (&self) : NULL;
}

gboolean
sbx_bus_message_get_failure (const SbxBusMessage *self, GError **error)
{
  g_autoptr (GVariant) text = NULL;

  if (self->type != SBX_BUS_FAILURE)
    return FALSE;
  if (g_variant_n_children (self->body) > 0)
    text = g_variant_get_child_value (self->body, 0);
  if (text && !g_variant_is_of_type (text, G_VARIANT_TYPE_STRING))
    g_clear_pointer (&text, g_variant_unref);
  g_propagate_error (error, sbx_bus_error_new (self->error_name, text ? g_variant_get_string (text, NULL) : NULL));
  return TRUE;
}
