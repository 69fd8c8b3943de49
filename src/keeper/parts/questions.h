/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "keeper/part.h"

extern const SbxPart sbx_part_questions;
