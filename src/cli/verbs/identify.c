/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/identify.h"
#include "cli/text/json.h"
#include "cli/text/output.h"
#include "cli/verbs/functions.h"

#define IN_NONE 1 /* the exit status when the answer is 0 */

static int
print_answer (guint64 id, const char *path, gboolean json)
{
  if (json) {
    JsonObject *object = json_object_new ();
    JsonNode *node = json_node_init_object (json_node_alloc (), object);
    g_autofree char *text = g_strdup_printf ("%016" G_GINT64_MODIFIER "x", id);

    if (id != 0)
      json_object_set_string_member (object, "id", text);
    else
      json_object_set_null_member (object, "id");
    json_object_set_string_member (object, "path", path);
    json_object_unref (object);
    sbx_output_json (node);
  } else if (id != 0) {
    printf ("%016" G_GINT64_MODIFIER "x\n", id);
  } else {
    puts ("0");
  }
  return id != 0 ? 0 : IN_NONE;
}

/* The number of a process, or -1 with a message. */
static pid_t
parse_pid (const char *word)
{
  guint64 pid;

  if (g_ascii_string_to_unsigned (word, 10, 1, G_MAXINT, &pid, NULL))
    return (pid_t) pid;
  sbx_fail (_ ("identify: \"%s\" is not the number of a process"), word);
  return -1;
}

int
sbx_cmd_identify (SbxCommand *command)
{
  gboolean self = FALSE, json = FALSE;
  const GOptionEntry entries[] = {
    { "self", 0, 0, G_OPTION_ARG_NONE, &self, N_ ("The process that asks"), NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_ ("Print JSON"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  guint64 id;
  pid_t pid;
  int status;

  if (!sbx_parse (command, entries, NULL, _ ("PID | --self"), _ ("Says which sandbox a process is in."), &status))
    return status;
  if (command->argc != (self ? 1 : 2))
    return sbx_fail (_ ("identify takes the number of one process, or --self"));
  pid = self ? getpid () : parse_pid (command->argv[1]);
  if (pid < 0)
    return SBX_EXIT_SANDBOX;
  service = sbx_service_open (&error);
  if (!service || !sbx_identify_process (service, pid, &id, &path, &error))
    return sbx_fail_error (error);
  return print_answer (id, path, json);
}
