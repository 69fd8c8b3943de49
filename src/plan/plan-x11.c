/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* X11: the host's display by its one socket file, never by the abstract socket, and with the one cookie that it takes.
 */
#include <string.h>

#include "plan/plan-private.h"
#include "plan/x11.h"

#define SOCKETS "/tmp/.X11-unix/X"
#define NUMBER G_STRINGIFY (SBX_X11_DISPLAY)

/* The caller's display. */
typedef struct {
  char *number, *socket;
  GBytes *cookie; /* or NULL: the server may know who is who without */
} Display;

static void
display_clear (Display *display)
{
  g_free (display->number);
  g_free (display->socket);
  g_clear_pointer (&display->cookie, g_bytes_unref);
}

static GBytes *
find_cookie (SbxPlan *self, const char *number)
{
  const char *path = sbx_plan_getenv (self, "XAUTHORITY");
  g_autofree char *usual = g_build_filename (self->machine->home, ".Xauthority", NULL);

  return self->machine->x11_cookie ? self->machine->x11_cookie (self->machine, path ? path : usual, number) : NULL;
}

/* FALSE where there is none; a DISPLAY without a socket file is warned of. */
static gboolean
find_display (SbxPlan *self, Display *display)
{
  const char *name = sbx_plan_getenv (self, "DISPLAY");
  const char *colon = name ? strrchr (name, ':') : NULL;

  *display = (Display){ 0 };
  if (!colon)
    return FALSE;
  display->number = g_strndup (colon + 1, strspn (colon + 1, "0123456789"));
  display->socket = g_strconcat (SOCKETS, display->number, NULL);
  if (!*display->number || !sbx_plan_exists (self, display->socket)) {
    sbx_plan_warn (self, "the X display %s has no socket in /tmp/.X11-unix: no X11 inside", name);
    display_clear (display);
    return FALSE;
  }
  display->cookie = find_cookie (self, display->number);
  return TRUE;
}

/* The application finds display NUMBER, with this cookie. */
static void
set_display (SbxPlan *self, GBytes *cookie)
{
  g_autofree char *inside = g_build_filename (self->runtime_dir, "Xauthority", NULL);

  sbx_plan_setenv (self, "DISPLAY", ":" NUMBER);
  if (cookie) {
    const guint8 *const cookies[] = { g_bytes_get_data (cookie, NULL) };
    const char *const numbers[] = { NUMBER };

    sbx_plan_secret_file (self, "Xauthority", sbx_x11_write_cookies (cookies, numbers, 1), inside);
    sbx_plan_setenv (self, "XAUTHORITY", inside);
  }
}

void
sbx_plan_add_x11 (SbxPlan *self)
{
  Display display;

  if (!find_display (self, &display))
    return;
  sbx_plan_warn (self, "X11 lets every application read every key and every window; Wayland does not");
  sbx_plan_op (self, SBX_OP_RO_BIND, display.socket, SOCKETS NUMBER, -1);
  set_display (self, display.cookie);
  display_clear (&display);
}
