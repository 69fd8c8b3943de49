/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The read-only system that every sandbox has, and its empty places: /tmp, /run, /var, /dev, /proc, the home. */
#include "plan/mounts/system.h"

#include <string.h>

#include "common/path.h"
#include "plan/mounts/links.h"
#include "plan/mounts/network.h"
#include "wire/layout.h"

/* /bin and friends: links on a merged-/usr system, directories of their own elsewhere. */
static void
add_usr (SbxDraft *self)
{
  static const char *const tops[] = { "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32" };

  sbx_draft_bind (self, SBX_BY_SYSTEM, SBX_MOUNT_READ_ONLY, "/usr", "/usr");
  for (gsize i = 0; i < G_N_ELEMENTS (tops); i++) {
    g_autofree char *link = NULL;
    SbxFileKind kind = self->machine->look (self->machine, tops[i], &link);

    if (link)
      sbx_draft_mount (self, SBX_BY_SYSTEM, SBX_MOUNT_SYMLINK, link, tops[i], -1);
    else if (kind == SBX_FILE_DIRECTORY)
      sbx_draft_bind (self, SBX_BY_SYSTEM, SBX_MOUNT_READ_ONLY, tops[i], tops[i]);
  }
  sbx_draft_bind_if_there (self, SBX_BY_SYSTEM, SBX_MOUNT_READ_ONLY, "/opt");
}

/* An ordinary name for the uid that root's applications have inside. */
static void
add_accounts (SbxDraft *self)
{
  g_autofree char *passwd = g_strdup_printf ("root:x:0:0:root:/root:/usr/sbin/nologin\n"
                                             "sandbox:x:%u:%u:sandbox:%s:/bin/sh\n"
                                             "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
                                             self->box->uid, self->box->gid, self->box->home);
  g_autofree char *group = g_strdup_printf ("root:x:0:\nsandbox:x:%u:\nnogroup:x:65534:\n", self->box->gid);

  sbx_draft_file (self, SBX_BY_SYSTEM, "passwd", passwd, "/etc/passwd");
  sbx_draft_file (self, SBX_BY_SYSTEM, "group", group, "/etc/group");
}

/* Whoever starts it, a sandbox gets of /etc what any user may read. For an ordinary user the kernel sees to that; for
 * root, whose uid owns everything there, each path that others may not read is covered. */
static void
hide_secrets (SbxDraft *self)
{
  const char *const *hidden = self->machine->hidden_config (self->machine);

  for (; hidden && *hidden; hidden++) {
    SbxFileKind kind = self->machine->look (self->machine, *hidden, NULL);

    if (kind == SBX_FILE_DIRECTORY)
      sbx_draft_mount (self, SBX_BY_COVER, SBX_MOUNT_TMPFS, NULL, *hidden, 0700);
    else if (kind != SBX_FILE_MISSING)
      sbx_draft_bind (self, SBX_BY_COVER, SBX_MOUNT_READ_ONLY, "/dev/null", *hidden);
  }
}

/* A user whom some service names outside (LDAP, sssd, systemd-homed) has the same name inside. */
static void
add_own_account (SbxDraft *self)
{
  static const char *const files[][2] = { { "passwd", "/etc/passwd" }, { "group", "/etc/group" } };

  for (gsize i = 0; self->machine->accounts && i < G_N_ELEMENTS (files); i++) {
    g_autofree char *content = self->machine->accounts (self->machine, files[i][1]);

    if (content)
      sbx_draft_file (self, SBX_BY_SYSTEM, files[i][0], content, files[i][1]);
  }
}

static void
add_etc (SbxDraft *self)
{
  sbx_draft_bind (self, SBX_BY_SYSTEM, SBX_MOUNT_READ_ONLY, "/etc", "/etc");
  if (self->machine->uid == 0)
    hide_secrets (self);
  if (self->box->as_root)
    add_accounts (self);
  else
    add_own_account (self);
  if (sbx_network_is_private (self->policy))
    sbx_network_add_resolver (self, NULL);
}

static gboolean
is_of_user (SbxDraft *self, const char *place)
{
  const char *const own[] = { self->machine->home, self->machine->data_home, self->machine->config_home,
                              self->machine->runtime_dir };

  for (gsize i = 0; i < G_N_ELEMENTS (own); i++)
    if (own[i] && (sbx_path_is_below (place, own[i]) || sbx_path_is_below (own[i], place)))
      return TRUE;
  return FALSE;
}

/* What packages keep in /var and programs read there, by links of /usr or by name: dictionaries, fonts' and TeX's
 * tables, catalogues. Nothing in it is anybody's. There may be many, and for each of its mounts bwrap reads the table
 * of all others; so the keeper mounts them. */
static void
add_data (SbxDraft *self)
{
  static const char *const places[] = { "/var/cache/fontconfig",
                                        "/var/cache/man",
                                        "/var/cache/postgresql/dicts",
                                        "/var/cache/swcatalog",
                                        "/var/lib/app-info",
                                        "/var/lib/aspell",
                                        "/var/lib/ca-certificates-java",
                                        "/var/lib/dictionaries-common",
                                        "/var/lib/emacsen-common",
                                        "/var/lib/gems",
                                        "/var/lib/ghc",
                                        "/var/lib/ghostscript",
                                        "/var/lib/ieee-data",
                                        "/var/lib/ispell",
                                        "/var/lib/libreoffice",
                                        "/var/lib/mecab",
                                        "/var/lib/sgml-base",
                                        "/var/lib/snmp/mibs",
                                        "/var/lib/swcatalog",
                                        "/var/lib/texmf",
                                        "/var/lib/usbutils",
                                        "/var/lib/vim",
                                        "/var/lib/xfonts",
                                        "/var/lib/xkb",
                                        "/var/lib/xml-core",
                                        "/var/spool/libreoffice" };

  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    if (!is_of_user (self, places[i])) /* some users of the system are at home there */
      sbx_draft_bind_if_there (self, SBX_BY_SYSTEM, SBX_MOUNT_READ_ONLY, places[i]);
}

#define RESOLVER "/etc/resolv.conf"

/* The servers' addresses, with a network. A file that is replaced by a rename, when the network changes, would stay the
 * old one inside; so the directory is shown that it is replaced in, where that is one of a resolver's own in /run. */
static void
add_resolver (SbxDraft *self, const char *place)
{
  g_autofree char *directory = g_path_get_dirname (place), *link = NULL;

  if (sbx_network_is_private (self->policy))
    sbx_network_add_resolver (self, place);
  if (!(sbx_policy_get_shared (self->policy) & SBX_SHARED_NETWORK))
    return;
  self->machine->look (self->machine, place, &link);
  if (!link && self->machine->uid != 0 && g_str_has_prefix (directory, "/run/"))
    sbx_draft_bind (self, SBX_BY_POLICY, SBX_MOUNT_READ_ONLY, directory, directory);
  else
    sbx_draft_bind (self, SBX_BY_POLICY, SBX_MOUNT_READ_ONLY, place, place);
}

/* Whether a mount shows @place already, or the policy says how. */
static gboolean
is_shown_already (SbxDraft *self, const char *place)
{
  for (guint i = 0; i < self->box->mounts->len; i++) {
    const SbxMount *mount = &g_array_index (self->box->mounts, SbxMount, i);

    if (mount->kind == SBX_MOUNT_BIND && sbx_path_is_below (place, mount->dest))
      return TRUE;
  }
  return sbx_policy_get_access (self->policy, place) != SBX_ACCESS_NONE;
}

/* What links of the system lead to, outside of it. The keeper mounts it, as the object that it was found to be. */
static void
add_link_targets (SbxDraft *self)
{
  const GArray *links = self->machine->links_out ? self->machine->links_out (self->machine) : NULL;

  for (guint i = 0; links && i < links->len; i++) {
    const SbxLinkOut *row = &g_array_index (links, SbxLinkOut, i);

    if (is_of_user (self, row->place) || is_shown_already (self, row->place))
      continue;
    if (strcmp (row->link, RESOLVER) == 0)
      add_resolver (self, row->place);
    else
      sbx_draft_bind (self, SBX_BY_SYSTEM, SBX_MOUNT_READ_ONLY, row->place, row->place);
  }
}

static void
add_handler_places (SbxDraft *self)
{
  sbx_draft_mount (self, SBX_BY_SYSTEM, SBX_MOUNT_DIRECTORY, NULL, SBX_TARGET_ROOT, 0755);
  if (self->request->dump_program)
    sbx_draft_bind (self, SBX_BY_SYSTEM, SBX_MOUNT_READ_ONLY, self->request->dump_program, SBX_PLAN_DUMP_PROGRAM);
  if (self->request->crash_directory)
    sbx_draft_bind (self, SBX_BY_SYSTEM, 0, self->request->crash_directory, SBX_PLAN_CRASH_DIRECTORY);
}

static void
add_empty_places (SbxDraft *self)
{
  sbx_draft_mount (self, SBX_BY_SYSTEM, SBX_MOUNT_TMPFS, NULL, "/tmp", 01777);
  sbx_draft_mount (self, SBX_BY_SYSTEM, SBX_MOUNT_TMPFS, NULL, "/var/tmp", 01777);
  sbx_draft_mount (self, SBX_BY_SYSTEM, SBX_MOUNT_SYMLINK, "../run", "/var/run", -1);
  sbx_draft_mount (self, SBX_BY_SYSTEM, SBX_MOUNT_TMPFS, NULL, "/run", 0755);
  sbx_draft_mount (self, SBX_BY_SYSTEM, SBX_MOUNT_DIRECTORY, NULL, self->box->runtime_dir, 0700);
  sbx_draft_writable (self, "/tmp");
  sbx_draft_writable (self, "/var/tmp");
  if (self->box->handler)
    add_handler_places (self);
  sbx_draft_writable (self, "/run");
}

/* What is kept lies in the application's own place on the disk; an exception from it begins empty each time. */
static void
keep (SbxDraft *self, const SbxPathRule *rule)
{
  const char *below = rule->path[1] ? rule->path : NULL;
  g_autofree char *source = g_build_filename (self->box->app_home, below, NULL);
  g_autofree char *dest = g_build_filename (self->box->home, below, NULL);

  if (rule->access != SBX_ACCESS_NONE) {
    sbx_draft_directory (self, source, 0700);
    sbx_draft_bind (self, SBX_BY_POLICY, 0, source, dest);
    return;
  }
  switch (self->machine->look (self->machine, source, NULL)) {
  case SBX_FILE_MISSING:
  case SBX_FILE_DIRECTORY:
    sbx_draft_mount (self, SBX_BY_COVER, SBX_MOUNT_TMPFS, NULL, dest, 0700);
    break;
  default:
    sbx_draft_bind (self, SBX_BY_COVER, SBX_MOUNT_READ_ONLY, "/dev/null", dest);
  }
}

/* "/" is the whole home; anything else is a directory in an otherwise empty one. Parents come before children. */
static void
add_home (SbxDraft *self)
{
  gsize n;
  const SbxPathRule *rules = sbx_policy_get_kept (self->policy, &n);

  sbx_draft_writable (self, self->box->home);
  if (n == 0 || rules[0].path[1])
    sbx_draft_mount (self, SBX_BY_SYSTEM, SBX_MOUNT_TMPFS, NULL, self->box->home, 0700);
  /* bwrap makes what holds nothing of the user's; whatever comes from here on the keeper mounts, by object */
  self->box->n_skeleton = self->box->mounts->len;
  add_data (self);
  self->box->n_common = self->box->mounts->len;
  self->box->n_skeleton_files = self->box->files->len;
  if (n > 0 && rules[0].path[1])
    sbx_draft_directory (self, self->box->app_home, 0700);
  for (gsize i = 0; i < n; i++)
    keep (self, &rules[i]);
}

/* gdb would look for the program and its libraries by entering the target's mount namespace, which a handler may not.
 */
static void
add_debugger_start (SbxDraft *self)
{
  const char *const *persistent = sbx_policy_get_persistent (self->policy);
  g_autofree char *path = g_build_filename (self->box->home, ".gdbinit", NULL);

  if (!(persistent[0] && strcmp (persistent[0], ".") == 0)) /* that home is on the disk */
    sbx_draft_file (self, SBX_BY_SYSTEM, "gdbinit", "set sysroot " SBX_TARGET_ROOT "\n", path);
}

void
sbx_mounts_add_system (SbxDraft *self)
{
  add_usr (self);
  add_etc (self);
  add_empty_places (self);
  if (sbx_policy_get_devices (self->policy) & SBX_DEVICE_ALL)
    sbx_draft_bind (self, SBX_BY_POLICY, SBX_MOUNT_DEVICES, "/dev", "/dev");
  else
    sbx_draft_mount (self, SBX_BY_SYSTEM, SBX_MOUNT_DEV, NULL, "/dev", -1);
  /* The terminal's own name, /dev/pts/N, means nothing here; ttyname(3) looks through /dev and finds it as this */
  if (self->request->tty && self->request->terminal)
    sbx_draft_bind (self, SBX_BY_CALLER, SBX_MOUNT_DEVICES, self->request->terminal, "/dev/console");
  sbx_draft_mount (self, SBX_BY_SYSTEM, SBX_MOUNT_PROC, NULL, "/proc", -1);
  sbx_draft_writable (self, "/dev");
  sbx_draft_writable (self, "/proc");
  sbx_mounts_add_links (self);
  add_home (self);
  add_link_targets (self);
  if (self->box->handler)
    add_debugger_start (self);
}
