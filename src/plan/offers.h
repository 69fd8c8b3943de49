/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The variables that a box offers: everything in an environment that is a fact of the box and of nobody who starts
 * something in it. They are written down with the instance, so that what is started in it later has the same. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  SBX_OFFER_BASE,     /* policy and caller may replace it or take it away: HOME, PATH */
  SBX_OFFER_FIXED,    /* stands whatever they say: DISPLAY, the address of a bus */
  SBX_OFFER_FALLBACK, /* stands only where neither of them has said anything */
  SBX_N_OFFER_KINDS
} SbxOfferKind;

typedef struct {
  SbxOfferKind kind;
  char *name, *value;
} SbxOffer;

typedef struct _SbxOffers SbxOffers;

SbxOffers *sbx_offers_new (void);
SbxOffers *sbx_offers_ref (SbxOffers *self);
void sbx_offers_unref (SbxOffers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxOffers, sbx_offers_unref)

/* Adds the variable @name, which must not be there yet. Both strings are copied. */
void sbx_offers_add (SbxOffers *self, SbxOfferKind kind, const char *name, const char *value);
/* The value of @name, which stays @self's, or NULL. */
const char *sbx_offers_get (const SbxOffers *self, const char *name);
/* All of them, in the order in which they were added; they stay @self's. */
const SbxOffer *sbx_offers_list (const SbxOffers *self, gsize *n);

/* For a record: SBX_OFFERS_TYPE, rows of kind, name and value. Floating. */
GVariant *sbx_offers_to_variant (const SbxOffers *self);
/* Reads them strictly. BAD_OPTION for another type, an unknown kind, a name that no variable can have, a name that
 * comes twice, a value with a NUL in it, or more than SBX_OFFERS_MAX rows. */
SbxOffers *sbx_offers_from_variant (GVariant *rows, GError **error);

#define SBX_OFFERS_TYPE "a(ssay)"
#define SBX_OFFERS_MAX 64

G_END_DECLS
