/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sandbox-init makes of a command: its file, directory, limits, descriptors, terminal, and what confines it. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pty.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init-fixture.h"
#include "wire/landlock.h"

static mode_t
get_umask (void)
{
  mode_t mask = umask (0);

  umask (mask);
  return mask;
}

static char *
write_file (InitFixture *fixture, const char *name, const char *text, mode_t mode)
{
  char *path = g_build_filename (fixture->dir, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_cmpint (chmod (path, mode), ==, 0);
  return path;
}

/* What cannot be executed: the error is the one that a shell would tell by 127 or 126. */
static void
test_exec_fails (InitFixture *fixture, gconstpointer as_pid_1)
{
  g_autofree char *plain = write_file (fixture, "plain", "#!/bin/sh\n", 0644);
  g_autofree char *broken = write_file (fixture, "broken", "#!/nowhere/sh\n", 0755);
  const struct {
    const char *name;
    int error;
  } cases[] = { { "/nowhere/command", ENOENT }, { "no-such-command", ENOENT }, { "", ENOENT },    { plain, EACCES },
                { fixture->dir, EACCES },       { "plain", EACCES },           { broken, ENOENT } };
  g_autofree char *path = g_strdup_printf ("PATH=%s:/usr/bin:/bin", fixture->dir);
  const char *const env[] = { path, NULL };

  init_expect (fixture, SBX_MSG_READY, 0);
  init_send_simple (fixture, 0, "exec sleep 100");
  init_expect_started (fixture, 0);
  for (guint32 i = 0; i < G_N_ELEMENTS (cases); i++) {
    const char *const argv[] = { cases[i].name, NULL };
    InitStart start;

    init_begin (&start);
    sbx_block_add_strv (&start.writer, SBX_TAG_ENV, env);
    init_send_argv (fixture, &start, i + 1, argv);
    init_expect_failed (fixture, i + 1, SBX_STEP_EXEC, cases[i].error);
  }
  unlink (plain);
  unlink (broken);
}

static void
test_start_fails (InitFixture *fixture, gconstpointer as_pid_1)
{
  static const char *const argv[] = { "/nowhere/command", NULL };
  InitStart start;

  init_expect (fixture, SBX_MSG_READY, 0);
  init_begin (&start);
  init_send_argv (fixture, &start, 0, argv);
  init_expect_failed (fixture, 0, SBX_STEP_EXEC, ENOENT);
  init_expect_end (fixture, 1);
}

/* Along the command's own PATH, and a script without "#!" by the shell. */
static void
test_path (InitFixture *fixture, gconstpointer as_pid_1)
{
  g_autofree char *script = write_file (fixture, "script", "echo \"$0 $1 $X\"; echo end\n", 0755);
  g_autofree char *path = g_strdup_printf ("PATH=/nowhere:%s", fixture->dir);
  g_autofree char *wanted = g_strdup_printf ("%s one value\n", script);
  const char *const argv[] = { "script", "one", NULL }, *const env[] = { "X=value", path, NULL };
  InitStart start;

  init_expect (fixture, SBX_MSG_READY, 0);
  init_begin (&start);
  sbx_block_add_strv (&start.writer, SBX_TAG_ENV, env);
  init_send_argv (fixture, &start, 0, argv);
  init_expect_started (fixture, 0);
  init_expect_printed (fixture, wanted);
  unlink (script);
}

static void
test_directory (InitFixture *fixture, gconstpointer as_pid_1)
{
  static const char *const argv[] = { "/usr/bin/env", NULL };
  static const char *const env[] = { "PWD=/wrong", "X=end", NULL };
  g_autofree char *nowhere = g_build_filename (fixture->dir, "nowhere", NULL);
  g_autofree char *there = g_strdup_printf ("PWD=%s\nX=", fixture->dir);
  const struct {
    const char *cwd, *home;
    guint32 flags;
    const char *where; /* NULL: it fails */
  } cases[] = {
    { fixture->dir, "/usr", 0, there }, { NULL, fixture->dir, 0, there },
    { NULL, NULL, 0, "PWD=/\nX=" },     { nowhere, fixture->dir, SBX_START_CWD_OPTIONAL, there },
    { nowhere, fixture->dir, 0, NULL }, { nowhere, nowhere, SBX_START_CWD_OPTIONAL, "PWD=/\nX=" },
    { NULL, nowhere, 0, "PWD=/\nX=" },
  };

  init_expect (fixture, SBX_MSG_READY, 0);
  init_send_simple (fixture, 0, "exec sleep 100");
  init_expect_started (fixture, 0);
  for (guint32 i = 0; i < G_N_ELEMENTS (cases); i++) {
    InitStart start;

    init_begin (&start);
    start.flags = cases[i].flags;
    if (cases[i].cwd)
      sbx_block_add_string (&start.writer, SBX_TAG_CWD, cases[i].cwd);
    if (cases[i].home)
      sbx_block_add_string (&start.writer, SBX_TAG_HOME, cases[i].home);
    sbx_block_add_strv (&start.writer, SBX_TAG_ENV, env);
    init_send_argv (fixture, &start, i + 1, argv);
    if (cases[i].where) {
      init_expect_started (fixture, i + 1);
      init_expect_printed (fixture, cases[i].where);
      init_expect_exited (fixture, i + 1, 0);
    } else {
      init_expect_failed (fixture, i + 1, SBX_STEP_DIRECTORY, ENOENT);
    }
  }
}

static void
test_limits (InitFixture *fixture, gconstpointer as_pid_1)
{
  const guint64 files[] = { RLIMIT_NOFILE, 40, 50 }, core[] = { RLIMIT_CORE, 0, 0 };
  const guint64 above[] = { RLIMIT_NOFILE, G_MAXUINT64, G_MAXUINT64 }, unknown[] = { 4711, 1, 1 };
  InitStart start;

  init_expect (fixture, SBX_MSG_READY, 0);
  init_begin (&start);
  sbx_block_add (&start.writer, SBX_TAG_RLIMIT, files, sizeof files);
  sbx_block_add (&start.writer, SBX_TAG_RLIMIT, core, sizeof core);
  init_send_command (fixture, &start, 0, "ulimit -n; ulimit -Hn; ulimit -c; echo end; sleep 100");
  init_expect_started (fixture, 0);
  init_expect_printed (fixture, "40\n50\n0\n");
  init_begin (&start);
  sbx_block_add (&start.writer, SBX_TAG_RLIMIT, above, sizeof above); /* as far as it goes: no failure */
  init_send_command (fixture, &start, 1, "echo end");
  init_expect_started (fixture, 1);
  init_expect_printed (fixture, "");
  init_expect_exited (fixture, 1, 0);
  init_begin (&start);
  sbx_block_add (&start.writer, SBX_TAG_RLIMIT, unknown, sizeof unknown);
  init_send_command (fixture, &start, 2, "echo never");
  init_expect_failed (fixture, 2, SBX_STEP_LIMITS, EINVAL);
}

/* What is the caller's; and what the kernel refuses is no failure. The next command has none of it. */
static void
test_inherited (InitFixture *fixture, gconstpointer as_pid_1)
{
  static const char script[] =
      "umask; nice; grep SigIgn /proc/self/status; cat /proc/self/oom_score_adj; echo end; sleep 100";
  const guint64 signals = 1 << (SIGHUP - 1) | 1 << (SIGUSR1 - 1) | 1 << (SIGKILL - 1);
  const guint64 nowhere = G_GUINT64_CONSTANT (1) << 63; /* the 64th processor */
  g_autofree char *before = NULL, *plain = NULL;
  InitStart start;

  init_expect (fixture, SBX_MSG_READY, 0);
  init_begin (&start);
  sbx_block_add_u32 (&start.writer, SBX_TAG_UMASK, 027);
  sbx_block_add_u32 (&start.writer, SBX_TAG_NICE, 20 + 19);
  sbx_block_add_u32 (&start.writer, SBX_TAG_OOM, 999);
  sbx_block_add (&start.writer, SBX_TAG_IGNORED, &signals, sizeof signals);
  init_send_command (fixture, &start, 0, script);
  init_expect_started (fixture, 0);
  init_expect_printed (fixture, "0027\n19\nSigIgn:\t0000000000000201\n999\n");
  init_begin (&start);
  sbx_block_add_u32 (&start.writer, SBX_TAG_OOM, 0);
  sbx_block_add (&start.writer, SBX_TAG_CPUS, &nowhere, sizeof nowhere);
  init_send_command (fixture, &start, 1, script);
  init_expect_started (fixture, 1);
  g_assert_true (g_file_get_contents ("/proc/self/oom_score_adj", &before, NULL, NULL));
  plain = g_strdup_printf ("%04o\n%d\nSigIgn:\t0000000000000000\n%s", (unsigned) get_umask (),
                           getpriority (PRIO_PROCESS, 0), before);
  init_expect_printed (fixture, plain);
}

/* Those of FDMAP, /dev/null for what is missing, and none of init's. */
static void
test_descriptors (InitFixture *fixture, gconstpointer as_pid_1)
{
  InitStart start;
  int pipes[2];

  g_assert_cmpint (pipe2 (pipes, O_CLOEXEC), ==, 0);
  g_assert_cmpint (write (pipes[1], "from 7\n", 7), ==, 7);
  close (pipes[1]);
  init_expect (fixture, SBX_MSG_READY, 0);
  init_begin (&start);
  init_give (&start, 7, pipes[0]);
  init_send_command (fixture, &start, 0,
                     "cd /proc/self/fd; for i in *; do [ ! -e $i ] || echo $i; done; readlink 0; cat <&7; echo end");
  close (pipes[0]);
  init_expect_started (fixture, 0);
  init_expect_printed (fixture, "0\n1\n2\n7\n/dev/null\nfrom 7\n");
}

/* What sandbox-init blocks and what its parent ignores. */
static void
test_signals_are_plain (InitFixture *fixture, gconstpointer as_pid_1)
{
  init_expect (fixture, SBX_MSG_READY, 0);
  init_send_simple (fixture, 0, "grep -E '^Sig(Blk|Ign)' /proc/self/status; echo end");
  init_expect_started (fixture, 0);
  init_expect_printed (fixture, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

static void
test_terminal (InitFixture *fixture, gconstpointer as_pid_1)
{
  int master, slave;
  InitStart start;

  g_assert_cmpint (openpty (&master, &slave, NULL, NULL, NULL), ==, 0);
  init_expect (fixture, SBX_MSG_READY, 0);
  init_begin (&start);
  start.flags = SBX_START_TTY;
  init_give (&start, 0, slave);
  init_send_command (fixture, &start, 0, "exec </dev/tty && echo there; echo end; sleep 100");
  init_expect_started (fixture, 0);
  init_expect_printed (fixture, "there\n");
  init_begin (&start);
  start.flags = SBX_START_TTY;
  init_send_command (fixture, &start, 1, "echo never");
  init_expect_failed (fixture, 1, SBX_STEP_TERMINAL, ENOTTY);
  close (slave);
  close (master);
}

static void
test_gate (InitFixture *fixture, gconstpointer as_pid_1)
{
  int gate[2];
  InitStart start;

  g_assert_cmpint (pipe2 (gate, O_CLOEXEC), ==, 0);
  init_expect (fixture, SBX_MSG_READY, 0);
  init_begin (&start);
  start.gate = gate[0];
  init_send_command (fixture, &start, 0, "echo end");
  close (gate[0]);
  init_expect (fixture, SBX_MSG_HELLO, 0);
  init_expect_quiet (fixture);
  g_assert_false (init_is_readable (fixture->out, 0));
  close (gate[1]);
  init_expect (fixture, SBX_MSG_STARTED, 0);
  init_expect_printed (fixture, "");
  init_expect_exited (fixture, 0, 0);
}

/* Init and all of its children, also those of EXEC. */
static void
test_filter (InitFixture *fixture, gconstpointer as_pid_1)
{
  struct sock_filter filter[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, G_STRUCT_OFFSET (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_umask, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 22),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  InitStart start;

  init_expect (fixture, SBX_MSG_READY, 0);
  init_begin (&start);
  sbx_block_add (&start.writer, SBX_TAG_SECCOMP, filter, sizeof filter);
  init_send_command (fixture, &start, 0, "grep -E '^(Seccomp|NoNewPrivs):' /proc/self/status; echo end; sleep 100");
  init_expect (fixture, SBX_MSG_HELLO, 0);
  g_assert_cmpint (init_expect (fixture, SBX_MSG_STARTED, 0).detail, ==, SBX_ENFORCED_SECCOMP);
  init_expect_printed (fixture, "NoNewPrivs:\t1\nSeccomp:\t2\n");
  init_send_simple (fixture, 1, "grep -E '^(Seccomp|NoNewPrivs):' /proc/self/status; echo end");
  init_expect_started (fixture, 1);
  init_expect_printed (fixture, "NoNewPrivs:\t1\nSeccomp:\t2\n");
}

static void
test_bad_filter (InitFixture *fixture, gconstpointer as_pid_1)
{
  struct sock_filter filter[] = { BPF_STMT (BPF_LD | BPF_W | BPF_ABS, 0) }; /* returns nothing */
  InitStart start;

  init_expect (fixture, SBX_MSG_READY, 0);
  init_begin (&start);
  sbx_block_add (&start.writer, SBX_TAG_SECCOMP, filter, sizeof filter);
  init_send_command (fixture, &start, 0, "echo never");
  init_expect_failed (fixture, 0, SBX_STEP_SECCOMP, EINVAL);
  init_expect_end (fixture, 1);
  g_assert_false (init_is_readable (fixture->out, 0));
}

static void
test_domain (InitFixture *fixture, gconstpointer as_pid_1)
{
  guint64 rights = sbx_landlock_fs_rights (sbx_landlock_abi ()), attr[3] = { rights, 0, 0 };
  g_autofree char *nowhere = g_build_filename (fixture->dir, "nowhere", NULL);
  g_autofree char *inside = g_build_filename (fixture->dir, "inside", NULL);
  g_autofree char *command = g_strdup_printf (
      "cd %s; echo x >inside/file && echo written; (echo x >file) 2>/dev/null || echo refused; echo end", fixture->dir);
  InitStart start;

  init_expect (fixture, SBX_MSG_READY, 0);
  if (rights == 0) {
    g_test_message ("this kernel has no Landlock");
    return;
  }
  g_assert_cmpint (mkdir (inside, 0777), ==, 0);
  init_begin (&start);
  sbx_block_add (&start.writer, SBX_TAG_LANDLOCK, attr, sizeof attr);
  sbx_block_add_path_rule (&start.writer, SBX_LANDLOCK_FS_READ_ALL, "/");
  sbx_block_add_path_rule (&start.writer, rights, "/dev/null");
  sbx_block_add_path_rule (&start.writer, rights, inside);
  sbx_block_add_path_rule (&start.writer, rights, nowhere); /* grants nothing, and is no failure */
  init_send_command (fixture, &start, 0, command);
  init_expect (fixture, SBX_MSG_HELLO, 0);
  g_assert_cmpint (init_expect (fixture, SBX_MSG_STARTED, 0).detail, ==, SBX_ENFORCED_APP_DOMAIN);
  init_expect_printed (fixture, "written\nrefused\n");
  init_expect_exited (fixture, 0, 0);
  init_expect_end (fixture, 0);
  g_assert_cmpint (unlinkat (AT_FDCWD, g_intern_string (inside), AT_REMOVEDIR), ==, -1); /* the file is there */
  g_autofree char *file = g_build_filename (inside, "file", NULL);
  g_assert_cmpint (unlink (file), ==, 0);
  g_assert_cmpint (rmdir (inside), ==, 0);
}

/* Rights that no kernel has: nothing is started without what was asked for. */
static void
test_bad_domain (InitFixture *fixture, gconstpointer as_pid_1)
{
  const guint64 attr[3] = { G_MAXUINT64, 0, 0 };
  InitStart start;

  init_expect (fixture, SBX_MSG_READY, 0);
  init_begin (&start);
  sbx_block_add (&start.writer, SBX_TAG_LANDLOCK, attr, sizeof attr);
  init_send_command (fixture, &start, 0, "echo never");
  init_expect_failed (fixture, 0, SBX_STEP_APP_DOMAIN, sbx_landlock_abi () == 0 ? ENOSYS : EINVAL);
  init_expect_end (fixture, 1);
  g_assert_false (init_is_readable (fixture->out, 0));
}

int
main (int argc, char **argv)
{
  static const InitTest tests[] = {
    { "exec-fails", test_exec_fails },
    { "start-fails", test_start_fails },
    { "path", test_path },
    { "directory", test_directory },
    { "limits", test_limits },
    { "inherited", test_inherited },
    { "descriptors", test_descriptors },
    { "signals-are-plain", test_signals_are_plain },
    { "terminal", test_terminal },
    { "gate", test_gate },
    { "filter", test_filter },
    { "bad-filter", test_bad_filter },
    { "domain", test_domain },
    { "bad-domain", test_bad_domain },
  };

  return init_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
