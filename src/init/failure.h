/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* What went wrong in init or in a child of it: the content of FAILED. */
typedef struct {
  int32_t step;  /* SbxStep */
  int32_t error; /* errno */
} SbxInitFailure;
