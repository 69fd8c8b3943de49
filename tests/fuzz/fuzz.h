/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libFuzzer, and run-corpus.c instead of it, calls with each input. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* Like assert (), and there whatever NDEBUG says. */
#define MUST(condition)                                                                                                \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf (stderr, "%s:%d: must hold: %s\n", __FILE__, __LINE__, #condition);                                      \
      abort ();                                                                                                        \
    }                                                                                                                  \
  } while (0)
