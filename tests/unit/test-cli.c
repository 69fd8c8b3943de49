/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The other parts of sandboxctl that need no service: what is parsed, and what is made of the service's answers. */
#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/cli.h"
#include "cli/duration.h"
#include "cli/instances.h"
#include "cli/link/follow.h"
#include "cli/meanings.h"
#include "cli/policy-options.h"
#include "cli/promises.h"
#include "cli/signal-names.h"
#include "cli/words.h"
#include "common/error.h"
#include "common/names.h"
#include "policy/policy.h"

static void
test_durations (void)
{
  const struct {
    const char *text;
    guint32 seconds; /* 0: refused */
  } rows[] = {
    { "1", 1 },
    { "90", 90 },
    { "90s", 90 },
    { "5m", 300 },
    { "2h", 7200 },
    { "1d", 86400 },
    { "2d", 0 },
    { "86400", 86400 },
    { "86401", 0 },
    { "25h", 0 },
    { "0", 0 },
    { "0m", 0 },
    { "", 0 },
    { "m", 0 },
    { "-1", 0 },
    { "+1", 0 },
    { " 1", 0 },
    { "1 m", 0 },
    { "1.5", 0 },
    { "1M", 0 },
    { "1ms", 0 },
    { "0x10", 0 },
    { "99999999999999999999d", 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    guint32 seconds = 0;
    gboolean read = sbx_duration_parse (rows[i].text, 86400, &seconds);

    g_test_message ("\"%s\"", rows[i].text);
    g_assert_cmpint (read, ==, rows[i].seconds > 0);
    g_assert_cmpuint (seconds, ==, rows[i].seconds);
  }
}

static void
test_signals (void)
{
  const struct {
    const char *name;
    int signo;
  } rows[] = {
    { "TERM", SIGTERM },
    { "SIGTERM", SIGTERM },
    { "term", SIGTERM },
    { "9", 9 },
    { "64", 64 },
    { "65", -1 },
    { "0", -1 },
    { "-1", -1 },
    { "", -1 },
    { "NOSUCH", -1 },
    { "RTMIN", SIGRTMIN },
    { "SIGRTMIN+2", SIGRTMIN + 2 },
    { "RTMAX-1", SIGRTMAX - 1 },
    { "RTMAX+1", -1 },
    { "RTMIN-1", -1 },
    { "RTMIN+", -1 },
    { "15x", -1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (sbx_signal_from_name (rows[i].name), ==, rows[i].signo);
}

static void
test_exit_status (void)
{
  static const struct {
    const char *result;
    int status;
    const char *problem;
  } rows[] = {
    { "{'code': <7>, 'signal': <0>, 'culprit': <'application'>}", 7, NULL },
    { "{'code': <-1>, 'signal': <9>, 'culprit': <'stopped'>}", 137, NULL },
    { "{'code': <-1>, 'signal': <9>, 'culprit': <'keeper'>}", 125, "keeper" },
    { "{'code': <-1>, 'signal': <9>, 'culprit': <'bwrap'>, 'text': <'why'>}", 125, "why" },
    { "{'code': <-1>, 'signal': <9>, 'culprit': <'init'>}", 125, "init" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GVariant) result = g_variant_ref_sink (g_variant_new_parsed (rows[i].result));
    g_autofree char *problem = NULL;

    g_assert_cmpint (sbx_instance_exit_status (result, &problem), ==, rows[i].status);
    g_assert_cmpint (problem == NULL, ==, rows[i].problem == NULL);
    if (problem)
      g_assert_nonnull (strstr (problem, rows[i].problem));
  }
  g_assert_cmpint (sbx_lifeline_exit_status (W_EXITCODE (42, 0)), ==, 42);
  g_assert_cmpint (sbx_lifeline_exit_status (W_EXITCODE (0, SIGSEGV) | WCOREFLAG), ==, 128 + SIGSEGV);
}

static void
test_failures (void)
{
  const SbxFollowCall call = { .command = "/no/such/program", .cwd = "/no/such/place", .profile = "default" };
  const SbxFollowCall hidden = { .command = "/proc/self/exe", .profile = "default" };
  static const struct {
    SbxStep step;
    int errnum, status;
    const char *word;
  } rows[] = {
    { SBX_STEP_EXEC, ENOENT, 127, "/no/such/program" },
    { SBX_STEP_EXEC, ENOTDIR, 126, "/no/such/program" },
    { SBX_STEP_EXEC, EACCES, 126, "chmod" },
    { SBX_STEP_EXEC, ENOEXEC, 126, "#!" },
    { SBX_STEP_EXEC, E2BIG, 126, "arguments" },
    { SBX_STEP_EXEC, EIO, 126, "/no/such/program" },
    { SBX_STEP_DIRECTORY, ENOENT, 125, "/no/such/place" },
    { SBX_STEP_PROCFS, EPERM, 125, NULL },
  };
  const SbxFollowCall nameless = { .command = "/proc/self/exe" };
  g_autofree char *remedy = sbx_follow_explain_failure (SBX_STEP_EXEC, ENOENT, &hidden);
  g_autofree char *without_name = sbx_follow_explain_failure (SBX_STEP_EXEC, ENOENT, &nameless);

  g_assert_nonnull (strstr (without_name, "the profile does not show it"));
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *text = sbx_follow_explain_failure (rows[i].step, rows[i].errnum, &call);

    g_assert_cmpint (sbx_follow_failure_status (rows[i].step, rows[i].errnum), ==, rows[i].status);
    g_assert_cmpint (text == NULL, ==, rows[i].word == NULL);
    if (text)
      g_assert_nonnull (strstr (text, rows[i].word));
  }
  g_assert_nonnull (strstr (remedy, "--filesystem=/proc/self:ro"));
}

static const SbxVerb some_verbs[] = {
  { "run", NULL, "", TRUE, TRUE,
    "--profile= --detach --file-forwarding --tty --cwd= --env= --unset-env= --app-id= --fd=" },
  { "ps", NULL, "", FALSE, FALSE, "--all --tree --json" },
  { "stop", NULL, "", FALSE, FALSE, "--grace=" },
  { "complete", NULL, NULL, FALSE, FALSE, "" },
  { .name = NULL },
};

/* What one would have written elsewhere, and a part of what is said. */
static void
test_words (void)
{
  static const struct {
    const char *verb, *word, *says;
  } rows[] = {
    { NULL, "ls", "`sandboxctl ps`" },
    { NULL, "inspect", "`sandboxctl show SANDBOX`" },
    { NULL, "enter", "`sandboxctl exec SANDBOX -- sh`" },
    { NULL, "firefox", "run --profile=firefox -- firefox" },
    { NULL, "sed", "run -- sed" },
    { NULL, "rnu", "\"run\"" },
    { NULL, "sto", "\"stop\"" },
    { NULL, "no-such-thing", "run, ps, stop" },
    { "run", "-it", "`--tty`" },
    { "run", "--rm", "nothing is left" },
    { "run", "--net=none", "there is no network" },
    { "run", "--net=eth0", "--share=network" },
    { "run", "--private=/x", "--persist" },
    { "run", "-v", "--filesystem=" },
    { "run", "--volume=/a:/b", "--filesystem=" },
    { "run", "--whitelist=~/x", "--filesystem=" },
    { "run", "--socke=x", "--socket?" },
    { "run", "--filesys", "--filesystem?" },
    { "ps", "--al", "--all?" },
    { "ps", "--rm", NULL },
    { "stop", "-t", "--grace" },
    { "run", "--", NULL },
    { "run", "-x", NULL },
    { "run", "", NULL },
  };

  g_autofree const char **verbs = sbx_verb_names (some_verbs);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    const SbxVerb *verb = rows[i].verb ? sbx_verb_find (some_verbs, rows[i].verb) : NULL;
    const SbxWordsVerb known = { rows[i].verb, verb ? verb->options : "", verb && verb->forwards,
                                 verb && verb->policy };
    g_autofree char *said =
        verb ? sbx_words_explain_option (&known, rows[i].word) : sbx_words_explain_verb (verbs, rows[i].word);

    g_assert_cmpint (said == NULL, ==, rows[i].says == NULL);
    if (said && !strstr (said, rows[i].says))
      g_error ("%s: %s", rows[i].word, said);
  }
  g_assert_cmpstr (sbx_words_profile_of ("/usr/bin/firefox-esr"), ==, "firefox");
  g_assert_null (sbx_words_profile_of ("true"));
}

/* Every word that completion offers is one that the policy knows, and takes again. */
static void
test_policy_words (void)
{
  const char *xdg_dirs[G_USER_N_DIRECTORIES] = { NULL };
  const SbxPlaces places = { .home = "/home/me",
                             .xdg_dirs = xdg_dirs,
                             .runtime_dir = "/run/me",
                             .data_home = "/home/me/d",
                             .config_home = "/home/me/c",
                             .cache_home = "/home/me/k" };
  g_autofree const char **names = sbx_policy_options_names ();
  g_autoptr (SbxPolicy) fresh = sbx_policy_new ();
  guint n = 0;

  for (const char **name = names; *name; name++) {
    g_autofree char *words = sbx_policy_options_words (*name);
    g_auto (GStrv) list = g_strsplit (words ? words : "", " ", -1);

    for (char **word = list; *word; word++) {
      g_autoptr (SbxPolicyOptions) options = sbx_policy_options_new ();
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) groups = NULL;
      g_autoptr (SbxPolicy) policy = NULL;

      g_assert_true (sbx_policy_options_add (options, *name, *word, &error));
      g_assert_no_error (error);
      groups = g_variant_ref_sink (sbx_policy_options_to_variant (options));
      policy = sbx_policy_merge_variant (fresh, groups, &places, &error);
      g_assert_no_error (error);
      n++;
    }
  }
  g_assert_cmpuint (n, >, 30);
}

/* Seen from a directory whose name has a colon in it, which is no mode. */
static void
test_policy_paths (void)
{
  static const char *const rows[][2] = {
    { ".", "/." },         { "./x", "/x/" },          { "./x:ro", "/x:ro" }, { ".:ro", ":ro" },
    { "./x:y/", "/x:y/" }, { "./x:y:ro", "/x:y:ro" }, { "./x:rx", "/x:rx" },
  };
  g_autofree char *top = g_dir_make_tmp ("a:ro-XXXXXX", NULL), *before = g_get_current_dir ();

  g_assert_cmpint (g_chdir (top), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (SbxPolicyOptions) options = sbx_policy_options_new ();
    g_autoptr (GVariant) groups = NULL, keys = NULL;
    g_autofree char *wanted =
        g_str_equal (rows[i][1], "/.") ? g_strconcat (top, "/;", NULL) : g_strconcat (top, rows[i][1], ";", NULL);
    const char *value;

    g_assert_true (sbx_policy_options_add (options, "filesystem", rows[i][0], NULL));
    groups = g_variant_ref_sink (sbx_policy_options_to_variant (options));
    keys = g_variant_lookup_value (groups, "Context", G_VARIANT_TYPE ("a{ss}"));
    g_assert_true (g_variant_lookup (keys, "filesystems", "&s", &value));
    g_assert_cmpstr (value, ==, wanted);
  }
  g_assert_cmpint (g_chdir (before), ==, 0);
  g_assert_cmpint (g_rmdir (top), ==, 0);
}

static void
test_policy_options (void)
{
  static const struct {
    const char *name, *value, *group, *key, *result;
  } rows[] = {
    { "share", "network", "Context", "shared", "network;" },
    { "unshare", "ipc", "Context", "shared", "network;!ipc;" },
    { "filesystem", "~/a;b:ro", "Context", "filesystems", "~/a\\;b:ro;" },
    { "nofilesystem", "/srv", "Context", "filesystems", "~/a\\;b:ro;!/srv;" },
    { "filesystem", "/a:b/", "Context", "filesystems", "~/a\\;b:ro;!/srv;/a:b/;" },
    { "talk-name", "org.example.A", "Session Bus Policy", "org.example.A", "talk" },
    { "system-own-name", "org.example.B", "System Bus Policy", "org.example.B", "own" },
    { "limit", "memory=1G,pids=5", "Limits", "pids", "5" },
    { "procfs", "hidepid=off", "Procfs", "hidepid", "off" },
    { "connect", "443,80", "Network", "connect", "443;80" },
    { "seccomp-tier", "strict", "Seccomp", "tier", "strict" },
  };
  g_autoptr (SbxPolicyOptions) options = sbx_policy_options_new ();

  g_assert_null (sbx_policy_options_to_variant (options));
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) groups = NULL, keys = NULL;
    const char *value = NULL;

    sbx_policy_options_add (options, rows[i].name, rows[i].value, &error);
    g_assert_no_error (error);
    groups = g_variant_ref_sink (sbx_policy_options_to_variant (options));
    keys = g_variant_lookup_value (groups, rows[i].group, G_VARIANT_TYPE ("a{ss}"));
    g_assert_nonnull (keys);
    g_assert_true (g_variant_lookup (keys, rows[i].key, "&s", &value));
    g_assert_cmpstr (value, ==, rows[i].result);
  }
}

static void
test_bad_policy_options (void)
{
  static const char *const rows[][2] = {
    { "limit", "memory" }, { "limit", "=1" },   { "procfs", "hidepid=off,x" },
    { "share", "" },       { "share", "\xff" }, { "nosuch", "x" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (SbxPolicyOptions) options = sbx_policy_options_new ();
    g_autoptr (GError) error = NULL;

    g_assert_false (sbx_policy_options_add (options, rows[i][0], rows[i][1], &error));
    g_assert_nonnull (error);
    g_assert_true (g_utf8_validate (error->message, -1, NULL));
  }
}

static void
info_free (gpointer data)
{
  SbxInstanceInfo *info = data;

  g_free (info->path);
  g_free (info->id);
  g_variant_unref (info->properties);
  g_free (info);
}

static void
add_instance (GPtrArray *list, const char *id, const char *app, guint32 pid, const char *state)
{
  SbxInstanceInfo *info = g_new0 (SbxInstanceInfo, 1);

  info->path = g_strconcat ("/org/example/Sandbox/instances/", id, NULL);
  info->id = g_strdup (sbx_instance_id_of_path (info->path));
  info->properties = g_variant_ref_sink (g_variant_new_parsed (
      "{'AppId': <%s>, 'Pid': <%u>, 'State': <%s>, 'Command': <[b'sh', b'-c', b'a b\033']>}", app, pid, state));
  g_ptr_array_add (list, info);
}

static void
test_find (void)
{
  static const struct {
    const char *word, *id; /* NULL: an error */
  } rows[] = {
    { "1234000000000001", "1234000000000001" },
    { "12340000000000", NULL },    /* two that run */
    { "abc", "abcdef0000000001" }, /* the one that runs */
    { "org.example.One", "1234000000000001" },
    { "org.example.Twice", NULL },
    { "org.example.Gone", "fedc000000000001" },
    { "1234", "abcdef0000000001" }, /* a pid, though ids begin like that */
    { "fe", "fedc000000000001" },
    { "FEDC", "fedc000000000001" },
    { "", NULL },
    { "0", NULL },
    { "nothing", NULL },
  };
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (info_free);
  g_autofree char *command = NULL;

  add_instance (list, "1234000000000001", "org.example.One", 77, "running");
  add_instance (list, "1234000000000002", "org.example.Twice", 78, "running");
  add_instance (list, "abcdef0000000001", "org.example.Twice", 1234, "running");
  add_instance (list, "abc0000000000002", "org.example.Old", 0, "exited");
  add_instance (list, "fedc000000000001", "org.example.Gone", 0, "exited");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    const SbxInstanceInfo *info = sbx_instances_find (list, rows[i].word, &error);

    if (rows[i].id) {
      g_assert_no_error (error);
      g_assert_cmpstr (info->id, ==, rows[i].id);
    } else {
      g_assert_error (error, SBX_ERROR, SBX_ERROR_NOT_FOUND);
    }
  }
  command = sbx_instance_command (g_ptr_array_index (list, 0));
  g_assert_cmpstr (command, ==, "sh -c 'a b\\x1b'");
}

static void
count_line (const char *line, gboolean risky, gpointer data)
{
  g_hash_table_add (data, g_strdup_printf ("%d %s", risky, line));
}

static GHashTable *
meanings_of (const char *group, const char *key, const char *value)
{
  const SbxPlaces places = { .home = "/home/u" };
  GHashTable *lines = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (SbxPolicy) empty = sbx_policy_new (), policy = NULL;
  g_autoptr (GVariant) groups = NULL;
  g_autoptr (GError) error = NULL;
  GVariantBuilder dict, keys;

  g_variant_builder_init (&keys, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&keys, "{ss}", key, value);
  g_variant_builder_init (&dict, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&dict, "{sv}", group, g_variant_builder_end (&keys));
  groups = g_variant_ref_sink (g_variant_builder_end (&dict));
  policy = sbx_policy_merge_variant (empty, groups, &places, &error);
  g_assert_no_error (error);
  sbx_meanings_visit (policy, places.home, count_line, lines);
  return lines;
}

/* No word of the vocabulary goes without saying; the defaults do. */
static void
test_meanings (void)
{
  static const struct {
    const char *option, *group, *key;
  } choices[] = {
    { "share", "Context", "shared" },   { "socket", "Context", "sockets" }, { "device", "Context", "devices" },
    { "allow", "Context", "features" }, { "pidns", "Procfs", "pidns" },     { "seccomp-tier", "Seccomp", "tier" },
  };
  static const char *const usual[] = { "private", "strict", NULL }; /* what an empty policy says already */
  g_autoptr (GHashTable) of_nothing = meanings_of ("Context", "shared", "");

  for (gsize i = 0; i < G_N_ELEMENTS (choices); i++) {
    g_autofree char *list = sbx_policy_options_words (choices[i].option);
    g_auto (GStrv) words = g_strsplit (list, " ", -1);

    for (char **word = words; *word; word++) {
      g_autoptr (GHashTable) lines = meanings_of (choices[i].group, choices[i].key, *word);
      guint new = 0;
      GHashTableIter iter;
      gpointer line;

      g_hash_table_iter_init (&iter, lines);
      while (g_hash_table_iter_next (&iter, &line, NULL))
        new += !g_hash_table_contains (of_nothing, line);
      if (new == 0 && !g_strv_contains (usual, *word) && g_hash_table_size (lines) == g_hash_table_size (of_nothing))
        g_error ("%s=%s goes without saying", choices[i].key, *word);
    }
  }
  for (guint i = 0; i < G_N_ELEMENTS (choices); i++) {
    g_autofree char *words = sbx_policy_options_words (choices[i].option);

    g_assert_nonnull (words);
  }
  g_assert_nonnull (sbx_meaning_of_action (SBX_ACTION_EXTEND_BUS));
  g_assert_null (sbx_meaning_of_action ("org.example.Other"));
}

/* What both probes say decides; nothing that would be refused anyway is kept. */
static void
test_promises (void)
{
  static const struct {
    gboolean reached;
    const char *inside, *outside;
    SbxPromiseState state;
  } rows[] = {
    { FALSE, "no Operation not permitted", "yes done", SBX_PROMISE_KEPT },
    { FALSE, "no Operation not permitted", "no Operation not permitted", SBX_PROMISE_UNTESTED },
    { FALSE, "yes done", "yes done", SBX_PROMISE_BROKEN },
    { FALSE, "yes done", "no here it is refused", SBX_PROMISE_BROKEN },
    { TRUE, "yes done", "yes done", SBX_PROMISE_KEPT },
    { TRUE, "no such thing", "yes done", SBX_PROMISE_BROKEN },
    { TRUE, "no such thing", "no such thing", SBX_PROMISE_UNTESTED },
    { FALSE, "", "", SBX_PROMISE_UNTESTED },
    { FALSE, "yesterday", "yes done", SBX_PROMISE_KEPT },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    const SbxPromise promise = { .reached = rows[i].reached };

    g_assert_cmpint (sbx_promise_judge (&promise, rows[i].inside, rows[i].outside), ==, rows[i].state);
  }
}

/* A policy that opens something does not promise that it is closed. */
static void
test_promises_of_policies (void)
{
  static const char *const calls[] = { "keyctl", NULL };
  const SbxTargets targets = { .bystander = "a",
                               .bystander_pid = 7,
                               .neighbour = "b",
                               .port = 1,
                               .address = "192.0.2.1:1",
                               .bus_name = "org.example.Name",
                               .terminal = "/dev/pts/9",
                               .abstract = "@c",
                               .calls = calls };
  static const struct {
    const char *context, *word;
    int reached; /* -1: not promised */
  } rows[] = {
    { "{}", "tcp=1", FALSE },
    { "{'shared': 'network;'}", "tcp=1", TRUE },
    { "{'shared': 'private-network;'}", "tcp=1", FALSE },
    { "{}", "tcp=192.0.2.1:1", FALSE },
    { "{'shared': 'private-network;'}", "tcp=192.0.2.1:1", FALSE },
    { "{'shared': 'network;'}", "tcp=192.0.2.1:1", -1 },
    { "{}", "bus=session:org.example.Name", FALSE },
    { "{'sockets': 'session-bus;'}", "bus=session:org.example.Name", -1 },
    { "{}", "read=/dev/pts/9", FALSE },
    { "{'devices': 'all;'}", "read=/dev/pts/9", -1 },
    { "{}", "kill=7:a", -1 }, /* the plan does not say that it shows inferiors only */
    { "{}", "processes=4096", -1 },
    { "{}", "shm=0", FALSE },
    { "{'shared': 'ipc;'}", "shm=0", -1 },
    { "{'features': 'userns;'}", "userns", TRUE },
    { "{'filesystems': '/usr/share:ro;'}", "make=/usr/share", FALSE },
    { "{'filesystems': '/usr/share;'}", "make=/usr/share", TRUE },
    { "{}", "process=a", -1 }, /* the plan does not say that it shows inferiors only */
    { "{}", "call=keyctl:EPERM", FALSE },
    { "{}", "call=bpf:EPERM", -1 }, /* not without harm */
  };
  const SbxPlaces places = { .home = "/home/u" };
  g_autoptr (SbxPolicy) nothing = sbx_policy_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *text = g_strdup_printf ("{'Context': <@a{ss} %s>}", rows[i].context);
    g_autoptr (GVariant) groups = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL);
    g_autoptr (GVariant) plan = g_variant_parse (
        G_VARIANT_TYPE_VARDICT,
        "{'seccomp': <[{'call': <'keyctl'>, 'error': <'EPERM'>}, {'call': <'bpf'>, 'error': <'EPERM'>}]>}", NULL, NULL,
        NULL);
    g_autoptr (SbxPolicy) policy = sbx_policy_merge_variant (nothing, groups, &places, NULL);
    g_autoptr (GPtrArray) promises = sbx_promises_list (policy, plan, &targets);
    int reached = -1;

    for (guint p = 0; p < promises->len; p++)
      if (strcmp (((const SbxPromise *) promises->pdata[p])->word, rows[i].word) == 0)
        reached = ((const SbxPromise *) promises->pdata[p])->reached;
    if (reached != rows[i].reached)
      g_error ("%s: %s is %d", rows[i].context, rows[i].word, reached);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/signal-names", test_signals);
  g_test_add_func ("/cli/durations", test_durations);
  g_test_add_func ("/cli/exit-status", test_exit_status);
  g_test_add_func ("/cli/words", test_words);
  g_test_add_func ("/cli/failures", test_failures);
  g_test_add_func ("/cli/policy-options/words", test_policy_words);
  g_test_add_func ("/cli/policy-options/lists", test_policy_options);
  g_test_add_func ("/cli/policy-options/lists-paths", test_policy_paths);
  g_test_add_func ("/cli/policy-options/bad", test_bad_policy_options);
  g_test_add_func ("/cli/instances/find", test_find);
  g_test_add_func ("/cli/meanings", test_meanings);
  g_test_add_func ("/cli/promises/judged", test_promises);
  g_test_add_func ("/cli/promises/of-policies", test_promises_of_policies);
  return g_test_run ();
}
