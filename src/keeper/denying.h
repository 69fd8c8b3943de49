/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the instance was denied so far: denied.h. */
#pragma once

#include "keeper/loop.h"
#include "wire/denials.h"

typedef struct {
  SbxDenials table;
  SbxWatch tell; /* due: when services are told next */
  int64_t told;  /* when that was last */
} SbxDenied;
