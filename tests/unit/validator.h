/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Whether desktop-file-validate(1) takes the file @path; the test fails with its words if @must and it does not. */
gboolean run_validator (const char *path, gboolean must);
