/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"

#include <stdexcept>

namespace e2e {

Json::Json (JsonNode *node) : node_ (node, json_node_unref)
{
}

Json
Json::parse (const std::string &text)
{
  g_autoptr (GError) error = nullptr;
  JsonNode *node = json_from_string (text.c_str (), &error);

  if (!node)
    throw std::runtime_error ("not JSON: " + std::string (error ? error->message : "empty") + "\n" + text);
  return Json (node);
}

std::string
Json::dump () const
{
  g_autofree char *text = json_to_string (node_.get (), TRUE);

  return text;
}

bool
Json::is_object () const
{
  return JSON_NODE_HOLDS_OBJECT (node_.get ());
}

bool
Json::is_array () const
{
  return JSON_NODE_HOLDS_ARRAY (node_.get ());
}

bool
Json::has (const std::string &member) const
{
  return is_object () && json_object_has_member (json_node_get_object (node_.get ()), member.c_str ());
}

Json
Json::operator[] (const std::string &member) const
{
  if (!has (member))
    throw std::runtime_error ("no member \"" + member + "\" in " + dump ());
  return Json (json_node_ref (json_object_get_member (json_node_get_object (node_.get ()), member.c_str ())));
}

size_t
Json::size () const
{
  if (is_array ())
    return json_array_get_length (json_node_get_array (node_.get ()));
  return is_object () ? json_object_get_size (json_node_get_object (node_.get ())) : 0;
}

Json
Json::operator[] (size_t index) const
{
  if (!is_array () || index >= size ())
    throw std::runtime_error ("no item " + std::to_string (index) + " in " + dump ());
  return Json (json_node_ref (json_array_get_element (json_node_get_array (node_.get ()), static_cast<guint> (index))));
}

std::vector<Json>
Json::items () const
{
  std::vector<Json> result;

  for (size_t i = 0; is_array () && i < size (); i++)
    result.push_back ((*this)[i]);
  return result;
}

std::vector<std::string>
Json::members () const
{
  std::vector<std::string> result;

  if (is_object ()) {
    g_autoptr (GList) names = json_object_get_members (json_node_get_object (node_.get ()));

    for (GList *name = names; name; name = name->next)
      result.push_back (static_cast<const char *> (name->data));
  }
  return result;
}

std::string
Json::text () const
{
  const char *text = JSON_NODE_HOLDS_VALUE (node_.get ()) ? json_node_get_string (node_.get ()) : nullptr;

  if (!text)
    throw std::runtime_error ("not a string: " + dump ());
  return text;
}

long long
Json::number () const
{
  GType type = JSON_NODE_HOLDS_VALUE (node_.get ()) ? json_node_get_value_type (node_.get ()) : G_TYPE_INVALID;

  if (type != G_TYPE_INT64 && type != G_TYPE_DOUBLE)
    throw std::runtime_error ("not a number: " + dump ());
  return json_node_get_int (node_.get ());
}

bool
Json::boolean () const
{
  if (!JSON_NODE_HOLDS_VALUE (node_.get ()) || json_node_get_value_type (node_.get ()) != G_TYPE_BOOLEAN)
    throw std::runtime_error ("not a boolean: " + dump ());
  return json_node_get_boolean (node_.get ());
}

}
