/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The desktop's portals: many interfaces of a few bus names, of which some act outside of the sandbox. */
#pragma once

#include <glib.h>

#define SBX_PORTAL_PREFIX "org.freedesktop.portal."
#define SBX_PORTAL_DESKTOP SBX_PORTAL_PREFIX "Desktop"
#define SBX_PORTAL_DOCUMENTS SBX_PORTAL_PREFIX "Documents"

typedef struct {
  const char *name;    /* what a profile names: an interface, or a bus name where that serves nothing else */
  const char *service; /* the bus name */
  const char *path;    /* the object that has the interface; NULL: all of the service belongs to it */
  gboolean apart;      /* only by its own name: org.freedesktop.portal.* has it not in it */
  gboolean broadcasts; /* has signals to everybody; others tell those who asked */
} SbxPortalRow;

/* Ends with a row without a name. */
extern const SbxPortalRow sbx_portals[];

/* The row of that name, or NULL. */
const SbxPortalRow *sbx_portal_find (const char *name);

/* Whether @name, of a rule or on the bus, is that of a portal which a wildcard above it does not cover: one that is
 * apart, or an unknown one. */
gboolean sbx_portal_is_apart (const char *name);
