/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/portals.h"

#include <string.h>

/* The interfaces of xdg-desktop-portal 1.20 (flatpak.github.io/xdg-desktop-portal/docs/api-reference.html), and the two
 * input methods that have a portal of their own. Signals to everybody are those for which no request and no session is
 * needed; the others are sent to the asker alone (request.c, session.c and notification.c of 1.16). */
#define DESKTOP SBX_PORTAL_DESKTOP, "/org/freedesktop/portal/desktop"
#define DOCUMENTS SBX_PORTAL_DOCUMENTS, "/org/freedesktop/portal/documents"
#define ROW(name, ...)                                                                                                 \
  {                                                                                                                    \
    SBX_PORTAL_PREFIX name, __VA_ARGS__                                                                                \
  }

const SbxPortalRow sbx_portals[] = {
  ROW ("Account", DESKTOP, FALSE, FALSE),
  /* Writes an autostart entry with a command of the application's, which runs outside at the next login */
  ROW ("Background", DESKTOP, TRUE, FALSE),
  ROW ("Camera", DESKTOP, FALSE, FALSE),
  /* The clipboard of a session of RemoteDesktop or InputCapture, without a key being pressed */
  ROW ("Clipboard", DESKTOP, TRUE, FALSE),
  /* Asks the user on behalf of any process, by a number that the caller chooses */
  ROW ("Device", DESKTOP, TRUE, FALSE),
  ROW ("Documents", DOCUMENTS, FALSE, FALSE),
  /* Installs launchers with a command of the application's, which runs outside when they are clicked on */
  ROW ("DynamicLauncher", DESKTOP, TRUE, FALSE),
  ROW ("Email", DESKTOP, FALSE, FALSE),
  ROW ("Fcitx", SBX_PORTAL_PREFIX "Fcitx", NULL, FALSE, TRUE),
  ROW ("FileChooser", DESKTOP, FALSE, FALSE),
  ROW ("FileTransfer", DOCUMENTS, FALSE, FALSE),
  /* Starts programs, in a sandbox of Flatpak's that the caller describes */
  ROW ("Flatpak", SBX_PORTAL_PREFIX "Flatpak", NULL, TRUE, TRUE),
  ROW ("GameMode", DESKTOP, FALSE, FALSE),
  ROW ("GlobalShortcuts", DESKTOP, FALSE, FALSE),
  ROW ("IBus", SBX_PORTAL_PREFIX "IBus", NULL, FALSE, TRUE),
  ROW ("Inhibit", DESKTOP, FALSE, FALSE),
  /* Takes the keyboard and the pointer away from all other windows */
  ROW ("InputCapture", DESKTOP, TRUE, FALSE),
  ROW ("Location", DESKTOP, FALSE, FALSE),
  ROW ("MemoryMonitor", DESKTOP, FALSE, TRUE),
  ROW ("NetworkMonitor", DESKTOP, FALSE, TRUE),
  ROW ("Notification", DESKTOP, FALSE, FALSE),
  ROW ("OpenURI", DESKTOP, FALSE, FALSE),
  ROW ("PowerProfileMonitor", DESKTOP, FALSE, FALSE),
  ROW ("Print", DESKTOP, FALSE, FALSE),
  ROW ("ProxyResolver", DESKTOP, FALSE, FALSE),
  ROW ("Realtime", DESKTOP, FALSE, FALSE),
  /* Types and clicks into all other windows */
  ROW ("RemoteDesktop", DESKTOP, TRUE, FALSE),
  ROW ("ScreenCast", DESKTOP, FALSE, FALSE),
  ROW ("Screenshot", DESKTOP, FALSE, FALSE),
  ROW ("Secret", DESKTOP, FALSE, FALSE),
  ROW ("Settings", DESKTOP, FALSE, TRUE),
  ROW ("Trash", DESKTOP, FALSE, FALSE),
  /* Devices themselves, past devices= */
  ROW ("Usb", DESKTOP, TRUE, FALSE),
  ROW ("Wallpaper", DESKTOP, FALSE, FALSE),
  { NULL, NULL, NULL, FALSE, FALSE },
};

const SbxPortalRow *
sbx_portal_find (const char *name)
{
  for (const SbxPortalRow *row = sbx_portals; row->name; row++)
    if (strcmp (row->name, name) == 0)
      return row;
  return NULL;
}

gboolean
sbx_portal_is_apart (const char *name)
{
  const char *element;
  g_autofree char *first = NULL;
  const SbxPortalRow *row;

  if (!g_str_has_prefix (name, SBX_PORTAL_PREFIX))
    return FALSE;
  element = name + strlen (SBX_PORTAL_PREFIX);
  first = g_strndup (name, (gsize) (element - name) + strcspn (element, "."));
  if (strcmp (element, "*") == 0 || strcmp (first, SBX_PORTAL_DESKTOP) == 0)
    return FALSE;
  row = sbx_portal_find (first);
  return !row || row->apart;
}
