/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Landlock knows what is allowed, and here is said what is not. So everything beside the way to what is taken away is
 * allowed, as it is now. What is allowed in a directory holds in all below it; so that the way can be listed still, and
 * further taken away from, names can be listed everywhere:
 *
 *   /            listing; reading too, when nothing is gone below
 *   ├── usr      all
 *   └── home     as /
 *       ├── a    all
 *       └── b    taken away: no rule, or reading */
#include "cli/tighten.h"

#include <dirent.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/cli.h"
#include "common/path.h"
#include "wire/landlock.h"

#define ABI_TRUNCATE 3

#if defined __x86_64__
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#define NUMBERS_END 0x40000000u /* x32 begins (asm/unistd.h) */
#elif defined __aarch64__
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#define NUMBERS_END 0x40000000u
#endif

typedef struct {
  char *path; /* without links */
  SbxAccess access;
} Rule;

typedef struct {
  GArray *rules; /* Rule */
  guint64 all;
  int ruleset;
} Tightening;

static void
clear_rule (gpointer data)
{
  g_free (((Rule *) data)->path);
}

static gboolean
fail (GError **error, const char *what)
{
  int saved = errno;

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "%s: %s", what, g_strerror (saved));
  return FALSE;
}

static gboolean
refuse (GError **error, const char *text)
{
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, text);
  return FALSE;
}

/* The rule for just @path, or NULL. */
static const Rule *
find_rule (const Tightening *self, const char *path)
{
  for (guint i = 0; i < self->rules->len; i++)
    if (strcmp (g_array_index (self->rules, Rule, i).path, path) == 0)
      return &g_array_index (self->rules, Rule, i);
  return NULL;
}

/* Whether there is a rule for something in @path, with at most @most. */
static gboolean
has_rule_in (const Tightening *self, const char *path, SbxAccess most)
{
  for (guint i = 0; i < self->rules->len; i++) {
    const Rule *rule = &g_array_index (self->rules, Rule, i);

    if (rule->access <= most && strcmp (rule->path, path) != 0 && sbx_path_is_below (rule->path, path))
      return TRUE;
  }
  return FALSE;
}

static gboolean
allow (const Tightening *self, const char *path, guint64 rights, GError **error)
{
  return sbx_landlock_allow_path (self->ruleset, rights, path) == 0 || errno == ENOENT || errno == EACCES
         || fail (error, path);
}

static gboolean visit (const Tightening *self, const char *path, SbxAccess access, GError **error);

/* What lies in @path, which is on the way to something. Links lead to what has rules of its own. */
static gboolean
visit_entries (const Tightening *self, const char *path, SbxAccess access, GError **error)
{
  DIR *dir = opendir (path);
  const struct dirent *entry;
  gboolean ok = dir || fail (error, path); /* what lies beside the way cannot be told */

  while (ok && (entry = readdir (dir)) != NULL) {
    g_autofree char *in = g_build_filename (path, entry->d_name, NULL);

    if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0
        && !g_file_test (in, G_FILE_TEST_IS_SYMLINK))
      ok = visit (self, in, access, error);
  }
  if (dir)
    closedir (dir);
  return ok;
}

/* @access: what is left of @path if there is no rule for it. */
static gboolean
visit (const Tightening *self, const char *path, SbxAccess access, GError **error)
{
  const Rule *rule = find_rule (self, path);

  if (rule)
    access = rule->access;
  if (!has_rule_in (self, path, SBX_ACCESS_CREATE))
    return access == SBX_ACCESS_NONE
           || allow (self, path, access >= SBX_ACCESS_RW ? self->all : SBX_LANDLOCK_FS_READ_ALL, error);
  if (access != SBX_ACCESS_NONE
      && !allow (self, path,
                 has_rule_in (self, path, SBX_ACCESS_NONE) ? SBX_LANDLOCK_FS_READ_DIR : SBX_LANDLOCK_FS_READ_ALL,
                 error))
    return FALSE;
  return visit_entries (self, path, access, error);
}

/* What is said of files, without links. */
static gboolean
read_rules (Tightening *self, const SbxPolicy *policy, int abi, GError **error)
{
  gsize n;
  const SbxPathRule *rules = sbx_policy_get_filesystems (policy, &n);

  for (gsize i = 0; i < n; i++) {
    Rule rule = { realpath (rules[i].path, NULL), rules[i].access };

    if (!rule.path)
      return fail (error, rules[i].path);
    g_array_append_val (self->rules, rule);
    if (rule.access == SBX_ACCESS_RO && abi < ABI_TRUNCATE)
      return refuse (error,
                     _ ("this kernel cannot keep files from being truncated (Landlock ABI 3, Linux 6.2): nothing "
                        "can become read-only, but it can be taken away with --nofilesystem="));
  }
  return TRUE;
}

static gboolean
tighten_files (const SbxPolicy *policy, GError **error)
{
  int abi = sbx_landlock_abi ();
  const SbxLandlockAttr attr = { .handled_access_fs = sbx_landlock_fs_rights (abi) };
  g_autoptr (GArray) rules = g_array_new (FALSE, FALSE, sizeof (Rule));
  Tightening self = { rules, attr.handled_access_fs, -1 };
  gboolean ok;

  g_array_set_clear_func (rules, clear_rule);
  if (abi == 0)
    return refuse (error, _ ("this kernel has no Landlock, or it is switched off (lsm= of its command line)"));
  if (!read_rules (&self, policy, abi, error))
    return FALSE;
  self.ruleset = sbx_landlock_create (&attr);
  if (self.ruleset < 0)
    return fail (error, "Landlock");
  ok = visit (&self, "/", SBX_ACCESS_CREATE, error)
       && (sbx_landlock_restrict_self (self.ruleset) == 0 || fail (error, "Landlock"));
  close (self.ruleset);
  return ok;
}

/* No sockets but those within the machine, and no io_uring, which makes sockets without being asked. */
static gboolean
tighten_network (GError **error)
{
#ifdef NATIVE_ARCH
#define LOAD(field) BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, field))
#define JUMP(how, value, yes, no) BPF_JUMP (BPF_JMP | BPF_##how | BPF_K, value, yes, no)
#define RETURN(value) BPF_STMT (BPF_RET | BPF_K, value)
  struct sock_filter filter[] = {
    LOAD (arch),
    JUMP (JEQ, NATIVE_ARCH, 1, 0),
    RETURN (SECCOMP_RET_ERRNO | ENOSYS),
    LOAD (nr),
    JUMP (JGE, NUMBERS_END, 2, 0),
    JUMP (JEQ, SYS_io_uring_setup, 1, 0),
    JUMP (JEQ, SYS_socket, 1, 5),
    RETURN (SECCOMP_RET_ERRNO | ENOSYS),
    LOAD (args[0]), /* its low half: the kernel takes an int */
    JUMP (JEQ, AF_UNIX, 2, 0),
    JUMP (JEQ, AF_NETLINK, 1, 0),
    RETURN (SECCOMP_RET_ERRNO | EACCES),
    RETURN (SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog program = { G_N_ELEMENTS (filter), filter };

  return prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 || fail (error, "seccomp");
#else
  return refuse (error, _ ("the network cannot be taken away on this kind of processor"));
#endif
}

/* Refuses keys of @groups that no process can take from itself. */
static gboolean
check_keys (GVariant *groups, GError **error)
{
  static const char *const possible[] = { "filesystems", "shared", NULL };
  GVariantIter outer, inner;
  const char *group, *key;
  GVariant *keys;

  g_variant_iter_init (&outer, groups);
  while (g_variant_iter_next (&outer, "{&sv}", &group, &keys)) {
    g_autoptr (GVariant) owned = keys;

    g_variant_iter_init (&inner, owned);
    while (g_variant_iter_next (&inner, "{&s&s}", &key, NULL))
      if (!g_str_equal (group, "Context") || !g_strv_contains (possible, key)) {
        g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                     _ ("a process can take files and the network from itself, and not this: %s of [%s]"), key, group);
        return FALSE;
      }
  }
  return TRUE;
}

/* @policy with all that there is, by name: "/" in a policy does not stand for all of it. The caller's. */
static SbxPolicy *
open_all (const SbxPolicy *policy, GError **error)
{
  SbxPolicy *all = sbx_policy_with_path (policy, "/", SBX_ACCESS_CREATE);
  DIR *dir = opendir ("/");
  const struct dirent *entry;

  if (!dir) {
    fail (error, "/");
    sbx_policy_unref (all);
    return NULL;
  }
  while ((entry = readdir (dir)) != NULL) {
    g_autofree char *path = g_build_filename ("/", entry->d_name, NULL);
    SbxPolicy *more;

    if (entry->d_name[0] == '.' || g_file_test (path, G_FILE_TEST_IS_SYMLINK))
      continue;
    more = sbx_policy_with_path (all, path, SBX_ACCESS_CREATE);
    sbx_policy_unref (all);
    all = more;
  }
  closedir (dir);
  return all;
}

gboolean
sbx_tighten_self (GVariant *groups, const SbxPlaces *places, GError **error)
{
  g_autoptr (GVariant) open = g_variant_ref_sink (g_variant_new_parsed ("{'Context': <{'shared': 'network'}>}"));
  g_autoptr (SbxPolicy) nothing = sbx_policy_new (), network = NULL, all = NULL, policy = NULL, files = NULL;
  gsize n = 0;

  if (!check_keys (groups, error))
    return FALSE;
  network = sbx_policy_merge_variant (nothing, open, places, error);
  all = network ? open_all (network, error) : NULL;
  policy = all ? sbx_policy_merge_variant (all, groups, places, error) : NULL;
  if (!policy)
    return FALSE;
  (void) sbx_policy_get_attached (policy, &n);
  if (n > 0)
    return refuse (error, _ ("a process gives itself no other names for files (PATH:ro@WHERE): it only takes away"));
  if (sbx_policy_get_access (policy, "/") < SBX_ACCESS_RW)
    return refuse (error, _ ("not all files can be taken away, since the command is one: name directories"));
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return fail (error, "no_new_privs");
  files = sbx_policy_with_mounts (all, policy);
  return (sbx_policy_equal (files, all) || tighten_files (policy, error))
         && (sbx_policy_get_shared (policy) == sbx_policy_get_shared (all) || tighten_network (error));
}
