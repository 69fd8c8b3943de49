/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/link/marshal.h"

#include <string.h>

#include "cli/link/bus-error.h"

/* "Valid Signatures", "Marshaling" */
#define MAX_DEPTH 64
#define MAX_ARRAY (64 * 1024 * 1024)

/* Of what begins with that letter; 0 for what is no type of D-Bus. */
static gsize
alignment_of (char letter)
{
  static const char *const letters[] = { [1] = "ygv", [2] = "nq", [4] = "biuhsoa", [8] = "xtd({" };

  for (gsize i = 1; i < G_N_ELEMENTS (letters); i++)
    if (letters[i] && letter && strchr (letters[i], letter))
      return i;
  return 0;
}

static void
put_padding (GByteArray *bytes, gsize alignment)
{
  static const guint8 zeros[8];

  g_byte_array_append (bytes, zeros, (guint) ((alignment - bytes->len % alignment) % alignment));
}

static void
put_u32 (GByteArray *bytes, guint32 value)
{
  put_padding (bytes, sizeof value);
  g_byte_array_append (bytes, (const guint8 *) &value, sizeof value);
}

static void
put_text (GByteArray *bytes, GVariant *value, gboolean is_signature)
{
  gsize size;
  const char *text = g_variant_get_string (value, &size);
  guint8 brief = (guint8) size;

  if (is_signature)
    g_byte_array_append (bytes, &brief, 1);
  else
    put_u32 (bytes, (guint32) size);
  g_byte_array_append (bytes, (const guint8 *) text, (guint) size + 1);
}

static void
put_children (GByteArray *bytes, GVariant *value)
{
  gsize n = g_variant_n_children (value);

  for (gsize i = 0; i < n; i++) {
    g_autoptr (GVariant) child = g_variant_get_child_value (value, i);

    sbx_marshal_write (bytes, child);
  }
}

static void
put_array (GByteArray *bytes, GVariant *value)
{
  const GVariantType *element = g_variant_type_element (g_variant_get_type (value));
  guint32 size;
  guint place, begin;

  put_u32 (bytes, 0);
  place = bytes->len - (guint) sizeof size;
  put_padding (bytes, alignment_of (*g_variant_type_peek_string (element)));
  begin = bytes->len;
  if (g_variant_type_equal (element, G_VARIANT_TYPE_BYTE))
    g_byte_array_append (bytes, g_variant_get_data (value), (guint) g_variant_get_size (value));
  else
    put_children (bytes, value);
  size = bytes->len - begin;
  memcpy (bytes->data + place, &size, sizeof size);
}

static void
put_variant (GByteArray *bytes, GVariant *value)
{
  g_autoptr (GVariant) inner = g_variant_get_variant (value);
  const char *type = g_variant_get_type_string (inner);
  guint8 size = (guint8) strlen (type);

  g_byte_array_append (bytes, &size, 1);
  g_byte_array_append (bytes, (const guint8 *) type, (guint) size + 1);
  sbx_marshal_write (bytes, inner);
}

void
sbx_marshal_write (GByteArray *bytes, GVariant *value)
{
  char letter = *g_variant_get_type_string (value);

  put_padding (bytes, alignment_of (letter));
  switch (letter) {
  case 'b':
    put_u32 (bytes, g_variant_get_boolean (value));
    break;
  case 's':
  case 'o':
  case 'g':
    put_text (bytes, value, letter == 'g');
    break;
  case 'a':
    put_array (bytes, value);
    break;
  case 'v':
    put_variant (bytes, value);
    break;
  case '(':
  case '{':
    put_children (bytes, value);
    break;
  default: /* numbers are as GVariant has them */
    g_byte_array_append (bytes, g_variant_get_data (value), (guint) g_variant_get_size (value));
  }
}

static GVariant *
fail (GError **error, const char *what)
{
  g_set_error (error, SBX_BUS_ERROR, SBX_BUS_ERROR_MALFORMED, "the bus has sent a malformed message: %s", what);
  return NULL;
}

/* The next @size bytes, or NULL. */
static const guint8 *
take (SbxMarshalReader *reader, gsize size)
{
  const guint8 *data = reader->data + reader->at;

  if (size > reader->size - reader->at)
    return NULL;
  reader->at += size;
  return data;
}

static gboolean
take_padding (SbxMarshalReader *reader, gsize alignment)
{
  gsize n = (alignment - reader->at % alignment) % alignment;
  const guint8 *zeros = take (reader, n);

  while (zeros && n > 0)
    if (zeros[--n] != 0)
      return FALSE;
  return zeros != NULL;
}

static gboolean
take_u32 (SbxMarshalReader *reader, guint32 *value)
{
  const guint8 *data = take_padding (reader, sizeof *value) ? take (reader, sizeof *value) : NULL;

  if (data)
    memcpy (value, data, sizeof *value);
  return data != NULL;
}

/* The bytes of a text up to its NUL, and their number. */
static const char *
take_text (SbxMarshalReader *reader, gboolean is_signature, gsize *size)
{
  const guint8 *data = is_signature ? take (reader, 1) : NULL;
  guint32 n = data ? *data : 0;

  if (is_signature ? !data : !take_u32 (reader, &n))
    return NULL;
  data = take (reader, (gsize) n + 1);
  *size = n;
  return data && data[n] == '\0' && !memchr (data, '\0', n) ? (const char *) data : NULL;
}

/* Whether D-Bus has it as well: GVariant has types without anything in them. */
static gboolean
is_signature (const char *text)
{
  return g_variant_is_signature (text) && !strstr (text, "()");
}

static GVariant *
read_text (SbxMarshalReader *reader, char letter, GError **error)
{
  gsize size;
  const char *text = take_text (reader, letter == 'g', &size);

  if (!text)
    return fail (error, "a text without its end");
  if (letter == 's')
    return g_utf8_validate_len (text, size, NULL) ? g_variant_new_string (text)
                                                  : fail (error, "text that is not UTF-8");
  if (letter == 'o')
    return g_variant_is_object_path (text) ? g_variant_new_object_path (text)
                                           : fail (error, "an object path that is none");
  return is_signature (text) ? g_variant_new_signature (text) : fail (error, "a signature that is none");
}

static GVariant *read_value (SbxMarshalReader *reader, const GVariantType *type, guint depth, GError **error);

static GVariant *
read_variant (SbxMarshalReader *reader, guint depth, GError **error)
{
  gsize size;
  const char *text = take_text (reader, TRUE, &size);
  GVariant *inner;

  if (!text || !is_signature (text) || !g_variant_type_string_is_valid (text))
    return fail (error, "a variant without one type");
  inner = read_value (reader, (const GVariantType *) text, depth + 1, error);
  return inner ? g_variant_new_variant (inner) : NULL;
}

static void
unref_floating (gpointer value)
{
  g_variant_unref (g_variant_ref_sink (value));
}

static GVariant *
read_array (SbxMarshalReader *reader, const GVariantType *type, guint depth, GError **error)
{
  const GVariantType *element = g_variant_type_element (type);
  g_autoptr (GPtrArray) items = NULL;
  GVariant *array;
  guint32 size;
  gsize end;

  if (!take_u32 (reader, &size) || !take_padding (reader, alignment_of (*g_variant_type_peek_string (element)))
      || size > MAX_ARRAY || size > reader->size - reader->at)
    return fail (error, "an array without its end");
  if (g_variant_type_equal (element, G_VARIANT_TYPE_BYTE))
    return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, take (reader, size), size, 1);
  items = g_ptr_array_new_with_free_func (unref_floating);
  end = reader->at + size;
  while (reader->at < end) {
    GVariant *item = read_value (reader, element, depth + 1, error);

    if (!item)
      return NULL;
    g_ptr_array_add (items, item);
  }
  if (reader->at != end)
    return fail (error, "an array that ends within an element");
  array = g_variant_new_array (element, (GVariant *const *) items->pdata, items->len);
  g_ptr_array_set_free_func (items, NULL); /* the array has them */
  return array;
}

/* Of a tuple or an entry of a dictionary. */
static GVariant *
read_members (SbxMarshalReader *reader, const GVariantType *type, guint depth, GError **error)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (unref_floating);
  gboolean is_entry = g_variant_type_is_dict_entry (type);
  GVariant *whole;

  for (const GVariantType *one = g_variant_type_first (type); one; one = g_variant_type_next (one)) {
    GVariant *item = read_value (reader, one, depth + 1, error);

    if (!item)
      return NULL;
    g_ptr_array_add (items, item);
  }
  whole = is_entry ? g_variant_new_dict_entry (items->pdata[0], items->pdata[1])
                   : g_variant_new_tuple ((GVariant *const *) items->pdata, items->len);
  g_ptr_array_set_free_func (items, NULL);
  return whole;
}

static GVariant *
read_number (SbxMarshalReader *reader, char letter, GError **error)
{
  gsize size = alignment_of (letter); /* the same for numbers */
  const guint8 *data = take (reader, size);
  union {
    guint8 y;
    gint16 n;
    guint16 q;
    gint32 i;
    guint32 u;
    gint64 x;
    guint64 t;
    double d;
  } number;

  if (!data)
    return fail (error, "a number without its end");
  memcpy (&number, data, size);
  switch (letter) {
  case 'y':
    return g_variant_new_byte (number.y);
  case 'b':
    return number.u <= 1 ? g_variant_new_boolean (number.u == 1) : fail (error, "a boolean that is neither");
  case 'n':
    return g_variant_new_int16 (number.n);
  case 'q':
    return g_variant_new_uint16 (number.q);
  case 'i':
    return g_variant_new_int32 (number.i);
  case 'h':
    return g_variant_new_handle (number.i);
  case 'u':
    return g_variant_new_uint32 (number.u);
  case 'x':
    return g_variant_new_int64 (number.x);
  case 't':
    return g_variant_new_uint64 (number.t);
  default:
    return g_variant_new_double (number.d);
  }
}

/* Floating. */
static GVariant *
read_value (SbxMarshalReader *reader, const GVariantType *type, guint depth, GError **error)
{
  char letter = *g_variant_type_peek_string (type);

  if (depth > MAX_DEPTH)
    return fail (error, "a value in too many others");
  if (alignment_of (letter) == 0 || !take_padding (reader, alignment_of (letter)))
    return fail (error, "something between its values");
  switch (letter) {
  case 's':
  case 'o':
  case 'g':
    return read_text (reader, letter, error);
  case 'a':
    return read_array (reader, type, depth, error);
  case 'v':
    return read_variant (reader, depth, error);
  case '(':
  case '{':
    return read_members (reader, type, depth, error);
  default:
    return read_number (reader, letter, error);
  }
}

GVariant *
sbx_marshal_read (SbxMarshalReader *reader, const GVariantType *type, GError **error)
{
  GVariant *value = read_value (reader, type, 0, error);

  return value ? g_variant_ref_sink (value) : NULL;
}
