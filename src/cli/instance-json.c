/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/instance-json.h"

#include "cli/text/json.h"
#include "cli/text/output.h"

/* Rows with names instead of places. */
static JsonNode *
refused_to_json (GVariant *refused)
{
  JsonArray *array = json_array_new ();
  JsonNode *node = json_node_alloc ();
  const char *name, *member, *need;
  GVariantIter iter;
  guint32 count;

  g_variant_iter_init (&iter, refused);
  while (g_variant_iter_next (&iter, "(&s&s&su)", &name, &member, &need, &count)) {
    JsonObject *row = json_object_new ();

    json_object_set_string_member (row, "name", name);
    json_object_set_string_member (row, "member", member);
    json_object_set_string_member (row, "needs", need);
    json_object_set_int_member (row, "count", count);
    json_array_add_object_element (array, row);
  }
  json_node_init_array (node, array);
  json_array_unref (array);
  return node;
}

JsonNode *
sbx_instance_to_json (const SbxInstanceInfo *self)
{
  JsonObject *object = json_object_new ();
  GVariantIter iter;
  const char *name;
  GVariant *value;
  JsonNode *node = json_node_alloc ();

  json_object_set_string_member (object, "id", self->id);
  g_variant_iter_init (&iter, self->properties);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value)) {
    g_autofree char *key = sbx_output_kebab (name);

    if (!g_str_equal (name, "Id"))
      json_object_set_member (object, key,
                              g_variant_is_of_type (value, G_VARIANT_TYPE ("a(sssu)")) ? refused_to_json (value)
                                                                                       : sbx_output_to_json (value));
    g_variant_unref (value);
  }
  json_node_init_object (node, object);
  json_object_unref (object);
  return node;
}
