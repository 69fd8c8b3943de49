/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/machine/fido.h"

#define LONG_ITEM 0xfe
#define USAGE_PAGE 0x04 /* global item, tag 0; the two lowest bits are the size */
#define FIDO_PAGE 0xf1d0

/* A descriptor is a row of items: a byte of tag, type and size, and the value (HID 1.11, 6.2.2). */
gboolean
sbx_fido_is_key (const guint8 *descriptor, gsize n)
{
  for (gsize i = 0; i < n;) {
    const guint8 head = descriptor[i];
    gsize size = (head & 3) == 3 ? 4 : head & 3, first = i + 1;
    guint32 value = 0;

    if (head == LONG_ITEM) {
      if (first >= n)
        return FALSE;
      i += 3 + (gsize) descriptor[first];
      continue;
    }
    if (first + size > n)
      return FALSE;
    for (gsize j = 0; j < size; j++)
      value |= (guint32) descriptor[first + j] << (8 * j);
    if ((head & ~3) == USAGE_PAGE && value == FIDO_PAGE)
      return TRUE;
    i = first + size;
  }
  return FALSE;
}
