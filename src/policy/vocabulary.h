/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The vocabulary of policies as a table: the groups and keys of a profile, and the words of each key. words.h has the
 * rows of the words, and says what they tell. */
#pragma once

#include "policy/policy.h"

G_BEGIN_DECLS

/* Where a policy keeps the values of a key, by its kind. */
typedef enum { SBX_FLAGS_SHARED, SBX_FLAGS_SOCKETS, SBX_FLAGS_DEVICES, SBX_FLAGS_FEATURES, SBX_N_FLAGS } SbxFlagsIndex;
typedef enum {
  SBX_LEVEL_HIDEPID,
  SBX_LEVEL_SUBSET,
  SBX_LEVEL_INSTANCE,
  SBX_LEVEL_PIDNS,
  SBX_LEVEL_TIER,
  SBX_LEVEL_FORWARD,
  SBX_LEVEL_X11,
  SBX_N_LEVELS
} SbxLevelIndex;
typedef enum { SBX_PORTS_CONNECT, SBX_PORTS_BIND, SBX_N_PORTS } SbxPortsIndex;
typedef enum { SBX_TO_ALLOW, SBX_TO_DENY, SBX_N_TO } SbxToIndex;
typedef enum { SBX_PATHS_FILES, SBX_PATHS_PERSISTENT, SBX_N_PATHS } SbxPathsIndex;
/* [Environment], and the two lists in [Context] that speak of variables; all of them go into one array */
typedef enum { SBX_PAIRS_SET, SBX_PAIRS_PASS, SBX_PAIRS_UNSET } SbxPairsIndex;
typedef enum { SBX_CALLS_ALLOW, SBX_CALLS_DENY, SBX_N_CALLS } SbxCallsIndex;

typedef enum {
  SBX_KIND_FLAGS,
  SBX_KIND_LEVEL,
  SBX_KIND_PATHS,
  SBX_KIND_NAMES,
  SBX_KIND_PORTS,
  SBX_KIND_DESTINATIONS,
  SBX_KIND_PUBLISHED,
  SBX_KIND_NUMBER,
  SBX_KIND_PAIRS,
  SBX_KIND_CALLS
} SbxKind;

/* Texts are static, and are translated with _() by who shows them. */
typedef struct {
  const char *id;     /* for programs; NULL: no risk */
  guint weight;       /* of 1000 */
  const char *reason; /* after "a program ..." */
} SbxRisk;

typedef struct {
  const char *word;
  guint value;   /* a bit, or a level */
  guint class_;  /* SbxClass bits, of flags only */
  guint implies; /* other bits that come with it */
  gboolean marked, tacit;
  const char *meaning, *also, *absent;
  SbxRisk risk;
  struct {
    SbxLevelIndex level;
    guint least; /* 0: there is no such level */
    gboolean marked;
    const char *meaning;
    SbxRisk risk;
  } with;
} SbxWord;

typedef struct {
  const char *group;
  const char *key; /* NULL: any key */
  SbxKind kind;
  guint index;          /* SbxFlagsIndex, SbxLevelIndex ..., SbxBus or SbxLimit, by the kind */
  const SbxWord *words; /* ends with a NULL word; NULL: the values are no words */
  guint class_;         /* SbxClass bits; flags have them with their words */
  const char *title;    /* for messages and differences */
  gboolean marked;
  const char *meaning; /* of a value that is no word, which its %s is; NULL: said in another way */
  const char *nothing; /* the same for an empty list, or 0; NULL: no difference */
} SbxFacility;

extern const SbxFacility sbx_facilities[]; /* ends with a NULL group */

/* What a path may begin with instead of "/". */
typedef struct {
  const char *word;
  const char *path;    /* it always stands for this one; NULL: for a directory of the user's */
  const char *usual;   /* what that is called below the home where nobody has said otherwise; NULL: one of SbxPlaces */
  int directory;       /* with @usual: GUserDirectory */
  gsize place;         /* else: the offset in SbxPlaces */
  const char *meaning; /* for people; NULL: the path says it */
} SbxPathWord;

extern const SbxPathWord sbx_path_words[]; /* ends with a NULL word */

/* The row for @key of @group, or NULL with @error (code BAD_OPTION; the text names the nearest known word). */
const SbxFacility *sbx_facility_find (const char *group, const char *key, GError **error);
/* The row of that kind and index; there must be one. */
const SbxFacility *sbx_facility_get (SbxKind kind, guint index);
/* The words of a row, for nearest-word messages and completion, NULL-terminated; g_free () the array only. */
const char **sbx_facility_words (const SbxWord *words);
/* Whether there is such a group. Errors: BAD_OPTION, with the nearest. */
gboolean sbx_facility_check_group (const char *group, GError **error);
/* The word that is written @text, or has the value @value; NULL when there is none. */
const SbxWord *sbx_word_find (const SbxWord *words, const char *text);
const SbxWord *sbx_word_of_value (const SbxWord *words, guint value);
/* FALSE with BAD_OPTION: "unknown WHAT "WORD", did you mean "X"?", or all that are @known. */
gboolean sbx_throw_unknown (GError **error, const char *what, const char *word, const char *const *known);

/* A policy's value by index, for who goes through the table. */
guint sbx_policy_get_flags (const SbxPolicy *policy, SbxFlagsIndex index);
guint sbx_policy_get_level (const SbxPolicy *policy, SbxLevelIndex index);

G_END_DECLS
