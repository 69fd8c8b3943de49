/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filesystems=: parents come before their children, so a child's rule lies over its parent's. */
#include "plan/mounts/files.h"

#include <string.h>

#include "common/error.h"
#include "common/names.h"
#include "common/path.h"
#include "plan/environment.h"
#include "plan/mounts/bus.h"

/* Nothing there, and nothing can be put there: read-only once everything is mounted, since a rule for something below
 * it needs a place to be mounted at. */
static void
cover (SbxDraft *self, const char *path)
{
  SbxFileKind kind = self->machine->look (self->machine, path, NULL);

  if (kind == SBX_FILE_DIRECTORY) {
    sbx_draft_mount (self, SBX_BY_COVER, SBX_MOUNT_TMPFS, NULL, path, 0700);
    g_ptr_array_add (self->covered, g_strdup (path));
  } else if (kind != SBX_FILE_MISSING) {
    sbx_draft_bind (self, SBX_BY_COVER, SBX_MOUNT_READ_ONLY, "/dev/null", path);
  }
}

/* Before bwrap runs. */
static gboolean
will_exist (SbxDraft *self, const char *path)
{
  for (guint i = 0; i < self->box->directories->len; i++)
    if (strcmp (g_array_index (self->box->directories, SbxPlanDirectory, i).path, path) == 0)
      return TRUE;
  return sbx_draft_exists (self, path);
}

static void
grant (SbxDraft *self, const char *path, SbxAccess access)
{
  if (access == SBX_ACCESS_CREATE)
    sbx_draft_directory (self, path, 0755);
  else if (!will_exist (self, path)) {
    sbx_draft_warn (self, "%s is not there and is left out", path);
    return;
  }
  sbx_draft_bind (self, SBX_BY_PATH, access == SBX_ACCESS_RO ? SBX_MOUNT_READ_ONLY : 0, path, path);
  if (access >= SBX_ACCESS_RW)
    sbx_draft_writable (self, path);
}

/* Where displays and session managers have their sockets. A display may take a user's word for a cookie, and a session
 * manager starts what it is told to at the next login (SmRestartCommand): nobody shares /tmp to have that. x11 gives
 * the one socket of the one display. */
static const char *const socket_places[] = { "/tmp/.X11-unix", "/tmp/.ICE-unix" };

static gboolean
is_socket_place (const char *path)
{
  for (gsize i = 0; i < G_N_ELEMENTS (socket_places); i++)
    if (strcmp (path, socket_places[i]) == 0)
      return TRUE;
  return FALSE;
}

/* Covers also what is not there yet: it is made, as a display would make it (libXtrans, trans_mkdir ()). */
static void
cover_place (SbxDraft *self, const char *path)
{
  if (!sbx_draft_exists (self, path)) {
    sbx_draft_directory (self, path, 01777);
    sbx_draft_mount (self, SBX_BY_COVER, SBX_MOUNT_TMPFS, NULL, path, 0700);
    g_ptr_array_add (self->covered, g_strdup (path));
  } else {
    cover (self, path);
  }
}

/* Everything except the places that the sandbox has of its own. */
static void
grant_host (SbxDraft *self, SbxAccess access)
{
  for (const char *const *place = sbx_path_host_places (); *place; place++)
    if (sbx_draft_exists (self, *place))
      grant (self, *place, access);
}

/* A rule for @path itself, unless there is one or what is above it says the same. */
static void
add_rule (GArray *rules, const SbxPolicy *policy, const char *path, SbxAccess access)
{
  SbxPathRule rule = { path, access };

  for (guint i = 0; i < rules->len; i++)
    if (strcmp (g_array_index (rules, SbxPathRule, i).path, path) == 0)
      return;
  if (sbx_policy_get_access (policy, path) > access)
    g_array_append_val (rules, rule);
}

/* Nothing at or below @top gets more than @most, whatever the profile says of it. */
static void
limit (GArray *rules, const SbxPolicy *policy, const char *top, SbxAccess most)
{
  add_rule (rules, policy, top, most);
  for (guint i = 0; i < rules->len; i++) {
    SbxPathRule *rule = &g_array_index (rules, SbxPathRule, i);

    if (sbx_path_is_below (rule->path, top))
      rule->access = MIN (rule->access, most);
  }
}

/* Whether @rule opens @place, what it is in, or something in it. */
static gboolean
concerns (const SbxPathRule *rule, const char *place)
{
  if (rule->access == SBX_ACCESS_NONE)
    return FALSE;
  if (strcmp (rule->path, "/") == 0)
    return sbx_path_is_of_host (place);
  return sbx_path_is_below (place, rule->path) || sbx_path_is_below (rule->path, place);
}

static void
limit_socket_places (SbxDraft *self, GArray *rules)
{
  for (gsize i = 0; i < G_N_ELEMENTS (socket_places); i++) {
    gboolean concerned = FALSE;

    for (guint j = 0; j < rules->len; j++) {
      const SbxPathRule *rule = &g_array_index (rules, SbxPathRule, j);

      concerned = concerned || concerns (rule, socket_places[i]);
      if (concerns (rule, socket_places[i]) && sbx_path_is_below (rule->path, socket_places[i]))
        sbx_draft_warn (self,
                        "%s is left out: no path opens displays and session managers; for a display, say sockets=x11",
                        rule->path);
    }
    if (concerned)
      limit (rules, self->policy, socket_places[i], SBX_ACCESS_NONE);
  }
}

/* Whether no rule is for @path or for a directory above it. */
static gboolean
is_unsaid (const GArray *rules, const SbxPolicy *policy, const char *path)
{
  for (guint i = 0; i < rules->len; i++)
    if (sbx_path_is_below (path, g_array_index (rules, SbxPathRule, i).path))
      return FALSE;
  return sbx_policy_get_access (policy, path) == SBX_ACCESS_NONE;
}

/* What makes windows look as the user has chosen: for reading, where there are windows. Not all of gtk-3.0, which has
 * the file chooser's bookmarks too. */
static void
add_appearance (SbxDraft *self, GArray *rules, GPtrArray *paths)
{
  static const char *const in_home[] = { ".fonts", ".icons", ".themes" };
  static const char *const in_data[] = { "fonts", "icons", "themes" };
  static const char *const in_config[] = { "fontconfig",           "gtk-3.0/settings.ini", "gtk-3.0/gtk.css",
                                           "gtk-4.0/settings.ini", "gtk-4.0/gtk.css",      "kdeglobals",
                                           "Trolltech.conf" };
  const SbxMachine *machine = self->machine;
  const struct {
    const char *top;
    const char *const *names;
    gsize n;
  } rows[] = { { machine->home, in_home, G_N_ELEMENTS (in_home) },
               { machine->data_home, in_data, G_N_ELEMENTS (in_data) },
               { machine->config_home, in_config, G_N_ELEMENTS (in_config) } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    for (gsize j = 0; j < rows[i].n; j++) {
      SbxPathRule rule = { g_build_filename (rows[i].top, rows[i].names[j], NULL), SBX_ACCESS_RO };

      g_ptr_array_add (paths, (gpointer) rule.path);
      if (is_unsaid (rules, self->policy, rule.path) && sbx_draft_exists (self, rule.path))
        g_array_append_val (rules, rule);
    }
}

/* The buses that are used here, wherever they are: dbus-run-session has its in /tmp. */
static void
limit_buses (SbxDraft *self, GArray *rules, GPtrArray *paths)
{
  for (gsize bus = 0; bus < SBX_N_BUSES; bus++) {
    char *path = sbx_mounts_find_bus (self, (SbxBus) bus);
    gboolean concerned = FALSE;

    if (path)
      g_ptr_array_add (paths, path);
    for (guint i = 0; path && i < rules->len; i++)
      concerned = concerned || concerns (&g_array_index (rules, SbxPathRule, i), path);
    if (concerned)
      limit (rules, self->policy, path, SBX_ACCESS_NONE);
  }
}

static int
compare_rules (gconstpointer a, gconstpointer b)
{
  return strcmp (((const SbxPathRule *) a)->path, ((const SbxPathRule *) b)->path);
}

/* The policy's rules, and what they would open by the way and no profile means: the service's own files, the unfiltered
 * bus, other applications' homes unless they are named, and the profiles, which would be a way to more at the next
 * start.
 * @paths keeps what the rules point to. */
static GArray *
make_rules (SbxDraft *self, GPtrArray *paths)
{
  const SbxMachine *machine = self->machine;
  char *homes = g_build_filename (machine->data_home, SBX_RUNTIME_SUBDIR, NULL);
  char *profiles = g_build_filename (machine->config_home, SBX_RUNTIME_SUBDIR, NULL);
  gsize n;
  const SbxPathRule *named = sbx_policy_get_filesystems (self->policy, &n);
  GArray *rules = g_array_new (FALSE, FALSE, sizeof (SbxPathRule));

  g_array_append_vals (rules, named, (guint) n);
  if (sbx_policy_get_sockets (self->policy) & SBX_PLAN_DISPLAYS)
    add_appearance (self, rules, paths);
  g_ptr_array_add (paths, homes);
  g_ptr_array_add (paths, profiles);
  add_rule (rules, self->policy, homes, SBX_ACCESS_NONE);
  if (sbx_policy_get_access (self->policy, profiles) >= SBX_ACCESS_RW)
    sbx_draft_directory (self, profiles, 0700); /* else it could be made from inside */
  limit (rules, self->policy, profiles, SBX_ACCESS_RO);
  limit_socket_places (self, rules);
  if (machine->runtime_dir) {
    char *instances = g_build_filename (machine->runtime_dir, SBX_RUNTIME_SUBDIR, NULL);
    char *bus = g_build_filename (machine->runtime_dir, "bus", NULL);

    g_ptr_array_add (paths, instances);
    g_ptr_array_add (paths, bus);
    limit (rules, self->policy, instances, SBX_ACCESS_NONE);
    if (!(sbx_policy_get_sockets (self->policy) & SBX_SOCKET_SESSION_BUS))
      limit (rules, self->policy, bus, SBX_ACCESS_NONE);
  }
  limit_buses (self, rules, paths);
  g_array_sort (rules, compare_rules);
  return rules;
}

/* Whether what is above rule @at has something to show there. */
static gboolean
is_open_above (const GArray *rules, guint at)
{
  const char *path = g_array_index (rules, SbxPathRule, at).path;

  while (at-- > 0)
    if (sbx_path_is_below (path, g_array_index (rules, SbxPathRule, at).path))
      return g_array_index (rules, SbxPathRule, at).access != SBX_ACCESS_NONE;
  return FALSE;
}

/* Whether the nearest rule above @path opens it, and none is for @path itself. */
static gboolean
is_shown (const GArray *rules, const char *path)
{
  const SbxPathRule *nearest = NULL;

  for (guint i = 0; i < rules->len; i++) { /* sorted: what is above comes first */
    const SbxPathRule *rule = &g_array_index (rules, SbxPathRule, i);

    if (strcmp (rule->path, path) == 0)
      return FALSE;
    if (strcmp (rule->path, "/") == 0 ? sbx_path_is_of_host (path) : sbx_path_is_below (path, rule->path))
      nearest = rule;
  }
  return nearest && nearest->access != SBX_ACCESS_NONE;
}

/* Who shares /tmp or /run, and has its runtime directory there, has not asked for what other programs have in that; and
 * the sandbox's own needs places, which are not made on the host. */
static void
hide_runtime (SbxDraft *self, const GArray *rules)
{
  self->runtime_hidden = is_shown (rules, self->box->runtime_dir);
  if (self->runtime_hidden)
    sbx_draft_mount (self, SBX_BY_SYSTEM, SBX_MOUNT_TMPFS, NULL, self->box->runtime_dir, 0700);
}

/* What the nearest of @rules, which are sorted, says of @path. */
static SbxAccess
access_of (const GArray *rules, const char *path)
{
  SbxAccess access = SBX_ACCESS_NONE;

  for (guint i = 0; i < rules->len; i++) {
    const SbxPathRule *rule = &g_array_index (rules, SbxPathRule, i);

    if (strcmp (rule->path, "/") == 0 ? sbx_path_is_of_host (path) : sbx_path_is_below (path, rule->path))
      access = rule->access;
  }
  return access;
}

/* Second names, of what is open by its own. */
static void
add_attached (SbxDraft *self, const GArray *rules)
{
  gsize n;
  const SbxAttached *attached = sbx_policy_get_attached (self->policy, &n);

  for (gsize i = 0; i < n; i++)
    if (access_of (rules, attached[i].source) == SBX_ACCESS_NONE || !will_exist (self, attached[i].source))
      sbx_draft_warn (self, "%s is not there and is left out", attached[i].where);
    else
      sbx_draft_bind (self, SBX_BY_PATH, SBX_MOUNT_READ_ONLY, attached[i].source, attached[i].where);
}

/* Whether @mount is one of the empty places, or the application's own home: there a place can be made. */
static gboolean
is_of_sandbox (const SbxDraft *self, const SbxMount *mount)
{
  return (mount->by == SBX_BY_SYSTEM && (mount->kind == SBX_MOUNT_TMPFS || mount->kind == SBX_MOUNT_DIRECTORY))
         || (mount->kind == SBX_MOUNT_BIND && sbx_path_is_below (mount->source, self->box->app_home));
}

/* The first mount other than @index that is in the way of the one at @where, or NULL. */
static const SbxMount *
find_in_the_way (const SbxDraft *self, const char *where, guint index)
{
  for (guint i = 0; i < self->box->mounts->len; i++) {
    const SbxMount *mount = &g_array_index (self->box->mounts, SbxMount, i);

    if (i != index
        && (sbx_path_is_below (mount->dest, where)
            || (sbx_path_is_below (where, mount->dest) && !is_of_sandbox (self, mount))))
      return mount;
  }
  return NULL;
}

/* Other programs' sockets are in the runtime directory; inside it is another one, and that name alone is looked after.
 */
static gboolean
check_source (const SbxDraft *self, const SbxMount *mount, GError **error)
{
  const char *const trees[] = { "/proc", "/sys", "/dev" };
  const char *runtime = self->box->runtime_dir;

  for (gsize i = 0; i < G_N_ELEMENTS (trees); i++)
    if (sbx_path_is_below (mount->source, trees[i]) || sbx_path_is_below (trees[i], mount->source))
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "%s cannot have another name inside (%s)", mount->source,
                        mount->dest);
  return !sbx_path_is_below (runtime, mount->source)
         || sbx_throw (error, SBX_ERROR_BAD_OPTION,
                       "%s cannot have another name inside (%s): the runtime directory, %s, is in it", mount->source,
                       mount->dest, runtime);
}

gboolean
sbx_mounts_check_attached (const SbxDraft *self, GError **error)
{
  for (guint i = 0; i < self->box->mounts->len; i++) {
    const SbxMount *mount = &g_array_index (self->box->mounts, SbxMount, i), *other;

    if (!sbx_mount_is_second_name (mount))
      continue;
    if (!check_source (self, mount, error))
      return FALSE;
    other = find_in_the_way (self, mount->dest, i);
    if (other)
      return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                        "%s cannot be the name of %s inside: something else is at %s; name another place", mount->dest,
                        mount->source, other->dest);
  }
  return TRUE;
}

/* Files of the caller's choice lie over all that the policy says of their places. */
static void
add_forwarded (SbxDraft *self)
{
  for (gsize i = 0; i < self->request->n_forward; i++) {
    const SbxForwardedFile *file = &self->request->forward[i];

    if (file->is_new)
      continue;
    sbx_draft_bind (self, SBX_BY_CALLER, file->writable ? 0 : SBX_MOUNT_READ_ONLY, file->path, file->path);
    for (gsize j = 0; j < G_N_ELEMENTS (socket_places); j++)
      if (sbx_path_is_below (socket_places[j], file->path))
        cover_place (self, socket_places[j]);
    if (file->writable)
      sbx_draft_writable (self, file->path);
  }
}

void
sbx_mounts_add_files (SbxDraft *self)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) rules = make_rules (self, paths);

  hide_runtime (self, rules);
  for (guint i = 0; i < rules->len; i++) {
    const SbxPathRule *rule = &g_array_index (rules, SbxPathRule, i);

    if (rule->access != SBX_ACCESS_NONE && strcmp (rule->path, "/") == 0)
      grant_host (self, rule->access);
    else if (rule->access != SBX_ACCESS_NONE)
      grant (self, rule->path, rule->access);
    else if (is_socket_place (rule->path) && is_open_above (rules, i))
      cover_place (self, rule->path);
    else if (is_open_above (rules, i))
      cover (self, rule->path);
  }
  add_attached (self, rules);
  add_forwarded (self);
}

void
sbx_mounts_close_covered (SbxDraft *self)
{
  for (guint i = 0; i < self->covered->len; i++)
    sbx_draft_mount (self, SBX_BY_COVER, SBX_MOUNT_REMOUNT, NULL, self->covered->pdata[i], -1);
}
