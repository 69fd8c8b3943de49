/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/promises.h"

#include <glib/gi18n.h>
#include <string.h>

typedef struct {
  const SbxPolicy *policy;
  GVariant *plan;
  const SbxTargets *targets;
  GPtrArray *list;
} Listing;

static void
promise_free (gpointer data)
{
  SbxPromise *self = data;

  g_free (self->text);
  g_free (self->word);
  g_free (self);
}

/* Takes @text and @word. */
static void
add (Listing *self, char *text, char *word, gboolean reached)
{
  SbxPromise *promise = g_new (SbxPromise, 1);

  *promise = (SbxPromise){ text, word, reached };
  g_ptr_array_add (self->list, promise);
}

static gboolean
plan_says (const Listing *self, const char *key)
{
  gboolean value = FALSE;

  g_variant_lookup (self->plan, key, "b", &value);
  return value;
}

static gboolean
plan_has (const Listing *self, const char *key)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (self->plan, key, NULL);

  return value && (!g_variant_is_container (value) || g_variant_n_children (value) > 0);
}

/* Landlock's scopes: signals and abstract sockets stay inside. */
static gboolean
has_scopes (const Listing *self)
{
  g_autoptr (GVariant) landlock = g_variant_lookup_value (self->plan, "landlock", G_VARIANT_TYPE_VARDICT);
  gboolean scopes = FALSE;

  if (landlock)
    g_variant_lookup (landlock, "scopes", "b", &scopes);
  return scopes;
}

/* Whether the policy names @name, which is tried on @bus, or has the whole bus, whose word is @whole. */
static gboolean
sees_name (const Listing *self, SbxBus bus, const char *name, guint whole)
{
  gsize n;
  const SbxBusRule *rules = sbx_policy_get_bus (self->policy, bus, &n);

  if (!name || (sbx_policy_get_sockets (self->policy) & whole))
    return TRUE;
  for (gsize i = 0; i < n; i++) {
    gsize length = strlen (rules[i].name);
    gboolean family = g_str_has_suffix (rules[i].name, ".*");

    if (family ? strncmp (rules[i].name, name, length - 1) == 0 : g_str_equal (rules[i].name, name))
      return TRUE;
  }
  return FALSE;
}

static gboolean
has_port (const guint16 *ports, gsize n, guint port)
{
  for (gsize i = 0; i < n; i++)
    if (ports[i] == port)
      return TRUE;
  return FALSE;
}

/* When a row of the table below is a promise of this policy. */
typedef enum {
  ALWAYS,
  INFERIORS,  /* /proc shows inferiors only */
  NO_HOME,    /* nothing of the home is opened */
  HOME_READ,  /* it is opened for reading */
  NO_TMP,     /* /tmp is the sandbox's own */
  NO_NETWORK, /* not the host's */
  NETWORK,    /* the host's, all ports */
  NO_PORT,    /* the host's, and the port that is tried is not named */
  ABSTRACT,   /* abstract sockets stay inside */
  NO_IPC,
  NOT_ON_BUS, /* what is named on the session bus does not have the name that is tried */
  NOT_ON_SYSTEM_BUS,
  NO_DEVICES, /* /dev is the sandbox's own */
  NO_USERNS,
  USERNS,
  COVERED, /* what is closed in what it may write stays so */
} When;

static gboolean
is_promised (const Listing *self, When when)
{
  const char *home = g_get_home_dir ();
  guint shared = sbx_policy_get_shared (self->policy);
  const guint16 *ports;
  gsize n;

  switch (when) {
  case ALWAYS:
    return TRUE;
  case INFERIORS:
    return plan_says (self, "inferiors-only");
  case NO_HOME:
    return sbx_policy_get_access (self->policy, home) == SBX_ACCESS_NONE;
  case HOME_READ:
    return sbx_policy_get_access (self->policy, home) == SBX_ACCESS_RO;
  case NO_TMP:
    return sbx_policy_get_access (self->policy, "/tmp") == SBX_ACCESS_NONE;
  case NO_NETWORK:
    return !(shared & SBX_SHARED_NETWORK);
  case NETWORK:
    return (shared & SBX_SHARED_NETWORK) && !sbx_policy_get_connect (self->policy, &ports, &n);
  case NO_PORT:
    return (shared & SBX_SHARED_NETWORK) && sbx_policy_get_connect (self->policy, &ports, &n)
           && !has_port (ports, n, self->targets->port);
  case ABSTRACT:
    return !(shared & SBX_SHARED_NETWORK) || has_scopes (self);
  case NO_IPC:
    return !(shared & SBX_SHARED_IPC);
  case NOT_ON_BUS:
    return !sees_name (self, SBX_BUS_SESSION, self->targets->bus_name, SBX_SOCKET_SESSION_BUS);
  case NOT_ON_SYSTEM_BUS:
    return !sees_name (self, SBX_BUS_SYSTEM, self->targets->system_name, SBX_SOCKET_SYSTEM_BUS);
  case NO_DEVICES:
    return !(sbx_policy_get_devices (self->policy) & SBX_DEVICE_ALL);
  case NO_USERNS:
    return !(sbx_policy_get_features (self->policy) & SBX_FEATURE_USERNS);
  case USERNS:
    return (sbx_policy_get_features (self->policy) & SBX_FEATURE_USERNS) != 0;
  case COVERED:
    return !(sbx_policy_get_features (self->policy) & SBX_FEATURE_WEAK_COVERS);
  }
  return FALSE;
}

typedef enum {
  NOTHING,
  BYSTANDER,
  BYSTANDER_PID,
  NEIGHBOUR,
  PORT,
  ADDRESS,
  BUS_NAME,
  TERMINAL,
  ABSTRACT_NAME,
  FILE_IN_HOME,
  FILE_IN_TMP,
  SHM,
  SYSTEM_NAME,
  KEY_NAME,
  SERVICE,
  PROFILES
} Target;

/* The target as a word, or NULL: there is none. */
static char *
name_target (const SbxTargets *targets, Target target)
{
  switch (target) {
  case NOTHING:
    return g_strdup ("");
  case BYSTANDER:
    return g_strdup (targets->bystander);
  case BYSTANDER_PID:
    return targets->bystander_pid ? g_strdup_printf ("%u:%s", targets->bystander_pid, targets->bystander) : NULL;
  case NEIGHBOUR:
    return g_strdup (targets->neighbour);
  case ADDRESS:
    return g_strdup (targets->address);
  case BUS_NAME:
    return g_strdup (targets->bus_name);
  case TERMINAL:
    return g_strdup (targets->terminal);
  case PORT:
    return targets->port ? g_strdup_printf ("%u", targets->port) : NULL;
  case ABSTRACT_NAME:
    return g_strdup (targets->abstract);
  case FILE_IN_HOME:
    return g_strdup (targets->in_home);
  case FILE_IN_TMP:
    return g_strdup (targets->in_tmp);
  case SHM:
    return g_strdup_printf ("%d", targets->shm);
  case SYSTEM_NAME:
    return g_strdup (targets->system_name);
  case KEY_NAME:
    return g_strdup (targets->key_name);
  case SERVICE:
    return g_strdup (targets->service);
  case PROFILES:
    return g_strdup (targets->profiles);
  }
  return NULL;
}

static const struct {
  const char *text;
  When when;
  const char *try; /* with the target behind it */
  Target target;
  gboolean reached;
} rows[] = {
  { N_ ("sees no process of yours outside"), INFERIORS, "process=", BYSTANDER, FALSE },
  { N_ ("cannot signal a process of yours outside"), INFERIORS, "kill=", BYSTANDER_PID, FALSE },
  { N_ ("cannot trace a process of yours outside"), INFERIORS, "trace=", BYSTANDER_PID, FALSE },
  { N_ ("cannot read the memory of a process of yours outside"), INFERIORS, "memory=", BYSTANDER_PID, FALSE },
  { N_ ("cannot hold on to a process of yours outside"), INFERIORS, "pidfd=", BYSTANDER_PID, FALSE },
  { N_ ("sees no process of another sandbox"), INFERIORS, "process=", NEIGHBOUR, FALSE },
  { N_ ("sees nothing of what makes its sandbox"), INFERIORS,
    "process=sandbox-keeper,sandbox-init,bwrap,xdg-dbus-proxy", NOTHING, FALSE },
  { N_ ("sees its own processes"), ALWAYS, "own-process", NOTHING, TRUE },
  { N_ ("cannot change the system's programs"), ALWAYS, "writable=/usr", NOTHING, FALSE },
  { N_ ("cannot change the system's settings"), ALWAYS, "writable=/etc", NOTHING, FALSE },
  { N_ ("cannot read a file in your home"), NO_HOME, "read=", FILE_IN_HOME, FALSE },
  { N_ ("cannot change a file in your home"), NO_HOME, "write=", FILE_IN_HOME, FALSE },
  { N_ ("cannot change a file in your home"), HOME_READ, "write=", FILE_IN_HOME, FALSE },
  { N_ ("cannot read a file in /tmp"), NO_TMP, "read=", FILE_IN_TMP, FALSE },
  { N_ ("cannot connect to a server of this machine"), NO_NETWORK, "tcp=", PORT, FALSE },
  { N_ ("cannot connect to an address of this machine"), NO_NETWORK, "tcp=", ADDRESS, FALSE },
  { N_ ("cannot connect to a TCP port that it does not name"), NO_PORT, "tcp=", PORT, FALSE },
  { N_ ("connects to a server of this machine"), NETWORK, "tcp=", PORT, TRUE },
  { N_ ("cannot connect to an abstract socket outside"), ABSTRACT, "connect=", ABSTRACT_NAME, FALSE },
  { N_ ("does not see a program on your session bus that it does not name"), NOT_ON_BUS, "bus=session:", BUS_NAME,
    FALSE },
  { N_ ("does not see a program on the system bus that it does not name"), NOT_ON_SYSTEM_BUS,
    "bus=system:", SYSTEM_NAME, FALSE },
  { N_ ("cannot connect to the service of the sandboxes by its own socket"), ALWAYS, "connect=", SERVICE, FALSE },
  { N_ ("cannot change your profiles"), COVERED, "make=", PROFILES, FALSE },
  { N_ ("cannot read the name of a key of yours"), NO_USERNS, "key=", KEY_NAME, FALSE },
  { N_ ("cannot attach shared memory from outside"), NO_IPC, "shm=", SHM, FALSE },
  { N_ ("cannot get more privileges by executing something"), ALWAYS, "privileges", NOTHING, FALSE },
  { N_ ("cannot make user namespaces"), NO_USERNS, "userns", NOTHING, FALSE },
  { N_ ("makes user namespaces"), USERNS, "userns", NOTHING, TRUE },
  { N_ ("cannot open a terminal of yours"), NO_DEVICES, "read=", TERMINAL, FALSE },
  { N_ ("cannot type into a terminal"), ALWAYS, "terminal", NOTHING, FALSE },
};

static void
add_rows (Listing *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *target = name_target (self->targets, rows[i].target);

    if (target && is_promised (self, rows[i].when))
      add (self, g_strdup (_ (rows[i].text)), g_strconcat (rows[i].try, target, NULL), rows[i].reached);
  }
}

static void
add_path (Listing *self, const char *format, const char *try, const char *path, gboolean reached)
{
  g_auto (GStrv) parts = g_strsplit (format, "%s", 2);

  add (self, g_strjoinv (path, parts), g_strconcat (try, "=", path, NULL), reached);
}

/* What the policy opens is there, and no more of it than that. */
static void
add_files (Listing *self)
{
  gsize n;
  const SbxPathRule *files = sbx_policy_get_filesystems (self->policy, &n);

  for (gsize i = 0; i < n; i++) {
    const char *path = files[i].path;
    const char *change = g_file_test (path, G_FILE_TEST_IS_DIR) ? "make" : "write";

    if (strcmp (path, "/") == 0 || !g_file_test (path, G_FILE_TEST_EXISTS))
      continue;
    switch (files[i].access) {
    case SBX_ACCESS_NONE:
      if (strcmp (change, "write") == 0)
        add_path (self, _ ("cannot read %s"), "read", path, FALSE);
      add_path (self, _ ("cannot change %s"), change, path, FALSE);
      break;
    case SBX_ACCESS_RO:
      add_path (self, _ ("reads %s"), "read", path, TRUE);
      add_path (self, _ ("cannot change %s"), change, path, FALSE);
      break;
    default:
      add_path (self, _ ("reads %s"), "read", path, TRUE);
      add_path (self, _ ("changes %s"), change, path, TRUE);
      break;
    }
  }
}

/* Under its second name it is there for reading. */
static void
add_attached (Listing *self)
{
  gsize n;
  const SbxAttached *attached = sbx_policy_get_attached (self->policy, &n);

  for (gsize i = 0; i < n; i++) {
    gboolean directory = g_file_test (attached[i].source, G_FILE_TEST_IS_DIR);

    if (!g_file_test (attached[i].source, G_FILE_TEST_EXISTS))
      continue;
    add_path (self, _ ("reads %s"), "read", attached[i].where, TRUE);
    add_path (self, _ ("cannot change %s"), directory ? "make" : "write", attached[i].where, FALSE);
  }
}

/* @path in a directory that @name, a variable, names. */
static char *
below_variable (const char *name, const char *path)
{
  const char *directory = g_getenv (name);

  return directory && *directory == '/' ? g_build_filename (directory, path, NULL) : NULL;
}

/* "@/tmp/.X11-unix/X0" for ":0", or NULL for a display of another machine. */
static char *
x11_socket (void)
{
  const char *display = g_getenv ("DISPLAY");

  if (!display || *display != ':' || !g_ascii_isdigit (display[1]))
    return NULL;
  return g_strdup_printf ("@/tmp/.X11-unix/X%" G_GUINT64_FORMAT, g_ascii_strtoull (display + 1, NULL, 10));
}

static char *
wayland_socket (void)
{
  const char *display = g_getenv ("WAYLAND_DISPLAY");

  if (display && *display == '/')
    return g_strdup (display);
  return display && *display ? below_variable ("XDG_RUNTIME_DIR", display) : NULL;
}

static char *
pulse_socket (void)
{
  return below_variable ("XDG_RUNTIME_DIR", "pulse/native");
}

static char *
pipewire_socket (void)
{
  return below_variable ("XDG_RUNTIME_DIR", "pipewire-0");
}

static char *
ssh_agent (void)
{
  return g_strdup (g_getenv ("SSH_AUTH_SOCK"));
}

/* Where there is a filtered bus, its proxy's socket may have the bus's own name. */
static char *
session_bus (void)
{
  const char *address = g_getenv ("DBUS_SESSION_BUS_ADDRESS");
  static const char prefix[] = "unix:path=";

  if (!address || !g_str_has_prefix (address, prefix))
    return below_variable ("XDG_RUNTIME_DIR", "bus");
  address += strlen (prefix);
  return g_strndup (address, strcspn (address, ",;"));
}

static char *
system_bus (void)
{
  return g_strdup ("/run/dbus/system_bus_socket");
}

static void
add_sockets (Listing *self)
{
  static const struct {
    const char *text;
    guint sockets; /* with any of which there is no such promise */
    gboolean bus;
    char *(*find) (void);
  } sockets[] = {
    { N_ ("cannot connect to your X11 display"), SBX_SOCKET_X11 | SBX_SOCKET_FALLBACK_X11, FALSE, x11_socket },
    { N_ ("cannot connect to your Wayland display"), SBX_SOCKET_WAYLAND, FALSE, wayland_socket },
    { N_ ("cannot play or record sound"), SBX_SOCKET_PULSEAUDIO, FALSE, pulse_socket },
    { N_ ("cannot connect to PipeWire"), SBX_SOCKET_PIPEWIRE, FALSE, pipewire_socket },
    { N_ ("cannot use your SSH keys"), SBX_SOCKET_SSH_AUTH, FALSE, ssh_agent },
    { N_ ("cannot connect to your session bus"), SBX_SOCKET_SESSION_BUS, TRUE, session_bus },
    { N_ ("cannot connect to the system bus"), SBX_SOCKET_SYSTEM_BUS, TRUE, system_bus },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (sockets); i++) {
    g_autofree char *path = sockets[i].find ();

    if (!path || (sbx_policy_get_sockets (self->policy) & sockets[i].sockets))
      continue;
    if (sockets[i].bus && plan_has (self, "bus-proxy"))
      continue;
    add (self, g_strdup (_ (sockets[i].text)), g_strconcat ("connect=", path, NULL), FALSE);
  }
}

/* Whether the plan mounts something there or above, other than an empty /dev. */
static gboolean
is_mounted (const Listing *self, const char *path)
{
  g_autoptr (GVariant) mounts = g_variant_lookup_value (self->plan, "mounts", G_VARIANT_TYPE ("aa{ss}"));
  GVariantIter iter;
  g_autoptr (GVariant) row = NULL;

  if (!mounts)
    return TRUE;
  g_variant_iter_init (&iter, mounts);
  while ((row = g_variant_iter_next_value (&iter)) != NULL) {
    const char *dest = "", *op = "";
    gsize n;

    g_variant_lookup (row, "dest", "&s", &dest);
    g_variant_lookup (row, "op", "&s", &op);
    n = strlen (dest);
    if (n > 1 && strncmp (path, dest, n) == 0 && (path[n] == '/' || path[n] == '\0') && strcmp (op, "dev") != 0)
      return TRUE;
    g_clear_pointer (&row, g_variant_unref);
  }
  return FALSE;
}

static void
add_devices (Listing *self)
{
  static const char *const devices[] = {
    "/dev/dri/renderD128", "/dev/dri/card0", "/dev/snd/controlC0", "/dev/video0",  "/dev/input/event0",
    "/dev/hidraw0",        "/dev/kvm",       "/dev/fuse",          "/dev/net/tun", "/dev/bus/usb/001/001"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (devices); i++)
    if (g_file_test (devices[i], G_FILE_TEST_EXISTS) && !is_mounted (self, devices[i]))
      add_path (self, _ ("cannot open %s"), "read", devices[i], FALSE);
}

/* One more than it may have. Memory and processor time are not tried: that would take them from others. */
static void
add_limits (Listing *self)
{
  static const struct {
    const char *text, *try;
    SbxLimit limit;
    guint64 most; /* more are not made for a trial */
  } limits[] = {
    { N_ ("cannot have more than %s processes at once"), "processes", SBX_LIMIT_PIDS, 512 },
    { N_ ("cannot have more than %s files open in a process"), "descriptors", SBX_LIMIT_NOFILE, G_MAXINT32 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++) {
    guint64 limit = sbx_policy_get_limit (self->policy, limits[i].limit);
    g_autofree char *number = g_strdup_printf ("%" G_GUINT64_FORMAT, limit);

    if (limit <= limits[i].most)
      add_path (self, _ (limits[i].text), limits[i].try, number, FALSE);
  }
}

/* System calls that the filter refuses whatever they are called with. */
static void
add_calls (Listing *self)
{
  g_autoptr (GVariant) rules = g_variant_lookup_value (self->plan, "seccomp", G_VARIANT_TYPE ("aa{sv}"));
  gsize n = rules ? g_variant_n_children (rules) : 0;

  for (gsize i = 0; i < n; i++) {
    g_autoptr (GVariant) rule = g_variant_get_child_value (rules, i);
    g_autoptr (GVariant) condition = g_variant_lookup_value (rule, "when", NULL);
    const char *call = "", *error = "";

    g_variant_lookup (rule, "call", "&s", &call);
    g_variant_lookup (rule, "error", "&s", &error);
    if (!condition && g_strv_contains (self->targets->calls, call)) {
      g_auto (GStrv) parts = g_strsplit (_ ("cannot make the system call %s"), "%s", 2);

      add (self, g_strjoinv (call, parts), g_strdup_printf ("call=%s:%s", call, error), FALSE);
    }
  }
}

GPtrArray *
sbx_promises_list (const SbxPolicy *policy, GVariant *plan, const SbxTargets *targets)
{
  Listing self = { policy, plan, targets, g_ptr_array_new_with_free_func (promise_free) };

  add_rows (&self);
  add_files (&self);
  add_attached (&self);
  add_sockets (&self);
  add_devices (&self);
  add_limits (&self);
  add_calls (&self);
  return self.list;
}

SbxPromiseState
sbx_promise_judge (const SbxPromise *promise, const char *inside, const char *outside)
{
  gboolean got_there = g_str_has_prefix (inside, "yes "), control = g_str_has_prefix (outside, "yes ");

  if (got_there)
    return promise->reached ? SBX_PROMISE_KEPT : SBX_PROMISE_BROKEN;
  if (!control)
    return SBX_PROMISE_UNTESTED;
  return promise->reached ? SBX_PROMISE_BROKEN : SBX_PROMISE_KEPT;
}
