/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "desktop/exec.h"

#include <glib/gi18n.h>
#include <string.h>

#include "common/error.h"
#include "desktop/app-profiles.h"

/* Specification 1.5, "The Exec key": these need quotes, and in quotes the second lot needs a backslash. */
#define RESERVED " \t\n\"'\\><~|&;$*?#()`"
#define ESCAPED "\"`$\\"
#define FIELD_CODES "fFuUick"
#define OLD_FIELD_CODES "dDnNvm" /* "deprecated … should be removed and ignored" */

/* Specification 1.5, "Possible value types": \s \n \t \r \\. */
static char *
unescape (const char *value, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (const char *p = value; *p; p++) {
    if (*p != '\\') {
      g_string_append_c (text, *p);
      continue;
    }
    p++;
    if (*p == 's' || *p == 't' || *p == '\\') {
      g_string_append_c (text, *p == 's' ? ' ' : *p == 't' ? '\t' : '\\');
    } else if (*p == 'n' || *p == 'r') {
      sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("Exec has a line end in it (\\%c), which desktops read differently"),
                 *p);
      return NULL;
    } else if (*p == '\0') {
      sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("Exec ends with a lone backslash"));
      return NULL;
    } else { /* written for the rules of quoting only; GLib and KDE leave both characters */
      g_string_append_c (text, '\\');
      g_string_append_c (text, *p);
    }
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* Reads from the opening quote on; returns what follows the closing one. */
static const char *
read_quoted (const char *p, GString *word, GError **error)
{
  char quote = *p++;

  for (; *p && *p != quote; p++) {
    if (quote == '"' && *p == '\\' && p[1] && strchr (ESCAPED, p[1])) {
      p++;
    } else if (quote == '"' && (*p == '$' || *p == '`')) {
      sbx_throw (error, SBX_ERROR_BAD_OPTION,
                 _ ("Exec has a %c in quotes without a backslash: some desktops would give it to a shell; write "
                    "\\\\%c"),
                 *p, *p);
      return NULL;
    }
    g_string_append_c (word, *p);
  }
  if (*p == quote)
    return p + 1;
  sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("Exec has a quote that is not closed"));
  return NULL;
}

static const char *
read_word (const char *p, GString *word, GError **error)
{
  while (p && *p && !strchr (" \t", *p)) {
    if (*p == '"' || *p == '\'') {
      p = read_quoted (p, word, error);
    } else if (*p == '\\' && p[1]) {
      g_string_append_c (word, p[1]);
      p += 2;
    } else if (strchr (RESERVED, *p)) {
      sbx_throw (error, SBX_ERROR_BAD_OPTION,
                 _ ("Exec has a %c outside of quotes: some desktops would give it to a shell; put the argument into "
                    "double quotes"),
                 *p);
      return NULL;
    } else {
      g_string_append_c (word, *p++);
    }
  }
  return p;
}

/* FALSE with @error for an unknown code. Deprecated ones are taken out. */
static gboolean
check_field_codes (GString *word, GError **error)
{
  for (gsize i = 0; i < word->len; i++) {
    char code;

    if (word->str[i] != '%')
      continue;
    code = word->str[i + 1];
    if (code != '\0' && strchr (OLD_FIELD_CODES, code)) {
      g_string_erase (word, (gssize) i, 2);
      i--;
    } else if (code == '\0' || !strchr (FIELD_CODES "%", code)) {
      return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                        _ ("Exec has the unknown field code \"%%%c\"; a percent sign itself is %%%%"),
                        code ? code : ' ');
    } else {
      i++;
    }
  }
  return TRUE;
}

char **
sbx_exec_split (const char *value, GError **error)
{
  g_autofree char *text = unescape (value, error);
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  const char *p = text;

  if (!text)
    return NULL;
  for (p += strspn (p, " \t"); *p; p += strspn (p, " \t")) {
    g_autoptr (GString) word = g_string_new (NULL);
    gboolean quoted = *p == '"' || *p == '\'';

    p = read_word (p, word, error);
    if (!p || !check_field_codes (word, error))
      return NULL;
    if (word->len > 0 || quoted)
      g_ptr_array_add (argv, g_string_free (g_steal_pointer (&word), FALSE));
  }
  if (argv->len == 0 || !*(char *) argv->pdata[0]) {
    sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("Exec names no program"));
    return NULL;
  }
  g_ptr_array_add (argv, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&argv), FALSE);
}

static void
append_quoted (GString *text, const char *arg)
{
  g_string_append_c (text, '"');
  for (; *arg; arg++) {
    if (strchr (ESCAPED, *arg))
      g_string_append_c (text, '\\');
    g_string_append_c (text, *arg);
  }
  g_string_append_c (text, '"');
}

char *
sbx_exec_join (const char *const *argv)
{
  g_autoptr (GString) text = g_string_new (NULL);
  GString *value = g_string_new (NULL);

  for (gsize i = 0; argv[i]; i++) {
    if (i > 0)
      g_string_append_c (text, ' ');
    if (!*argv[i] || strpbrk (argv[i], RESERVED))
      append_quoted (text, argv[i]);
    else
      g_string_append (text, argv[i]);
  }
  for (const char *p = text->str; *p; p++)
    if (*p == '\\')
      g_string_append (value, "\\\\");
    else if (*p == '\t')
      g_string_append (value, "\\t");
    else
      g_string_append_c (value, *p);
  return g_string_free (value, FALSE);
}

char *
sbx_exec_join_shell (const char *const *argv, gboolean shell)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (gsize i = 0; argv[i]; i++) {
    if (!shell && strpbrk (argv[i], "\\\n\r'"))
      return NULL;
    if (i > 0)
      g_string_append_c (text, ' ');
    if (*argv[i] && !strpbrk (argv[i], RESERVED "{}[]!=^")) {
      g_string_append (text, argv[i]);
    } else {
      g_autofree char *quoted = g_shell_quote (argv[i]);

      g_string_append (text, quoted);
    }
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

char **
sbx_exec_split_shell (const char *value, GError **error)
{
  g_autoptr (GError) problem = NULL;
  char **argv = NULL;

  if (g_shell_parse_argv (value, NULL, &argv, &problem))
    return argv;
  sbx_throw (error, SBX_ERROR_BAD_OPTION, "Exec: %s", problem->message);
  return NULL;
}

static const char *const *
skip_env (const char *const *argv)
{
  g_autofree char *name = g_path_get_basename (argv[0]);
  gsize i = 1;

  if (strcmp (name, "env") != 0)
    return argv;
  while (argv[i] && (strchr (argv[i], '=') || argv[i][0] == '-')) {
    gboolean takes_value = g_str_equal (argv[i], "-u") || g_str_equal (argv[i], "-C");

    i += takes_value && argv[i + 1] ? 2 : 1;
  }
  return argv + i;
}

const char *
sbx_exec_program (const char *const *argv)
{
  argv = skip_env (argv);
  if (!argv[0] || !sbx_app_profile_is_interpreter (argv[0]))
    return argv[0];
  for (argv++; argv[0]; argv++)
    if (argv[0][0] == '/')
      return argv[0];
  return NULL;
}
