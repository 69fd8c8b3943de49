/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/confine.h"

#include <glib/gi18n.h>

#include "common/error.h"
#include "plan/filter/call-rules.h"
#include "plan/filter/path-calls.h"
#include "plan/filter/syscall-filter.h"
#include "wire/block.h"
#include "wire/landlock.h"
#include "wire/message.h"

#define ABI_NET 4
#define ABI_SCOPES 6
#define YAMA_NO_ATTACH 3

static void
plan_procfs (SbxDraft *self)
{
  if (sbx_policy_get_procfs_instance (self->policy) != SBX_PROCFS_INSTANCE_PRIVATE)
    return;
  self->box->procfs_flags = SBX_PROCFS_PRIVATE;
  if (sbx_policy_get_hidepid (self->policy) == SBX_HIDEPID_PTRACEABLE)
    self->box->procfs_flags |= SBX_PROCFS_PTRACEABLE;
  else if (sbx_policy_get_hidepid (self->policy) == SBX_HIDEPID_INVISIBLE)
    self->box->procfs_flags |= SBX_PROCFS_INVISIBLE;
  if (sbx_policy_get_subset (self->policy) == SBX_SUBSET_PID)
    self->box->procfs_flags |= SBX_PROCFS_SUBSET_PID;
  /* A procfs that is not complete is no model for one of the application's own making: the kernel refuses that one */
  if (!(sbx_policy_get_features (self->policy) & SBX_FEATURE_USERNS))
    self->box->procfs_flags |= SBX_PROCFS_NO_KEYS;
  /* The filter sees descriptors and not files: what a dumper must not write is closed by the mount */
  if (self->box->handler && sbx_policy_get_tier (self->policy) == SBX_TIER_DUMPER)
    self->box->procfs_flags |= SBX_PROCFS_READ_ONLY;
}

/* A handler has its target's instance domain and none of its own: a process in one of its own could not trace what is
 * outside of that. So whatever needs a domain cannot be had. */
static gboolean
plan_handler (SbxDraft *self, GError **error)
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
  if (sbx_policy_has_network (self->policy)
      && (sbx_policy_get_connect (self->policy, &ports, &n) || sbx_policy_get_bind (self->policy, &ports, &n)))
    return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                      "a handler cannot have [Network] connect= or bind=: a Landlock domain of its own would forbid it "
                      "to trace; give it the whole network or none");
  if (sbx_policy_get_shared (self->policy) & SBX_SHARED_PRIVATE_NETWORK)
    return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                      "a handler cannot have a private network: one would have to be made for it in its target's user "
                      "namespace; give it the whole network (--network=shared) or none (--network=none)");
  if (sbx_policy_get_procfs_instance (self->policy) != SBX_PROCFS_INSTANCE_PRIVATE
      || (self->box->procfs_flags & SBX_PROCFS_INVISIBLE))
    return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                      "a handler needs [Procfs] instance=private with hidepid=ptraceable or off");
  self->box->join = self->request->target_enforced & (SBX_ENFORCED_INSTANCE_DOMAIN | SBX_ENFORCED_SCOPES);
  return TRUE;
}

/* In a pid namespace with others, all that keeps them apart is Landlock, and a /proc that asks it. */
static gboolean
check_session (const SbxDraft *self, GError **error)
{
  if (self->machine->kernel.landlock_abi < ABI_SCOPES)
    return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                      "[Procfs] pidns=session needs a kernel whose Landlock has scopes (ABI %d; this one has ABI %d): "
                      "without them sandboxes in one pid namespace could send each other signals. Boot Linux 6.12 or "
                      "later, or say pidns=private",
                      ABI_SCOPES, self->machine->kernel.landlock_abi);
  if (!(self->box->procfs_flags & SBX_PROCFS_PTRACEABLE) || !self->machine->kernel.hidepid)
    return sbx_throw (
        error, SBX_ERROR_NOT_SUPPORTED,
        "[Procfs] pidns=session needs instance=private and hidepid=ptraceable: any other /proc would show "
        "the processes of the session's other sandboxes; say so, or pidns=private");
  return TRUE;
}

/* The instance domain: scopes, and nothing else. */
static void
plan_instance_domain (SbxDraft *self)
{
  if (self->machine->kernel.landlock_abi >= ABI_SCOPES)
    self->box->domain_flags = SBX_DOMAIN_SCOPED | SBX_DOMAIN_REQUIRED;
  else if (sbx_policy_get_shared (self->policy) & SBX_SHARED_NETWORK)
    sbx_draft_warn (self,
                    "Landlock has no scopes here (Linux 6.12 or later has): with the network shared, the abstract "
                    "sockets of the host can be reached");
}

gboolean
sbx_confine_box (SbxDraft *self, GError **error)
{
  plan_procfs (self);
  if (self->box->session && !check_session (self, error))
    return FALSE;
  if (self->box->handler)
    return plan_handler (self, error);
  plan_instance_domain (self);
  return TRUE;
}

/* File-system rights forbid every mount in the domain, and with that sandboxes inside the sandbox: only where the
 * profile has none. They are also what makes a domain at all on kernels without scopes. */
static void
plan_app_domain (const SbxDraft *self, SbxProcess *process)
{
  int abi = self->machine->kernel.landlock_abi;
  gboolean nested = (sbx_policy_get_features (self->policy) & SBX_FEATURE_USERNS) != 0;

  if (abi >= ABI_SCOPES)
    process->scoped = SBX_LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | SBX_LANDLOCK_SCOPE_SIGNAL;
  if (!nested)
    process->handled_fs = sbx_landlock_fs_rights (abi);
  process->writable = g_ptr_array_ref (self->box->writable);
}

static GArray *
copy_ports (const guint16 *ports, gsize n)
{
  GArray *copy = g_array_new (FALSE, FALSE, sizeof (guint16));

  g_array_append_vals (copy, ports, (guint) n);
  return copy;
}

static gboolean
plan_ports (const SbxDraft *self, SbxProcess *process, GError **error)
{
  const guint16 *connect, *bind;
  gsize n_connect, n_bind;
  gboolean limit_connect = sbx_policy_get_connect (self->policy, &connect, &n_connect);
  gboolean limit_bind = sbx_policy_get_bind (self->policy, &bind, &n_bind);

  if (!sbx_policy_has_network (self->policy) || (!limit_connect && !limit_bind))
    return TRUE; /* without a network there is nothing to limit */
  if (self->machine->kernel.landlock_abi < ABI_NET)
    return sbx_throw (
        error, SBX_ERROR_NOT_SUPPORTED,
        "the profile limits TCP ports, and this kernel's Landlock (ABI %d) cannot; Linux 6.7 or later can, "
        "or take connect= and bind= out of [Network]",
        self->machine->kernel.landlock_abi);
  if (limit_connect) {
    process->handled_net |= SBX_LANDLOCK_NET_CONNECT_TCP;
    process->connect = copy_ports (connect, n_connect);
  }
  if (limit_bind) {
    process->handled_net |= SBX_LANDLOCK_NET_BIND_TCP;
    process->bind = copy_ports (bind, n_bind);
  }
  return TRUE;
}

gboolean
sbx_confine_process (SbxDraft *self, SbxProcess *process, GError **error)
{
  guint facts = self->box->facts;

  if (!self->box->handler) {
    plan_app_domain (self, process);
    if (!plan_ports (self, process, error))
      return FALSE;
  }
  if (self->request->learned)
    facts |= SBX_BOX_LEARNED;
  process->filter = sbx_seccomp_get (self->machine->filters, self->policy, facts, error);
  process->rules = sbx_call_rules_get (self->machine->filters, self->policy, facts);
  if (self->request->learned)
    process->paths = sbx_path_calls_get (self->machine->filters, self->policy, facts);
  return process->filter != NULL;
}

/* Never gives less than the profile promises without saying so. */
gboolean
sbx_confine_check_promise (SbxDraft *self, const SbxProcess *process, gboolean *inferiors_only, GError **error)
{
  const SbxKernel *kernel = &self->machine->kernel;
  gboolean domain = process->handled_fs || process->handled_net || process->scoped;
  gboolean asked = (self->box->procfs_flags & SBX_PROCFS_PTRACEABLE) != 0;
  const char *missing;

  *inferiors_only = asked && domain && kernel->hidepid;
  if (!asked || *inferiors_only || self->box->handler) /* a handler has the domain of its target */
    return TRUE;
  missing = !kernel->hidepid ? N_ ("procfs has no hidepid=ptraceable (Linux 5.8 or later has)")
            : kernel->landlock_abi == 0
                ? N_ ("the kernel has no Landlock (boot one that has, with landlock in its lsm= list)")
                : N_ ("its Landlock has no scopes (Linux 6.12 or later has), and file-system rights would "
                      "forbid the sandboxes that features=userns allows inside");
  if (!(sbx_policy_get_features (self->policy) & SBX_FEATURE_NO_LANDLOCK))
    return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                      "/proc can't be limited to the application's own processes here: %s. To start without that "
                      "protection, add features=no-landlock; to the profile, or say --allow=no-landlock",
                      missing);
  if (!kernel->hidepid)
    self->box->procfs_flags &= ~(guint32) SBX_PROCFS_PTRACEABLE;
  sbx_draft_warn (self, "not limited to inferiors: %s", missing);
  return TRUE;
}
