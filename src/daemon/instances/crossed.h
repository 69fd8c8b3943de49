/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What has crossed the border of an instance's own network, and what its resolver was asked, as the keeper has told. It
 * is in memory alone. */
#pragma once

#include <glib.h>

#include "wire/message.h"

G_BEGIN_DECLS

/* Zero is nothing. */
typedef struct {
  SbxTraffic traffic;
  SbxAskedName names[SBX_ASKED_NAMES]; /* those with a count of 0 are none */
} SbxCrossed;

/* Handles TRAFFIC and ASKED. FALSE: it is another message. */
gboolean sbx_crossed_take (SbxCrossed *self, const SbxMessage *message);
/* The names in @names, the one that was asked for last first. Returns how many. */
gsize sbx_crossed_list (const SbxCrossed *self, const SbxAskedName *names[SBX_ASKED_NAMES]);

G_END_DECLS
