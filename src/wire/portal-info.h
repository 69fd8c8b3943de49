/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What xdg-desktop-portal reads of an application behind a filtered bus, from 1.19 on: it finds the instance's number
 * in the proxy's /.flatpak-info, and then wants $XDG_RUNTIME_DIR/.flatpak/<id>/bwrapinfo.json with a process inside, by
 * whose namespaces it translates pids (get_bwrap_pidfd in its xdp-app-info-flatpak.c). Without that file it refuses
 * every call. The file is in the instance's record; Flatpak's directory gets a link to that, since Flatpak takes every
 * directory there for an instance of its own, and a link for nothing. libc only. */
#pragma once

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Writes it. @parent: descriptor of $XDG_RUNTIME_DIR/sandbox; @directory: that of SBX_PORTAL_SUBDIR in the record @id;
 * @pid: on the host. 0, or -1 with errno: what open(2), write(2), mkdir(2) and symlink(2) say. */
int sbx_portal_info_write (int parent, const char *id, int directory, pid_t pid);
/* Removes the link of @id, if there is one. The directory in the record is the record's. */
void sbx_portal_info_remove (int parent, const char *id);

#ifdef __cplusplus
}
#endif
