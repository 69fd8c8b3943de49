/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "desktop/portal.h"

#include <dlfcn.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <libportal/portal.h>
#include <string.h>

#include "common/error.h"
#include "desktop/files.h"

#define LIBRARY "libportal.so.1"
#define NAME "org.freedesktop.portal.Desktop"
#define OBJECT "/org/freedesktop/portal/desktop"
#define INTERFACE "org.freedesktop.portal.DynamicLauncher"
#define ANSWER_MS 3000
/* The portal forgets what was agreed on after five minutes */
#define DIALOG_SECONDS 290

struct _SbxPortal {
  void *library;
  XdpPortal *portal;
  __typeof__ (xdp_portal_dynamic_launcher_prepare_install) *prepare;
  __typeof__ (xdp_portal_dynamic_launcher_prepare_install_finish) *prepare_finish;
  __typeof__ (xdp_portal_dynamic_launcher_install) *install;
};

void
sbx_portal_free (SbxPortal *self)
{
  g_clear_object (&self->portal);
  /* Its types stay registered, so the library stays loaded */
  g_free (self);
}

typedef struct {
  GMainLoop *loop;
  GAsyncResult *result;
  gboolean late;
  GCancellable *cancellable;
} Wait;

static void
wait_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Wait *wait = user_data;

  wait->result = g_object_ref (result);
  g_main_loop_quit (wait->loop);
}

static gboolean
wait_late (gpointer user_data)
{
  Wait *wait = user_data;

  wait->late = TRUE;
  g_cancellable_cancel (wait->cancellable);
  return G_SOURCE_CONTINUE;
}

static void
wait_for (Wait *wait, guint ms)
{
  guint timer = g_timeout_add (ms, wait_late, wait);

  while (!wait->result)
    g_main_loop_run (wait->loop);
  g_source_remove (timer);
}

static void
wait_clear (Wait *wait)
{
  g_main_loop_unref (wait->loop);
  g_clear_object (&wait->result);
  g_object_unref (wait->cancellable);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Wait, wait_clear)

static Wait
wait_new (void)
{
  return (Wait){ .loop = g_main_loop_new (NULL, FALSE), .cancellable = g_cancellable_new () };
}

static gboolean
portal_answers (GDBusConnection *bus)
{
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_sync (bus, NAME, OBJECT, "org.freedesktop.DBus.Properties", "Get",
                                   g_variant_new ("(ss)", INTERFACE, "SupportedLauncherTypes"), G_VARIANT_TYPE ("(v)"),
                                   G_DBUS_CALL_FLAGS_NONE, ANSWER_MS, NULL, NULL);
  g_autoptr (GVariant) types = NULL;

  if (!reply)
    return FALSE;
  g_variant_get (reply, "(v)", &types);
  return g_variant_is_of_type (types, G_VARIANT_TYPE_UINT32)
         && (g_variant_get_uint32 (types) & XDP_LAUNCHER_APPLICATION);
}

SbxPortal *
sbx_portal_open (void)
{
  g_autoptr (SbxPortal) self = g_new0 (SbxPortal, 1);
  g_autoptr (GDBusConnection) bus = NULL;
  g_auto (Wait) wait = wait_new ();
  __typeof__ (xdp_portal_new) *new_portal;

  if (!g_getenv ("DBUS_SESSION_BUS_ADDRESS"))
    return NULL;
  g_bus_get (G_BUS_TYPE_SESSION, wait.cancellable, wait_done, &wait);
  wait_for (&wait, ANSWER_MS);
  bus = g_bus_get_finish (wait.result, NULL);
  if (!bus)
    return NULL;
  g_dbus_connection_set_exit_on_close (bus, FALSE);
  if (!portal_answers (bus))
    return NULL;
  self->library = dlopen (LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!self->library)
    return NULL;
  new_portal = dlsym (self->library, "xdp_portal_new");
  self->prepare = dlsym (self->library, "xdp_portal_dynamic_launcher_prepare_install");
  self->prepare_finish = dlsym (self->library, "xdp_portal_dynamic_launcher_prepare_install_finish");
  self->install = dlsym (self->library, "xdp_portal_dynamic_launcher_install");
  if (!new_portal || !self->prepare || !self->prepare_finish || !self->install)
    return NULL;
  self->portal = new_portal ();
  return self->portal ? g_steal_pointer (&self) : NULL;
}

/* The icon as the portal wants it: bytes of a PNG or SVG, 512 pixels at most. */
static GVariant *
find_icon (const SbxDesktopPlaces *places, const char *name)
{
  static const char *const patterns[] = { "icons/hicolor/256x256/apps/%s.png",
                                          "icons/hicolor/128x128/apps/%s.png",
                                          "icons/hicolor/512x512/apps/%s.png",
                                          "icons/hicolor/scalable/apps/%s.svg",
                                          "icons/hicolor/64x64/apps/%s.png",
                                          "icons/hicolor/48x48/apps/%s.png",
                                          "pixmaps/%s.png",
                                          "pixmaps/%s.svg" };
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);

  if (g_path_is_absolute (name))
    g_ptr_array_add (paths, g_strdup (name));
  for (gsize i = 0; !strchr (name, '/') && i < G_N_ELEMENTS (patterns); i++) {
    g_auto (GStrv) parts = g_strsplit (patterns[i], "%s", 2);
    g_autofree char *file = g_strconcat (parts[0], name, parts[1], NULL);

    g_ptr_array_add (paths, g_build_filename (places->data_home, file, NULL));
    for (char **dir = places->data_dirs; *dir; dir++)
      g_ptr_array_add (paths, g_build_filename (*dir, file, NULL));
  }
  for (guint i = 0; i < paths->len; i++) {
    gsize size;
    char *data = sbx_desktop_read_file (paths->pdata[i], SBX_DESKTOP_MAX, &size, NULL);
    g_autoptr (GBytes) bytes = data ? g_bytes_new_take (data, size) : NULL;
    g_autoptr (GIcon) icon = bytes ? g_bytes_icon_new (bytes) : NULL;

    if (icon)
      return g_icon_serialize (icon);
  }
  return NULL;
}

SbxPortalAnswer
sbx_portal_ask (SbxPortal *self, const SbxDesktopPlaces *places, const SbxDesktopEntry *entry, char **token,
                GError **error)
{
  const char *name = sbx_desktop_entry_get (entry, SBX_DESKTOP_GROUP, "Name");
  const char *icon_name = sbx_desktop_entry_get (entry, SBX_DESKTOP_GROUP, "Icon");
  g_autoptr (GVariant) icon = icon_name ? find_icon (places, icon_name) : NULL, reply = NULL;
  g_autoptr (GError) problem = NULL;
  g_auto (Wait) wait = wait_new ();

  *token = NULL;
  if (!name || !*name || !icon) {
    sbx_throw (error, SBX_ERROR_NOT_SUPPORTED, _ ("the dialog of the desktop needs a name and an icon"));
    return SBX_PORTAL_BROKEN;
  }
  self->prepare (self->portal, NULL, name, icon, XDP_LAUNCHER_APPLICATION, NULL, FALSE, FALSE, wait.cancellable,
                 wait_done, &wait);
  wait_for (&wait, DIALOG_SECONDS * 1000);
  reply = self->prepare_finish (self->portal, wait.result, &problem);
  if (reply && g_variant_lookup (reply, "token", "s", token))
    return SBX_PORTAL_YES;
  if (g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_CANCELLED) && !wait.late)
    return SBX_PORTAL_NO;
  sbx_throw (error, SBX_ERROR_NOT_SUPPORTED, _ ("the dialog of the desktop has not answered: %s"),
             problem && !wait.late ? problem->message : _ ("time is up"));
  return wait.late ? SBX_PORTAL_NO : SBX_PORTAL_BROKEN;
}

static SbxDesktopItem *
find_launcher (const SbxDesktopRecord *record)
{
  for (guint i = 0; i < record->items->len; i++)
    if (g_str_equal (((SbxDesktopItem *) record->items->pdata[i])->kind, "launcher"))
      return record->items->pdata[i];
  return NULL;
}

/* What xdg-desktop-portal 1.16 takes: one group. */
static char *
first_group (const char *text)
{
  g_autoptr (SbxDesktopEntry) entry =
      sbx_desktop_entry_parse (text, strlen (text), "launcher", SBX_DESKTOP_GROUP, NULL);
  g_autofree const char **groups = entry ? sbx_desktop_entry_groups (entry) : NULL;

  for (gsize i = 1; groups && groups[i]; i++)
    sbx_desktop_entry_remove_group (entry, groups[i]);
  if (!entry)
    return NULL;
  sbx_desktop_entry_unset (entry, SBX_DESKTOP_GROUP, "Actions");
  return sbx_desktop_entry_to_text (entry);
}

/* @text with the icon that the portal has put on the disk; *@icon is its path. The portal's own text is no use: 1.16
 * puts quotes around field codes, and then a file's name with a blank in it becomes two arguments (GLib expands first).
 */
static char *
with_icon (const char *text, const char *written, char **icon)
{
  g_autoptr (SbxDesktopEntry) ours = sbx_desktop_entry_parse (text, strlen (text), "launcher", SBX_DESKTOP_GROUP, NULL);
  g_autoptr (SbxDesktopEntry) theirs = sbx_desktop_entry_read (written, SBX_DESKTOP_GROUP, NULL);

  *icon = theirs ? g_strdup (sbx_desktop_entry_get (theirs, SBX_DESKTOP_GROUP, "Icon")) : NULL;
  if (!*icon)
    return NULL;
  sbx_desktop_entry_set (ours, SBX_DESKTOP_GROUP, "Icon", *icon);
  return sbx_desktop_entry_to_text (ours);
}

static gboolean
write_text (const char *path, char *text)
{
  const SbxFileState state = { .type = SBX_FILE_CONTENT, .data = text, .size = strlen (text), .mode = 0644 };

  return sbx_file_restore (path, &state, NULL);
}

gboolean
sbx_portal_install (SbxPortal *self, SbxDesktopStore *store, const SbxDesktopPlaces *places, SbxDesktopRecord *record,
                    const char *token)
{
  SbxDesktopItem *item = find_launcher (record);
  g_autofree char *dir = g_build_filename (places->data_home, "xdg-desktop-portal", NULL);
  g_autofree char *file = g_build_filename (dir, "applications", record->id, NULL);
  g_autofree char *usual = g_build_filename (places->data_home, "applications", record->id, NULL);
  g_autofree char *simple = first_group (item->content), *text = NULL, *icon = NULL;
  const char *added[] = { file, NULL, NULL };

  /* What is there already is another launcher of the portal's, and would be lost */
  if (!simple || !g_str_equal (item->path, usual) || g_file_test (file, G_FILE_TEST_EXISTS))
    return FALSE;
  if (self->install (self->portal, token, record->id, simple, NULL))
    text = with_icon (item->content, file, &icon);
  added[1] = icon && g_str_has_prefix (icon, dir) ? icon : NULL;
  if (text && write_text (file, text) && g_file_test (item->path, G_FILE_TEST_IS_SYMLINK)
      && sbx_desktop_same_program (item->path, file) && sbx_desktop_store_adopt (store, record, item, added, NULL))
    return TRUE;
  g_unlink (file);
  if (added[1])
    g_unlink (added[1]);
  (void) write_text (item->path, item->content);
  return FALSE;
}
