/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a policy to its layers, with real files below a directory of the test's own. */
#pragma once

#include "daemon/launch/forward.h"
#include "layers/layers.h"
#include "plan/build.h"

typedef struct {
  char *root, *home, *data, *config, *runtime, *state; /* all below root */
  SbxPlaces places;
  const char *xdg_dirs[G_USER_N_DIRECTORIES];
  SbxMachine machine;
  SbxLayersAround around;
  SbxPlan *plan;
  SbxLayers *layers;
  GError *error;
} Fixture;

/* A home with the places of the service below a directory of its own, and a machine that has them. */
void set_up (Fixture *fixture, gconstpointer data);
void tear_down (Fixture *fixture, gconstpointer data);
/* @path is below the root, which is made with what is above it. The whole path, to be freed. */
char *make_directory (const Fixture *fixture, const char *path);
/* A file that contains its own name, with what is above it. */
void make_file (const Fixture *fixture, const char *path);
/* @target: below the root if it is absolute. */
void make_link (const Fixture *fixture, const char *target, const char *path);
/* Whether there are layers for a policy whose group Context is @context, "{'filesystems': '%s/home'}" (%s is the root),
 * with files that are handed over; they are in fixture->layers, else there is fixture->error. */
gboolean try_forwarding (Fixture *fixture, const char *context, const SbxForwardedFile *forward, gsize n);
/* There are. */
void assert_made (Fixture *fixture, const char *context);
/* There are none, and the error has @words. */
void assert_refused (Fixture *fixture, const char *context, const char *words);
/* The layers at @path, below the root, in order: "tree,self,…"; "-" is read-only, "!" has a known place. */
void assert_layers (const Fixture *fixture, const char *path, const char *wanted);
