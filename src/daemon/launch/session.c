/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All questions are sent at once and counted; the last answer, whichever it is, ends the task. Who owns a name is asked
 * when the names are known. */
#include "daemon/launch/session.h"

#include <string.h>

#include "daemon/bounds.h"
#include "policy/policy.h"
#include "policy/portals.h"

#define BUS "org.freedesktop.DBus"

void
sbx_session_question_free (SbxSessionQuestion *self)
{
  g_ptr_array_unref (self->names);
  g_free (self);
}

gboolean
sbx_session_question_is_empty (const SbxSessionQuestion *self)
{
  return self->names->len == 0 && !self->documents && !self->accessibility;
}

SbxSession *
sbx_session_new_presumed (void)
{
  SbxSession *self = g_new0 (SbxSession, 1);

  self->known = TRUE;
  self->owners = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->activatable = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
sbx_session_free (SbxSession *self)
{
  g_hash_table_unref (self->owners);
  g_hash_table_unref (self->activatable);
  g_free (self->accessibility);
  g_free (self);
}

/* One asking: the data of the task. */
typedef struct {
  GDBusConnection *bus;
  SbxSessionQuestion *question;
  SbxSession *session;
  guint pending;
} Asking;

static void
asking_free (gpointer data)
{
  Asking *asking = data;

  g_object_unref (asking->bus);
  sbx_session_question_free (asking->question);
  g_clear_pointer (&asking->session, sbx_session_free);
  g_free (asking);
}

/* A question that is on its way: @take gets the answer, or NULL. */
typedef struct {
  GTask *task;
  void (*take) (GTask *task, GVariant *answer, const char *name);
  char *name;
} Question;

static void
settle (GTask *task)
{
  Asking *asking = g_task_get_task_data (task);

  if (--asking->pending > 0)
    return;
  if (!g_task_return_error_if_cancelled (task))
    g_task_return_pointer (task, g_steal_pointer (&asking->session), (GDestroyNotify) sbx_session_free);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Question *question = user_data;
  g_autoptr (GTask) task = question->task;
  g_autoptr (GVariant) answer = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);

  question->take (task, answer, question->name);
  g_free (question->name);
  g_free (question);
  settle (task);
}

/* Sends a question to the bus, or to a service that it may start. @arguments is floating or NULL. */
static void
ask (GTask *task, const char *service, const char *path, const char *member, GVariant *arguments, const char *type,
     const char *name, void (*take) (GTask *task, GVariant *answer, const char *name))
{
  Asking *asking = g_task_get_task_data (task);
  const char *dot = strrchr (member, '.');
  g_autofree char *interface = g_strndup (member, (gsize) (dot - member));
  Question *question = g_new (Question, 1);

  *question = (Question){ g_object_ref (task), take, g_strdup (name) };
  asking->pending++;
  g_dbus_connection_call (asking->bus, service, path, interface, dot + 1, arguments, G_VARIANT_TYPE (type),
                          G_DBUS_CALL_FLAGS_NONE, SBX_SESSION_TIMEOUT_MS, g_task_get_cancellable (task), on_answer,
                          question);
}

static gboolean
is_asked_for (const Asking *asking, const char *name)
{
  const GPtrArray *names = asking->question->names;

  for (guint i = 0; i < names->len; i++)
    if (sbx_names_cover (names->pdata[i], name))
      return TRUE;
  return FALSE;
}

static void
take_pid (GTask *task, GVariant *answer, const char *name)
{
  Asking *asking = g_task_get_task_data (task);
  guint32 pid = 0;

  if (answer)
    g_variant_get (answer, "(u)", &pid);
  g_hash_table_insert (asking->session->owners, g_strdup (name), GINT_TO_POINTER ((gint) pid));
}

/* The names of @answer that are asked for, or NULL: without an answer nothing is known. The answer's; g_free. */
static const char **
take_names (Asking *asking, GVariant *answer)
{
  g_autofree const char **names = NULL;
  gsize n = 0;

  if (!answer) {
    asking->session->known = FALSE;
    return NULL;
  }
  g_variant_get (answer, "(^a&s)", &names);
  for (gsize i = 0; names[i]; i++)
    if (is_asked_for (asking, names[i]))
      names[n++] = names[i];
  names[n] = NULL;
  return g_steal_pointer (&names);
}

static void
take_owned (GTask *task, GVariant *answer, const char *unused)
{
  g_autofree const char **names = take_names (g_task_get_task_data (task), answer);

  for (gsize i = 0; names && names[i]; i++)
    ask (task, BUS, "/", BUS ".GetConnectionUnixProcessID", g_variant_new ("(s)", names[i]), "(u)", names[i], take_pid);
}

static void
take_activatable (GTask *task, GVariant *answer, const char *unused)
{
  Asking *asking = g_task_get_task_data (task);
  g_autofree const char **names = take_names (asking, answer);

  for (gsize i = 0; names && names[i]; i++)
    g_hash_table_add (asking->session->activatable, g_strdup (names[i]));
}

/* That it has answered is all: its file system is there before its name is. */
static void
take_mount_point (GTask *task, GVariant *answer, const char *unused)
{
}

static void
take_address (GTask *task, GVariant *answer, const char *unused)
{
  Asking *asking = g_task_get_task_data (task);

  if (answer)
    g_variant_get (answer, "(s)", &asking->session->accessibility);
}

void
sbx_session_ask_async (GDBusConnection *bus, SbxSessionQuestion *question, GCancellable *cancellable,
                       GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Asking *asking = g_new0 (Asking, 1);

  *asking = (Asking){ g_object_ref (bus), question, sbx_session_new_presumed (), 1 };
  g_task_set_task_data (task, asking, asking_free);
  if (question->names->len > 0) {
    ask (task, BUS, "/", BUS ".ListNames", NULL, "(as)", NULL, take_owned);
    ask (task, BUS, "/", BUS ".ListActivatableNames", NULL, "(as)", NULL, take_activatable);
  }
  if (question->documents)
    ask (task, SBX_PORTAL_DOCUMENTS, "/org/freedesktop/portal/documents", SBX_PORTAL_DOCUMENTS ".GetMountPoint", NULL,
         "(ay)", NULL, take_mount_point);
  if (question->accessibility)
    ask (task, "org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus.GetAddress", NULL, "(s)", NULL, take_address);
  settle (task);
}

SbxSession *
sbx_session_ask_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
