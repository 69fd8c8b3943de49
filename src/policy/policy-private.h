/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside this folder only. A policy under construction is the same structure, changed until sbx_policy_freeze (). */
#pragma once

#include "policy/vocabulary.h"

G_BEGIN_DECLS

typedef struct {
  gboolean all;
  GArray *ports; /* guint16, ascending; empty when all */
} SbxPortSet;

struct _SbxPolicy {
  gatomicrefcount refs;
  guint flags[SBX_N_FLAGS];
  guint levels[SBX_N_LEVELS];
  GArray *paths[SBX_N_PATHS]; /* SbxPathRule, sorted, normal; persistent ones as "/" + relative path and RW */
  GArray *attached;           /* SbxAttached, sorted, normal: of paths that may be read */
  GArray *bus[SBX_N_BUSES];   /* SbxBusRule, sorted, normal */
  GPtrArray *environment;     /* NAME=value or NAME, sorted by name, NULL-terminated once frozen */
  SbxPortSet ports[SBX_N_PORTS];
  GArray *to[SBX_N_TO];              /* SbxDestination: policy-destinations.c */
  GArray *published;                 /* SbxPublished: policy-published.c */
  gboolean allow_named;              /* while under construction: what is not named is that of the network */
  gboolean ports_named[SBX_N_PORTS]; /* while under construction: with a network, what is not named means all */
  guint64 limits[SBX_N_LIMITS];
  GPtrArray *calls[SBX_N_CALLS]; /* sorted, NULL-terminated once frozen */
  GPtrArray *persistent;         /* for the getter: made when frozen */
};

/* policy-value.c */
SbxPolicy *sbx_policy_allocate (void);                /* empty collections, every number 0; to be frozen */
SbxPolicy *sbx_policy_thaw (const SbxPolicy *policy); /* a copy that may be changed */
SbxPolicy *sbx_policy_freeze (SbxPolicy *policy);     /* normal form; takes and returns @policy */

/* policy-apply.c: puts one value over what @policy has. Errors: BAD_OPTION, without the place. */
gboolean sbx_facility_apply (SbxPolicy *policy, const SbxFacility *facility, const char *key, const char *value,
                             const SbxPlaces *places, GError **error);
/* policy-format.c: group, key → value text, for everything that is not as in sbx_policy_new (). */
typedef void (*SbxFacilityVisit) (const SbxFacility *facility, const char *key, const char *value, gpointer data);
void sbx_facility_format (const SbxPolicy *policy, SbxFacilityVisit visit, gpointer data);

/* policy-paths.c */
GArray *sbx_paths_new (void);
void sbx_paths_set (GArray *rules, const char *path, SbxAccess access); /* keeps the order, replaces an equal path */
SbxAccess sbx_paths_get (const GArray *rules, SbxPathsIndex kind, const char *path);
GArray *sbx_paths_combine (const GArray *a, const GArray *b, SbxPathsIndex kind,
                           gboolean least); /* pointwise; normal */
void sbx_paths_normalise (GArray *rules, SbxPathsIndex kind);
GArray *sbx_paths_copy (const GArray *rules);
/* @word resolved against @places: an absolute, lexically normal path; NULL without @error when the place does not exist
 * on this machine. */
char *sbx_paths_resolve (const char *word, const SbxPlaces *places, GError **error);
/* Changes the normal path of a file to the one name that counts of several, and returns it: /var/run is /run, on every
 * system (Filesystem Hierarchy Standard 3.0, 5.13) and in every sandbox. */
char *sbx_paths_usual (char *path);
char *sbx_paths_canonical (const char *path, GError **error); /* "//", ".", ".." resolved; above / is an error */

/* policy-attached.c: sets of SbxAttached, sorted. */
GArray *sbx_attached_new (void);
GArray *sbx_attached_copy (const GArray *rows);
GArray *sbx_attached_combine (const GArray *a, const GArray *b, gboolean least);
gboolean sbx_attached_equal (const GArray *a, const GArray *b);
void sbx_attached_set (GArray *rows, const char *where, const char *source); /* instead of what is at @where */
void sbx_attached_remove (GArray *rows, const char *where, const char *source);
void sbx_attached_remove_below (GArray *rows, const char *path); /* all at @path and in it */
void sbx_attached_normalise (GArray *rows, const GArray *paths); /* without what may not be read */
/* The name inside that is called @word ("/absolute" or "~/x"); the caller's. Errors: BAD_OPTION, with @word: where it
 * is not written plainly, and for a place that a sandbox has of its own, or that is closed in each. */
char *sbx_attached_read_where (const char *word, const SbxPlaces *places, GError **error);

/* policy-names.c */
GArray *sbx_names_new (void);
void sbx_names_set (GArray *rules, const char *name, SbxBusAccess access);
GArray *sbx_names_combine (const GArray *a, const GArray *b, gboolean least);
void sbx_names_normalise (GArray *rules);
gboolean sbx_names_valid (const char *name);

/* policy-sets.c */
GPtrArray *sbx_strings_new (void);
GPtrArray *sbx_strings_copy (const GPtrArray *from);
void sbx_strings_add (GPtrArray *set, const char *word);
void sbx_strings_remove (GPtrArray *set, const char *word);
GPtrArray *sbx_strings_combine (const GPtrArray *a, const GPtrArray *b, gboolean least); /* intersection or union */
GPtrArray *sbx_pairs_combine (const GPtrArray *a, const GPtrArray *b, gboolean least);
void sbx_pairs_set (GPtrArray *pairs, const char *name, const char *value); /* value NULL: the caller's own */
void sbx_pairs_remove (GPtrArray *pairs, const char *name);
void sbx_ports_combine (SbxPortSet *result, const SbxPortSet *a, const SbxPortSet *b, gboolean least);
void sbx_ports_add (SbxPortSet *set, guint16 port);

/* policy-destinations.c: sets of SbxDestination, in normal form. */
GArray *sbx_destinations_new (void);
GArray *sbx_destinations_combine (const GArray *a, const GArray *b, gboolean least);
gboolean sbx_destinations_equal (const GArray *a, const GArray *b);
gboolean sbx_destinations_apply (GArray *set, const char *value,
                                 GError **error); /* adds; "!" takes away, "none" empties */
gboolean sbx_destinations_add (GArray *set, const char *const *more,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT; /* words that take nothing away */
char *sbx_destinations_format (const GArray *set);
void sbx_destinations_close (SbxPolicy *policy); /* its normal form, by what network there is */

/* policy-published.c: sets of SbxPublished, sorted */
GArray *sbx_published_new (void);
GArray *sbx_published_combine (const GArray *a, const GArray *b, gboolean least);
gboolean sbx_published_equal (const GArray *a, const GArray *b);
gboolean sbx_published_apply (GArray *set, const char *value, GError **error); /* adds; "!" and "none" as above */
char *sbx_published_format (const GArray *set);

/* policy-list.c: lists separated by ';' with "\;" and "\\" */
char **sbx_list_split (const char *value);
char *sbx_list_escape (const char *word);

G_END_DECLS
