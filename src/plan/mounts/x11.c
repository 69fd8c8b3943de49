/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* X11: the host's display by its one socket file, never by the abstract socket, and with the one cookie that it takes.
 *
 * The display has a number of the sandbox's own that nobody can guess. libxcb tries the abstract socket of that number
 * before the file, and with a shared network those are the host's. Whoever listens there, a user or another sandbox,
 * would get the cookie (where Landlock has no scopes), or keep the application from its display (where it has: EPERM is
 * not followed by the file). */
#include "plan/mounts/x11.h"

#include <string.h>

#include "plan/machine/x11-auth.h"
#include "plan/sidecar.h"
#include "wire/layout.h"

#define SOCKETS "/tmp/.X11-unix/X"
#define SIZE "1280x800" /* of a display of its own, at the start */
/* In the sandbox of its server */
#define COOKIES "/run/cookies"
#define TMP_SIZE "16777216" /* a lock, and a keyboard of some 10 KiB at a time; what more there is, is no use of it */

static const char outer_socket[] = SOCKETS "0";

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
find_cookie (SbxDraft *self, const char *number)
{
  const char *path = sbx_draft_getenv (self, "XAUTHORITY");
  g_autofree char *usual = g_build_filename (self->machine->home, ".Xauthority", NULL);

  return self->machine->x11_cookie ? self->machine->x11_cookie (self->machine, path ? path : usual, number) : NULL;
}

/* Whether @name, up to @colon, means a socket file, as it does for Xlib (X(7)). Any other host is reached by TCP: its
 * number says nothing about the displays here. */
static gboolean
is_here (const char *name, const char *colon)
{
  static const char *const hosts[] = { "", "unix", "unix/", NULL };
  g_autofree char *host = g_strndup (name, (gsize) (colon - name));

  return g_strv_contains (hosts, host);
}

/* Returns FALSE where there is none; warns of a DISPLAY without a socket file. */
static gboolean
find_display (SbxDraft *self, Display *display)
{
  const char *name = sbx_draft_getenv (self, "DISPLAY");
  const char *colon = name ? strrchr (name, ':') : NULL;

  *display = (Display){ 0 };
  if (!colon)
    return FALSE;
  display->number = g_strndup (colon + 1, strspn (colon + 1, "0123456789"));
  display->socket = g_strconcat (SOCKETS, display->number, NULL);
  if (!is_here (name, colon) || !*display->number || !sbx_draft_may_be_socket (self, display->socket)) {
    sbx_draft_warn (self, "the X display %s has no socket in /tmp/.X11-unix: no X11 inside", name);
    display_clear (display);
    return FALSE;
  }
  display->cookie = find_cookie (self, display->number);
  return TRUE;
}

/* Ten digits, below 2^31: Xlib and the servers keep it in an int. It is made of the instance's id, which is
 * known to nobody but the user and the instance itself. */
static char *
choose_number (SbxDraft *self)
{
  guint64 id = self->request->id ? g_ascii_strtoull (self->request->id, NULL, 16) : 0;

  return g_strdup_printf ("%u", 1000000000u + (guint) (id % 1000000000u));
}

/* Makes the application find display @number, with this cookie. */
static void
set_display (SbxDraft *self, const char *number, GBytes *cookie)
{
  g_autofree char *name = g_strconcat (":", number, NULL);
  g_autofree char *inside = g_build_filename (self->box->runtime_dir, "Xauthority", NULL);

  sbx_draft_offer (self, SBX_OFFER_FIXED, "DISPLAY", name);
  if (cookie) {
    const guint8 *const cookies[] = { g_bytes_get_data (cookie, NULL) };
    const char *const numbers[] = { number };

    sbx_draft_secret_file (self, SBX_BY_POLICY, "Xauthority", sbx_x11_write_cookies (cookies, numbers, 1), inside);
    sbx_draft_offer (self, SBX_OFFER_FIXED, "XAUTHORITY", inside);
  }
}

static void
add_shared (SbxDraft *self)
{
  g_autofree char *number = NULL, *inside = NULL;
  Display display;

  if (!find_display (self, &display))
    return;
  number = choose_number (self);
  inside = g_strconcat (SOCKETS, number, NULL);
  sbx_draft_warn (self, "X11 lets every application read every key and every window; Wayland does not");
  sbx_draft_warn (self,
                  "the X server attaches any System V memory segment of yours whose number an application sends it: "
                  "what is in it can be read and overwritten");
  if (!(sbx_policy_get_shared (self->policy) & SBX_SHARED_IPC))
    sbx_draft_warn (
        self,
        "no System V shared memory can be made inside for drawing (shmget without a key says ENOSYS): the X server "
        "is in another IPC namespace, and would take its numbers for those of other programs. shared=ipc "
        "allows it");
  self->box->facts |= SBX_BOX_SHARES_X11;
  sbx_draft_bind (self, SBX_BY_POLICY, SBX_MOUNT_READ_ONLY, display.socket, inside);
  set_display (self, number, display.cookie);
  display_clear (&display);
}

/* Its own cookie for the application, and for Xephyr the one of the display that it draws on. */
static GBytes *
make_cookies (SbxDraft *self, const char *number, const Display *outer, GBytes **own)
{
  guint8 *bytes = g_malloc (SBX_X11_COOKIE_SIZE);
  const char *const numbers[] = { number, "0" };
  const guint8 *const cookies[] = { bytes, outer && outer->cookie ? g_bytes_get_data (outer->cookie, NULL) : NULL };

  self->machine->random (self->machine, bytes, SBX_X11_COOKIE_SIZE);
  *own = g_bytes_new_take (bytes, SBX_X11_COOKIE_SIZE);
  return sbx_x11_write_cookies (cookies, numbers, cookies[1] ? 2 : 1);
}

/* Without MIT-SHM: the server has an IPC namespace of its own, so that nothing of the application's can be attached. */
static GPtrArray *
write_server (SbxDraft *self, const char *number, const Display *outer, const char *directory)
{
  g_autofree char *name = g_strconcat (":", number, NULL);
  const char *const always[] = { name,        "-auth",      COOKIES,
                                 "-nolisten", "tcp",        "-extension",
                                 "MIT-SHM",   "-displayfd", SBX_FD_TEXT (SBX_SIDECAR_LINK_FD),
                                 "-noreset",  NULL };
  GPtrArray *argv = sbx_sidecar_begin (self);

  sbx_sidecar_add_words (argv,
                         (const char *const[]){ "--dev-bind", "/dev/null", "/dev/null", "--dev-bind", "/dev/urandom",
                                                "/dev/urandom", "--size", TMP_SIZE, "--tmpfs", "/tmp", "--perms",
                                                "0600", "--ro-bind-data", SBX_FD_TEXT (SBX_SIDECAR_FILE_FD), COOKIES,
                                                "--bind", directory, "/tmp/.X11-unix", NULL });
  if (outer)
    sbx_sidecar_add_words (argv, (const char *const[]){ "--ro-bind", outer->socket, outer_socket, "--setenv", "DISPLAY",
                                                        ":0", "--setenv", "XAUTHORITY", COOKIES, NULL });
  sbx_sidecar_run (argv, outer ? self->machine->xephyr : self->machine->xvfb);
  sbx_sidecar_add_words (argv, always);
  if (outer)
    sbx_sidecar_add_words (
        argv, (const char *const[]){ "-resizeable", "-screen", SIZE, "-title", self->request->app_id, NULL });
  else
    sbx_sidecar_add_words (argv, (const char *const[]){ "-screen", "0", SIZE "x24", NULL });
  return argv;
}

/* FALSE, and a warning, where it cannot be had. @outer: there is a display to show it on. */
static gboolean
is_possible (SbxDraft *self, gboolean outer)
{
  const char *server = outer ? self->machine->xephyr : self->machine->xvfb;

  if (server && sbx_draft_exists (self, server) && self->machine->runtime_dir)
    return TRUE;
  sbx_draft_warn (self, "x11=nested needs %s, which is not installed (on Debian: apt install %s): no X11 inside",
                  outer ? "Xephyr" : "Xvfb", outer ? "xserver-xephyr" : "xvfb");
  return FALSE;
}

static void
add_nested (SbxDraft *self)
{
  Display outer;
  gboolean shown = find_display (self, &outer);
  g_autofree char *directory = NULL, *number = choose_number (self);
  g_autoptr (GBytes) cookie = NULL;
  GBytes *cookies;

  if (is_possible (self, shown)) {
    if (!shown)
      sbx_draft_warn (self, "there is no X display to show it on: what it draws is not to be seen");
    directory = sbx_sidecar_get_directory (self, SBX_SIDECAR_DISPLAY);
    cookies = make_cookies (self, number, shown ? &outer : NULL, &cookie);
    sbx_sidecar_add (self, SBX_SIDECAR_DISPLAY, write_server (self, number, shown ? &outer : NULL, directory), cookies);
    sbx_draft_bind (self, SBX_BY_POLICY, SBX_MOUNT_READ_ONLY, directory, "/tmp/.X11-unix");
    set_display (self, number, cookie);
  }
  if (shown)
    display_clear (&outer);
}

void
sbx_mounts_add_x11 (SbxDraft *self)
{
  if (sbx_policy_get_x11 (self->policy) == SBX_X11_NESTED)
    add_nested (self);
  else
    add_shared (self);
}
