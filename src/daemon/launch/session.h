/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a launch has to know of the session bus before it is planned: who has the names that are to be the
 * application's own, and where services are that are started when somebody asks for them first. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What is to be found out. */
typedef struct {
  GPtrArray *names;       /* rules (name or name.*), never NULL */
  gboolean documents;     /* the document portal is to be there */
  gboolean accessibility; /* the address of the bus for screen readers is asked for */
} SbxSessionQuestion;

void sbx_session_question_free (SbxSessionQuestion *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxSessionQuestion, sbx_session_question_free)
/* Whether there is anything to ask. */
gboolean sbx_session_question_is_empty (const SbxSessionQuestion *self);

/* The answers. */
typedef struct {
  gboolean known;          /* the bus has answered about names; else nobody's name may be given away */
  GHashTable *owners;      /* name that a rule matches → the owner's pid (GINT_TO_POINTER), 0: not known */
  GHashTable *activatable; /* names that a rule matches and the bus can start: a set */
  char *accessibility;     /* an address, or NULL */
} SbxSession;

/* Of a session in which nobody has any of the names: what is explained, and not started. */
SbxSession *sbx_session_new_presumed (void);
void sbx_session_free (SbxSession *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxSession, sbx_session_free)

/* Asks over @bus. Always succeeds, within some seconds: what has not been answered by then is not known. Takes
 * @question. */
void sbx_session_ask_async (GDBusConnection *bus, SbxSessionQuestion *question, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data);
/* The caller's. NULL only with G_IO_ERROR_CANCELLED. */
SbxSession *sbx_session_ask_finish (GAsyncResult *result, GError **error);

G_END_DECLS
