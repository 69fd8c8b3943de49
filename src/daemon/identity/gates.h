/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What needs whose approval: one row for each D-Bus method and each property that is not for everybody. What has no
 * row is refused. There is no other gate in the service. */
#pragma once

#include <glib.h>

#include "policy/policy.h"

G_BEGIN_DECLS

typedef enum {
  SBX_GATE_METHOD,
  SBX_GATE_READ,  /* Properties.Get, GetAll, GetManagedObjects */
  SBX_GATE_WRITE, /* Properties.Set */
} SbxGateKind;

typedef enum {
  SBX_GATE_OPEN,      /* any caller of our own uid; says or does nothing that needs approval */
  SBX_GATE_OUTSIDE,   /* the same, but no sandboxed one: it tells of what is not a sandbox's own */
  SBX_GATE_ASK_ALIEN, /* the action, unless the caller started this instance itself */
  SBX_GATE_LAUNCH,    /* the action, and one for each class in which the policy goes beyond what is approved */
  SBX_GATE_CLASSES,   /* only the latter */
} SbxGateRule;

typedef struct {
  SbxGateKind kind;
  const char *interface;
  const char *member;
  SbxGateRule rule;
  const char *action; /* NULL for OPEN, OUTSIDE and CLASSES */
} SbxGate;

/* What an action means where there is no polkit authority, for callers of our own uid. */
typedef enum {
  SBX_FALLBACK_REFUSE,
  SBX_FALLBACK_UNSANDBOXED, /* yes to callers that are in no sandbox: they could do it without us as well */
  SBX_FALLBACK_ALLOW,
} SbxFallback;

/* The row, or NULL: refuse. */
const SbxGate *sbx_gate_find (SbxGateKind kind, const char *interface, const char *member);
/* All of them, for tests. */
const SbxGate *sbx_gate_table (gsize *n);
/* The action of one SbxClass bit. */
const char *sbx_class_action (guint bit);
/* REFUSE for what is not in the table. */
SbxFallback sbx_action_fallback (const char *action);
/* @action (or NULL) and then the actions of @classes, in a fixed order; g_free () the array. */
const char **sbx_gate_actions (const char *action, guint classes);

G_END_DECLS
