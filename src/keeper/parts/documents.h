/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files that the document portal shows to the application. */
#pragma once

#include "keeper/part.h"

extern const SbxPart sbx_part_documents;
