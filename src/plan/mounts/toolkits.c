/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/mounts/toolkits.h"

#include <string.h>

#include "policy/portals.h"

static gboolean
talks_to (SbxDraft *self, const char *name)
{
  gsize n;
  const SbxBusRule *rules = sbx_policy_get_bus (self->policy, SBX_BUS_SESSION, &n);

  for (gsize i = 0; i < n; i++)
    if (rules[i].access >= SBX_BUS_TALK && sbx_names_cover (rules[i].name, name))
      return TRUE;
  return FALSE;
}

/* GLib's usual backend asks a service outside, which serves the settings of the whole desktop (and would run commands
 * that are set for keys); where it is not to be talked to, what is set would be lost. The other one keeps a file in the
 * home: ~/.config/glib-2.0/settings/keyfile. */
static void
tell_settings (SbxDraft *self)
{
  if (!talks_to (self, "ca.desrt.dconf"))
    sbx_draft_offer (self, SBX_OFFER_FALLBACK, "GSETTINGS_BACKEND", "keyfile");
}

static gboolean
is_set_to (SbxDraft *self, const char *name, const char *value)
{
  const char *is = sbx_draft_getenv (self, name);

  return is && strcmp (is, value) == 0;
}

/* IBus has a bus of its own, on which every client can read every key; its library takes the portal when told to. */
static void
tell_input_methods (SbxDraft *self)
{
  if (talks_to (self, SBX_PORTAL_PREFIX "IBus")
      && (is_set_to (self, "GTK_IM_MODULE", "ibus") || is_set_to (self, "QT_IM_MODULE", "ibus")
          || is_set_to (self, "XMODIFIERS", "@im=ibus")))
    sbx_draft_offer (self, SBX_OFFER_FALLBACK, "IBUS_USE_PORTAL", "1");
}

void
sbx_mounts_tell_toolkits (SbxDraft *self)
{
  tell_settings (self);
  tell_input_methods (self);
}
