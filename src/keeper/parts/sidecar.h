/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A sidecar: a program that serves one instance from outside of it, in a bwrap of its own that is our child. What all
 * of them have in common is here, as the functions of their rows in the table:
 *
 *   started ──says something on its link──▶ ready: START may go on ──link closed, or reaped──▶ lost: Enforced says so
 *      └── ended before that: the launch fails
 *
 * What it prints is read at once, and then not again for 20 ms, so that a chatty one wakes us 50 times a second at
 * most. A pipe takes 64 KiB (pipe(7)) before it has to wait for us. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keeper/loop.h"
#include "keeper/part.h"
#include "keeper/parts/complaints.h"
#include "keeper/share.h"

typedef struct SbxSidecar SbxSidecar;

/* What a kind of sidecar is like: the about of its part. */
typedef struct {
  bool closes_link;   /* … when it is ready; else a closed link says that it has ended */
  bool logs_errors;   /* its complaints go to log () too, instead of into the log of the service */
  const char *ending; /* the message of a launch that fails because it has ended */
  /* It has printed @bytes. NULL: what it prints does not matter. */
  void (*log) (SbxSidecar *self, const char *bytes, size_t n);
  /* More about its end, behind @ending; may be NULL. NUL-terminated, and the sidecar's. */
  const char *(*explain) (SbxSidecar *self);
} SbxSidecarAbout;

/* The state of its part, or the beginning of that. */
struct SbxSidecar {
  SbxPartState head;
  SbxWatch link; /* what it says when it is ready, the end of file when it closes it */
  SbxWatch output;
  SbxShare share;           /* of a processor, for reading that: an application can make it print without end */
  int64_t used;             /* us of a processor that it has taken so far */
  SbxComplaints complaints; /* where they are not given to log () */
  pid_t pid;                /* its bwrap, or 0 */
  bool ready;
  bool aside; /* it does not serve the application, not yet or not any more: its end is no loss */
};

/* The functions of every sidecar's row. */
int sbx_sidecar_set_up (void *self);
/* Starts the command line of @records. SBX_SIDECAR_FILE_FD of it is a pipe with the bytes of the file, if there is one,
 * SBX_SIDECAR_LINK_FD the other end of link, SBX_SIDECAR_FILTER_FD a file with the filter. 0, or -1 with errno: what
 * calloc, pipe2, memfd_create and vfork say. */
int sbx_sidecar_start (void *self, const SbxBlock *records);
bool sbx_sidecar_waits (const void *self);
bool sbx_sidecar_reaped (void *self, pid_t pid, int status);
/* Kills it; it has ended when it has been reaped. */
void sbx_sidecar_end (void *self);
bool sbx_sidecar_is_gone (void *self);
/* Kills one whose end is no loss. All of it is dead when the second says so: it has been reaped, and nobody has the
 * other end of its link any more. For kinds that keep that end open. */
void sbx_sidecar_dismiss (SbxSidecar *self);
bool sbx_sidecar_is_dismissed (const SbxSidecar *self);

/* What no kind has its own of; set_up and end are to be named by the row. KIND: as in wire/sidecars.h. */
#define SBX_SIDECAR_FUNCTIONS(KIND)                                                                                    \
  .step = SBX_STEP_##KIND, .is_sidecar = true, .kind = SBX_SIDECAR_##KIND, .enforced = SBX_ENFORCED_##KIND,            \
  .start = sbx_sidecar_start, .waits = sbx_sidecar_waits, .reaped = sbx_sidecar_reaped, .is_gone = sbx_sidecar_is_gone

/* The whole row of a sidecar that is like most of them: it says something on its link when it is ready, and ends when
 * we close that. @text: the message of a launch that fails because it has ended. */
#define SBX_PLAIN_SIDECAR(KIND, word, text)                                                                            \
  {                                                                                                                    \
    SBX_SIDECAR_FUNCTIONS (KIND), .name = word, .size = sizeof (SbxSidecar),                                           \
                                  .about = &(const SbxSidecarAbout){ .ending = text }, .set_up = sbx_sidecar_set_up,   \
                                  .end = sbx_sidecar_end                                                               \
  }

/* Reads what it has printed so far. */
void sbx_sidecar_read (SbxSidecar *self);
