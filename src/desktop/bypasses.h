/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds what starts a wrapped application without its sandbox, by looking at the machine. */
#pragma once

#include "desktop/store.h"

G_BEGIN_DECLS

typedef struct {
  const char *kind; /* "launcher", "autostart", "dbus", "mime-default", "command", "systemd", "gone" */
  char *path;       /* of the file that says so */
  char *detail;     /* for people */
} SbxBypass;
void sbx_bypass_free (SbxBypass *way);

/* An array of SbxBypass, empty when there is none. What cannot be read is left out: it starts nothing either. */
GPtrArray *sbx_desktop_find_bypasses (const SbxDesktopPlaces *places, const SbxDesktopRecord *record);

G_END_DECLS
