/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system-call filter: one table with reasons (syscall-table.c), compiled by libseccomp once per policy and kept. */
#pragma once

#include "plan/filter/syscall-table.h"
#include "policy/policy.h"

G_BEGIN_DECLS

/* The compiled program, struct sock_filter[]. @facts: SbxBoxFacts. Errors: BAD_PROFILE for names in allow= or deny=
 * that are no system calls; NOT_SUPPORTED with libseccomp's reason. */
GBytes *sbx_seccomp_compile (const SbxPolicy *policy, guint facts, GError **error);

/* Programs that have been compiled, for policies that filter alike; the caller owns the table. */
GHashTable *sbx_seccomp_cache_new (void);
/* All that the filter of @policy depends on, and @what it is that is kept, as a key. The caller's. */
char *sbx_seccomp_cache_key (const char *what, const SbxPolicy *policy, guint facts);
/* Keeps @kept, of which it returns a reference, or nothing if that is NULL. Takes both. */
GBytes *sbx_seccomp_cache_keep (GHashTable *cache, char *key, GBytes *kept);
GBytes *sbx_seccomp_get (GHashTable *cache, const SbxPolicy *policy, guint facts, GError **error);

/* Whether the keeper may be asked about what is refused (SBX_FILTER_ASKS), to count it. Not with features=devel or
 * allow=seccomp, whose programs may want to be asked about calls themselves: there can be one that is. In a session's
 * pid namespace it is the keeper. */
gboolean sbx_seccomp_is_counted (const SbxPolicy *policy, guint facts);
/* Whether @row is part of the filter of @policy, and then whether the keeper may be asked about it. */
gboolean sbx_seccomp_row_applies (const SbxCallRow *row, const SbxPolicy *policy, guint facts);
gboolean sbx_seccomp_row_may_ask (const SbxCallRow *row);
/* Whether the filter of @policy refuses @call, or some of it. */
gboolean sbx_seccomp_refuses (const SbxPolicy *policy, guint facts, const char *call);
/* "EPERM" and the like. Static. */
const char *sbx_seccomp_error_name (int error);

/* The program of those that serve a sandbox, kept in the same table. NOT_SUPPORTED. */
GBytes *sbx_seccomp_get_sidecar (GHashTable *cache, SbxSidecarKind kind, GError **error);

/* The program for sandboxd itself, and so for all that it starts. NOT_SUPPORTED. */
GBytes *sbx_seccomp_compile_own (GError **error);

/* aa{sv}: call, when, error, reason of every row that applies. Floating. */
GVariant *sbx_seccomp_explain (const SbxPolicy *policy, guint facts);

G_END_DECLS
