/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sandbox-init says. */
#pragma once

#include "keeper/keeper.h"

/* 0, or -1 with ENOSPC. */
int sbx_init_link_set_up (SbxKeeper *keeper);
/* Takes in what init has said last, until the end of its socket. */
void sbx_init_link_drain (SbxKeeper *keeper);
/* Notes that the application has ended with @status, or has died before it could be executed. */
void sbx_init_link_application_ended (SbxKeeper *keeper, int status);
/* Tells EXITED to whoever waits for it, once, when it has ended and no part delays that. */
void sbx_init_link_tell_end (SbxKeeper *keeper);
