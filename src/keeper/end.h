/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ending an instance: giving up its launch, stopping it, killing it. */
#pragma once

#include <stdint.h>

#include "keeper/keeper.h"

/* Gives up a launch that is not RUNNING yet: kills what runs, removes the record, tells everybody FAILED with @step,
 * @error (an errno, or 0) and @text, and exits. It does not return, so that a launch of which a step has failed cannot
 * go on. */
void sbx_keeper_fail (SbxKeeper *keeper, SbxStep step, int error, const char *text) __attribute__ ((noreturn));
/* Sends SIGTERM to the application, and SIGKILL to everything @grace_ms milliseconds later (0: at once). Before
 * RUNNING the launch is given up instead. @why is the culprit; the first one counts. */
void sbx_keeper_stop (SbxKeeper *keeper, SbxCulprit why, int32_t grace_ms);
/* Sends SIGKILL to init, and to what does not end with it (ending.h). */
void sbx_keeper_kill_all (SbxKeeper *keeper);
/* Has init send @signo to the job, or to its process @group; nothing unless RUNNING. */
void sbx_keeper_signal_job (SbxKeeper *keeper, const SbxJob *job, int signo, bool group);
/* sbx_keeper_kill_all (), again and again from then on: the timer of the keeper's kill. */
void sbx_keeper_kill_timer (SbxWatch *kill);
