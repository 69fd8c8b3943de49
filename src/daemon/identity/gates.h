/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What needs whose approval: the rules of the gates, the gates of the properties, the actions of polkit. The gates of
 * the methods stand with their functions in bus/methods.c. What has no row is refused. There is no other gate in the
 * service. */
#pragma once

#include "daemon/identity/subject.h"
#include "policy/policy.h"

G_BEGIN_DECLS

typedef enum {
  SBX_GATE_METHOD,
  SBX_GATE_READ,  /* Properties.Get, GetAll, GetManagedObjects */
  SBX_GATE_WRITE, /* Properties.Set */
} SbxGateKind;

typedef enum {
  SBX_GATE_OPEN,        /* any caller of our own uid; says or does nothing that needs approval */
  SBX_GATE_OUTSIDE,     /* the same, but no sandboxed one: it tells of what is not a sandbox's own */
  SBX_GATE_ASK_ALIEN,   /* the action, unless the caller started this instance itself */
  SBX_GATE_LAUNCH,      /* the action, and one for each class in which the policy goes beyond what is approved */
  SBX_GATE_CLASSES,     /* only the latter */
  SBX_GATE_ASK_OUTSIDE, /* as ASK_ALIEN, but for no sandboxed caller, whatever it has started */
  SBX_N_GATE_RULES
} SbxGateRule;

typedef struct {
  SbxGateKind kind;
  const char *interface;
  const char *member;
  SbxGateRule rule;
  const char *action; /* NULL for OPEN, OUTSIDE and CLASSES */
} SbxGate;

/* What a rule decides about a caller. */
typedef enum {
  SBX_VERDICT_REFUSE,
  SBX_VERDICT_FREE,
  SBX_VERDICT_ASK,         /* the gate's action */
  SBX_VERDICT_ASK_CLASSES, /* the gate's action if it has one, and those of the classes that the call comes to */
} SbxVerdict;

/* What a rule needs to know about a caller. */
typedef struct {
  SbxWhere where;
  gboolean about;   /* the call is about an instance; else the other three are FALSE */
  gboolean sees;    /* … which it may know of, */
  gboolean starter; /* … which it has started, */
  gboolean itself;  /* … which it is in */
} SbxStanding;

/* @instance: what the call is about, or NULL. */
SbxStanding sbx_standing_of (const SbxSubject *subject, SbxInstance *instance);
SbxVerdict sbx_gate_judge (SbxGateKind kind, SbxGateRule rule, const SbxStanding *standing);

/* What an action comes to where there is no polkit authority, for callers of our own uid. */
typedef enum {
  SBX_FALLBACK_REFUSE,
  SBX_FALLBACK_UNSANDBOXED, /* yes to callers that are in no sandbox: they could do it without us as well */
  SBX_FALLBACK_ALLOW,
} SbxFallback;

/* The row of a property, or NULL: refuse. */
const SbxGate *sbx_gate_find_property (SbxGateKind kind, const char *interface, const char *member);
/* All of them, for tests. */
const SbxGate *sbx_gate_property_table (gsize *n);
/* The action of one SbxClass bit. */
const char *sbx_class_action (guint bit);
/* REFUSE for what is not in the table. */
SbxFallback sbx_action_fallback (const char *action);
/* @action (or NULL) and then the actions of @classes, in a fixed order; g_free () the array. Empty for NULL and 0,
 * which the authority refuses. */
const char **sbx_gate_actions (const char *action, guint classes);
/* The same for a launch that joins an instance, which takes as much as Exec does. */
const char **sbx_gate_actions_to_join (guint classes);

G_END_DECLS
