/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A live view of the sandboxes: what each uses, its handlers, what was refused. One screen, drawn anew with each
 * sample; the sequences are those of ECMA-48 and xterm's alternate screen, which every terminal of a desktop has. */
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cli/instance-json.h"
#include "cli/instances.h"
#include "cli/samples.h"
#include "cli/text/json.h"
#include "cli/text/output.h"
#include "cli/text/service-text.h"
#include "cli/verbs/functions.h"
#include "common/names.h"

#define QUIT_KEY '\x1c' /* ^\, as it comes when it is no signal */
#define NARROW 80       /* columns below which only some are shown */
#define SHORT_ID 8
#define ID_LENGTH 16        /* hex digits */
#define FIRST_SAMPLE_MS 500 /* between the two that --once needs */
#define GRACE_MS 10000      /* as `stop` gives */

typedef struct {
  SbxService *service;
  SbxSamples samples;
  guint first; /* row on top of the screen */
  guint delay;
  gboolean help;  /* is what is shown */
  GString *typed; /* the id of the one to be stopped, so far; NULL: nobody is being asked for it */
  char *said;     /* of the last key, until the next one; or NULL */
  GMainLoop *loop;
  guint timer;
  struct termios saved;
  int status;
  GError *error;
} Top;

static char *
format_memory (guint64 bytes)
{
  return bytes < 10 * 1024 * 1024 ? g_strdup_printf ("%.1f MiB", (double) bytes / (1024 * 1024))
                                  : g_strdup_printf ("%" G_GUINT64_FORMAT " MiB", bytes / (1024 * 1024));
}

/* Of bytes in a second; nothing is said of a sandbox of whose network nothing is known. */
static char *
format_rate (const SbxSample *row, double bytes)
{
  return row->networked ? g_format_size ((guint64) bytes) : g_strdup ("-");
}

static char **
make_cells (const SbxSample *row)
{
  char **cells = g_new0 (char *, 12);

  cells[0] = g_strdup (row->info->id);
  cells[1] = sbx_output_clean (sbx_instance_text (row->info, "AppId"));
  cells[2] = sbx_output_clean (sbx_instance_text (row->info, "Profile"));
  cells[3] = g_strdup_printf ("%.1f", row->cpu);
  cells[4] = format_memory (row->usage.memory);
  cells[5] = g_strdup_printf ("%u", row->usage.tasks);
  cells[6] = g_strdup_printf ("%u", row->handlers);
  cells[7] = g_strdup_printf ("%" G_GUINT64_FORMAT, row->refused);
  cells[8] = format_rate (row, row->in_rate);
  cells[9] = format_rate (row, row->out_rate);
  cells[10] = sbx_instance_command (row->info);
  return cells;
}

/* On a narrow screen: who it is, what it uses, and what it is. Takes @cells. */
static char **
make_narrow (char **cells)
{
  static const guint kept[] = { 0, 3, 4, 1, 10 };
  char **narrow = g_new0 (char *, G_N_ELEMENTS (kept) + 1);

  for (gsize i = 0; i < G_N_ELEMENTS (kept); i++)
    narrow[i] = g_strdup (cells[kept[i]]);
  if (strlen (narrow[0]) > SHORT_ID)
    narrow[0][SHORT_ID] = '\0'; /* the beginning of an id means it too */
  g_strfreev (cells);
  return narrow;
}

/* GPtrArray of GStrv, the heading first. */
static GPtrArray *
make_table (const Top *top, gboolean narrow)
{
  const char *heading[] = { _ ("ID"),       _ ("APP"),     _ ("PROFILE"), _ ("CPU %"), _ ("MEMORY"),  _ ("TASKS"),
                            _ ("HANDLERS"), _ ("REFUSED"), _ ("IN/S"),    _ ("OUT/S"), _ ("COMMAND"), NULL };
  GPtrArray *table = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  char **first = g_strdupv ((char **) heading);

  g_ptr_array_add (table, narrow ? make_narrow (first) : first);
  for (guint i = 0; i < top->samples.rows->len; i++) {
    char **cells = make_cells (&g_array_index (top->samples.rows, SbxSample, i));
    g_ptr_array_add (table, narrow ? make_narrow (cells) : cells);
  }
  return table;
}

static void
print_json (const Top *top)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < top->samples.rows->len; i++) {
    const SbxSample *row = &g_array_index (top->samples.rows, SbxSample, i);
    JsonNode *node = sbx_instance_to_json (row->info);
    JsonObject *usage = json_object_new ();

    json_object_set_double_member (usage, "cpu-percent", row->cpu);
    json_object_set_double_member (usage, "cpu-seconds", (double) row->usage.cpu / (double) sysconf (_SC_CLK_TCK));
    json_object_set_int_member (usage, "memory", (gint64) row->usage.memory);
    json_object_set_int_member (usage, "tasks", row->usage.tasks);
    json_object_set_double_member (usage, "network-in-per-second", row->in_rate);
    json_object_set_double_member (usage, "network-out-per-second", row->out_rate);
    json_object_set_object_member (json_node_get_object (node), "usage", usage);
    json_array_add_element (array, node);
  }
  sbx_output_json (json_node_init_array (json_node_alloc (), array));
  json_array_unref (array);
}

static void
add_line (GString *screen, const char *text, int columns, gboolean bold)
{
  g_autofree char *line = sbx_output_cut (text, columns);

  g_string_append_printf (screen, "%s%s%s\033[K\r\n", bold ? "\033[1m" : "", line, bold ? "\033[0m" : "");
}

static char *
make_summary (const Top *top)
{
  g_autofree char *memory = NULL;
  guint64 bytes = 0;
  guint tasks = 0;
  double cpu = 0;

  for (guint i = 0; i < top->samples.rows->len; i++) {
    const SbxSample *row = &g_array_index (top->samples.rows, SbxSample, i);

    bytes += row->usage.memory;
    tasks += row->usage.tasks;
    cpu += row->cpu;
  }
  memory = format_memory (bytes);
  return g_strdup_printf (_ ("Sandboxes: %u   tasks: %u   CPU: %.1f %%   memory: %s"), top->samples.rows->len, tasks,
                          cpu, memory);
}

static void
add_help (GString *screen, int columns, guint room)
{
  const char *const lines[] = {
    _ ("q        quit"),
    _ ("c, m, a  sort by CPU, memory, age"),
    _ ("up, down scroll"),
    _ ("k        stop a sandbox: asks for its ID, the beginning is enough"),
    _ ("?        this help; any key leaves it"),
  };

  for (guint i = 0; i < MIN (room, G_N_ELEMENTS (lines)); i++)
    add_line (screen, lines[i], columns, FALSE);
}

/* The last line: what is asked, or what the last key came to, or which keys there are. */
static void
add_prompt (const Top *top, GString *screen, int columns)
{
  g_autofree char *question = top->typed ? g_strdup_printf (_ ("Stop which sandbox? ID: %s"), top->typed->str) : NULL;
  g_autofree char *line =
      sbx_output_cut (question    ? question
                      : top->said ? top->said
                                  : _ ("q: quit   c, m, a: by CPU, memory, age   k: stop   ?: help"),
                      columns - 1);

  g_string_append (screen, line);
}

static void
draw (Top *top)
{
  struct winsize size = { 0 };
  g_autoptr (GPtrArray) table = NULL;
  g_auto (GStrv) lines = NULL;
  g_autofree char *summary = make_summary (top);
  g_autoptr (GString) screen = g_string_new ("\033[H");
  gboolean colours = sbx_output_colours ();
  int columns = 80, rows = 24;
  guint room, shown = 0;

  if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    columns = size.ws_col;
    rows = size.ws_row;
  }
  table = make_table (top, columns < NARROW);
  lines = sbx_output_format (table);
  room = (guint) MAX (rows - 4, 1); /* beside the summary, the heading, and the two lines at the end */
  if (top->first + room > top->samples.rows->len)
    top->first = top->samples.rows->len > room ? top->samples.rows->len - room : 0;
  add_line (screen, summary, columns, FALSE);
  if (top->help)
    add_help (screen, columns, room + 1);
  else
    add_line (screen, lines[0], columns, colours);
  for (; !top->help && shown < room && top->first + shown < top->samples.rows->len; shown++)
    add_line (screen, lines[1 + top->first + shown], columns, FALSE);
  add_line (screen, "", columns, FALSE);
  g_string_append (screen, "\033[J");
  add_prompt (top, screen, columns);
  fwrite (screen->str, 1, screen->len, stdout);
  fflush (stdout);
}

static void
quit (Top *top, int status)
{
  top->status = status;
  g_main_loop_quit (top->loop);
}

static gboolean
on_timer (gpointer user_data)
{
  Top *top = user_data;

  if (sbx_samples_take (&top->samples, top->service, &top->error))
    draw (top);
  else
    quit (top, SBX_EXIT_SANDBOX);
  return G_SOURCE_CONTINUE;
}

/* The only row whose id begins like that, or NULL. */
static const SbxSample *
find_row (const Top *top, const char *beginning)
{
  const SbxSample *found = NULL;

  for (guint i = 0; i < top->samples.rows->len; i++) {
    const SbxSample *row = &g_array_index (top->samples.rows, SbxSample, i);

    if (!g_str_has_prefix (row->info->id, beginning))
      continue;
    if (found)
      return NULL;
    found = row;
  }
  return found;
}

/* Takes the id that has been typed. */
static void
stop_typed (Top *top)
{
  g_autofree char *id = g_string_free (g_steal_pointer (&top->typed), FALSE);
  const SbxSample *row = *id ? find_row (top, id) : NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  if (!*id)
    return;
  if (row)
    reply = sbx_service_call (top->service, row->info->path, SBX_INSTANCE_INTERFACE, "Stop",
                              g_variant_new ("(u)", (guint32) GRACE_MS), NULL, &error);
  top->said = !row    ? g_strdup_printf (_ ("No sandbox, or more than one, has an ID that begins with %s"), id)
              : reply ? g_strdup_printf (_ ("%s is told to end"), row->info->id)
                      : sbx_service_text (error->message);
}

/* While an id is typed. */
static void
take_letter (Top *top, char key)
{
  if (key == '\n' || key == '\r')
    stop_typed (top);
  else if ((key == '\b' || key == 0x7f) && top->typed->len > 0)
    g_string_truncate (top->typed, top->typed->len - 1);
  else if (g_ascii_isxdigit (key) && top->typed->len < ID_LENGTH)
    g_string_append_c (top->typed, g_ascii_tolower (key));
  else /* Escape, as in other programs, and whatever is no id */
    g_string_free (g_steal_pointer (&top->typed), TRUE);
}

/* What is typed: how many of the @n bytes that key is. */
static gsize
take_key (Top *top, const char *keys, gsize n)
{
  static const char up[] = { '\033', '[', 'A' }, down[] = { '\033', '[', 'B' };

  g_clear_pointer (&top->said, g_free);
  if (top->typed) {
    take_letter (top, keys[0]);
    return 1;
  }
  if (top->help) {
    top->help = FALSE;
    return keys[0] == '\033' ? n : 1; /* an arrow is several bytes */
  }
  if (n >= sizeof up && memcmp (keys, up, sizeof up) == 0) {
    top->first -= top->first > 0;
    return sizeof up;
  }
  if (n >= sizeof down && memcmp (keys, down, sizeof down) == 0) {
    top->first++;
    return sizeof down;
  }
  if (keys[0] == 'q' || keys[0] == 'Q' || keys[0] == QUIT_KEY)
    quit (top, 0);
  if (keys[0] == 'k')
    top->typed = g_string_new (NULL);
  top->help = keys[0] == '?' || keys[0] == 'h';
  for (guint i = 0; sbx_samples_orders[i]; i++)
    if (keys[0] == sbx_samples_orders[i][0])
      top->samples.order = i;
  return 1;
}

static gboolean
on_input (int fd, GIOCondition condition, gpointer user_data)
{
  char keys[16];
  ssize_t n = read (fd, keys, sizeof keys);

  if (n <= 0) {
    quit (user_data, 0); /* the terminal has gone */
    return G_SOURCE_REMOVE;
  }
  for (gsize at = 0; at < (gsize) n;)
    at += take_key (user_data, keys + at, (gsize) n - at);
  sbx_samples_sort (&((Top *) user_data)->samples);
  draw (user_data);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_resize (gpointer user_data)
{
  draw (user_data);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_interrupt (gpointer user_data)
{
  quit (user_data, 0);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_terminate (gpointer user_data)
{
  quit (user_data, SBX_EXIT_SIGNAL_BASE + SIGTERM);
  return G_SOURCE_CONTINUE;
}

static void
set_screen (Top *top, gboolean ours)
{
  struct termios modes = top->saved;

  if (ours) {
    modes.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
    modes.c_cc[VMIN] = 1;
    modes.c_cc[VTIME] = 0;
    modes.c_cc[VSUSP] = modes.c_cc[VQUIT] = _POSIX_VDISABLE; /* a stop or a core dump would leave it like this */
  }
  (void) tcsetattr (STDIN_FILENO, TCSADRAIN, &modes);
  fputs (ours ? "\033[?1049h\033[?25l" : "\033[?25h\033[?1049l", stdout);
  fflush (stdout);
}

static void
watch (Top *top)
{
  const guint sources[] = {
    g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, on_input, top),
    g_unix_signal_add (SIGWINCH, on_resize, top),
    g_unix_signal_add (SIGINT, on_interrupt, top),
    g_unix_signal_add (SIGTERM, on_terminate, top),
    g_unix_signal_add (SIGHUP, on_terminate, top),
    g_timeout_add_seconds (top->delay, on_timer, top),
  };

  top->loop = g_main_loop_new (NULL, FALSE);
  /* The two that GLib has no source for; by default they would leave the terminal as it is now */
  signal (SIGQUIT, SIG_IGN);
  signal (SIGTSTP, SIG_IGN);
  set_screen (top, TRUE);
  draw (top);
  g_main_loop_run (top->loop);
  set_screen (top, FALSE);
  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    if (g_main_context_find_source_by_id (NULL, sources[i]))
      g_source_remove (sources[i]);
  g_main_loop_unref (top->loop);
}

static gboolean
is_usable_terminal (Top *top)
{
  const char *term = g_getenv ("TERM");

  return isatty (STDOUT_FILENO) && tcgetattr (STDIN_FILENO, &top->saved) == 0 && term && *term
         && strcmp (term, "dumb") != 0;
}

static int
run (Top *top, gboolean once, gboolean json)
{
  if (!sbx_samples_take (&top->samples, top->service, &top->error))
    return SBX_EXIT_SANDBOX;
  if (!once) {
    watch (top);
    return top->status;
  }
  g_usleep (FIRST_SAMPLE_MS * 1000);
  if (!sbx_samples_take (&top->samples, top->service, &top->error))
    return SBX_EXIT_SANDBOX;
  if (json) {
    print_json (top);
  } else {
    g_autoptr (GPtrArray) table = make_table (top, FALSE);

    sbx_output_table (table);
  }
  return 0;
}

int
sbx_cmd_top (SbxCommand *command)
{
  gboolean once = FALSE, json = FALSE;
  g_autofree char *sort_by = NULL;
  int delay = 2, order, status;
  const GOptionEntry entries[] = {
    { "once", '1', 0, G_OPTION_ARG_NONE, &once, N_ ("Print one table and leave"), NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_ ("Print one sample as JSON and leave"), NULL },
    { "sort", 's', 0, G_OPTION_ARG_STRING, &sort_by, N_ ("What is on top: cpu, memory or age"), N_ ("ORDER") },
    { "delay", 'd', 0, G_OPTION_ARG_INT, &delay, N_ ("Look again after so many seconds"), N_ ("SECONDS") },
    G_OPTION_ENTRY_NULL,
  };
  Top top = { 0 };

  if (!sbx_parse (command, entries, NULL, "", _ ("Shows what the sandboxes use, as it changes."), &status))
    return status;
  if (command->argc > 1)
    return sbx_fail (_ ("top takes no argument, and \"%s\" is one; `sandboxctl show` is for one sandbox"),
                     command->argv[1]);
  order = sbx_samples_find_order (sort_by ? sort_by : "cpu");
  if (order < 0)
    return sbx_fail (_ ("--sort=%s: it can be cpu, memory or age"), sort_by);
  if (delay < 1 || delay > 3600)
    return sbx_fail (_ ("--delay takes seconds, from 1 to 3600"));
  if (!once && !json && !is_usable_terminal (&top))
    return sbx_fail (
        _ ("top needs a terminal; `sandboxctl top --once` prints one table, --json the same for programs"));
  top.service = sbx_service_open (&top.error);
  if (!top.service)
    return sbx_fail_error (top.error);
  top.delay = (guint) delay;
  sbx_samples_init (&top.samples, (guint) order);
  status = run (&top, once || json, json);
  if (top.error)
    status = sbx_fail_error (top.error);
  g_clear_error (&top.error);
  if (top.typed)
    g_string_free (top.typed, TRUE);
  g_free (top.said);
  sbx_samples_clear (&top.samples);
  sbx_service_free (top.service);
  return status;
}
