/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths as the records of the wire have them. libc only. */
#pragma once

#include <stdbool.h>

/* Whether @path is absolute and has parts, each with a name that is none of "." and "..": "/" is none. */
bool sbx_is_place (const char *path);
