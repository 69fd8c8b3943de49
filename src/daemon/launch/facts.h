/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a box that has been made depends on, and a fresh one would find otherwise. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _SbxFacts SbxFacts;

/* @root: "/", or where a test has made up the files of /proc/sys. */
SbxFacts *sbx_facts_new (const char *root);
void sbx_facts_free (SbxFacts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxFacts, sbx_facts_free)

/* The facts as they are now, for a box that mounts @sources and is made by @programs (both end with NULL), as a text to
 * compare; g_free. They are: which objects the sources are, which files the programs, the switches of the kernel for
 * user namespaces and for tracing, the machine's names, and which mounts this process has seen come and go. */
char *sbx_facts_get (SbxFacts *self, const char *const *sources, const char *const *programs);

G_END_DECLS
