/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The probe runs in a sandbox, tries things, and prints as JSON what came of them. libc only, static. */
#pragma once

#include <stddef.h>

/* The errno's name, "OK" for 0. */
const char *probe_outcome (int error);
/* @text as a JSON string. */
void probe_print_string (const char *text, size_t size);

/* probe-see.c */
int probe_see (int argc, char **argv);
int probe_handlers (int argc, char **argv);
/* probe-calls.c */
int probe_calls (int argc, char **argv);
#ifdef __x86_64__
int probe_calls_32 (int argc, char **argv);
/* probe-socketcall.c */
int probe_sockets_32 (int argc, char **argv);
#endif
int probe_terminal (int argc, char **argv);
/* probe-refused.c */
int probe_refused (int argc, char **argv);
int probe_names (int argc, char **argv);
int probe_own_filter (int argc, char **argv);
int probe_refused_under_signals (int argc, char **argv);
int probe_storm (int argc, char **argv);
int probe_listener (int argc, char **argv);
/* probe-numbers.c */
int probe_numbers (int argc, char **argv);
int probe_numbers_cost (int argc, char **argv);
/* probe-live.c */
int probe_live (int argc, char **argv);
/* probe-dump.c */
int probe_crash_client (int argc, char **argv);
