/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/compositor.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <unistd.h>

#include "wire/wayland.h"

#define WAIT_MS 2000

/* As plan/mounts/sockets.c finds it. */
static char *
find_socket (void)
{
  const char *display = g_getenv ("WAYLAND_DISPLAY"), *runtime = g_getenv ("XDG_RUNTIME_DIR");

  if (!display || !*display)
    display = "wayland-0";
  if (*display == '/')
    return g_strdup (display);
  return runtime && *runtime == '/' ? g_build_filename (runtime, display, NULL) : NULL;
}

static SbxCompositor
ask_at (int socket)
{
  SbxWayland wayland;
  int has;

  if (sbx_wayland_connect (&wayland, socket, WAIT_MS) < 0)
    return errno == ETIMEDOUT ? SBX_COMPOSITOR_SILENT : SBX_COMPOSITOR_NONE;
  has = sbx_wayland_has_context (&wayland);
  sbx_wayland_close (&wayland);
  return has < 0 ? SBX_COMPOSITOR_SILENT : has ? SBX_COMPOSITOR_KNOWS : SBX_COMPOSITOR_PLAIN;
}

SbxCompositor
sbx_compositor_ask (void)
{
  g_autofree char *path = find_socket ();
  int socket = path ? open (path, O_PATH | O_CLOEXEC) : -1;
  SbxCompositor answer;

  if (socket < 0)
    return SBX_COMPOSITOR_NONE;
  answer = ask_at (socket);
  close (socket);
  return answer;
}

GVariant *
sbx_compositor_feature (void)
{
  static const struct {
    const char *state, *detail, *remedy;
  } rows[] = {
    [SBX_COMPOSITOR_KNOWS] = { "works", N_ ("the compositor knows applications by their sandboxes"), NULL },
    [SBX_COMPOSITOR_PLAIN] = { "limited",
                               N_ ("to the compositor, an application in a sandbox is one like any other: it has no "
                                   "security-context-v1"),
                               N_ ("use a compositor that has it; sway does from 1.9 on") },
    [SBX_COMPOSITOR_SILENT] = { "missing",
                                N_ ("the compositor does not answer, and profiles with sockets=wayland are refused "
                                    "meanwhile"),
                                N_ ("see whether it hangs, or name another one in WAYLAND_DISPLAY") },
  };
  const SbxCompositor compositor = sbx_compositor_ask ();
  GVariantBuilder feature;

  if (compositor == SBX_COMPOSITOR_NONE)
    return NULL;
  g_variant_builder_init (&feature, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&feature, "{sv}", "state", g_variant_new_string (rows[compositor].state));
  g_variant_builder_add (&feature, "{sv}", "works", g_variant_new_boolean (compositor == SBX_COMPOSITOR_KNOWS));
  g_variant_builder_add (&feature, "{sv}", "detail", g_variant_new_string (rows[compositor].detail));
  if (rows[compositor].remedy)
    g_variant_builder_add (&feature, "{sv}", "remedy", g_variant_new_string (rows[compositor].remedy));
  return g_variant_builder_end (&feature);
}
