/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Only in builds with sanitizers: the kernel protects PID 1 from signals that it has no handler for, and
 * AddressSanitizer would install some. Leaks are looked for where the environment says so; ours is empty. */
const char *__asan_default_options (void);
const char *__ubsan_default_options (void);

const char *
__asan_default_options (void)
{
  return "handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:handle_abort=0:detect_leaks=0";
}

const char *
__ubsan_default_options (void)
{
  return "halt_on_error=1";
}
