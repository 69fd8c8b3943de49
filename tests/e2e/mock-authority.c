/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mock-authority yes|no|ACTION…|FILE: a polkit authority that always gives the same answer, for tests of what comes
 * after the answer: names of actions (launch, control) are a yes to those and a no to all others; a FILE (with a slash
 * in its name) holds the words, and is read again for each question; there ~ACTION keeps a question about it waiting
 * for as long as it says so. Prints each question's action id. The real one is
 * in test-polkit.cc. */
#include <fcntl.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char xml[] =
    "<node><interface name='org.freedesktop.PolicyKit1.Authority'>"
    "<method name='CheckAuthorization'><arg type='(sa{sv})' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='a{ss}' direction='in'/><arg type='u' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='(bba{ss})' direction='out'/></method>"
    "<method name='CancelCheckAuthorization'><arg type='s' direction='in'/></method>"
    "<property name='BackendName' type='s' access='read'/><property name='BackendVersion' type='s' access='read'/>"
    "<property name='BackendFeatures' type='u' access='read'/><signal name='Changed'/></interface></node>";

#define PREFIX "org.example.Sandbox."

typedef enum { NO, YES, WAIT } Answer;

static Answer
get_answer (const char *answer, const char *action)
{
  const char *name = g_str_has_prefix (action, PREFIX) ? action + strlen (PREFIX) : action;
  g_autofree char *content = NULL;
  g_auto (GStrv) words = NULL;
  Answer result = NO;

  if (strchr (answer, '/')) {
    if (!g_file_get_contents (answer, &content, NULL, NULL))
      return NO;
    answer = g_strstrip (content);
  }
  words = g_strsplit (answer, " ", -1);
  for (char **word = words; *word; word++) {
    if (**word == '~' && g_str_equal (*word + 1, name))
      return WAIT;
    if (g_str_equal (*word, "yes") || g_str_equal (*word, name))
      result = YES;
  }
  return result;
}

typedef struct {
  const char *answer;
  char *action;
  GDBusMethodInvocation *invocation;
} Question;

/* G_SOURCE_CONTINUE while it waits. */
static gboolean
try_to_answer (gpointer user_data)
{
  Question *question = user_data;
  Answer answer = get_answer (question->answer, question->action);

  if (answer == WAIT)
    return G_SOURCE_CONTINUE;
  g_dbus_method_invocation_return_value (question->invocation,
                                         g_variant_new ("((bba{ss}))", answer == YES, FALSE, NULL));
  g_free (question->action);
  g_free (question);
  return G_SOURCE_REMOVE;
}

static void
on_call (GDBusConnection *connection, const char *sender, const char *path, const char *interface, const char *method,
         GVariant *parameters, GDBusMethodInvocation *invocation, gpointer user_data)
{
  Question *question;

  if (!g_str_equal (method, "CheckAuthorization")) {
    g_dbus_method_invocation_return_value (invocation, NULL);
    return;
  }
  question = g_new0 (Question, 1);
  *question = (Question){ .answer = user_data, .invocation = invocation };
  g_variant_get_child (parameters, 1, "s", &question->action);
  printf ("%s\n", question->action);
  if (try_to_answer (question) == G_SOURCE_CONTINUE)
    g_timeout_add (10, try_to_answer, question);
}

static GVariant *
on_get (GDBusConnection *connection, const char *sender, const char *path, const char *interface, const char *name,
        GError **error, gpointer user_data)
{
  return g_str_equal (name, "BackendFeatures") ? g_variant_new_uint32 (0) : g_variant_new_string ("mock");
}

static void
on_bus (GDBusConnection *bus, const char *name, gpointer user_data)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_call, .get_property = on_get };
  GDBusNodeInfo *node = g_dbus_node_info_new_for_xml (xml, NULL);

  g_dbus_connection_register_object (bus, "/org/freedesktop/PolicyKit1/Authority", node->interfaces[0], &vtable,
                                     user_data, NULL, NULL);
  g_dbus_node_info_unref (node);
}

static void
on_name (GDBusConnection *bus, const char *name, gpointer user_data)
{
  printf ("ready\n");
}

int
main (int argc, char **argv)
{
  setvbuf (stdout, NULL, _IOLBF, 0);
  /* Whoever has asked it thousands of times, and reads none of it, still gets answers */
  (void) fcntl (STDOUT_FILENO, F_SETFL, fcntl (STDOUT_FILENO, F_GETFL) | O_NONBLOCK);
  g_bus_own_name (G_BUS_TYPE_SYSTEM, "org.freedesktop.PolicyKit1", G_BUS_NAME_OWNER_FLAGS_NONE, on_bus, on_name, NULL,
                  argc > 1 ? argv[1] : (gpointer) "no", NULL);
  g_main_loop_run (g_main_loop_new (NULL, FALSE));
  return 0;
}
