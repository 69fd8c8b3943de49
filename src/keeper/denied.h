/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the instance was denied: one table, which parts fill. Services are told of it, and a file in the record has all
 * of it as of the last time that they were: it stays when we end, however we do. */
#pragma once

#include "keeper/keeper.h"

/* 0, or -1 with ENOSPC. */
int sbx_denied_set_up (SbxKeeper *keeper);
/* Rows have changed: the services are told soon, four times a second at most, so that one that is busy with something
 * else keeps up. */
void sbx_denied_have_news (SbxKeeper *keeper);
/* A service has come, which knows nothing yet. */
void sbx_denied_tell_all (SbxKeeper *keeper, SbxServiceLink *service);
/* The instance has ended: tells the rest. */
void sbx_denied_end (SbxKeeper *keeper);
