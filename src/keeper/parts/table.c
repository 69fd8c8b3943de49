/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/parts/table.h"

#include "keeper/parts/accessibility.h"
#include "keeper/parts/bus.h"
#include "keeper/parts/crash.h"
#include "keeper/parts/display.h"
#include "keeper/parts/documents.h"
#include "keeper/parts/doors.h"
#include "keeper/parts/handlers.h"
#include "keeper/parts/layers.h"
#include "keeper/parts/limits.h"
#include "keeper/parts/memory.h"
#include "keeper/parts/network.h"
#include "keeper/parts/procfs.h"
#include "keeper/parts/published.h"
#include "keeper/parts/questions.h"

/* In the order in which they are asked: the procfs is mounted before what else is. */
const SbxPart *const sbx_parts_table[] = {
  &sbx_part_procfs,        &sbx_part_layers,  &sbx_part_documents, &sbx_part_doors,  &sbx_part_bus,
  &sbx_part_accessibility, &sbx_part_display, &sbx_part_memory,    &sbx_part_crash,  &sbx_part_handlers,
  &sbx_part_questions,     &sbx_part_network, &sbx_part_published, &sbx_part_limits,
};
const size_t sbx_n_parts = sizeof sbx_parts_table / sizeof *sbx_parts_table;
