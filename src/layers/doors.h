/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The stages of doors: directories of an instance where a file of the user's meets the application that may save it.
 * What a door is, is in keeper/parts/doors.h. They are in the directory of all kept homes, which is closed to every
 * sandbox, in one directory for each instance. */
#pragma once

#include <glib.h>

#include "common/error.h"

G_BEGIN_DECLS

/* Makes the stage of instance @id (16 hex digits) for files of the directory @outside, below @homes, and links the file
 * @fd (or -1: there is none yet) into it as @name. Returns its path, or NULL: there is none to be had for this file,
 * which is on another file system, or one without links. */
char *sbx_door_stage (const char *homes, const char *id, const char *outside, const char *name, int fd);

/* Whether an instance has @door, "<name of the stage>/<name of the file>". */
gboolean sbx_door_is_used (const char *homes, const char *door);

/* What an application has made in its stages may be millions of files, and their removal takes as long. So they are put
 * aside first, which takes no time; they are no stages from then on. Whoever removes them may be killed: the next one
 * that looks goes on. */

/* Puts the stages of @id aside. FALSE: it has none. */
gboolean sbx_door_put_aside (const char *homes, const char *id);

/* The same for each instance whose id @is_there does not know any more, unless its stages are so young that it may not
 * know it yet. Whether anything has been put aside, now or before. */
gboolean sbx_door_put_aside_left (const char *homes, gboolean (*is_there) (const char *id, gpointer data),
                                  gpointer data);

/* Removes what has been put aside, with all that is in it; not for a thread that has something else to do. No link is
 * followed. While somebody else does it, this waits. */
void sbx_door_remove_aside (const char *homes);
/* The same in a thread of its own, which ends with that, or with the process. */
void sbx_door_remove_aside_later (const char *homes);

G_END_DECLS
