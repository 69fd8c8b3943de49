/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/words.h"

#include <glib/gi18n.h>
#include <string.h>

#include "cli/policy-options.h"
#include "desktop/app-profiles.h"
#include "policy/nearest.h"

/* What docker, podman, flatpak, firejail, bwrap, systemctl and others call it, and what to write here. */
static const struct {
  const char *word, *here;
} verbs_elsewhere[] = {
  { "audit", "doctor" },
  { "check", "profile check FILE" },
  { "config", "profile show PROFILE" },
  { "containers", "ps" },
  { "create", "run -- COMMAND" },
  { "debug", "attach SANDBOX -- gdb" },
  { "diff", "profile diff PROFILE PROFILE" },
  { "edit", "profile show PROFILE" },
  { "end", "stop SANDBOX" },
  { "enter", "exec SANDBOX -- sh" },
  { "history", "ps --all" },
  { "info", "show SANDBOX" },
  { "inspect", "show SANDBOX" },
  { "install", "desktop install APPLICATION" },
  { "join", "exec SANDBOX -- sh" },
  { "launch", "run -- COMMAND" },
  { "list", "ps" },
  { "ls", "ps" },
  { "monitor", "top" },
  { "nsenter", "exec SANDBOX -- sh" },
  { "permission", "explain PROFILE" },
  { "permissions", "explain PROFILE" },
  { "profiles", "profile list" },
  { "quit", "stop SANDBOX" },
  { "remove", "desktop remove APPLICATION" },
  { "rm", "stop SANDBOX" },
  { "score", "profile score PROFILE" },
  { "sh", "exec SANDBOX -- sh" },
  { "shell", "exec SANDBOX -- sh" },
  { "shutdown", "stop SANDBOX" },
  { "signal", "kill SANDBOX" },
  { "spawn", "run -- COMMAND" },
  { "start", "run -- COMMAND" },
  { "stats", "top" },
  { "status", "ps" },
  { "tree", "ps --tree" },
  { "uninstall", "desktop remove APPLICATION" },
  { "version", "--version" },
  { "wrap", "desktop install APPLICATION" },
};

#define NOTHING N_ ("nothing is needed for that here")

/* The same for options of what starts something. @here: what to write; @why: what is to be known, or NULL. The word
 * ends at "=": a value is compared where the row has one. */
static const struct {
  const char *word, *here, *why;
} options_elsewhere[] = {
  { "--apparmor", NULL, N_ ("profiles of Landlock and seccomp are always in force") },
  { "--bind", "--filesystem=PATH:rw", NULL },
  { "--blacklist", "--nofilesystem=PATH", N_ ("nothing of the home is shown unless a profile or an option says so") },
  { "--cap-add", NULL, N_ ("an application inside never has capabilities") },
  { "--cap-drop", NULL, N_ ("an application inside never has capabilities") },
  { "--caps", NULL, N_ ("an application inside never has capabilities") },
  { "--caps.drop", NULL, N_ ("an application inside never has capabilities") },
  { "--chdir", "--cwd=DIR", NULL },
  { "--clearenv", NULL, N_ ("the environment inside is made anew; --env=NAME=VALUE adds to it") },
  { "--command", "-- COMMAND", NULL },
  { "--cpus", "--limit=cpu=PERCENT", NULL },
  { "--debug", "-- COMMAND; sandboxctl show SANDBOX", NULL },
  { "--dev", NULL, NOTHING },
  { "--dev-bind", "--device=WHICH", NULL },
  { "--devel", "--profile=devel", NULL },
  { "--die-with-parent", NULL, NOTHING },
  { "--entrypoint", "-- COMMAND", NULL },
  { "--hostname", NULL, N_ ("the host's name is shown inside") },
  { "--interactive", NULL, N_ ("standard input is the caller's; --tty gives the application a terminal of its own") },
  { "--ipc", "--share=ipc", NULL },
  { "--keep-fd", "--fd=NUMBER", NULL },
  { "--list", "ps", NULL },
  { "--memory", "--limit=memory=SIZE", NULL },
  { "--mount", "--filesystem=PATH[:ro|:ro@WHERE]", NULL },
  { "--name", "--app-id=ID", NULL },
  { "--net=none", NULL, N_ ("there is no network unless a profile or --share=network says so") },
  { "--net", "--share=network", NULL },
  { "--network=host", "--network=shared", NULL },
  { "--network=slirp4netns", "--network=private", NULL },
  { "--network=pasta", "--network=private", NULL },
  { "--new-session", NULL, NOTHING },
  { "--no-network", "--unshare=network", N_ ("there is no network unless a profile or --share=network says so") },
  { "--nodbus", NULL, N_ ("no name on a bus can be reached unless a profile or --talk-name says so") },
  { "--nogroups", NULL, NOTHING },
  { "--nonewprivs", NULL, NOTHING },
  { "--noprofile", "--profile=default", NULL },
  { "--noroot", NULL, NOTHING },
  { "--nosound", "--nosocket=pulseaudio", NULL },
  { "--overlay", NULL, N_ ("the home inside is empty and gone afterwards unless --persist=PATH keeps it") },
  { "--pid", "--pidns=WHICH", NULL },
  { "--pids-limit", "--limit=pids=NUMBER", NULL },
  { "--private", NULL, N_ ("the home inside is empty and gone afterwards unless --persist=PATH keeps it") },
  { "--private-dev", NULL, NOTHING },
  { "--private-tmp", NULL, NOTHING },
  { "--privileged", NULL, N_ ("an application inside never has capabilities") },
  { "--proc", "--procfs=KEY=VALUE", NULL },
  { "--property", "--limit=KEY=VALUE", NULL },
  { "--pty", "--tty", NULL },
  { "--publish", "--bind=PORT", NULL },
  { "--quiet", NULL, NOTHING },
  { "--read-only", "--filesystem=PATH:ro", N_ ("the system is read-only inside") },
  { "--read-write", "--filesystem=PATH:rw", NULL },
  { "--rm", NULL, N_ ("nothing is left of a sandbox that has ended, but what its profile keeps") },
  { "--ro-bind", "--filesystem=PATH:ro[@WHERE]", NULL },
  { "--ro-bind-try", "--filesystem=PATH:ro[@WHERE]", NULL },
  { "--bind-try", "--filesystem=PATH:rw", NULL },
  { "--sandbox", NULL, NOTHING },
  { "--seccomp", "--seccomp-tier=TIER", NULL },
  { "--setenv", "--env=NAME=VALUE", NULL },
  { "--share-net", "--share=network", NULL },
  { "--shutdown", "stop SANDBOX", NULL },
  { "--symlink", NULL, N_ ("links of the home are followed outside") },
  { "--tmpfs", NULL, N_ ("/tmp and the home are the sandbox's own") },
  { "--top", "top", NULL },
  { "--tree", "ps --tree", NULL },
  { "--unsetenv", "--unset-env=NAME", NULL },
  { "--unshare-all", NULL, NOTHING },
  { "--unshare-net", "--unshare=network", NULL },
  { "--unshare-pid", NULL, NOTHING },
  { "--unshare-user", "--allow=userns", NULL },
  { "--user", NULL, N_ ("the user inside is the caller") },
  { "--volume", "--filesystem=PATH[:ro|:ro@WHERE]", NULL },
  { "--whitelist", "--filesystem=PATH", NULL },
  { "--workdir", "--cwd=DIR", NULL },
  { "--working-directory", "--cwd=DIR", NULL },
  { "-e", "--env=NAME=VALUE", NULL },
  { "-i", NULL, N_ ("standard input is the caller's; --tty gives the application a terminal of its own") },
  { "-it", "--tty", NULL },
  { "-ti", "--tty", NULL },
  { "-m", "--limit=memory=SIZE", NULL },
  { "-P", "--bind=PORT", NULL },
  { "-q", NULL, NOTHING },
  { "-u", NULL, N_ ("the user inside is the caller") },
  { "-v", "--filesystem=PATH[:ro|:ro@WHERE]", NULL },
  { "-w", "--cwd=DIR", NULL },
};

/* The same for other verbs, where it is another thing. */
static const struct {
  const char *verb, *word, *here;
} others_elsewhere[] = {
  { "ps", "-f", "ps --json" },        { "ps", "-l", "ps --tree" },          { "ps", "--format", "ps --json" },
  { "stop", "-t", "stop --grace" },   { "stop", "--time", "stop --grace" }, { "kill", "-9", "kill --signal=KILL" },
  { "stop", "-f", "stop --grace=0" },
};

static gboolean
is_word (const char *row, const char *word)
{
  gsize n = strchr (row, '=') ? strlen (word) : strcspn (word, "=");

  return strlen (row) == n && strncmp (row, word, n) == 0;
}

/* "--profile=" and the policy's own, without what comes behind the name. */
static char **
options_of (const SbxWordsVerb *verb)
{
  g_autofree const char **policy = sbx_policy_options_names ();
  g_auto (GStrv) own = g_strsplit (verb->options, " ", -1);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (char **option = own; *option; option++) {
    g_autofree char *name = g_strndup (*option, strcspn (*option, "="));

    if (*name)
      g_strv_builder_add (builder, name);
  }
  for (const char **name = policy; verb->policy && *name; name++) {
    g_autofree char *option = g_strconcat ("--", *name, NULL);

    g_strv_builder_add (builder, option);
  }
  return g_strv_builder_end (builder);
}

static char *
here_is (const char *here, const char *why)
{
  if (!here)
    return g_strdup (_ (why));
  if (why)
    return g_strdup_printf (_ ("here that is `%s`: %s"), here, _ (why));
  return g_strdup_printf (_ ("here that is `%s`"), here);
}

char *
sbx_words_explain_option (const SbxWordsVerb *verb, const char *option)
{
  g_autofree char *name = g_strndup (option, strcspn (option, "="));
  g_auto (GStrv) known = options_of (verb);
  const char *near;

  for (gsize i = 0; i < G_N_ELEMENTS (others_elsewhere); i++)
    if (strcmp (others_elsewhere[i].verb, verb->name) == 0 && is_word (others_elsewhere[i].word, option))
      return here_is (others_elsewhere[i].here, NULL);
  for (gsize i = 0; verb->starts && i < G_N_ELEMENTS (options_elsewhere); i++)
    if (is_word (options_elsewhere[i].word, option))
      return here_is (options_elsewhere[i].here, options_elsewhere[i].why);
  if (strlen (name) < 4) /* "--a" */
    return NULL;
  near = sbx_nearest_word (name, (const char *const *) known);
  return near ? g_strdup_printf (_ ("did you mean %s?"), near) : NULL;
}

const char *
sbx_words_profile_of (const char *program)
{
  static const char *const none[] = { NULL };
  const char *profile;

  if (!g_utf8_validate (program, -1, NULL))
    return NULL;
  profile = sbx_app_profile_find (program, program, none);
  return strcmp (profile, "desktop") == 0 ? NULL : profile;
}

/* What would start @word, which is a command or an application with a profile; or NULL. */
static char *
explain_application (const char *word)
{
  const char *profile = sbx_words_profile_of (word);
  g_autofree char *program = g_find_program_in_path (word);
  g_autofree char *quoted = g_shell_quote (word);
  const char *shown = strpbrk (word, " \t'\"\\$") ? quoted : word;

  if (profile)
    return g_strdup_printf (_ ("to start the application: `sandboxctl run --profile=%s -- %s`"), profile, shown);
  if (program)
    return g_strdup_printf (
        _ ("to start the command: `sandboxctl run -- %s`, with --profile=desktop if it has windows"), shown);
  return NULL;
}

char *
sbx_words_explain_verb (const char *const *verbs, const char *word)
{
  g_autofree char *list = NULL, *application = NULL;
  const char *near = sbx_nearest_word (word, verbs);

  for (gsize i = 0; i < G_N_ELEMENTS (verbs_elsewhere); i++)
    if (strcmp (verbs_elsewhere[i].word, word) == 0)
      return g_strdup_printf (_ ("here that is `sandboxctl %s`"), verbs_elsewhere[i].here);
  application = explain_application (word);
  if (application)
    return g_steal_pointer (&application);
  if (near)
    return g_strdup_printf (_ ("did you mean \"%s\"?"), near);
  list = g_strjoinv (", ", (char **) verbs);
  return g_strdup_printf (_ ("there are %s"), list);
}
