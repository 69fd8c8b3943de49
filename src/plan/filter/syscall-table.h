/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "policy/policy.h"
#include "wire/block.h"
#include "wire/call-rule.h"

G_BEGIN_DECLS

#define SBX_TIER_BIT(tier) (1u << (tier))
#define SBX_TIERS_ALL ((1u << (SBX_TIER_BROWSER + 1)) - 1)

typedef enum { SBX_CALL_ANY, SBX_CALL_EQUAL, SBX_CALL_NOT_EQUAL, SBX_CALL_MASKED, SBX_CALL_ABOVE } SbxCallTest;

/* A second condition on another argument: (argument & mask) == value, or with @negated != value. A mask of 0: none. */
typedef struct {
  guint argument;
  guint64 mask, value;
  gboolean negated;
} SbxCallCondition;

/* The policies for which a row holds. */
typedef enum {
  SBX_WHEN_ALWAYS,
  SBX_WHEN_PORTS_LIMITED, /* [Network] connect= or bind= */
  SBX_WHEN_BIND_LIMITED,  /* [Network] bind=, and 0, any port, is not in it */
  SBX_WHEN_X11_APART,     /* an X server that is not in the IPC namespace of who draws on it */
  SBX_WHEN_COUNTED,       /* what is refused is counted: sbx_seccomp_is_counted () */
  SBX_WHEN_SESSION,       /* SBX_BOX_IN_SESSION */
} SbxCallWhen;

/* What a filter depends on besides the policy: bits. */
typedef enum {
  SBX_BOX_SHARES_X11 = 1 << 0, /* the display is that of the desktop */
  SBX_BOX_IN_SESSION = 1 << 1, /* its pid namespace is that of its login session, also as a handler */
  SBX_BOX_LEARNED = 1 << 2,    /* calls that name files are asked about: path-calls.h */
} SbxBoxFacts;

#define SBX_CALL_ASK (-1) /* in place of an error: the keeper is asked (keeper/parts/listen.h) */

/* A system call that is refused, in which tiers, and what lifts the row. */
typedef struct {
  const char *call;
  int error;    /* what the caller gets, or SBX_CALL_ASK */
  guint tiers;  /* SBX_TIER_BIT ()s in which the row holds */
  guint unless; /* SbxFeatures: any of them lifts it */
  SbxCallTest test;
  guint argument;
  guint64 mask, value; /* MASKED: argument & mask == value */
  const char *reason;
  SbxCallCondition and;
  SbxCallWhen when;
  SbxCallSubject subject;  /* not NONE: the keeper is asked, and the error is for processes of others */
  guint about;             /* … and this argument names it */
  gboolean done_by_keeper; /* where it can be asked; the error is for where it cannot */
} SbxCallRow;

extern const SbxCallRow sbx_call_rows[]; /* ends with a NULL call */

/* Calls that name processes: rows with a subject. In a pid namespace with others the keeper is asked about them. Ends
 * with a NULL call. */
extern const SbxCallRow sbx_number_rows[];

/* What is refused to our own processes and to all that they start, whatever a policy says. Ends with a NULL call. */
extern const SbxCallRow sbx_own_rows[];

/* SbxSidecarKind, as a bit. */
#define SBX_SIDECAR_BIT(kind) (1u << (kind))

/* Where the table of what they may call is right: elsewhere calls have other names (32 bits), arguments another order
 * (s390x), flags other numbers (mips). They have the filter of the tier strict there. */
#if (defined __x86_64__ && !defined __ILP32__) || defined __aarch64__
#define SBX_SIDECAR_LISTED 1
#else
#define SBX_SIDECAR_LISTED 0
#endif

/* What they may call, and nothing else: tiers are SBX_SIDECAR_BIT ()s, there is no error. Ends with a NULL call. */
extern const SbxCallRow sbx_sidecar_rows[];

G_END_DECLS
