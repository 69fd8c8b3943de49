/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The X server of x11=nested: Xephyr or Xvfb. It says that it is ready by its number on its link (-displayfd,
 * Xserver(1)), and closes that. Its sockets are in a directory of the record, which is the application's
 * /tmp/.X11-unix. */
#include "keeper/parts/display.h"

#include <string.h>

#include "keeper/keeper.h"
#include "keeper/parts/sidecar.h"
#include "wire/layout.h"

typedef struct {
  SbxSidecar sidecar;
  char said[512]; /* what it has complained of first; NUL-terminated */
  size_t n_said;
} SbxDisplay;

/* The beginning is kept for the case that it gives up; servers complain of this and that when all is well. */
static void
take_log (SbxSidecar *sidecar, const char *bytes, size_t n)
{
  SbxDisplay *self = SBX_OWNER (sidecar, SbxDisplay, sidecar);
  size_t room = sizeof self->said - 1 - self->n_said;

  if (n < room)
    room = n;
  memcpy (self->said + self->n_said, bytes, room);
  self->n_said += room;
}

static const char *
explain (SbxSidecar *sidecar)
{
  SbxDisplay *self = SBX_OWNER (sidecar, SbxDisplay, sidecar);

  sbx_sidecar_read (sidecar);
  for (char *c = self->said; *c; c++)
    if (*c == '\n')
      *c = ' ';
  return self->said;
}

static const SbxSidecarAbout about = {
  .closes_link = true,
  .logs_errors = true,
  .ending = "the sandbox's X server has ended: ",
  .log = take_log,
  .explain = explain,
};

const SbxPart sbx_part_display = {
  SBX_SIDECAR_FUNCTIONS (DISPLAY), .name = "display",      .size = sizeof (SbxDisplay), .about = &about,
  .set_up = sbx_sidecar_set_up,    .end = sbx_sidecar_end,
};
