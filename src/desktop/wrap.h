/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What starts an application, rewritten so that it starts in a sandbox: pure, no file is touched. */
#pragma once

#include "desktop/entry.h"

G_BEGIN_DECLS

typedef struct {
  const char *sandboxctl; /* absolute */
  const char *profile;
  const char *app_id; /* or NULL: the profile's own */
  gboolean tty;       /* with a terminal of its own */
} SbxWrap;

/* Every Exec= of every group of @entry goes through `sandboxctl run`; files and URIs that the desktop puts in are
 * marked with "@@ … @@" and "@@u … @@", for --file-forwarding. Activation over D-Bus is turned off; actions that had
 * nothing else are taken out, and so are translations of keys that are not shown (Exec[de]=). All else stays. Errors:
 * BAD_OPTION (no application, an Exec that cannot be read). */
gboolean sbx_wrap_entry (SbxDesktopEntry *entry, const SbxWrap *how, GError **error);

/* A D-Bus service file in place of @service; NULL with BAD_OPTION. */
char *sbx_wrap_service (const SbxDesktopEntry *service, const SbxWrap *how, GError **error);

/* A shell script that starts @program with its own arguments, files among them opened up. @remedy: the command that
 * takes it away. */
char *sbx_wrap_script (const char *program, const SbxWrap *how, const char *remedy);

/* The argument vector before sbx_wrap_entry (); NULL when @argv is no `sandboxctl run …` of ours. */
char **sbx_unwrap_argv (const char *const *argv);

/* Whether everything that @entry starts goes through `sandboxctl run`. */
gboolean sbx_desktop_entry_is_wrapped (const SbxDesktopEntry *entry);

G_END_DECLS
