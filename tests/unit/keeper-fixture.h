/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A keeper in a process of its own, between a service and a fake init that a test plays. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#include "keeper/part.h"
#include "wire/message.h"

#define KEEPER_ID "0123456789abcdef"

typedef struct {
  char *runtime; /* the directory for records */
  pid_t keeper;
  int service; /* socket to it, as the service that launches has it */
  int init;    /* what fake-bwrap.h is for */
  /* Of the keeper; NULL: the program's own table */
  const SbxPart *const *parts;
  gsize n_parts;
  /* For FURNISH; NULL: no sidecar. The words of fake-bwrap.c's sidecar */
  const char *const *sidecar;
  SbxSidecarKind kind;
  int log; /* its standard error, if that is not 0 */
} Keeper;

void keeper_set_up (Keeper *keeper, gconstpointer data);
void keeper_tear_down (Keeper *keeper, gconstpointer data);

/* Forks the keeper; keeper_make_box () then makes it start fake bwrap, by PREPARE. */
void keeper_start (Keeper *keeper);
void keeper_make_box (Keeper *keeper);
void keeper_furnish (Keeper *keeper);
/* Both. */
void keeper_prepare (Keeper *keeper);
/* START with @flags, and the descriptor @lifeline if that is not -1. */
void keeper_send_start (Keeper *keeper, int flags, int lifeline);
/* … and waits until the keeper has it, so that a READY which is said after this comes later */
void keeper_send_early_start (Keeper *keeper, int flags, int lifeline);
/* START, READY, HELLO, STARTED: until the application runs. Returns its pid. @lifeline may be -1. */
pid_t keeper_make_run (Keeper *keeper, int flags, int lifeline);

/* A message of that type; what else was said before it is an error. Descriptors are closed, *@n_fds says how many. */
void keeper_expect (int sock, SbxChannel channel, SbxMessageType type, SbxMessage *message, gsize *n_fds);
/* … the end of the socket */
void keeper_expect_end (int sock);
/* Nothing is said for a moment. */
void keeper_expect_silence (int sock);
/* The keeper ends with that exit status. */
void keeper_expect_exit (Keeper *keeper, int status);
/* One more service. */
int keeper_connect (Keeper *keeper);

gboolean keeper_has_record (Keeper *keeper);
/* What the status file says behind "NAME=". */
char *keeper_get_status (Keeper *keeper, const char *name);

void keeper_tell (int sock, SbxMessageType type, uint32_t job, int32_t value, int32_t detail);
/* From init; job 0. */
void keeper_init_says (Keeper *keeper, SbxMessageType type, int32_t value, int32_t detail);
/* EXITED with @status from the application, and the end of init. */
void keeper_end_application (Keeper *keeper, int status);

/* The two ends of a socket, for a lifeline. */
typedef struct {
  int ours, theirs;
} KeeperLine;
KeeperLine keeper_make_line (void);

typedef struct {
  const char *name;
  void (*run) (Keeper *keeper, gconstpointer data);
} KeeperTest;

/* Adds each as /keeper/NAME, and runs them, or what fake-bwrap.c executes this program for. */
int keeper_run_tests (int argc, char **argv, const KeeperTest *tests, gsize n_tests);
