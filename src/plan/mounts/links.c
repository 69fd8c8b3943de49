/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that opens something looks for another one in three ways, and each would find the host's, and start a
 * browser or a mailer in the sandbox of whoever shows the link:
 *
 *   by name      xdg-open, x-www-browser, …: ours (src/open) is first on PATH, and lies over the usual places
 *   BROWSER=     names ours
 *   by launcher  GLib, KDE: of those in the usual directories only one is there, which starts ours
 *
 * What is not in its list of types has no launcher, and toolkits that know portals ask that themselves then. Nothing of
 * this is a border: an application can start any program that it sees. */
#include "plan/mounts/links.h"

#include <string.h>

#include "plan/mounts/portals.h"

#define OPENER SBX_MOUNTS_LINKS_DIR "/xdg-open"

static const char *const names[] = {
  "exo-open",  "gnome-open",       "gnome-www-browser", "gvfs-open",     "kde-open",
  "kde-open5", "sensible-browser", "www-browser",       "x-www-browser", "xdg-email"
};
/* Programs that others start by their path */
static const char *const usual[] = { "/usr/bin/sensible-browser", "/usr/bin/xdg-email", "/usr/bin/xdg-open" };
static const char *const launchers[] = { "/usr/share/applications", "/usr/local/share/applications" };

/* What may be in a link or in a folder. Everything else that a file may be is one of these to GLib (text/plain), or is
 * asked of the portal (application/octet-stream). */
static const char types[] =
    "x-scheme-handler/http;x-scheme-handler/https;x-scheme-handler/ftp;x-scheme-handler/mailto;x-scheme-handler/tel;"
    "x-scheme-handler/sms;x-scheme-handler/callto;x-scheme-handler/sip;x-scheme-handler/sips;x-scheme-handler/xmpp;"
    "x-scheme-handler/irc;x-scheme-handler/ircs;x-scheme-handler/magnet;x-scheme-handler/webcal;x-scheme-handler/geo;"
    "x-scheme-handler/news;x-scheme-handler/nntp;x-scheme-handler/help;x-scheme-handler/ghelp;x-scheme-handler/man;"
    "x-scheme-handler/apt;x-scheme-handler/appstream;x-scheme-handler/about;x-scheme-handler/unknown;inode/directory;"
    "text/plain;text/html;text/calendar;text/vcard;text/csv;application/xhtml+xml;application/pdf;application/rtf;"
    "application/postscript;application/epub+zip;application/zip;application/x-tar;application/gzip;"
    "application/x-7z-compressed;application/msword;application/vnd.ms-excel;application/vnd.ms-powerpoint;"
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document;"
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet;"
    "application/vnd.openxmlformats-officedocument.presentationml.presentation;application/vnd.oasis.opendocument.text;"
    "application/vnd.oasis.opendocument.spreadsheet;application/vnd.oasis.opendocument.presentation;"
    "application/octet-stream;message/rfc822;image/png;image/jpeg;image/gif;image/webp;image/svg+xml;image/tiff;"
    "image/bmp;image/avif;image/heif;audio/mpeg;audio/ogg;audio/flac;audio/x-wav;audio/mp4;video/mp4;video/webm;"
    "video/ogg;video/x-matroska;video/mpeg;video/quicktime;video/x-msvideo;";

#define LAUNCHER_NAME "sandbox-open.desktop"

gboolean
sbx_mounts_opens_outside (SbxDraft *self)
{
  gsize n;
  const SbxBusRule *rules = sbx_policy_get_bus (self->policy, SBX_BUS_SESSION, &n);

  return self->request->open_program && !self->box->handler
         && !(sbx_policy_get_sockets (self->policy) & SBX_SOCKET_SESSION_BUS) && sbx_mounts_grants_links (rules, n);
}

static void
add_programs (SbxDraft *self)
{
  const char *program = self->request->open_program;

  sbx_draft_bind (self, SBX_BY_SYSTEM, SBX_MOUNT_READ_ONLY, program, OPENER);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_build_filename (SBX_MOUNTS_LINKS_DIR, names[i], NULL);

    sbx_draft_mount (self, SBX_BY_SYSTEM, SBX_MOUNT_SYMLINK, "xdg-open", path, -1);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (usual); i++) {
    g_autofree char *link = NULL;

    if (self->machine->look (self->machine, usual[i], &link) != SBX_FILE_MISSING && !link)
      sbx_draft_bind (self, SBX_BY_SYSTEM, SBX_MOUNT_READ_ONLY, program, usual[i]);
  }
}

static char *
format_defaults (const char *group)
{
  GString *text = g_string_new (group);
  g_auto (GStrv) rows = g_strsplit (types, ";", -1);

  for (char **row = rows; *row; row++)
    if (**row)
      g_string_append_printf (text, "%s=" LAUNCHER_NAME "\n", *row);
  return g_string_free (text, FALSE);
}

static void
add_launcher (SbxDraft *self, const char *directory)
{
  g_autofree char *launcher = g_build_filename (directory, LAUNCHER_NAME, NULL);
  g_autofree char *list = g_build_filename (directory, "mimeapps.list", NULL);
  g_autofree char *cache = g_build_filename (directory, "mimeinfo.cache", NULL);
  g_autofree char *entry = g_strconcat ("[Desktop Entry]\nType=Application\nName=Outside of this sandbox\n"
                                        "Exec=" OPENER " %u\nNoDisplay=true\nMimeType=",
                                        types, "\n", NULL);
  g_autofree char *defaults = format_defaults ("[Default Applications]\n");
  g_autofree char *known = format_defaults ("[MIME Cache]\n");

  sbx_draft_file (self, SBX_BY_SYSTEM, "launcher", entry, launcher);
  sbx_draft_file (self, SBX_BY_SYSTEM, "launchers", defaults, list);
  sbx_draft_file (self, SBX_BY_SYSTEM, "types", known, cache);
}

void
sbx_mounts_add_links (SbxDraft *self)
{
  gboolean added = FALSE;

  if (!sbx_mounts_opens_outside (self))
    return;
  add_programs (self);
  for (gsize i = 0; i < G_N_ELEMENTS (launchers); i++) {
    if (!sbx_draft_exists (self, launchers[i]))
      continue;
    sbx_draft_mount (self, SBX_BY_SYSTEM, SBX_MOUNT_TMPFS, NULL, launchers[i], 0755);
    if (!added)
      add_launcher (self, launchers[i]);
    added = TRUE;
    sbx_draft_mount (self, SBX_BY_SYSTEM, SBX_MOUNT_REMOUNT, NULL, launchers[i], -1);
  }
  sbx_draft_offer (self, SBX_OFFER_BASE, "BROWSER", OPENER);
}
