/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Names with everything in them that a name can have. */
inline const char *const odd_names[] = {
  "plain",         "with space", "per%cent%20", "quote'\"`$(id)", "new\nline",
  "bytes\xff\xfe", "-dash",      "@@",          "back\\slash",    "semi;colon:ro"
};
