/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandbox-dump: what a process was doing, as JSON, and if asked an ELF core. Runs as a crash handler under the profile
 * `dumper`, which lets it read and not write; by hand it looks at any process that it may trace.
 *
 * Nothing of the process's memory goes into the report but the return addresses of its stacks, in the form of frames.
 */
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <unistd.h>

#include "common/process.h"
#include "config.h"
#include "dump/packages.h"

#define MAX_FRAMES 256
#define MAX_THREADS 4096
#define CRASH_MAX (1u << 20) /* bytes of what the service says: far more than it ever does */
#define CORE_LIMIT (G_GUINT64_CONSTANT (2) << 30)

typedef struct {
  pid_t pid;
  const char *root; /* where its files are, or NULL: here */
  Dwfl *dwfl;
  GPtrArray *modules; /* char *: each path that a frame is in, once */
  JsonArray *threads;
  /* While a thread is being looked at */
  JsonObject *thread;
  JsonArray *frames;
  guint n_threads;
} Dump;

/* A file, and nothing else that the process has put in its place since: a FIFO would wait for somebody. */
static int
open_file (const char *path)
{
  int fd = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  struct stat st;

  if (fd < 0 || (fstat (fd, &st) == 0 && S_ISREG (st.st_mode)))
    return fd;
  close (fd);
  return -1;
}

/* The mapped file as the process sees it, which may not be the one that is here under the same name. */
static int
find_elf (Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, char **file_name, Elf **elf)
{
  const char *root = g_getenv ("SANDBOX_TARGET_ROOT");

  if (root && name[0] == '/') {
    g_autofree char *path = g_build_filename (root, name, NULL);
    int fd = open_file (path);

    if (fd >= 0) {
      *file_name = strdup (path);
      return fd;
    }
  }
  return dwfl_linux_proc_find_elf (module, userdata, name, base, file_name, elf);
}

static char *
hex (guint64 value)
{
  return g_strdup_printf ("0x%" G_GINT64_MODIFIER "x", value);
}

static void
set_hex (JsonObject *object, const char *member, guint64 value)
{
  g_autofree char *text = hex (value);

  json_object_set_string_member (object, member, text);
}

static void
set_text (JsonObject *object, const char *member, const char *bytes)
{
  g_autofree char *valid = g_utf8_make_valid (bytes, -1);

  json_object_set_string_member (object, member, valid);
}

static void
add_build_id (JsonObject *frame, Dwfl_Module *module)
{
  const unsigned char *bits;
  GElf_Addr address;
  int n = dwfl_module_build_id (module, &bits, &address);
  g_autoptr (GString) text = g_string_new (NULL);

  for (int i = 0; i < n; i++)
    g_string_append_printf (text, "%02x", bits[i]);
  if (n > 0)
    json_object_set_string_member (frame, "build-id", text->str);
}

static void
add_module (Dump *dump, JsonObject *frame, Dwarf_Addr pc)
{
  Dwfl_Module *module = dwfl_addrmodule (dump->dwfl, pc);
  Dwarf_Addr start = 0;
  const char *name, *symbol;

  if (!module)
    return;
  name = dwfl_module_info (module, NULL, &start, NULL, NULL, NULL, NULL, NULL);
  if (name)
    set_text (frame, "module", name);
  set_hex (frame, "offset", pc - start);
  symbol = dwfl_module_addrname (module, pc);
  if (symbol)
    set_text (frame, "symbol", symbol);
  add_build_id (frame, module);
  if (name && name[0] == '/' && !g_ptr_array_find_with_equal_func (dump->modules, name, g_str_equal, NULL))
    g_ptr_array_add (dump->modules, g_strdup (name));
}

#ifdef __x86_64__
static void
add_registers (JsonObject *thread, pid_t tid)
{
  static const struct {
    const char *name;
    gsize offset;
  } rows[] = {
#define ROW(name) { #name, offsetof (struct user_regs_struct, name) }
    ROW (rip), ROW (rsp), ROW (rbp), ROW (rax), ROW (rbx), ROW (rcx), ROW (rdx),     ROW (rsi),     ROW (rdi),
    ROW (r8),  ROW (r9),  ROW (r10), ROW (r11), ROW (r12), ROW (r13), ROW (r14),     ROW (r15),     ROW (eflags),
    ROW (cs),  ROW (ss),  ROW (ds),  ROW (es),  ROW (fs),  ROW (gs),  ROW (fs_base), ROW (gs_base),
#undef ROW
  };
  struct user_regs_struct regs;
  struct iovec part = { &regs, sizeof regs };
  JsonObject *registers;

  if (ptrace (PTRACE_GETREGSET, tid, (void *) NT_PRSTATUS, &part) < 0)
    return;
  registers = json_object_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    unsigned long long value;

    memcpy (&value, (const char *) &regs + rows[i].offset, sizeof value);
    set_hex (registers, rows[i].name, value);
  }
  json_object_set_object_member (thread, "registers", registers);
}
#else
/* The general registers in the order of the architecture's elf_gregset_t. */
static void
add_registers (JsonObject *thread, pid_t tid)
{
  elf_gregset_t regs;
  struct iovec part = { &regs, sizeof regs };
  JsonArray *registers;

  if (ptrace (PTRACE_GETREGSET, tid, (void *) NT_PRSTATUS, &part) < 0)
    return;
  registers = json_array_new ();
  for (gsize i = 0; i < part.iov_len / sizeof (elf_greg_t); i++) {
    g_autofree char *text = hex (((const elf_greg_t *) &regs)[i]);

    json_array_add_string_element (registers, text);
  }
  json_object_set_array_member (thread, "registers", registers);
}
#endif

/* libdwfl holds the thread with ptrace while it calls this. */
static int
on_frame (Dwfl_Frame *state, void *data)
{
  Dump *dump = data;
  JsonObject *frame;
  Dwarf_Addr pc;
  bool activation;

  if (!dwfl_frame_pc (state, &pc, &activation))
    return DWARF_CB_ABORT;
  if (json_array_get_length (dump->frames) == 0)
    add_registers (dump->thread, dwfl_thread_tid (dwfl_frame_thread (state)));
  frame = json_object_new ();
  set_hex (frame, "pc", pc);
  add_module (dump, frame, activation ? pc : pc - 1);
  json_array_add_object_element (dump->frames, frame);
  return json_array_get_length (dump->frames) < MAX_FRAMES ? DWARF_CB_OK : DWARF_CB_ABORT;
}

static int
on_thread (Dwfl_Thread *thread, void *data)
{
  Dump *dump = data;
  pid_t tid = dwfl_thread_tid (thread);
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/comm", dump->pid, tid), *name = NULL;

  dump->thread = json_object_new ();
  dump->frames = json_array_new ();
  json_object_set_int_member (dump->thread, "tid", tid);
  if (g_file_get_contents (path, &name, NULL, NULL))
    set_text (dump->thread, "name", g_strchomp (name));
  if (dwfl_thread_getframes (thread, on_frame, dump) < 0 && json_array_get_length (dump->frames) == 0)
    json_object_set_string_member (dump->thread, "note", dwfl_errmsg (-1));
  json_object_set_array_member (dump->thread, "frames", dump->frames);
  json_array_add_object_element (dump->threads, dump->thread);
  return ++dump->n_threads < MAX_THREADS ? DWARF_CB_OK : DWARF_CB_ABORT;
}

static gboolean
is_zombie (pid_t pid)
{
  SbxProcessStat stat;

  return sbx_process_stat_read (pid, &stat) && stat.state == 'Z';
}

/* libdwfl says -1 and has the reason, or says the reason: an errno. */
static char *
why_not (pid_t pid, int rc)
{
  if (is_zombie (pid))
    return g_strdup (
        "the process has ended, and its parent has not asked for its status: there is nothing left to see");
  return g_strdup (rc > 0 ? g_strerror (rc) : dwfl_errmsg (-1));
}

static void
look_at_threads (Dump *dump, char **note)
{
  static char *debug_path = NULL;
  static const Dwfl_Callbacks callbacks = { .find_elf = find_elf,
                                            .find_debuginfo = dwfl_standard_find_debuginfo,
                                            .debuginfo_path = &debug_path };
  int rc = -1;

  dump->dwfl = dwfl_begin (&callbacks);
  if (dump->dwfl)
    rc = dwfl_linux_proc_report (dump->dwfl, dump->pid);
  if (rc == 0)
    rc = dwfl_report_end (dump->dwfl, NULL, NULL);
  if (rc == 0)
    rc = dwfl_linux_proc_attach (dump->dwfl, dump->pid, false);
  if (rc == 0)
    rc = dwfl_getthreads (dump->dwfl, on_thread, dump);
  if (json_array_get_length (dump->threads) == 0)
    *note = why_not (dump->pid, rc);
}

/* Lines of /proc/PID/maps (proc(5)), with what stands in them. */
static JsonArray *
read_mappings (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/maps", pid), *text = NULL;
  JsonArray *array = json_array_new ();
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return array;
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line && **line; line++) {
    unsigned long long start, end, offset;
    char access[5];
    int name = 0;
    JsonObject *row;

    if (sscanf (*line, "%llx-%llx %4s %llx %*s %*s %n", &start, &end, access, &offset, &name) != 4)
      continue;
    row = json_object_new ();
    set_hex (row, "start", start);
    set_hex (row, "end", end);
    json_object_set_string_member (row, "access", access);
    set_hex (row, "offset", offset);
    set_text (row, "path", name > 0 ? *line + name : "");
    json_array_add_object_element (array, row);
  }
  return array;
}

static JsonArray *
read_command (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/cmdline", pid), *text = NULL;
  JsonArray *array = json_array_new ();
  gsize size = 0;

  if (g_file_get_contents (path, &text, &size, NULL))
    for (gsize at = 0; at < size; at += strlen (text + at) + 1) {
      g_autofree char *valid = g_utf8_make_valid (text + at, -1);

      json_array_add_string_element (array, valid);
    }
  return array;
}

/* What the service says of the crash, on a descriptor. That is read as such: the procfs of a dumper's sandbox follows
 * no links, /proc/self neither. */
static JsonNode *
read_crash (void)
{
  const char *number = g_getenv ("SANDBOX_CRASH_FD");
  g_autofree char *text = g_malloc0 (CRASH_MAX + 1);
  gssize n = number ? pread (atoi (number), text, CRASH_MAX, 0) : -1;

  return n > 0 ? json_from_string (text, NULL) : NULL;
}

/* How large a core may become: a twentieth of the disk stays free for others. */
static rlim_t
core_limit (const char *directory)
{
  struct statvfs disk;
  guint64 kept, left;

  if (statvfs (directory, &disk) < 0)
    return CORE_LIMIT;
  kept = (guint64) disk.f_blocks * disk.f_frsize / 20;
  left = (guint64) disk.f_bavail * disk.f_frsize;
  return MIN (CORE_LIMIT, left > kept ? left - kept : 0);
}

/* By gdb's gcore, which knows every architecture; sparse. It ends well when it could not write all of it, and only says
 * so: gcore_copy_callback() in gdb/gcore.c. */
static char *
write_core (pid_t pid, const char *directory)
{
  g_autofree char *prefix = g_build_filename (directory, "core", NULL), *number = g_strdup_printf ("%d", pid);
  g_autofree char *made = g_strconcat (prefix, ".", number, NULL), *output = NULL, *complaints = NULL;
  g_auto (GStrv) env = g_environ_setenv (g_get_environ (), "LC_ALL", "C", TRUE);
  char *argv[] = { (char *) "gcore", (char *) "-o", prefix, number, NULL };
  const rlim_t most = core_limit (directory);
  struct rlimit before, limit;
  gboolean spawned;
  g_autofree char *size = g_format_size_full (most, G_FORMAT_SIZE_IEC_UNITS);
  int status = 0;

  /* gdb reports the error and goes on; the signal would end it in the middle */
  signal (SIGXFSZ, SIG_IGN);
  getrlimit (RLIMIT_FSIZE, &before);
  limit = (struct rlimit){ MIN (most, before.rlim_cur), before.rlim_max };
  setrlimit (RLIMIT_FSIZE, &limit);
  spawned = g_spawn_sync (NULL, argv, env, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, &complaints, &status, NULL);
  setrlimit (RLIMIT_FSIZE, &before); /* the report is still to say what has become of it */
  if (!spawned)
    return g_strdup ("no core: gcore is not installed; on Debian, `apt install gdb`");
  if (g_spawn_check_wait_status (status, NULL) && !strstr (complaints, "Failed to write")
      && g_rename (made, prefix) == 0)
    return NULL;
  (void) g_unlink (made);
  return g_strdup_printf ("no core: gcore failed, or it would be larger than %s, which is what the disk has to spare "
                          "and 2 GiB at most",
                          size);
}

static JsonObject *
make_report (Dump *dump)
{
  JsonObject *report = json_object_new ();
  JsonNode *crash = read_crash ();
  g_autofree char *note = NULL;

  json_object_set_string_member (report, "program", "sandbox-dump " SBX_VERSION);
  json_object_set_int_member (report, "pid", dump->pid);
  if (crash)
    json_object_set_member (report, "crash", crash);
  json_object_set_array_member (report, "command", read_command (dump->pid));
  look_at_threads (dump, &note);
  json_object_set_array_member (report, "threads", dump->threads);
  if (note)
    json_object_set_string_member (report, "note", note);
  json_object_set_object_member (report, "packages", sbx_find_packages (dump->modules));
  json_object_set_array_member (report, "mappings", read_mappings (dump->pid));
  if (dump->dwfl)
    dwfl_end (dump->dwfl); /* lets go of the threads */
  return report;
}

static int
print_report (JsonObject *report, const char *directory)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), report);
  g_autofree char *text = json_to_string (node, TRUE);
  g_autofree char *path = directory ? g_build_filename (directory, "report.json", NULL) : NULL;
  g_autoptr (GError) error = NULL;

  if (!path)
    return puts (text) < 0 || fflush (stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
  if (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
    return EXIT_SUCCESS;
  g_printerr ("sandbox-dump: cannot write the report: %s\n", error->message);
  return EXIT_FAILURE;
}

static pid_t
choose_pid (int given)
{
  static const char *const names[] = { "SANDBOX_CRASH_PID", "SANDBOX_TARGET_PID" };

  for (gsize i = 0; given == 0 && i < G_N_ELEMENTS (names); i++)
    if (g_getenv (names[i]))
      given = atoi (g_getenv (names[i]));
  return given;
}

int
main (int argc, char **argv)
{
  gboolean core = FALSE, complete;
  int pid = 0, status;
  g_autofree char *directory = g_strdup (g_getenv ("SANDBOX_CRASH_DIR"));
  const GOptionEntry entries[] = {
    { "pid", 'p', 0, G_OPTION_ARG_INT, &pid, "The process (default: the one that crashed or is attached to)", "PID" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &directory, "Write to this directory (default: print)", "DIR" },
    { "core", 'c', 0, G_OPTION_ARG_NONE, &core, "Write an ELF core as well, with gcore", NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("- say what a process was doing");
  g_autoptr (GError) error = NULL;
  g_autofree char *note = NULL;
  Dump dump = { 0 };
  JsonObject *report;

  setlocale (LC_ALL, "");
  umask (077);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    g_printerr ("sandbox-dump: %s\n", error->message);
    return EXIT_FAILURE;
  }
  dump.pid = choose_pid (pid);
  if (dump.pid <= 0) {
    g_printerr ("sandbox-dump: name a process with --pid=PID\n");
    return EXIT_FAILURE;
  }
  dump.modules = g_ptr_array_new_with_free_func (g_free);
  dump.threads = json_array_new ();
  report = make_report (&dump);
  complete = json_array_get_length (dump.threads) > 0;
  status = print_report (report, directory); /* at once: a core may take longer than we are given */
  if (core && directory && (note = write_core (dump.pid, directory)) != NULL) {
    json_object_set_string_member (report, "core", note);
    status = print_report (report, directory);
  }
  json_object_unref (report);
  g_ptr_array_unref (dump.modules);
  return complete ? status : EXIT_FAILURE;
}
