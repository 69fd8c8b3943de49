/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who asks over a listener of seccomp_unotify(2). Its number may have become another process's: all of this looks, once
 * it has what it needs, whether the question still waits. */
#pragma once

#include <linux/seccomp.h>
#include <stddef.h>

/* A pidfd of the process, the caller's; or -1 with errno. */
int sbx_asker_open (int questions, const struct seccomp_notif *question);
/* Its namespace of the kind @name ("ipc"), the caller's; or -1 with errno. */
int sbx_asker_namespace (int questions, const struct seccomp_notif *question, const char *name);
/* What the process calls itself, NUL-terminated: any bytes. 0, or -1 with errno. */
int sbx_asker_name (int questions, const struct seccomp_notif *question, char *name, size_t size);
