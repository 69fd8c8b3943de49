/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Users and groups that come from elsewhere than /etc/passwd and /etc/group (LDAP, sssd, systemd-homed): what names
 * them is a service, and no sandbox has that. */
#pragma once

#include <pwd.h>

#include <glib.h>

G_BEGIN_DECLS

/* The row of @entry as in passwd(5), and of its group as in group(5); each to be freed with g_free (). */
char *sbx_accounts_user_row (const struct passwd *entry);
char *sbx_accounts_group_row (gid_t gid);

/* The content of the file @path with @row at its end; NULL when there is a row with the number of @row, the third part,
 * in it already, or it cannot be read. */
char *sbx_accounts_add (const char *path, const char *row);

G_END_DECLS
