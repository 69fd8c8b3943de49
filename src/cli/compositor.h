/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the user's Wayland compositor would know of a sandbox. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  SBX_COMPOSITOR_NONE,   /* there is none: nobody listens where WAYLAND_DISPLAY, or else wayland-0, is */
  SBX_COMPOSITOR_KNOWS,  /* it has wp_security_context_manager_v1 */
  SBX_COMPOSITOR_PLAIN,  /* it has not */
  SBX_COMPOSITOR_SILENT, /* it does not answer as one does, or not within two seconds */
} SbxCompositor;

/* Asks it. */
SbxCompositor sbx_compositor_ask (void);

/* What `doctor` has of it, as the manager's Features: a{sv} with state, works, detail and, unless it works, remedy; the
 * texts are not translated yet. Floating, or NULL: there is none. */
GVariant *sbx_compositor_feature (void);

G_END_DECLS
