/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a person would miss when an application is refused it, and the options that would allow it: a table. */
#pragma once

#include "policy/policy.h"
#include "wire/denials.h"

G_BEGIN_DECLS

/* A row. One that Grant learns to give to what runs says so here, and has the other button then. */
typedef struct {
  SbxDenialSource source;
  const char *object;     /* BUS: the bus name; else NULL */
  const char *action;     /* what its action begins with */
  guint need;             /* NETWORK: SbxNetworkNeed; else 0, any */
  const char *what;       /* for people, after "NAME was refused"; translated by who shows it */
  gboolean while_running; /* Grant gives it to an instance that runs */
} SbxFacilityAsked;

#define SBX_FACILITIES_ASKED_MAX 32 /* so that they are bits */

/* All rows; they end with one without @what. */
extern const SbxFacilityAsked sbx_facilities_asked[];
/* The row that @denial is of, by its number, or -1: nobody would miss that, or what allows it is a way out of the
 * sandbox. */
int sbx_facility_asked_find (const SbxDenial *denial);
/* The option of `grant` that allows what @denial, of that row, was refused; the caller's. NULL: nothing does. */
char *sbx_facility_asked_option (const SbxDenial *denial);
/* The same for `override` of a profile with @policy: what replaces a value has the one before in it. */
char *sbx_facility_asked_option_for_good (const SbxDenial *denial, const SbxPolicy *policy);
/* What else is laid open by it, after "a program that has it ..."; NULL: nothing that is known. Static. */
const char *sbx_facility_asked_risk (const SbxDenial *denial);

G_END_DECLS
