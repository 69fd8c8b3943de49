/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/kept-output.h"

#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/instances.h"
#include "cli/notice.h"
#include "cli/text/output.h"

#define LAST_LINES 8
#define LAST_WORDS_MS 1000
#define MAX_TEXT 1000 /* bytes: some desktops show three lines, others all */

static gboolean
is_null (const struct stat *st)
{
  struct stat null;

  return S_ISCHR (st->st_mode) && stat ("/dev/null", &null) == 0 && st->st_rdev == null.st_rdev;
}

/* Desktops give what they start /dev/null, a socket of the journal, or one file for all of a session. */
static gboolean
is_of_desktop (int fd, int other)
{
  struct stat st, beside;

  if (fstat (fd, &st) < 0 || fstat (other, &beside) < 0)
    return FALSE;
  return is_null (&st) || S_ISSOCK (st.st_mode)
         || (S_ISREG (st.st_mode) && st.st_dev == beside.st_dev && st.st_ino == beside.st_ino);
}

/* A detached application would write into nothing. */
static gboolean
is_lost (int fd)
{
  struct stat st;

  return fstat (fd, &st) == 0 && (is_null (&st) || S_ISFIFO (st.st_mode));
}

void
sbx_kept_output_begin (SbxKeptOutput *self, const SbxKeptStart *start)
{
  g_autofree char *command = g_strjoinv (" ", (char **) start->argv), *valid = g_utf8_make_valid (command, -1);
  g_autofree char *heading = g_strdup_printf ("%s: %.200s", start->profile, valid);
  int out = STDOUT_FILENO, err = STDERR_FILENO, problem;

  *self = (SbxKeptOutput) SBX_KEPT_OUTPUT_INIT;
  self->icon = start->launcher && !start->detach && is_of_desktop (out, err) && is_of_desktop (err, out);
  if (!self->icon && !(start->detach && (is_lost (out) || is_lost (err))))
    return;
  g_strdelimit (heading, "\n\r", ' ');
  problem = sbx_log_begin (&self->log, heading, self->icon ? err : -1);
  if (problem != 0)
    (void) sbx_fail (_ ("what it prints is not kept for `sandboxctl logs`: %s"), g_strerror (problem));
  if (!self->icon || self->log.writer < 0)
    return;
  self->before = fcntl (err, F_DUPFD_CLOEXEC, 3);
  (void) dup2 (self->log.writer, err);
}

static void
give_back (SbxKeptOutput *self)
{
  if (self->before < 0)
    return;
  (void) dup2 (self->before, STDERR_FILENO);
  close (self->before);
  self->before = -1;
}

/* The last words, without the marks of our own. */
static char *
make_text (char **lines, const char *id)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (char **line = lines; *line; line++) {
    g_autofree char *clean = sbx_output_clean (*line);
    const char *said = g_str_has_prefix (clean, "sandboxctl: ") ? clean + strlen ("sandboxctl: ") : clean;

    g_string_append_printf (text, "%s%s", text->len > 0 ? "\n" : "", said);
  }
  if (text->len > MAX_TEXT)
    g_string_erase (text, 0, (gssize) (text->len - MAX_TEXT));
  if (id)
    g_string_append_printf (text, _ ("%sMore: sandboxctl logs %s"), text->len > 0 ? "\n" : "", id);
  return g_utf8_make_valid (text->str, -1);
}

void
sbx_kept_output_end (SbxKeptOutput *self, const SbxNotes *notes, const char *program, int status)
{
  g_autofree char *name = g_path_get_basename (program), *valid = g_utf8_make_valid (name, -1), *title = NULL,
                  *text = NULL;
  const char *id = notes->path ? sbx_instance_id_of_path (notes->path) : NULL;
  g_auto (GStrv) lines = NULL;

  give_back (self);
  if (!self->icon || !sbx_notes_is_quick_failure (notes, status))
    return;
  lines = sbx_log_end (&self->log, LAST_WORDS_MS, LAST_LINES);
  title = g_strdup_printf (id ? _ ("%s has ended at once") : _ ("%s could not be started"), valid);
  text = make_text (lines, id);
  sbx_notice_show (title, text);
}

void
sbx_kept_output_clear (SbxKeptOutput *self)
{
  give_back (self);
  sbx_log_clear (&self->log);
}
