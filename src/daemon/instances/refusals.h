/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an instance was refused: the keeper's table of denials, as far as the keeper has told of it or has left it. */
#pragma once

#include <glib.h>

#include "wire/denials.h"

G_BEGIN_DECLS

typedef struct {
  GArray *rows;   /* SbxDenial */
  guint32 more;   /* denials that no row counts any more */
  guint n_logged; /* rows that the log has had */
} SbxRefusals;

void sbx_refusals_init (SbxRefusals *self);
void sbx_refusals_clear (SbxRefusals *self);
/* Takes what a keeper has written into the record @directory, if there is nothing yet. */
void sbx_refusals_read (SbxRefusals *self, int directory);
/* Handles DENIED: the row @slot is now @denial. A row that would leave a gap is ignored. A new row of the instance
 * @id of @app_id is logged, up to a number that people still read; repetitions are only counted. */
void sbx_refusals_set_row (SbxRefusals *self, guint slot, const SbxDenial *denial, const char *app_id, const char *id);

/* How a denial of @source that @need would allow is called; "bus", "system-call". Static. */
const char *sbx_refusals_source_name (guint32 source);

G_END_DECLS
