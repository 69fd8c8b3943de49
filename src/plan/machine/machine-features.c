/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of this machine works, what only in part, what not at all, and what to do about it. */
#include "plan/machine/machine.h"

#include <glib/gi18n.h>

typedef enum { WORKS, LIMITED, MISSING } State;

/* What is said of a mechanism. */
typedef struct {
  State state;
  const char *detail, *remedy; /* no remedy for what works */
} Verdict;

#define WITH_SCOPES N_ ("boot Linux 6.12 or later")
#define WITH_LANDLOCK                                                                                                  \
  N_ ("boot a kernel with Landlock (5.13 or later, better 6.12), and with landlock in its lsm= list")

static void
add (GVariantBuilder *features, const char *name, Verdict verdict)
{
  static const char *const states[] = { "works", "limited", "missing" };
  GVariantBuilder row;

  g_variant_builder_init (&row, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&row, "{sv}", "state", g_variant_new_string (states[verdict.state]));
  g_variant_builder_add (&row, "{sv}", "works", g_variant_new_boolean (verdict.state == WORKS));
  g_variant_builder_add (&row, "{sv}", "detail", g_variant_new_string (verdict.detail));
  if (verdict.state != WORKS)
    g_variant_builder_add (&row, "{sv}", "remedy", g_variant_new_string (verdict.remedy));
  g_variant_builder_add (features, "{sv}", name, g_variant_builder_end (&row));
}

/* A program that was looked for: @problem as find_program () and sbx_machine_check_bwrap () say it. */
static Verdict
program (const char *path, const char *problem, const char *cost)
{
  return problem || !path ? (Verdict){ MISSING, cost, problem } : (Verdict){ WORKS, path, NULL };
}

static void
add_landlock (GVariantBuilder *features, int abi)
{
  g_autofree char *number = g_strdup_printf ("Landlock ABI %d", abi);
  g_autofree char *old = g_strdup_printf (
      N_ ("%s: /proc is limited to inferiors only for profiles that allow no sandboxes inside; browsers are refused"),
      number);

  add (features, "landlock",
       abi >= 6  ? (Verdict){ WORKS, number, NULL }
       : abi > 0 ? (Verdict){ LIMITED, old, WITH_SCOPES }
                 : (Verdict){ MISSING, N_ ("no Landlock: /proc can't be limited to inferiors"), WITH_LANDLOCK });
  add (features, "landlock-scopes",
       abi >= 6
           ? (Verdict){ WORKS, N_ ("signals and abstract sockets stay inside"), NULL }
           : (Verdict){ MISSING,
                        N_ ("abstract sockets reach the host where the network is shared; browsers' processes are not "
                            "kept apart from the sandbox's own"),
                        WITH_SCOPES });
  add (features, "landlock-tcp",
       abi >= 4 ? (Verdict){ WORKS, N_ ("TCP ports can be limited"), NULL }
                : (Verdict){ MISSING, N_ ("a profile with connect= or bind= in [Network] is refused"),
                             N_ ("boot Linux 6.7 or later") });
}

/* Without user namespaces none of this could be tried. */
static void
add_procfs (GVariantBuilder *features, const SbxKernel *kernel)
{
  const Verdict untried = { MISSING, N_ ("not tried, for want of user namespaces"), kernel->userns_problem };

  add (features, "procfs-hidepid",
       kernel->userns_problem ? untried
       : kernel->hidepid
           ? (Verdict){ WORKS, "hidepid=ptraceable", NULL }
           : (Verdict){ MISSING, N_ ("/proc can't be limited to inferiors"), N_ ("boot Linux 5.8 or later") });
  add (features, "procfs-pidns",
       kernel->userns_problem ? untried
       : kernel->pidns_option
           ? (Verdict){ WORKS, N_ ("pidns= names a process namespace by descriptor"), NULL }
           : (Verdict){ LIMITED, N_ ("done with setns and fork instead, which costs a tenth of a millisecond"),
                        N_ ("boot Linux 6.18 or later; nothing but that time is lost without it") });
  add (features, "mount-attributes",
       kernel->userns_problem ? untried
       : kernel->mount_setattr
           ? (Verdict){ WORKS, N_ ("mounts can be made read-only as a whole"), NULL }
           : (Verdict){ MISSING, N_ ("root's sandboxes cannot start, since their /proc can't be sealed"),
                        N_ ("boot Linux 5.12 or later, or start sandboxes as an ordinary user") });
}

/* Modes: Documentation/admin-guide/LSM/Yama.rst. */
static Verdict
tracing (int yama)
{
  switch (yama) {
  case -1:
  case 0:
    return (Verdict){ WORKS, N_ ("processes may trace what they can see"), NULL };
  case 1:
    return (Verdict){ WORKS, N_ ("processes may trace their children, and crash handlers those that name them"), NULL };
  case 2:
    return (Verdict){
      LIMITED,
      N_ ("kernel.yama.ptrace_scope is 2: no debugger and no crash handler works inside a sandbox, only one "
          "that is attached from outside"),
      N_ ("`sysctl -w kernel.yama.ptrace_scope=1` as an administrator")
    };
  default:
    return (Verdict){ MISSING, N_ ("kernel.yama.ptrace_scope is 3: nobody traces anything, no debugger works anywhere"),
                      N_ ("it stays so until the machine is booted again; take it out of /etc/sysctl.d first") };
  }
}

static Verdict
network (SbxMachine *self)
{
  const char *problem = self->network_problem ? self->network_problem (self) : NULL;

  return problem ? (Verdict){ MISSING, N_ ("profiles with shared=private-network are refused"), problem }
                 : (Verdict){ WORKS, N_ ("sandboxes can have a network of their own"), NULL };
}

GVariant *
sbx_machine_features (SbxMachine *self)
{
  const char *bwrap = sbx_machine_check_bwrap (self);
  const SbxKernel *kernel = &self->kernel;
  GVariantBuilder features;

  g_variant_builder_init (&features, G_VARIANT_TYPE_VARDICT);
  add (&features, "user-namespaces",
       kernel->userns_problem ? (Verdict){ MISSING, N_ ("nothing can start"), kernel->userns_problem }
                              : (Verdict){ WORKS, N_ ("ordinary users can make them"), NULL });
  add (&features, "bubblewrap", program (self->bwrap, bwrap, N_ ("nothing can start")));
  add_landlock (&features, kernel->landlock_abi);
  add_procfs (&features, kernel);
  add (&features, "seccomp",
       kernel->seccomp
           ? (Verdict){ WORKS, N_ ("system calls can be filtered"), NULL }
           : (Verdict){ MISSING, N_ ("nothing can start, since system calls can't be filtered"),
                        N_ ("boot a kernel with CONFIG_SECCOMP_FILTER; inside a container, allow it there") });
  add (&features, "ptrace", tracing (kernel->yama));
  add (&features, "bus-proxy",
       program (self->dbus_proxy, self->dbus_proxy ? NULL : N_ ("on Debian: apt install xdg-dbus-proxy"),
                N_ ("profiles with bus names start without a bus")));
  if (self->dbus_proxy)
    add (&features, "bus-proxy-inside",
         sbx_machine_is_old_proxy (self)
             ? (Verdict){ LIMITED,
                          N_ ("xdg-dbus-proxy before 0.1.7: a program with a sandbox and a proxy of its own inside "
                              "(WebKitGTK's) may stall where its profile has names like org.example.*"),
                          N_ ("update xdg-dbus-proxy to 0.1.7, or name the names of such a program one by one, as "
                              "epiphany.profile does") }
             : (Verdict){ WORKS, N_ ("programs may have filtered buses of their own inside"), NULL });
  add (&features, "nested-x11",
       program (self->xephyr ? self->xephyr : self->xvfb,
                self->xephyr || self->xvfb ? NULL : N_ ("on Debian: apt install xserver-xephyr"),
                N_ ("profiles with x11=nested start without X11")));
  add (&features, "private-network", network (self));
  g_variant_builder_add (&features, "{sv}", "yama", g_variant_new_int32 (kernel->yama));
  g_variant_builder_add (&features, "{sv}", "landlock-abi", g_variant_new_int32 (kernel->landlock_abi));
  g_variant_builder_add (
      &features, "{sv}", "inferiors-only",
      g_variant_new_boolean (kernel->landlock_abi > 0 && kernel->hidepid && !kernel->userns_problem && !bwrap));
  return g_variant_builder_end (&features);
}
