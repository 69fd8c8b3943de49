/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sidecars: programs that serve an instance from outside, each in a sandbox of its own. The row of a kind holds all
 * that more than one of our programs must know about it. A new kind is a row, its part in keeper/parts/table.c, its
 * command line in plan/mounts, and its system calls in plan/filter/sidecar-table.c. libc only. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* What is behind the name of the directory of one that is to take the place of another */
#define SBX_SIDECAR_NEXT "-next"

/* Each row makes SBX_SIDECAR_KIND, SBX_STEP_KIND (message.h) and SBX_ENFORCED_KIND (message.h, while it runs). Their
 * order is that of the bits in status files: new ones come last.
 *      KIND     step          key in Enforced   key in a plan  directory in the record
 *               what a launch says for which it could not be started */
#define SBX_SIDECAR_ROWS(ROW)                                                                                          \
  ROW (BUS, "dbus-proxy", "filtered-bus", "bus-proxy", "bus",                                                          \
       "xdg-dbus-proxy, which filters the message buses, could not be started")                                        \
  ROW (DISPLAY, "display", "nested-display", "x-server", "x11", "the display of x11=nested could not be had")          \
  ROW (ACCESSIBILITY, "accessibility-bus", "accessibility-bus", "accessibility-proxy", "a11y",                         \
       "xdg-dbus-proxy, which filters the bus for screen readers, could not be started")                               \
  ROW (NETWORK, "network", "private-network", "network-stack", "network", "the sandbox's own network could not be made")

#define SBX_SIDECAR_ENUMERATOR(kind, ...) SBX_SIDECAR_##kind,
typedef enum { SBX_SIDECAR_ROWS (SBX_SIDECAR_ENUMERATOR) SBX_N_SIDECARS } SbxSidecarKind;
#undef SBX_SIDECAR_ENUMERATOR

typedef struct {
  const char *step;      /* sbx_step_name () of it */
  const char *enforced;  /* the key of the D-Bus property Enforced */
  const char *plan;      /* the key of a plan that is shown */
  const char *directory; /* the directory that it fills, below the record of the instance */
  const char *next;      /* that of one which is to take its place */
  const char *failure;   /* the message of a launch that fails because it could not be started */
} SbxSidecarRow;

extern const SbxSidecarRow sbx_sidecars[SBX_N_SIDECARS];

#ifdef __cplusplus
}
#endif
