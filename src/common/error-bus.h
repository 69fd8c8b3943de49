/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The error domain for GDBus, which puts its names into replies and takes them out again. Apart from the domain itself,
 * so that what does without GIO does not load it. */
#pragma once

/* Registers the D-Bus names of SBX_ERROR; again does no harm. */
void sbx_error_register (void);
