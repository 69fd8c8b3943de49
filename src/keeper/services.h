/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The services that are connected: the one that launched the instance, and those that came later. libc only.
 *
 * A service that does not read what it is told is disconnected; it learns the rest from the status file when it comes
 * back. One that has closed its end is read to the end all the same: its last word (STOP) counts. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "keeper/loop.h"
#include "wire/message.h"

#define SBX_SERVICES 64 /* at once: a command without a bus has a service of its own, which stays for a moment */

typedef struct SbxServices SbxServices;

typedef struct {
  SbxWatch watch; /* its socket; in no loop: a free row */
  SbxServices *all;
  bool greeted; /* GREETED has been said */
} SbxServiceLink;

/* Whom services concern. */
typedef struct {
  /* A service has connected and knows nothing yet. */
  void (*came) (SbxServices *services, SbxServiceLink *service);
  /* It says @message; the @n descriptors are the function's. */
  void (*said) (SbxServices *services, SbxServiceLink *service, const SbxMessage *message, int *fds, size_t n);
  /* It is gone; its row is free when this returns. */
  void (*left) (SbxServices *services, SbxServiceLink *service);
} SbxServiceFunctions;

struct SbxServices {
  SbxLoop *loop;
  const SbxServiceFunctions *functions;
  int order; /* in the loop */
  SbxWatch listener;
  SbxServiceLink rows[SBX_SERVICES]; /* [0] is the one that launched */
};

/* @launcher is the socket to the service that launches, which is owned from now on. 0, or -1 with ENOSPC. */
int sbx_services_set_up (SbxServices *self, SbxLoop *loop, int order, const SbxServiceFunctions *functions,
                         int launcher);
/* Takes in those that connect to @listener, a listening socket that is owned from now on. One of another uid
 * is turned away; one too many waits until another has left. */
void sbx_services_listen (SbxServices *self, int listener);
bool sbx_services_are_listening (const SbxServices *self);

/* Whether it launched the instance: no other may say PREPARE, FURNISH or START. */
bool sbx_service_link_has_launched (const SbxServiceLink *service);
/* Disconnects it at once, and tells of it by left (). */
void sbx_service_link_leave (SbxServiceLink *service);
/* Returns false if it could not be told; that is no error of ours. */
bool sbx_service_link_tell (SbxServiceLink *service, const SbxMessage *message);
/* The same with @fd (or -1), which stays the caller's. */
bool sbx_service_link_tell_fd (SbxServiceLink *service, const SbxMessage *message, int fd);
/* To every service; @fd (or -1) goes along and stays the caller's. */
void sbx_services_tell (SbxServices *self, const SbxMessage *message, int fd);
/* Says GREETED to those that have not been told yet. */
void sbx_services_greet (SbxServices *self);
/* To the first one that takes it. False when there is none. */
bool sbx_services_tell_one (SbxServices *self, const SbxMessage *message);
