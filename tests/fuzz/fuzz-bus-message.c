/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What comes over a bus, or from a service that is not what it seems. What is read as a call is written and read again
 * as the same. */
#include <string.h>

#include "cli/link/bus-error.h"
#include "cli/link/bus-message.h"
#include "fuzz.h"

static void
check_call (const SbxBusMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) bytes = sbx_bus_message_write (message, 1, message->n_fds, &error);
  g_autoptr (SbxBusMessage) again = bytes ? sbx_bus_message_read (bytes->data, bytes->len, &error) : NULL;

  MUST (again != NULL && again->type == message->type && again->flags == message->flags);
  MUST (again->n_fds == message->n_fds && g_strcmp0 (again->path, message->path) == 0);
  MUST (g_strcmp0 (again->member, message->member) == 0 && g_strcmp0 (again->interface, message->interface) == 0);
  MUST (g_strcmp0 (again->error_name, message->error_name) == 0 && again->reply_serial == message->reply_serial);
  /* The bytes: numbers that are none (NaN) are not equal to themselves */
  MUST (g_variant_get_size (again->body) == g_variant_get_size (message->body));
  MUST (
      g_variant_get_size (again->body) == 0
      || memcmp (g_variant_get_data (again->body), g_variant_get_data (message->body), g_variant_get_size (again->body))
             == 0);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL, failure = NULL;
  g_autoptr (SbxBusMessage) message = NULL;

  if (size >= SBX_BUS_HEAD) {
    gsize whole = sbx_bus_message_size (data, &error);

    MUST ((whole == 0) == (error != NULL) && whole <= SBX_BUS_MOST);
    g_clear_error (&error);
  }
  message = sbx_bus_message_read (data, size, &error);
  MUST ((message == NULL) == (error != NULL));
  if (!message) {
    MUST (error->domain == SBX_BUS_ERROR && error->code == SBX_BUS_ERROR_MALFORMED);
    return 0;
  }
  MUST (g_variant_is_of_type (message->body, G_VARIANT_TYPE_TUPLE) && g_variant_is_normal_form (message->body));
  MUST (sbx_bus_message_get_failure (message, &failure) == (message->type == SBX_BUS_FAILURE));
  MUST ((failure != NULL) == (message->type == SBX_BUS_FAILURE));
  check_call (message);
  return 0;
}
