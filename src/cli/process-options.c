/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/process-options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/inherited.h"
#include "common/descriptors.h"
#include "common/error.h"

#define MAX_FD 65535

void
sbx_process_options_clear (SbxProcessOptions *self)
{
  g_free (self->cwd);
  g_strfreev (self->env);
  g_strfreev (self->unset_env);
  g_strfreev (self->fd_words);
  if (self->open)
    g_variant_builder_clear (&self->options);
  g_clear_pointer (&self->fds, sbx_fd_list_free);
  g_clear_pointer (&self->terminal, sbx_terminal_free);
  sbx_lifeline_clear (&self->lifeline);
}

static void
add (SbxProcessOptions *self, const char *key, GVariant *value)
{
  g_variant_builder_add (&self->options, "{sv}", key, value);
}

static gboolean
add_environment (SbxProcessOptions *self, GError **error)
{
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer name, value;
  GVariantBuilder dict;

  for (char **pair = self->env; pair && *pair; pair++) {
    const char *equals = strchr (*pair, '=');

    if (!equals || equals == *pair)
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("--env=%.100s: write --env=NAME=VALUE"), *pair);
    if (!g_utf8_validate (*pair, -1, NULL))
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("--env=%.100s: variables are UTF-8 text, and this is not"),
                        *pair);
    g_hash_table_replace (names, g_strndup (*pair, (gsize) (equals - *pair)), (gpointer) (equals + 1));
  }
  g_variant_builder_init (&dict, G_VARIANT_TYPE ("a{ss}"));
  g_hash_table_iter_init (&iter, names);
  while (g_hash_table_iter_next (&iter, &name, &value))
    g_variant_builder_add (&dict, "{ss}", name, value);
  add (self, "env", g_variant_builder_end (&dict));
  for (char **unset = self->unset_env; unset && *unset; unset++)
    if (!g_utf8_validate (*unset, -1, NULL) || !**unset || strchr (*unset, '='))
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("--unset-env=%.100s: this is not the name of a variable"),
                        *unset);
  if (self->unset_env)
    add (self, "unset-env", g_variant_new_strv ((const char *const *) self->unset_env, -1));
  return TRUE;
}

/* The name by which the user came here, as `--filesystem=.` goes by it too: $PWD, if it is one (POSIX, `pwd -L`). */
static const char *
logical_directory (void)
{
  const char *pwd = g_getenv ("PWD");
  g_autofree char *plain = pwd && pwd[0] == '/' ? g_canonicalize_filename (pwd, NULL) : NULL;
  struct stat there, here;

  return plain && g_str_equal (plain, pwd) && stat (pwd, &there) == 0 && stat (".", &here) == 0
                 && there.st_dev == here.st_dev && there.st_ino == here.st_ino
             ? pwd
             : NULL;
}

/* @cwd, and its name without links where that is another one. */
static void
add_both_names (SbxProcessOptions *self, const char *cwd)
{
  g_autofree char *plain = realpath (cwd, NULL);

  add (self, "cwd", g_variant_new_bytestring (cwd));
  if (plain && !g_str_equal (plain, cwd))
    add (self, "cwd-also", g_variant_new_bytestring (plain));
}

static gboolean
add_cwd (SbxProcessOptions *self, GError **error)
{
  g_autofree char *here = NULL;
  const char *logical;

  if (self->cwd) {
    char *absolute = g_canonicalize_filename (self->cwd, NULL);

    g_free (self->cwd);
    self->cwd = absolute;
    add_both_names (self, absolute);
    return TRUE;
  }
  here = getcwd (NULL, 0);
  /* The kernel says "(unreachable)…" for a directory outside our root */
  if (!here || here[0] != '/')
    return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                      _ ("the working directory is gone (%s); cd to one that exists, or say --cwd=DIR"),
                      here ? _ ("it is not reachable") : g_strerror (errno));
  logical = logical_directory ();
  add_both_names (self, logical ? logical : here);
  add (self, "cwd-optional", g_variant_new_boolean (TRUE));
  return TRUE;
}

static gboolean
add_fd (SbxProcessOptions *self, GVariantBuilder *map, int fd, int number, GError **error)
{
  int handle = sbx_fd_list_append (self->fds, fd, error);

  if (handle >= 0)
    g_variant_builder_add (map, "{uh}", (guint32) number, handle);
  return handle >= 0;
}

/* What a sandbox that goes on without us must not hold: the terminal's input, since it would take what is typed, and
 * pipes that somebody reads to their end, as `id=$(sandboxctl run --detach …)` does. */
static gboolean
is_only_ours (int fd)
{
  struct stat st;

  return fd == 0 ? isatty (fd) : fstat (fd, &st) == 0 && S_ISFIFO (st.st_mode);
}

/* What is written to @fd by a sandbox that goes on without us would be read by nobody. */
static gboolean
is_lost (int fd)
{
  struct stat st, null;

  if (is_only_ours (fd))
    return TRUE;
  return fstat (fd, &st) == 0 && stat ("/dev/null", &null) == 0 && S_ISCHR (st.st_mode) && st.st_rdev == null.st_rdev;
}

static gboolean
add_standard (SbxProcessOptions *self, GVariantBuilder *map, gboolean detached, GError **error)
{
  for (int i = 0; i < 3; i++) {
    int fd = self->terminal ? sbx_terminal_get_slave (self->terminal) : i, null = -1;
    gboolean ok;

    if (self->output >= 0 && i > 0 && !self->terminal && (self->icon || (detached && is_lost (i))))
      fd = self->output;
    else if (detached && is_only_ours (i))
      fd = null = open ("/dev/null", O_RDWR | O_CLOEXEC);
    ok = add_fd (self, map, fd, i, error);
    if (null >= 0)
      close (null);
    if (!ok)
      return FALSE;
  }
  return TRUE;
}

/* A directory would be a way out of the sandbox's own file tree. */
static gboolean
is_way_out (int fd)
{
  struct stat st;
  int flags = fcntl (fd, F_GETFL);

  return flags < 0 || (flags & O_PATH) || (fstat (fd, &st) == 0 && S_ISDIR (st.st_mode));
}

/* The numbers that --fd names, checked. */
static GHashTable *
named_fds (SbxProcessOptions *self, GError **error)
{
  g_autoptr (GHashTable) named = g_hash_table_new (NULL, NULL);

  for (char **word = self->fd_words; word && *word; word++) {
    guint64 number;

    if (!g_ascii_string_to_unsigned (*word, 10, 0, MAX_FD, &number, NULL)) {
      sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("--fd=%s: this is not the number of a descriptor"), *word);
      return NULL;
    }
    if (fcntl ((int) number, F_GETFD) < 0) {
      sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("--fd=%s: this descriptor is not open"), *word);
      return NULL;
    }
    g_hash_table_add (named, GINT_TO_POINTER ((int) number));
  }
  return g_steal_pointer (&named);
}

/* The connection to a compositor that the caller was started with, or -1. What connects by it is to the compositor what
 * the caller is, and not what a sandbox may be (docs/architecture/wayland.md). */
static int
wayland_connection (void)
{
  const char *word = g_getenv ("WAYLAND_SOCKET");
  guint64 number;

  return word && g_ascii_string_to_unsigned (word, 10, 0, MAX_FD, &number, NULL) ? (int) number : -1;
}

static gboolean
add_further (SbxProcessOptions *self, GVariantBuilder *map, const SbxDescriptors *descriptors, GError **error)
{
  g_autoptr (GHashTable) named = named_fds (self, error);
  const int wayland = wayland_connection ();
  GHashTableIter iter;
  gpointer number;

  if (!named)
    return FALSE;
  for (guint i = 0; !self->no_inherit && i < descriptors->inherited->len; i++) {
    int fd = g_array_index (descriptors->inherited, int, i);

    if (g_hash_table_contains (named, GINT_TO_POINTER (fd)) || fd == wayland)
      continue;
    if (fd > MAX_FD || is_way_out (fd))
      g_printerr (_ ("sandboxctl: descriptor %d is a directory and is not passed on; --fd=%d does it all the same\n"),
                  fd, fd);
    else if (!add_fd (self, map, fd, fd, error))
      return FALSE;
  }
  g_hash_table_iter_init (&iter, named);
  while (g_hash_table_iter_next (&iter, &number, NULL))
    if (GPOINTER_TO_INT (number) > 2 && !add_fd (self, map, GPOINTER_TO_INT (number), GPOINTER_TO_INT (number), error))
      return FALSE;
  return TRUE;
}

static gboolean
add_descriptors (SbxProcessOptions *self, const SbxDescriptors *descriptors, gboolean detached, GError **error)
{
  GVariantBuilder map;
  gboolean ok;

  g_variant_builder_init (&map, G_VARIANT_TYPE ("a{uh}"));
  ok = add_standard (self, &map, detached, error) && add_further (self, &map, descriptors, error);
  if (ok)
    add (self, "fds", g_variant_builder_end (&map));
  else
    g_variant_builder_clear (&map);
  return ok;
}

/* Longer than any variable that a policy would pass on, and in all than any desktop has. */
#define MAX_VARIABLE 16384
#define MAX_ENVIRONMENT (1024 * 1024)

/* For the option `display-env`: what of it goes inside is the policy's to say. */
static GVariant *
caller_environment (void)
{
  g_auto (GStrv) environment = g_get_environ ();
  GVariantBuilder pairs;
  gsize total = 0;

  g_variant_builder_init (&pairs, G_VARIANT_TYPE_STRING_ARRAY);
  for (char **pair = environment; *pair; pair++) {
    gsize n = strlen (*pair);

    if (**pair == '=' || !strchr (*pair, '=') || n > MAX_VARIABLE || total + n > MAX_ENVIRONMENT
        || !g_utf8_validate (*pair, -1, NULL))
      continue;
    total += n;
    g_variant_builder_add (&pairs, "s", *pair);
  }
  return g_variant_builder_end (&pairs);
}

static gboolean
add_lifeline (SbxProcessOptions *self, GError **error)
{
  int other, handle;

  if (!sbx_lifeline_init (&self->lifeline, &other, error))
    return FALSE;
  handle = sbx_fd_list_append (self->fds, other, error);
  close (other);
  if (handle >= 0)
    add (self, "lifeline", g_variant_new_handle (handle));
  return handle >= 0;
}

static gboolean
check_standard (const SbxDescriptors *descriptors, GError **error)
{
  static const char *const names[] = { N_ ("standard input"), N_ ("standard output"), N_ ("standard error") };
  static const char *const remedies[] = { "</dev/null", ">/dev/null", "2>/dev/null" };

  for (int i = 0; i < 3; i++)
    if (descriptors->closed[i])
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("%s is closed; open it, for example with %s"), _ (names[i]),
                        remedies[i]);
  return TRUE;
}

gboolean
sbx_process_options_make (SbxProcessOptions *self, const SbxCommand *command, gboolean detached, GError **error)
{
  if (!check_standard (command->descriptors, error))
    return FALSE;
  if (detached && self->tty)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                      _ ("--tty and --detach exclude each other: nobody would relay the terminal"));
  self->fds = sbx_fd_list_new ();
  g_variant_builder_init (&self->options, G_VARIANT_TYPE_VARDICT);
  self->open = TRUE;
  if (self->tty) {
    self->terminal = sbx_terminal_new (error);
    if (!self->terminal)
      return FALSE;
    add (self, "tty", g_variant_new_boolean (TRUE));
  }
  add (self, "inherit", sbx_inherited_collect ());
  add (self, "display-env", caller_environment ());
  return add_environment (self, error) && add_cwd (self, error)
         && add_descriptors (self, command->descriptors, detached, error) && (detached || add_lifeline (self, error));
}

/* dbus-daemon's limit where its configuration names none, as in Debian's session.conf; dbus-broker's is 253. */
#define MESSAGE_FDS 16

gboolean
sbx_process_options_pack (SbxProcessOptions *self, GError **error)
{
  int sock, handle;

  if (sbx_fd_list_get_length (self->fds) <= MESSAGE_FDS)
    return TRUE;
  sock = sbx_descriptors_send (self->fds, error);
  if (sock < 0)
    return FALSE;
  sbx_fd_list_free (self->fds);
  self->fds = sbx_fd_list_new ();
  handle = sbx_fd_list_append (self->fds, sock, error);
  close (sock);
  if (handle >= 0)
    add (self, "descriptors", g_variant_new_handle (handle));
  return handle >= 0;
}

GVariant *
sbx_process_options_argv (char **argv)
{
  return g_variant_new_bytestring_array ((const char *const *) argv, -1);
}
