/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/offers.h"

#include <string.h>

#include "common/error.h"

struct _SbxOffers {
  GArray *rows; /* SbxOffer */
};

static const char *const kind_names[SBX_N_OFFER_KINDS] = {
  [SBX_OFFER_BASE] = "base",
  [SBX_OFFER_FIXED] = "fixed",
  [SBX_OFFER_FALLBACK] = "fallback",
};

static void
clear_offer (gpointer data)
{
  SbxOffer *offer = data;

  g_free (offer->name);
  g_free (offer->value);
}

SbxOffers *
sbx_offers_new (void)
{
  SbxOffers *self = g_rc_box_new (SbxOffers);

  self->rows = g_array_new (FALSE, FALSE, sizeof (SbxOffer));
  g_array_set_clear_func (self->rows, clear_offer);
  return self;
}

SbxOffers *
sbx_offers_ref (SbxOffers *self)
{
  return g_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  g_array_unref (((SbxOffers *) data)->rows);
}

void
sbx_offers_unref (SbxOffers *self)
{
  g_rc_box_release_full (self, clear);
}

void
sbx_offers_add (SbxOffers *self, SbxOfferKind kind, const char *name, const char *value)
{
  SbxOffer offer = { kind, g_strdup (name), g_strdup (value) };

  g_array_append_val (self->rows, offer);
}

const char *
sbx_offers_get (const SbxOffers *self, const char *name)
{
  for (guint i = 0; i < self->rows->len; i++)
    if (strcmp (g_array_index (self->rows, SbxOffer, i).name, name) == 0)
      return g_array_index (self->rows, SbxOffer, i).value;
  return NULL;
}

const SbxOffer *
sbx_offers_list (const SbxOffers *self, gsize *n)
{
  *n = self->rows->len;
  return (const SbxOffer *) (gpointer) self->rows->data;
}

GVariant *
sbx_offers_to_variant (const SbxOffers *self)
{
  GVariantBuilder rows;

  g_variant_builder_init (&rows, G_VARIANT_TYPE (SBX_OFFERS_TYPE));
  for (guint i = 0; i < self->rows->len; i++) {
    const SbxOffer *offer = &g_array_index (self->rows, SbxOffer, i);

    g_variant_builder_add (&rows, "(ss@ay)", kind_names[offer->kind], offer->name,
                           g_variant_new_bytestring (offer->value));
  }
  return g_variant_builder_end (&rows);
}

static gboolean
parse_kind (const char *word, SbxOfferKind *kind)
{
  for (int i = 0; i < SBX_N_OFFER_KINDS; i++)
    if (strcmp (kind_names[i], word) == 0) {
      *kind = (SbxOfferKind) i;
      return TRUE;
    }
  return FALSE;
}

static gboolean
is_name (const char *name)
{
  if (!g_ascii_isalpha (name[0]) && name[0] != '_')
    return FALSE;
  for (; *name; name++)
    if (!g_ascii_isalnum (*name) && *name != '_')
      return FALSE;
  return TRUE;
}

/* The bytes of a string that ends with its only NUL. */
static const char *
get_value (GVariant *bytes)
{
  gsize n = 0;
  const char *data = g_variant_get_fixed_array (bytes, &n, 1);

  return n > 0 && memchr (data, '\0', n) == data + n - 1 ? data : NULL;
}

static gboolean
take_row (SbxOffers *self, GVariant *row, GError **error)
{
  g_autoptr (GVariant) bytes = NULL;
  const char *word, *name, *value;
  SbxOfferKind kind;

  g_variant_get (row, "(&s&s@ay)", &word, &name, &bytes);
  value = get_value (bytes);
  if (!parse_kind (word, &kind))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "an offer of the kind \"%.32s\", which there is not", word);
  if (!is_name (name) || sbx_offers_get (self, name))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "an offer named \"%.64s\", which is no name or comes twice", name);
  if (!value)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "the offer %s has a value that is no string", name);
  sbx_offers_add (self, kind, name, value);
  return TRUE;
}

SbxOffers *
sbx_offers_from_variant (GVariant *rows, GError **error)
{
  g_autoptr (SbxOffers) self = sbx_offers_new ();

  if (!g_variant_is_of_type (rows, G_VARIANT_TYPE (SBX_OFFERS_TYPE)) || g_variant_n_children (rows) > SBX_OFFERS_MAX) {
    sbx_throw (error, SBX_ERROR_BAD_OPTION, "offers that are no list of at most %d variables", SBX_OFFERS_MAX);
    return NULL;
  }
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);

    if (!take_row (self, row, error))
      return NULL;
  }
  return g_steal_pointer (&self);
}
