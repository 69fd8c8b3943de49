/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/profile.h"

struct _SbxProfile {
  SbxProfileDraft said;
  GVariant *origins;
};

void
sbx_profile_draft_init (SbxProfileDraft *self, const char *name)
{
  *self = (SbxProfileDraft){ .name = g_strdup (name) };
  self->origins = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
}

void
sbx_profile_draft_clear (SbxProfileDraft *self)
{
  g_free (self->name);
  g_free (self->description);
  g_free (self->app_id);
  g_free (self->on_crash);
  g_free (self->icon);
  g_free (self->base);
  g_strfreev (self->command);
  g_clear_pointer (&self->policy, sbx_policy_unref);
  g_clear_pointer (&self->approved, sbx_policy_unref);
  g_clear_pointer (&self->origins, g_ptr_array_unref);
  *self = (SbxProfileDraft){ 0 };
}

void
sbx_profile_free (SbxProfile *self)
{
  sbx_profile_draft_clear (&self->said);
  g_clear_pointer (&self->origins, g_variant_unref);
  g_free (self);
}

SbxProfile *
sbx_profile_new (SbxProfileDraft *draft)
{
  SbxProfile *self = g_new0 (SbxProfile, 1);

  self->origins = g_variant_ref_sink (
      g_variant_new_array (G_VARIANT_TYPE ("(ssssu)"), (GVariant *const *) draft->origins->pdata, draft->origins->len));
  self->said = *draft;
  *draft = (SbxProfileDraft){ 0 };
  return self;
}

const char *
sbx_profile_get_name (SbxProfile *self)
{
  return self->said.name;
}

const char *
sbx_profile_get_description (SbxProfile *self)
{
  return self->said.description ? self->said.description : "";
}

const char *
sbx_profile_get_app_id (SbxProfile *self)
{
  return self->said.app_id;
}

const char *
sbx_profile_get_on_crash (SbxProfile *self)
{
  return self->said.on_crash;
}

const char *
sbx_profile_get_icon (SbxProfile *self)
{
  return self->said.icon;
}

const char *const *
sbx_profile_get_command (SbxProfile *self)
{
  return (const char *const *) self->said.command;
}

SbxPlace
sbx_profile_get_place (SbxProfile *self)
{
  return self->said.place;
}

const SbxPolicy *
sbx_profile_get_policy (SbxProfile *self)
{
  return self->said.policy;
}

const SbxPolicy *
sbx_profile_get_approved_policy (SbxProfile *self)
{
  return self->said.approved ? self->said.approved : self->said.policy;
}

GVariant *
sbx_profile_get_origins (SbxProfile *self)
{
  return self->origins;
}
