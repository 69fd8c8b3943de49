/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists as one text: words separated by ';', with "\;" and "\\" for these two characters in a word. */
#include "policy/policy-private.h"

char **
sbx_list_split (const char *value)
{
  GPtrArray *items = g_ptr_array_new ();
  g_autoptr (GString) item = g_string_new (NULL);

  for (const char *p = value;; p++) {
    if (*p == '\\' && (p[1] == ';' || p[1] == '\\')) {
      g_string_append_c (item, *++p);
    } else if (*p && *p != ';') {
      g_string_append_c (item, *p);
    } else {
      g_strstrip (item->str);
      if (*item->str)
        g_ptr_array_add (items, g_strdup (item->str));
      g_string_truncate (item, 0);
      if (!*p)
        break;
    }
  }
  g_ptr_array_add (items, NULL);
  return (char **) g_ptr_array_free (items, FALSE);
}

char *
sbx_list_escape (const char *word)
{
  GString *text = g_string_new (NULL);

  for (; *word; word++) {
    if (*word == ';' || *word == '\\')
      g_string_append_c (text, '\\');
    g_string_append_c (text, *word);
  }
  return g_string_free (text, FALSE);
}
