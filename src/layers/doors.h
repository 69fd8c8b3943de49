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

/* Removes the stages of @id, with all that is in them. No link is followed. */
void sbx_door_remove_stages (const char *homes, const char *id);

/* Removes the stages of each instance whose id @is_there does not know any more, unless they are so young that it may
 * not know it yet. */
void sbx_door_remove_left (const char *homes, gboolean (*is_there) (const char *id, gpointer data), gpointer data);

G_END_DECLS
