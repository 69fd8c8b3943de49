/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What confines beyond mounts and namespaces: the private procfs, both Landlock domains, the filter, the limits. */
#include <sys/resource.h>

#include "common/error.h"
#include "plan/filter/syscall-filter.h"
#include "plan/plan-private.h"
#include "wire/block.h"
#include "wire/landlock.h"
#include "wire/message.h"

#define ABI_NET 4
#define ABI_SCOPES 6
#define YAMA_NO_ATTACH 3

static void
plan_procfs (SbxPlan *self)
{
  if (sbx_policy_get_procfs_instance (self->policy) != SBX_PROCFS_INSTANCE_PRIVATE)
    return;
  self->procfs_flags = SBX_PROCFS_PRIVATE;
  if (sbx_policy_get_hidepid (self->policy) == SBX_HIDEPID_PTRACEABLE)
    self->procfs_flags |= SBX_PROCFS_PTRACEABLE;
  else if (sbx_policy_get_hidepid (self->policy) == SBX_HIDEPID_INVISIBLE)
    self->procfs_flags |= SBX_PROCFS_INVISIBLE;
  if (sbx_policy_get_subset (self->policy) == SBX_SUBSET_PID)
    self->procfs_flags |= SBX_PROCFS_SUBSET_PID;
  /* The filter sees descriptors and not files: what a dumper must not write is closed by the mount */
  if (self->handler && sbx_policy_get_tier (self->policy) == SBX_TIER_DUMPER)
    self->procfs_flags |= SBX_PROCFS_READ_ONLY;
}

/* A handler has its target's instance domain and none of its own: a process in one of its own could not trace what is
 * outside of that. So whatever needs a domain cannot be had. */
static gboolean
plan_handler (SbxPlan *self, GError **error)
{
  const guint16 *ports;
  gsize n;

  if (self->machine->kernel.yama == YAMA_NO_ATTACH)
    return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                      "kernel.yama.ptrace_scope is 3: nobody may trace anything, handlers included. It stays so until "
                      "the machine is booted again; take the setting out of /etc/sysctl.d first");
  if (sbx_policy_get_features (self->policy) & SBX_FEATURE_USERNS)
    return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                      "a handler cannot have features=userns: it could leave processes behind that nobody finds");
  if ((sbx_policy_get_shared (self->policy) & SBX_SHARED_NETWORK)
      && (sbx_policy_get_connect (self->policy, &ports, &n) || sbx_policy_get_bind (self->policy, &ports, &n)))
    return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                      "a handler cannot have [Network] connect= or bind=: a Landlock domain of its own would forbid it "
                      "to trace; give it the whole network or none");
  if (sbx_policy_get_procfs_instance (self->policy) != SBX_PROCFS_INSTANCE_PRIVATE
      || (self->procfs_flags & SBX_PROCFS_INVISIBLE))
    return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                      "a handler needs [Procfs] instance=private with hidepid=ptraceable or off");
  self->join = self->request->target_enforced & (SBX_ENFORCED_INSTANCE_DOMAIN | SBX_ENFORCED_SCOPES);
  return TRUE;
}

/* File-system rights forbid every mount in the domain, and with that sandboxes inside the sandbox: only where the
 * profile has none. They are also what makes a domain at all on kernels without scopes. */
static void
plan_domains (SbxPlan *self)
{
  int abi = self->machine->kernel.landlock_abi;
  gboolean nested = (sbx_policy_get_features (self->policy) & SBX_FEATURE_USERNS) != 0;

  if (abi >= ABI_SCOPES) {
    self->scoped = SBX_LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | SBX_LANDLOCK_SCOPE_SIGNAL;
    self->domain_flags = SBX_DOMAIN_SCOPED | SBX_DOMAIN_REQUIRED;
  }
  if (!nested)
    self->handled_fs = sbx_landlock_fs_rights (abi);
  if (!self->scoped && (sbx_policy_get_shared (self->policy) & SBX_SHARED_NETWORK))
    sbx_plan_warn (self, "Landlock has no scopes here (Linux 6.12 or later has): with the network shared, the abstract "
                         "sockets of the host can be reached");
}

static GArray *
copy_ports (const guint16 *ports, gsize n)
{
  GArray *copy = g_array_new (FALSE, FALSE, sizeof (guint16));

  g_array_append_vals (copy, ports, (guint) n);
  return copy;
}

static gboolean
plan_ports (SbxPlan *self, GError **error)
{
  const guint16 *connect, *bind;
  gsize n_connect, n_bind;
  gboolean limit_connect = sbx_policy_get_connect (self->policy, &connect, &n_connect);
  gboolean limit_bind = sbx_policy_get_bind (self->policy, &bind, &n_bind);

  if (!(sbx_policy_get_shared (self->policy) & SBX_SHARED_NETWORK) || (!limit_connect && !limit_bind))
    return TRUE; /* without a network there is nothing to limit */
  if (self->machine->kernel.landlock_abi < ABI_NET)
    return sbx_throw (
        error, SBX_ERROR_NOT_SUPPORTED,
        "the profile limits TCP ports, and this kernel's Landlock (ABI %d) cannot; Linux 6.7 or later can, "
        "or take connect= and bind= out of [Network]",
        self->machine->kernel.landlock_abi);
  if (limit_connect) {
    self->handled_net |= SBX_LANDLOCK_NET_CONNECT_TCP;
    self->connect = copy_ports (connect, n_connect);
  }
  if (limit_bind) {
    self->handled_net |= SBX_LANDLOCK_NET_BIND_TCP;
    self->bind = copy_ports (bind, n_bind);
  }
  return TRUE;
}

/* Never less than the profile promises, and never in silence. */
static gboolean
check_promise (SbxPlan *self, GError **error)
{
  const SbxKernel *kernel = &self->machine->kernel;
  gboolean domain = self->handled_fs || self->handled_net || self->scoped;
  gboolean asked = (self->procfs_flags & SBX_PROCFS_PTRACEABLE) != 0;
  const char *missing;

  self->inferiors_only = asked && domain && kernel->hidepid;
  if (!asked || self->inferiors_only)
    return TRUE;
  missing = !kernel->hidepid ? "procfs has no hidepid=ptraceable (Linux 5.8 or later has)"
            : kernel->landlock_abi == 0
                ? "the kernel has no Landlock (boot one that has, with landlock in its lsm= list)"
                : "its Landlock has no scopes (Linux 6.12 or later has), and file-system rights would "
                  "forbid the sandboxes that features=userns allows inside";
  if (!(sbx_policy_get_features (self->policy) & SBX_FEATURE_NO_LANDLOCK))
    return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                      "/proc can't be limited to the application's own processes here: %s. To start without that "
                      "protection, add features=no-landlock; to the profile, or say --allow=no-landlock",
                      missing);
  if (!kernel->hidepid)
    self->procfs_flags &= ~(guint32) SBX_PROCFS_PTRACEABLE;
  sbx_plan_warn (self, "not limited to inferiors: %s", missing);
  return TRUE;
}

static const struct {
  SbxLimit limit;
  int resource;
  const char *name;
  gboolean of_all; /* a scope does it better */
} rlimits[] = {
  /* RLIMIT_AS would count reserved address space, of which browsers and sanitizers take terabytes */
  { SBX_LIMIT_MEMORY, RLIMIT_DATA, "data", TRUE },
  /* Counted per user namespace since Linux 5.14 */
  { SBX_LIMIT_PIDS, RLIMIT_NPROC, "nproc", TRUE },
  { SBX_LIMIT_NOFILE, RLIMIT_NOFILE, "nofile", FALSE },
  { SBX_LIMIT_CORE, RLIMIT_CORE, "core", FALSE },
};

static void
plan_limits (SbxPlan *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rlimits); i++) {
    SbxRlimit row = { rlimits[i].resource, rlimits[i].name, sbx_policy_get_limit (self->policy, rlimits[i].limit),
                      rlimits[i].of_all };

    if (row.value != SBX_LIMIT_NONE)
      g_array_append_val (self->rlimits, row);
  }
  if (sbx_policy_get_limit (self->policy, SBX_LIMIT_CPU) != SBX_LIMIT_NONE)
    sbx_plan_warn (self, "%s", SBX_PLAN_CPU_WARNING);
}

/* The least that they work with: libraries for drawing, stacks of threads */
#define SIDECAR_MEMORY (256u << 20)

static gboolean
plan_sidecars (SbxPlan *self, GError **error)
{
  guint64 memory = sbx_policy_get_limit (self->policy, SBX_LIMIT_MEMORY);

  self->sidecar_memory = memory == SBX_LIMIT_NONE ? memory : MAX (memory, SIDECAR_MEMORY);
  if (self->proxy->len > 0)
    self->proxy_filter = sbx_seccomp_get_sidecar (self->machine->filters, SBX_SIDECAR_BUS, error);
  if (self->proxy->len > 0 && !self->proxy_filter)
    return FALSE;
  if (self->display->len > 0)
    self->display_filter = sbx_seccomp_get_sidecar (self->machine->filters, SBX_SIDECAR_DISPLAY, error);
  return self->display->len == 0 || self->display_filter != NULL;
}

gboolean
sbx_plan_add_confinement (SbxPlan *self, GError **error)
{
  if (sbx_policy_get_pidns (self->policy) == SBX_PIDNS_SESSION)
    return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED, "[Procfs] pidns=session is not available yet; say pidns=private");
  plan_procfs (self);
  if (self->handler) {
    if (!plan_handler (self, error))
      return FALSE;
  } else {
    plan_domains (self);
    if (!plan_ports (self, error) || !check_promise (self, error))
      return FALSE;
  }
  plan_limits (self);
  self->filter = sbx_seccomp_get (self->machine->filters, self->policy, error);
  if (!self->filter || !plan_sidecars (self, error))
    return FALSE;
  if (self->request->tty)
    self->start_flags |= SBX_START_TTY;
  if (self->request->cwd_optional)
    self->start_flags |= SBX_START_CWD_OPTIONAL;
  if (sbx_policy_get_features (self->policy) & SBX_FEATURE_BACKGROUND)
    self->start_flags |= SBX_START_LINGER;
  return TRUE;
}
