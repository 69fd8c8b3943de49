/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The functions of the verbs, each in a file of its own, VERB.c. */
#pragma once

#include "cli/cli.h"

G_BEGIN_DECLS

/* What `sandboxctl VERB` does. @command: its words and the descriptors that were open. Returns the exit status. */
int sbx_cmd_run (SbxCommand *command);
int sbx_cmd_attach (SbxCommand *command);
int sbx_cmd_grant (SbxCommand *command);
int sbx_cmd_restrict (SbxCommand *command);
int sbx_cmd_exec (SbxCommand *command);
int sbx_cmd_ps (SbxCommand *command);
int sbx_cmd_top (SbxCommand *command);
int sbx_cmd_show (SbxCommand *command);
int sbx_cmd_stop (SbxCommand *command);
int sbx_cmd_kill (SbxCommand *command);
int sbx_cmd_wait (SbxCommand *command);
int sbx_cmd_identify (SbxCommand *command);
int sbx_cmd_spawn (SbxCommand *command);
int sbx_cmd_procfs (SbxCommand *command);
int sbx_cmd_learn (SbxCommand *command);
int sbx_cmd_why (SbxCommand *command);
int sbx_cmd_explain (SbxCommand *command);
int sbx_cmd_verify (SbxCommand *command);
int sbx_cmd_profile (SbxCommand *command);
int sbx_cmd_desktop (SbxCommand *command);
int sbx_cmd_crashes (SbxCommand *command);
int sbx_cmd_doctor (SbxCommand *command);
int sbx_cmd_override (SbxCommand *command);
int sbx_cmd_logs (SbxCommand *command);
int sbx_cmd_data (SbxCommand *command);
int sbx_cmd_complete (SbxCommand *command);

G_END_DECLS
