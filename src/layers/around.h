/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the mounts of a sandbox depend on beside its box. */
#pragma once

#include "plan/machine/machine.h"
#include "sources/object.h"

G_BEGIN_DECLS

/* What a running instance has lost, and does not get back under any name. */
typedef struct {
  const char *path;
  gboolean readable; /* it may be read, and not written */
} SbxLayersTaken;

/* Everything beside the sandbox. All of it has to live as long as the layers. */
typedef struct {
  const SbxMachine *machine;
  const char *id; /* of the instance, 16 hex digits */
  const char *state_home;
  const char *const *profile_dirs; /* that profiles are read from; NULL where there is none */
  gsize n_profile_dirs;
  gboolean only_looking; /* to say what would be: nothing is made, and what is not there yet is passed over */
  /* A running instance gets what is mounted at @only or below, and nothing else: the rest of the box is there already,
   * and only says where the application may write. NULL: it is not there yet, and all of it is made */
  const char *only;
  const SbxLayersTaken *taken; /* or NULL */
  gsize n_taken;
  /* Where other sandboxes may write: sources/source.h. Or NULL. */
  const SbxObjectSet *(*more_tainted) (gpointer data);
  gpointer data;
} SbxLayersAround;

G_END_DECLS
