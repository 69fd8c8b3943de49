/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/asking/facilities.h"

#include <glib/gi18n.h>
#include <string.h>

#include "policy/portals.h"
#include "policy/score.h"
#include "policy/to-allow.h"
#include "wire/destination.h"

#define PORTAL(name) SBX_DENIAL_BUS, SBX_PORTAL_DESKTOP, SBX_PORTAL_PREFIX name ".", 0
#define TCP(need) SBX_DENIAL_NETWORK, NULL, "tcp:", need

/* The methods of a portal by which something is done. What every toolkit asks for at its start, settings and versions,
 * nobody misses. Sockets and devices that a sandbox has not got are not there, which nobody refuses: no row. The
 * place for chosen and for dropped files is made with the sandbox (launch/opening.h), and this machine's services are
 * open from the start of a network or not at all (launch/widening.h). */
const SbxFacilityAsked sbx_facilities_asked[] = {
  { PORTAL ("Camera"), N_ ("the camera"), TRUE },
  { PORTAL ("ScreenCast"), N_ ("a recording of the screen"), TRUE },
  { PORTAL ("Screenshot"), N_ ("a picture of the screen"), TRUE },
  { PORTAL ("FileChooser"), N_ ("the dialogue in which files are chosen"), FALSE },
  { SBX_DENIAL_BUS, SBX_PORTAL_DOCUMENTS, SBX_PORTAL_PREFIX "FileTransfer.", 0,
    N_ ("files that are dragged or pasted into it"), FALSE },
  { PORTAL ("OpenURI"), N_ ("opening links and files elsewhere"), TRUE },
  { PORTAL ("Print"), N_ ("printing"), TRUE },
  { PORTAL ("Email"), N_ ("writing an e-mail"), TRUE },
  { PORTAL ("Location"), N_ ("where you are"), TRUE },
  { PORTAL ("Notification"), N_ ("notifications"), TRUE },
  { SBX_DENIAL_BUS, "org.freedesktop.Notifications", "org.freedesktop.Notifications.Notify", 0, N_ ("notifications"),
    TRUE },
  { TCP (SBX_NETWORK_NEEDS_INTERNET), N_ ("an address of the Internet"), TRUE },
  { TCP (SBX_NETWORK_NEEDS_LAN), N_ ("a device of the local network"), TRUE },
  { TCP (SBX_NETWORK_NEEDS_HOST), N_ ("a service of this machine"), FALSE },
  { SBX_DENIAL_NETWORK, NULL, "dns", SBX_NETWORK_NEEDS_DNS, N_ ("a name of the network"), TRUE },
  { .what = NULL },
};
G_STATIC_ASSERT (G_N_ELEMENTS (sbx_facilities_asked) <= SBX_FACILITIES_ASKED_MAX + 1);

static gboolean
is_of (const SbxFacilityAsked *row, const SbxDenial *denial)
{
  return denial->source == row->source && (!row->object || strcmp (row->object, denial->object) == 0)
         && g_str_has_prefix (denial->action, row->action) && (row->need == 0 || denial->need == row->need);
}

static char *
name_of (const SbxDenial *denial)
{
  return denial->source == SBX_DENIAL_BUS ? sbx_name_to_allow (denial->object, denial->action) : NULL;
}

int
sbx_facility_asked_find (const SbxDenial *denial)
{
  g_autofree char *name = name_of (denial);

  if (name && sbx_portal_find (name) && sbx_portal_is_apart (name))
    return -1;
  /* A question without a name that a rule could have, which an application can ask at will: only all names allow it */
  if (denial->source == SBX_DENIAL_NETWORK && denial->need == SBX_NETWORK_NEEDS_DNS
      && !sbx_name_is_valid (denial->object))
    return -1;
  for (int i = 0; sbx_facilities_asked[i].what; i++)
    if (is_of (&sbx_facilities_asked[i], denial))
      return i;
  return -1;
}

static char *
destination_of (const SbxDenial *denial)
{
  return sbx_destination_to_allow (denial->object, denial->action, sbx_denial_need_name (denial->source, denial->need));
}

char *
sbx_facility_asked_option (const SbxDenial *denial)
{
  g_autofree char *name = name_of (denial), *to = NULL;

  if (name)
    return g_strconcat ("--talk-name=", name, NULL);
  to = denial->source == SBX_DENIAL_NETWORK ? destination_of (denial) : NULL;
  return to ? g_strconcat ("--network-allow=", to, NULL) : NULL;
}

char *
sbx_facility_asked_option_for_good (const SbxDenial *denial, const SbxPolicy *policy)
{
  g_autofree char *to = NULL, *now = NULL;

  if (denial->source != SBX_DENIAL_NETWORK)
    return sbx_facility_asked_option (denial);
  to = destination_of (denial);
  if (!to)
    return NULL;
  now = g_strdelimit (sbx_policy_describe_destinations (policy, FALSE), ";", ',');
  if (g_str_equal (now, "none"))
    now[0] = '\0';
  return g_strconcat ("--network-allow=", now, to, NULL);
}

const char *
sbx_facility_asked_risk (const SbxDenial *denial)
{
  g_autofree char *name = name_of (denial);

  if (name)
    return sbx_score_name_risk (name);
  return denial->source == SBX_DENIAL_NETWORK
             ? sbx_destination_risk (sbx_denial_need_name (denial->source, denial->need))
             : NULL;
}
