/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where tests may mount. */
#pragma once

/* Goes into a user and a mount namespace of this process's own, in which it is @user and @group, and nothing that it
 * mounts is seen elsewhere. As long as there is one thread. */
void enter_namespaces (unsigned user, unsigned group);
