/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/verbs/verbs.h"

#include "cli/verbs/functions.h"

#define PROCESS_OPTIONS "--cwd= --env= --unset-env= --tty --fd= --no-inherit-fds"

const SbxVerb sbx_verbs[] = {
  { "run", sbx_cmd_run, N_ ("Start a command in a sandbox"), TRUE, TRUE,
    "--profile= --app-id= --detach --file-forwarding --join --new-instance --on-crash= --timeout= "
    "--json " PROCESS_OPTIONS },
  { "exec", sbx_cmd_exec, N_ ("Start one more command in a running sandbox"), TRUE, FALSE, PROCESS_OPTIONS },
  { "attach", sbx_cmd_attach, N_ ("Debug a running sandbox from a second one"), TRUE, TRUE,
    "--profile= --hold " PROCESS_OPTIONS },
  { "grant", sbx_cmd_grant, N_ ("Give files, names or destinations to a running sandbox"), FALSE, TRUE,
    "--until= --reconnect" },
  { "restrict", sbx_cmd_restrict, N_ ("Take something away from a running sandbox, or from oneself"), FALSE, TRUE,
    "--json --self" },
  { "ps", sbx_cmd_ps, N_ ("List the sandboxes"), FALSE, FALSE, "--all --tree --quiet --json" },
  { "top", sbx_cmd_top, N_ ("Show what the sandboxes use, as it changes"), FALSE, FALSE,
    "--once --json --sort= --delay=" },
  { "show", sbx_cmd_show, N_ ("Show all about one sandbox"), FALSE, FALSE, "--json" },
  { "stop", sbx_cmd_stop, N_ ("End sandboxes"), FALSE, FALSE, "--grace= --all" },
  { "kill", sbx_cmd_kill, N_ ("Send a signal to a sandbox's application"), FALSE, FALSE, "--signal=" },
  { "wait", sbx_cmd_wait, N_ ("Wait for a sandbox to end"), FALSE, FALSE, "--timeout=" },
  { "procfs", sbx_cmd_procfs, N_ ("Run a tool of the host with a sandbox's /proc"), TRUE, FALSE,
    "--hidepid= --subset=" },
  { "identify", sbx_cmd_identify, N_ ("Say which sandbox a process is in"), FALSE, FALSE, "--self --json" },
  { "logs", sbx_cmd_logs, N_ ("Print the output of what was started detached or from an icon"), FALSE, FALSE, "" },
  { "why", sbx_cmd_why, N_ ("Say what a sandbox was refused, and what would allow it"), FALSE, FALSE,
    "--follow --json" },
  { "learn", sbx_cmd_learn, N_ ("Run a command and propose a profile for it"), TRUE, FALSE,
    "--profile= --app-id= --write --replay --file-forwarding " PROCESS_OPTIONS },
  { "explain", sbx_cmd_explain, N_ ("Say what a profile comes to, without starting anything"), FALSE, TRUE,
    "--json --app-id=" },
  { "verify", sbx_cmd_verify, N_ ("Try what a profile promises"), FALSE, FALSE, "--all --json" },
  { "profile", sbx_cmd_profile, N_ ("List, show, check and compare profiles"), FALSE, FALSE, "--json" },
  { "override", sbx_cmd_override, N_ ("Put options over an application's profile for good"), FALSE, TRUE,
    "--show --reset" },
  { "data", sbx_cmd_data, N_ ("List, remove and export the homes that are kept"), FALSE, FALSE, "--json" },
  { "desktop", sbx_cmd_desktop, N_ ("Make launchers start applications in sandboxes"), FALSE, FALSE,
    "--profile= --no-portal --force --all --json" },
  { "crashes", sbx_cmd_crashes, N_ ("Show and remove what crash handlers have written down"), FALSE, FALSE,
    "--json --all" },
  { "doctor", sbx_cmd_doctor, N_ ("Say what works on this machine and what to do about the rest"), FALSE, FALSE,
    "--json" },
  { "spawn", sbx_cmd_spawn, NULL, TRUE, FALSE, "" }, /* as sandbox-spawn */
  { "complete", sbx_cmd_complete, NULL, FALSE, FALSE, "" },
  { .name = NULL },
};
