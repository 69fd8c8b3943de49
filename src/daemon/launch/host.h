/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host as the service has found it at one time: what it can do, where the user's places are, and the profiles that
 * are read against both. A value that is replaced as a whole; whoever uses one for longer has a reference. */
#pragma once

#include "plan/machine/machine.h"
#include "policy/profile-set.h"

G_BEGIN_DECLS

typedef struct {
  gatomicrefcount refs;
  SbxMachine *machine;
  SbxPlaces places;
  SbxProfileSet *profiles;
  gint64 probed_at; /* monotonic us */
} SbxHost;

/* Probes the machine, which takes some milliseconds. @environment is the service's, and has to live as long. */
SbxHost *sbx_host_probe (const char *const *environment);
SbxHost *sbx_host_ref (SbxHost *self);
void sbx_host_unref (SbxHost *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxHost, sbx_host_unref)

G_END_DECLS
