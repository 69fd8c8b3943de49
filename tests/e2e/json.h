/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading JSON: a value that knows what to say when something is not there. */
#pragma once

#include <json-glib/json-glib.h>
#include <memory>
#include <string>
#include <vector>

namespace e2e {

class Json {
public:
  /* Throws std::runtime_error with @text in it for what is not JSON. */
  static Json parse (const std::string &text);

  bool has (const std::string &member) const;
  Json operator[] (const std::string &member) const; /* throws when it is not there */
  Json operator[] (size_t index) const;
  size_t size () const;
  std::vector<std::string> members () const;
  std::vector<Json> items () const;
  std::string text () const; /* of a string */
  long long number () const;
  bool boolean () const;
  bool is_array () const;
  bool is_object () const;
  std::string dump () const;

private:
  explicit Json (JsonNode *node); /* takes it */
  std::shared_ptr<JsonNode> node_;
};

}
