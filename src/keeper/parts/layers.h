/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "keeper/part.h"

/* What is mounted from outside, by object: wire/layer.h. */
extern const SbxPart sbx_part_layers;
