/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A profile while it is put together and afterwards. */
#include "policy/profile-private.h"

G_DEFINE_FINAL_TYPE (SbxProfile, sbx_profile, G_TYPE_OBJECT)

static void
sbx_profile_finalize (GObject *object)
{
  SbxProfile *self = SBX_PROFILE (object);

  g_free (self->name);
  g_free (self->description);
  g_free (self->app_id);
  g_free (self->on_crash);
  g_free (self->icon);
  g_free (self->base);
  g_strfreev (self->command);
  g_clear_pointer (&self->policy, sbx_policy_unref);
  g_clear_pointer (&self->approved, sbx_policy_unref);
  g_clear_pointer (&self->origins, g_variant_unref);
  g_ptr_array_unref (self->origin_rows);
  G_OBJECT_CLASS (sbx_profile_parent_class)->finalize (object);
}

static void
sbx_profile_class_init (SbxProfileClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sbx_profile_finalize;
}

static void
sbx_profile_init (SbxProfile *self)
{
  self->origin_rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
}

const char *
sbx_profile_get_name (SbxProfile *self)
{
  return self->name;
}

const char *
sbx_profile_get_description (SbxProfile *self)
{
  return self->description ? self->description : "";
}

const char *
sbx_profile_get_app_id (SbxProfile *self)
{
  return self->app_id;
}

const char *
sbx_profile_get_on_crash (SbxProfile *self)
{
  return self->on_crash;
}

const char *
sbx_profile_get_icon (SbxProfile *self)
{
  return self->icon;
}

const char *const *
sbx_profile_get_command (SbxProfile *self)
{
  return (const char *const *) self->command;
}

SbxPlace
sbx_profile_get_place (SbxProfile *self)
{
  return self->place;
}

const SbxPolicy *
sbx_profile_get_policy (SbxProfile *self)
{
  return self->policy;
}

const SbxPolicy *
sbx_profile_get_approved_policy (SbxProfile *self)
{
  return self->approved ? self->approved : self->policy;
}

GVariant *
sbx_profile_get_origins (SbxProfile *self)
{
  return self->origins;
}
