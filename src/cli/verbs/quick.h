/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verbs that start a process: rows of both tables, that of sandboxctl and verbs.h. */
#pragma once

#include "cli/verbs/functions.h"

#define SBX_PROCESS_WORDS "--cwd= --env= --unset-env= --tty --fd= --no-inherit-fds"

#define SBX_VERB_RUN                                                                                                   \
  {                                                                                                                    \
    "run", sbx_cmd_run, N_ ("Start a command in a sandbox"), TRUE, TRUE,                                               \
        "--profile= --app-id= --detach --file-forwarding --join --new-instance --on-crash= --timeout= "                \
        "--json " SBX_PROCESS_WORDS                                                                                    \
  }
#define SBX_VERB_EXEC                                                                                                  \
  {                                                                                                                    \
    "exec", sbx_cmd_exec, N_ ("Start one more command in a running sandbox"), TRUE, FALSE, SBX_PROCESS_WORDS           \
  }
#define SBX_VERB_SPAWN                                                                                                 \
  {                                                                                                                    \
    "spawn", sbx_cmd_spawn, NULL, TRUE, FALSE, ""                                                                      \
  } /* as sandbox-spawn */
