/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that the application may save.
 *
 * A mount point cannot be renamed onto (rename(2): EBUSY), and that is how most programs save. So such a file has no
 * mount of its own. It meets its user's in a directory on the same file system, the stage, which is mounted inside:
 *
 *   outside                    stage                          inside
 *   ~/Documents/letter ──link(2)── <id>/<name>/letter         SBX_DOORS_PLACE/<name>/letter ◀──symlink──
 * ~/Documents/letter
 *
 * What is written into the file is in all of them. A new file of that name
 *
 *   in the stage (the application has followed the link)   is linked to where the file is outside
 *   in the place (it has replaced the link)                is copied there, and the link made again
 *
 * The second is copied since a home that is kept outlives the instance, and so would another name for the user's file
 * in it. A file that was named and is not there yet has a stage and no link: it comes into being outside when it does
 * inside. That a file is removed inside means nothing outside. */
#pragma once

#include "keeper/part.h"

extern const SbxPart sbx_part_doors;
