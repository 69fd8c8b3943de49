/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An instance's id, and the info file of its record. That is read strictly: whatever runs as our uid can write there.
 */
#pragma once

#include <gio/gio.h>

#include "plan/offers.h"

G_BEGIN_DECLS

/* 16 hexadecimal digits, lower case, not all zero. */
gboolean sbx_id_parse (const char *text, guint64 *id);
#define SBX_ID_SIZE 17 /* with the NUL */
void sbx_id_format (guint64 id, char text[SBX_ID_SIZE]);

#define SBX_INFO_MAX (1u << 20) /* bytes of an info file */

/* What a later service must know of an instance. */
/* The path; whether for writing; the device and the inode, 0 for a file that was not there yet */
#define SBX_INFO_FILES "a(aybtt)"

typedef struct {
  guint64 id;
  guint64 parent;  /* of a handler: its target; of a nested one: what has started it; else 0 */
  gboolean nested; /* started from inside of @parent */
  char *app_id;
  char *profile;
  GVariant *command; /* aay */
  GVariant *policy;  /* a{sv} */
  char **warnings;
  char *limits;           /* "none", "rlimit", "scope" */
  char *on_crash;         /* handler profile, or "" */
  SbxOffers *offers;      /* the variables of its box, or NULL: not known, so that nothing more can be started in it */
  GVariant *restrictions; /* aa{sv}, as the property has them, or NULL: none */
  GVariant *grants;       /* the same of what it was given while it ran */
  GVariant *base;         /* a{sv}: the policy without what was granted for a time; or NULL, as long as nothing was */
  GVariant *files;        /* SBX_INFO_FILES: what was handed over with commands; or NULL */
  char **display;         /* the display environment that it was planned with, or NULL: the service's */
} SbxInfo;

void sbx_info_free (SbxInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxInfo, sbx_info_free)
/* Makes an info of which only the id is known. */
SbxInfo *sbx_info_new (guint64 id);
/* Sets what keeps the limits (NULL: as planned), and one warning more about that (or NULL). */
void sbx_info_set_limits (SbxInfo *info, const char *limits, const char *warning);
/* Takes from @now what changes while an instance runs: policy, base, restrictions, grants and files. */
void sbx_info_take_changes (SbxInfo *info, const SbxInfo *now);
/* For the info file. */
GBytes *sbx_info_write (const SbxInfo *info);
/* NULL with BAD_OPTION for what is not of sbx_info_write ()'s form or not of @id. */
SbxInfo *sbx_info_parse (const char *text, gsize size, guint64 id, GError **error);

G_END_DECLS
