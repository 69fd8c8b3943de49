/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors that go with a message. GUnixFDList without GIO, which is a dozen libraries to load. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _SbxFdList SbxFdList;

SbxFdList *sbx_fd_list_new (void);
/* Closes what is in it. */
void sbx_fd_list_free (SbxFdList *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxFdList, sbx_fd_list_free)

/* A copy of @fd, which stays the caller's, with close-on-exec. Returns its place, from 0; -1 with LIMITS. */
int sbx_fd_list_append (SbxFdList *self, int fd, GError **error);
/* Takes @n descriptors. */
void sbx_fd_list_take (SbxFdList *self, const int *fds, gsize n);

gsize sbx_fd_list_get_length (const SbxFdList *self);
/* The list's, until it changes. */
const int *sbx_fd_list_peek (const SbxFdList *self);

/* The first @n, or all if there are fewer, which are no longer in the list. */
SbxFdList *sbx_fd_list_split (SbxFdList *self, gsize n);
/* That of @place, the caller's from now on; -1 where there is none or it has been stolen. */
int sbx_fd_list_steal (SbxFdList *self, int place);
/* Closes all of them. */
void sbx_fd_list_clear (SbxFdList *self);

G_END_DECLS
