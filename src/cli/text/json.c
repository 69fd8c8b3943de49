/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/text/json.h"

#include <stdio.h>

#include "cli/text/output.h"

static JsonNode *
dictionary_to_json (GVariant *value)
{
  g_autoptr (JsonObject) object = json_object_new ();
  GVariantIter iter;
  GVariant *entry;

  g_variant_iter_init (&iter, value);
  while ((entry = g_variant_iter_next_value (&iter))) {
    g_autoptr (GVariant) key = g_variant_get_child_value (entry, 0), item = g_variant_get_child_value (entry, 1);
    g_autofree char *name = g_variant_is_of_type (key, G_VARIANT_TYPE_STRING) ? g_variant_dup_string (key, NULL)
                                                                              : g_variant_print (key, FALSE);

    json_object_set_member (object, name, sbx_output_to_json (item));
    g_variant_unref (entry);
  }
  return json_node_init_object (json_node_alloc (), object);
}

static JsonNode *
sequence_to_json (GVariant *value)
{
  g_autoptr (JsonArray) array = json_array_new ();
  GVariantIter iter;
  GVariant *item;

  g_variant_iter_init (&iter, value);
  while ((item = g_variant_iter_next_value (&iter))) {
    json_array_add_element (array, sbx_output_to_json (item));
    g_variant_unref (item);
  }
  return json_node_init_array (json_node_alloc (), array);
}

static gint64
to_integer (GVariant *value)
{
  switch (g_variant_classify (value)) {
  case G_VARIANT_CLASS_BYTE:
    return g_variant_get_byte (value);
  case G_VARIANT_CLASS_INT16:
    return g_variant_get_int16 (value);
  case G_VARIANT_CLASS_UINT16:
    return g_variant_get_uint16 (value);
  case G_VARIANT_CLASS_INT32:
    return g_variant_get_int32 (value);
  case G_VARIANT_CLASS_UINT32:
    return g_variant_get_uint32 (value);
  case G_VARIANT_CLASS_INT64:
    return g_variant_get_int64 (value);
  default:
    return (gint64) g_variant_get_uint64 (value);
  }
}

JsonNode *
sbx_output_to_json (GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARIANT)) {
    g_autoptr (GVariant) inner = g_variant_get_variant (value);

    return sbx_output_to_json (inner);
  }
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING)) {
    g_autofree char *text = g_utf8_make_valid (g_variant_get_bytestring (value), -1);

    return json_node_init_string (json_node_alloc (), text);
  }
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_DICTIONARY))
    return dictionary_to_json (value);
  if (g_variant_is_container (value))
    return sequence_to_json (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    return json_node_init_boolean (json_node_alloc (), g_variant_get_boolean (value));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE))
    return json_node_init_double (json_node_alloc (), g_variant_get_double (value));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) || g_variant_is_of_type (value, G_VARIANT_TYPE_OBJECT_PATH)
      || g_variant_is_of_type (value, G_VARIANT_TYPE_SIGNATURE))
    return json_node_init_string (json_node_alloc (), g_variant_get_string (value, NULL));
  return json_node_init_int (json_node_alloc (), to_integer (value));
}

/* json-glib escapes the controls of ASCII. Others can only be in strings, and there this is the same string. */
static char *
to_harmless_json (JsonNode *node)
{
  g_autofree char *text = json_to_string (node, TRUE);
  GString *clean = g_string_new (NULL);

  for (const char *p = text; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (c != '\n' && sbx_output_is_harmful (c))
      g_string_append_printf (clean, "\\u%04x", c);
    else
      g_string_append_unichar (clean, c);
  }
  return g_string_free (clean, FALSE);
}

void
sbx_output_json (JsonNode *node)
{
  g_autofree char *text = to_harmless_json (node);

  puts (text);
  json_node_unref (node);
}
