/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this machine is and can do. Everything is tried, nothing is guessed from version numbers. */
#include "plan/machine/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixmounts.h>
#include <glib/gi18n.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/names.h"
#include "plan/filter/syscall-filter.h"
#include "plan/machine/accounts.h"
#include "plan/machine/fido.h"
#include "plan/machine/slirp.h"
#include "plan/machine/x11-auth.h"
#include "wire/landlock.h"
#include "wire/sys.h"

#define MINIMUM_BWRAP 8 /* 0.8: --userns, --pidns, --as-pid-1, --perms */

typedef struct {
  GPtrArray *strings; /* everything that the machine points to */
  char **environment;
  GPtrArray *hidden; /* lazily */
  SbxLinksOut *links;
  char *user_row, *group_row; /* or NULL */
  gboolean bwrap_asked, slirp_asked;
  const char *slirp_problem; /* or NULL */
} Private;

const char *
sbx_machine_getenv (const char *const *environment, const char *name)
{
  return g_environ_getenv ((char **) environment, name);
}

static const char *
keep (SbxMachine *self, char *string)
{
  Private *private = self->data;

  if (string)
    g_ptr_array_add (private->strings, string);
  return string;
}

/* The child's exit status: what worked, as bits, or an errno above NO_USERNS. */
#define CAN_HIDEPID 1
#define CAN_PIDNS 2
#define CAN_SETATTR 4
#define NO_USERNS 64

static int
try_procfs (void)
{
  int fs = sbx_sys_fsopen ("proc", FSOPEN_CLOEXEC);
  int pidns = open ("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
  int can = 0;

  /* A namespace without capabilities in it, as AppArmor may hand out, is worth nothing */
  if (fs < 0 && errno == EPERM)
    return NO_USERNS + EPERM;
  if (fs >= 0 && sbx_sys_fsconfig (fs, FSCONFIG_SET_STRING, "hidepid", "ptraceable", 0) == 0)
    can |= CAN_HIDEPID;
  /* EINVAL: unknown option. Anything else, also EPERM, means that it is known */
  if (fs >= 0
      && (sbx_sys_fsconfig (fs, FSCONFIG_SET_FD, "pidns", NULL, pidns) == 0
          || (errno != EINVAL && errno != EOPNOTSUPP)))
    can |= CAN_PIDNS;
  if (sbx_sys_mount_setattr (AT_FDCWD, "/", 0, &(struct mount_attr){ 0 }) == 0 || errno != ENOSYS)
    can |= CAN_SETATTR;
  return can;
}

static int
try_in_child (void)
{
  /* vfork: the pages of a program with GLib in it cost a millisecond to copy, and no more than system calls are made */
  pid_t pid = vfork ();
  int status;

  if (pid == 0)
    _exit (unshare (CLONE_NEWUSER | CLONE_NEWNS) < 0 ? NO_USERNS + MIN (errno, 127) : try_procfs ());
  if (pid < 0)
    return NO_USERNS + EAGAIN;
  while (waitpid (pid, &status, 0) < 0)
    if (errno != EINTR)
      return NO_USERNS + EINTR;
  return WIFEXITED (status) ? WEXITSTATUS (status) : NO_USERNS + EINTR;
}

/* A sysctl as a number, or @missing. */
static int
sysctl_number (const char *path, int missing)
{
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? atoi (text) : missing;
}

/* The profile of AppArmor that this process is under, or NULL; g_free. */
static char *
apparmor_profile (void)
{
  g_autofree char *enabled = NULL, *profile = NULL;

  if (!g_file_get_contents ("/sys/module/apparmor/parameters/enabled", &enabled, NULL, NULL) || enabled[0] != 'Y'
      || !(g_file_get_contents ("/proc/self/attr/apparmor/current", &profile, NULL, NULL)
           || g_file_get_contents ("/proc/self/attr/current", &profile, NULL, NULL)))
    return NULL;
  g_strdelimit (g_strchomp (profile), "\n", ' ');
  return *profile && strcmp (profile, "unconfined") != 0 ? g_steal_pointer (&profile) : NULL;
}

/* Which of the switches for user namespaces is off, and what to do. */
static char *
explain_userns (int errnum)
{
  g_autofree char *profile = NULL;

  if (sysctl_number ("/proc/sys/kernel/unprivileged_userns_clone", 1) == 0)
    return g_strdup (N_ ("kernel.unprivileged_userns_clone is 0; an administrator allows user namespaces with "
                         "`sysctl -w kernel.unprivileged_userns_clone=1`"));
  if (sysctl_number ("/proc/sys/user/max_user_namespaces", 1) == 0)
    return g_strdup (N_ ("user.max_user_namespaces is 0; an administrator allows user namespaces with "
                         "`sysctl -w user.max_user_namespaces=10000`"));
  if (sysctl_number ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 0) == 1)
    return g_strdup (
        N_ ("AppArmor restricts user namespaces; an administrator allows them with an AppArmor profile for "
            "bwrap, or with `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`"));
  profile = apparmor_profile ();
  if (profile)
    return g_strdup_printf (N_ ("AppArmor restricts user namespaces under its profile \"%s\"; an administrator adds "
                                "`userns,` and `capability sys_admin,` to it, or turns it off with aa-disable"),
                            profile);
  return g_strdup_printf (
      N_ ("the kernel refuses user namespaces (%s); inside a container, allow them there, and a chroot "
          "has none at all"),
      g_strerror (errnum));
}

/* Filters, and the answers that ours give. */
static gboolean
can_filter (void)
{
  static const guint32 needed[] = { SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO };

  for (gsize i = 0; i < G_N_ELEMENTS (needed); i++)
    if (syscall (SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &needed[i]) < 0)
      return FALSE;
  return TRUE;
}

static void
probe_kernel (SbxMachine *self)
{
  int can = try_in_child ();

  self->kernel.landlock_abi = sbx_landlock_abi ();
  self->kernel.seccomp = can_filter ();
  self->kernel.yama = sysctl_number ("/proc/sys/kernel/yama/ptrace_scope", -1);
  if (can >= NO_USERNS) {
    self->kernel.userns_problem = keep (self, explain_userns (can - NO_USERNS));
    return;
  }
  self->kernel.hidepid = (can & CAN_HIDEPID) != 0;
  self->kernel.pidns_option = (can & CAN_PIDNS) != 0;
  self->kernel.mount_setattr = (can & CAN_SETATTR) != 0;
}

static SbxFileKind
look (SbxMachine *self, const char *path, char **link)
{
  struct stat st;

  if (link) {
    *link = g_file_read_link (path, NULL);
  }
  if (stat (path, &st) < 0)
    return SBX_FILE_MISSING;
  return S_ISREG (st.st_mode) ? SBX_FILE_REGULAR : S_ISDIR (st.st_mode) ? SBX_FILE_DIRECTORY : SBX_FILE_OTHER;
}

/* The type is that of xdg-document-portal's FUSE file system (its document-portal-fuse.c mounts with subtype=portal).
 */
static gboolean
has_documents (SbxMachine *self, const char *path)
{
  GUnixMountEntry *mount = g_unix_mount_at (path, NULL); /* reads /proc/self/mountinfo */
  gboolean there = mount && strcmp (g_unix_mount_get_fs_type (mount), "fuse.portal") == 0;

  if (mount)
    g_unix_mount_free (mount);
  return there;
}

/* Adds what others may not read below @path; a directory that is closed to them hides all that is in it. */
static void
find_hidden (GPtrArray *hidden, const char *path, guint depth)
{
  g_autoptr (GDir) dir = depth < 16 ? g_dir_open (path, 0, NULL) : NULL;
  const char *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree char *entry = g_build_filename (path, name, NULL);
    struct stat st;

    if (lstat (entry, &st) < 0 || S_ISLNK (st.st_mode))
      continue;
    if (!(st.st_mode & S_IROTH) || (S_ISDIR (st.st_mode) && !(st.st_mode & S_IXOTH)))
      g_ptr_array_add (hidden, g_steal_pointer (&entry));
    else if (S_ISDIR (st.st_mode))
      find_hidden (hidden, entry, depth + 1);
  }
}

static const char *const *
hidden_config (SbxMachine *self)
{
  Private *private = self->data;

  /* Anew for each launch: /etc changes, and only root's launches ask */
  g_clear_pointer (&private->hidden, g_ptr_array_unref);
  private->hidden = g_ptr_array_new_with_free_func (g_free);
  find_hidden (private->hidden, "/etc", 0);
  g_ptr_array_add (private->hidden, NULL);
  return (const char *const *) private->hidden->pdata;
}

static char *
accounts (SbxMachine *self, const char *path)
{
  const Private *private = self->data;
  const char *row = strcmp (path, "/etc/passwd") == 0 ? private->user_row : private->group_row;

  return row ? sbx_accounts_add (path, row) : NULL;
}

static gboolean
is_fido (SbxMachine *self, guint number)
{
  g_autofree char *path = g_strdup_printf ("/sys/class/hidraw/hidraw%u/device/report_descriptor", number),
                  *bytes = NULL;
  gsize n;

  return g_file_get_contents (path, &bytes, &n, NULL) && sbx_fido_is_key ((const guint8 *) bytes, n);
}

static const GArray *
links_out (SbxMachine *self)
{
  const Private *private = self->data;

  return sbx_links_out_look (private->links, self->home, self->uid == 0);
}

/* A program by its environment variable or along PATH; @problem says why there is none. */
static const char *
find_program (SbxMachine *self, const char *variable, const char *name, const char *package, const char **problem)
{
  const char *named = sbx_machine_getenv (self->environment, variable);
  g_autofree char *found = named ? g_strdup (named) : g_find_program_in_path (name);

  *problem = NULL;
  if (!found) {
    *problem = keep (self, g_strdup_printf (N_ ("%s is not installed; on Debian: apt install %s"), name, package));
    return NULL;
  }
  if (!g_file_test (found, G_FILE_TEST_EXISTS))
    *problem = keep (self, g_strdup_printf (N_ ("%s does not exist; on Debian: apt install %s"), found, package));
  else if (!g_file_test (found, G_FILE_TEST_IS_REGULAR) || !g_file_test (found, G_FILE_TEST_IS_EXECUTABLE))
    *problem = keep (
        self, g_strdup_printf (N_ ("%s is not an executable program; chmod +x it, or install the package %s again"),
                               found, package));
  return keep (self, g_steal_pointer (&found));
}

/* Its version is asked for once, which costs an exec; the device may come and go. */
static const char *
network_problem (SbxMachine *self)
{
  Private *private = self->data;

  if (!private->slirp_problem && !private->slirp_asked)
  private->slirp_problem = keep (self, sbx_slirp_check (self->slirp4netns));
  private->slirp_asked = TRUE;
  return private->slirp_problem ? private->slirp_problem : sbx_slirp_check_device ("/dev/net/tun");
}

static void
find_places (SbxMachine *self)
{
  Private *private = self->data;
  struct passwd *entry = getpwuid (self->uid);
  const char *home = sbx_machine_getenv (self->environment, "HOME");
  const char *data = sbx_machine_getenv (self->environment, "XDG_DATA_HOME");
  const char *config = sbx_machine_getenv (self->environment, "XDG_CONFIG_HOME");
  g_autofree char *id = NULL;

  self->user_name = keep (self, g_strdup (entry ? entry->pw_name : "user"));
  private->user_row = entry ? sbx_accounts_user_row (entry) : NULL;
  if (!home || home[0] != '/')
    home = entry && entry->pw_dir ? entry->pw_dir : "/";
  self->home = keep (self, g_canonicalize_filename (home, "/"));
  self->runtime_dir = keep (self, g_strdup (sbx_machine_getenv (self->environment, "XDG_RUNTIME_DIR")));
  self->data_home = keep (self, data && data[0] == '/' ? g_canonicalize_filename (data, "/")
                                                       : g_build_filename (self->home, ".local/share", NULL));
  self->config_home = keep (self, config && config[0] == '/' ? g_canonicalize_filename (config, "/")
                                                             : g_build_filename (self->home, ".config", NULL));
  for (int i = 0; i < G_USER_N_DIRECTORIES; i++)
    self->user_dirs[i] = keep (self, g_strdup (g_get_user_special_dir ((GUserDirectory) i)));
  private->group_row = sbx_accounts_group_row (self->gid);
  if (g_file_get_contents ("/etc/machine-id", &id, NULL, NULL))
    self->machine_id = keep (self, g_strdup (g_strstrip (id)));
}

/* Where services keep what they know of the session: made with the first launch, for its user alone. */
static char *
find_cache (SbxMachine *self)
{
  return self->runtime_dir ? g_build_filename (self->runtime_dir, SBX_RUNTIME_SUBDIR, NULL) : NULL;
}

static GBytes *
x11_cookie (SbxMachine *self, const char *path, const char *number)
{
  return sbx_x11_find_cookie (path, number);
}

static void
get_random (SbxMachine *self, guint8 *bytes, gsize size)
{
  if (getrandom (bytes, size, 0) != (ssize_t) size)
    g_error ("The kernel gives no random bytes: %s", g_strerror (errno));
}

SbxMachine *
sbx_machine_probe (const char *const *environment)
{
  SbxMachine *self = g_new0 (SbxMachine, 1);
  Private *private = g_new0 (Private, 1);
  g_autofree char *cache = NULL;
  const char *ignored;

  self->data = private;
  private->strings = g_ptr_array_new_with_free_func (g_free);
  private->environment = g_strdupv ((char **) environment);
  self->environment = (const char *const *) private->environment;
  self->uid = getuid ();
  self->gid = getgid ();
  self->look = look;
  self->accounts = accounts;
  self->links_out = links_out;
  self->is_fido = is_fido;
  self->has_documents = has_documents;
  self->x11_cookie = x11_cookie;
  self->random = get_random;
  self->hidden_config = hidden_config;
  self->network_problem = network_problem;
  self->filters = sbx_seccomp_cache_new ();
  find_places (self);
  cache = find_cache (self);
  private->links = sbx_links_out_new (cache);
  self->bwrap = find_program (self, SBX_ENV_BWRAP, "bwrap", "bubblewrap", &self->bwrap_problem);
  self->dbus_proxy = find_program (self, SBX_ENV_DBUS_PROXY, "xdg-dbus-proxy", "xdg-dbus-proxy", &ignored);
  self->xephyr = find_program (self, SBX_ENV_XEPHYR, "Xephyr", "xserver-xephyr", &ignored);
  self->xvfb = find_program (self, SBX_ENV_XVFB, "Xvfb", "xvfb", &ignored);
  self->slirp4netns = find_program (self, SBX_ENV_SLIRP, "slirp4netns", "slirp4netns", &private->slirp_problem);
  probe_kernel (self);
  return self;
}

void
sbx_machine_free (SbxMachine *self)
{
  Private *private = self->data;

  g_clear_pointer (&private->hidden, g_ptr_array_unref);
  g_ptr_array_unref (private->strings);
  sbx_links_out_free (private->links);
  g_free (private->user_row);
  g_free (private->group_row);
  g_strfreev (private->environment);
  g_hash_table_unref (self->filters);
  g_free (private);
  g_free (self);
}

gboolean
sbx_machine_is_old_proxy (SbxMachine *self)
{
  g_autofree char *output = NULL;
  const char *argv[] = { self->dbus_proxy, "--version", NULL };
  guint major = 0, minor = 0, micro = 0;

  if (!self->dbus_proxy
      || !g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &output, NULL, NULL, NULL)
      || sscanf (output, "xdg-dbus-proxy %u.%u.%u", &major, &minor, &micro) != 3)
    return TRUE;
  return major == 0 && (minor < 1 || (minor == 1 && micro < 7));
}

const char *
sbx_machine_check_bwrap (SbxMachine *self)
{
  Private *private = self->data;
  g_autofree char *output = NULL;
  guint major = 0, minor = 0;

  if (self->bwrap_problem || private->bwrap_asked)
    return self->bwrap_problem;
  private->bwrap_asked = TRUE;
  const char *argv[] = { self->bwrap, "--version", NULL };
  if (!g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &output, NULL, NULL, NULL)
      || sscanf (output, "bubblewrap %u.%u", &major, &minor) != 2)
    self->bwrap_problem = keep (
        self,
        g_strdup_printf (N_ ("%s does not say which version of bubblewrap it is; install the package bubblewrap again"),
                         self->bwrap));
  else if (major == 0 && minor < MINIMUM_BWRAP)
    self->bwrap_problem = keep (
        self,
        g_strdup_printf (N_ ("%s is bubblewrap %u.%u, and at least 0.%d is needed; update the package bubblewrap"),
                         self->bwrap, major, minor, MINIMUM_BWRAP));
  return self->bwrap_problem;
}
