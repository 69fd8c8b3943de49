/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `probe see` says of one process: an object with "listed" (is it among /proc's names?), and for each file below
 * /proc/PID and each call the errno that it came to, or "OK". */
#pragma once

#include "json.h"

namespace e2e {

/* It is there by every means. */
void expect_reached (const Json &sight, const std::string &who);
/* It cannot be told from a number that nobody has. */
void expect_absent (const Json &sight, const std::string &who);
/* Neither by looking nor by tracing; that its number is taken can be told by some of the calls. */
void expect_hidden (const Json &sight, const std::string &who);

}
