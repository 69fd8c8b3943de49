/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of D-Bus: calls as they are sent, and whatever comes. GDBusMessage without GIO (D-Bus specification,
 * "Message Protocol").
 *
 * Only in this machine's byte order: whoever is at the other end of a unix socket has the same, and a bus passes on
 * what came. */
#pragma once

#include "common/fd-list.h"

G_BEGIN_DECLS

typedef enum { SBX_BUS_CALL = 1, SBX_BUS_RETURN, SBX_BUS_FAILURE, SBX_BUS_SIGNAL } SbxBusMessageType;

#define SBX_BUS_ASKS 4 /* ALLOW_INTERACTIVE_AUTHORIZATION */

/* How many bytes say how long a message is, and the most that one has. */
#define SBX_BUS_HEAD 16
#define SBX_BUS_MOST (128 * 1024 * 1024)

typedef struct {
  guint8 type;          /* SbxBusMessageType, or another, which is to be passed over */
  guint8 flags;         /* SBX_BUS_ASKS */
  guint32 reply_serial; /* of a RETURN or FAILURE; else 0 */
  guint32 n_fds;        /* that belong to one that came */
  char *destination, *path, *interface, *member, *error_name; /* or NULL */
  GVariant *body;                                             /* a tuple */
  SbxFdList *fds;                                             /* of one that came, or NULL */
} SbxBusMessage;

/* @destination may be NULL, for one peer; @body, which may be floating, too: no arguments. */
SbxBusMessage *sbx_bus_message_new_call (const char *destination, const char *path, const char *interface,
                                         const char *member, GVariant *body);
void sbx_bus_message_free (SbxBusMessage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxBusMessage, sbx_bus_message_free)

/* As bytes, with @serial, which is not 0; @n_fds descriptors go with the first of them. NULL with SBX_BUS_ERROR_OTHER:
 * it is too long. */
GByteArray *sbx_bus_message_write (const SbxBusMessage *self, guint32 serial, gsize n_fds, GError **error);

/* How many bytes the message has that begins with those SBX_BUS_HEAD; 0 with SBX_BUS_ERROR_MALFORMED. */
gsize sbx_bus_message_size (const guint8 *head, GError **error);
/* A whole message, without its descriptors. NULL with SBX_BUS_ERROR_MALFORMED, also for one that lacks what its type
 * wants, or says something twice. */
SbxBusMessage *sbx_bus_message_read (const guint8 *data, gsize size, GError **error);

/* Whether it says that a call has failed, and how. */
gboolean sbx_bus_message_get_failure (const SbxBusMessage *self, GError **error);

G_END_DECLS
