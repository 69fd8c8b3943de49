/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/identity/gates.h"

#include "common/names.h"

#define MANAGER SBX_MANAGER_INTERFACE
#define INSTANCE SBX_INSTANCE_INTERFACE
#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

static const SbxGate gates[] = {
  { SBX_GATE_METHOD, MANAGER, "Launch", SBX_GATE_LAUNCH, SBX_ACTION_LAUNCH },
  { SBX_GATE_METHOD, MANAGER, "Explain", SBX_GATE_OPEN, NULL },
  /* The user's applications, their files and command lines */
  { SBX_GATE_METHOD, MANAGER, "ListProfiles", SBX_GATE_OUTSIDE, NULL },
  { SBX_GATE_METHOD, MANAGER, "GetProfile", SBX_GATE_OUTSIDE, NULL },
  /* Answers 0 for what is not the asker's to know */
  { SBX_GATE_METHOD, MANAGER, "Identify", SBX_GATE_OPEN, NULL },
  /* Leaves out the values whose READ gate is closed */
  { SBX_GATE_METHOD, OBJECT_MANAGER, "GetManagedObjects", SBX_GATE_OPEN, NULL },

  { SBX_GATE_METHOD, INSTANCE, "Exec", SBX_GATE_ASK_ALIEN, SBX_ACTION_CONTROL },
  { SBX_GATE_METHOD, INSTANCE, "Signal", SBX_GATE_ASK_ALIEN, SBX_ACTION_CONTROL },
  { SBX_GATE_METHOD, INSTANCE, "Stop", SBX_GATE_ASK_ALIEN, SBX_ACTION_CONTROL },
  { SBX_GATE_METHOD, INSTANCE, "Restrict", SBX_GATE_ASK_ALIEN, SBX_ACTION_CONTROL },
  { SBX_GATE_METHOD, INSTANCE, "Attach", SBX_GATE_LAUNCH, SBX_ACTION_ATTACH },
  { SBX_GATE_METHOD, INSTANCE, "Grant", SBX_GATE_CLASSES, NULL },
  { SBX_GATE_METHOD, INSTANCE, "GetProcfs", SBX_GATE_ASK_ALIEN, SBX_ACTION_OBSERVE },

  { SBX_GATE_READ, INSTANCE, "Command", SBX_GATE_ASK_ALIEN, SBX_ACTION_OBSERVE },
  { SBX_GATE_READ, INSTANCE, "Policy", SBX_GATE_ASK_ALIEN, SBX_ACTION_OBSERVE },
  { SBX_GATE_READ, INSTANCE, "Refused", SBX_GATE_ASK_ALIEN, SBX_ACTION_OBSERVE },
  { SBX_GATE_READ, INSTANCE, "RefusedMore", SBX_GATE_ASK_ALIEN, SBX_ACTION_OBSERVE },
  { SBX_GATE_READ, INSTANCE, "Restrictions", SBX_GATE_ASK_ALIEN, SBX_ACTION_OBSERVE },
  { SBX_GATE_READ, INSTANCE, "Id", SBX_GATE_OPEN, NULL },
  { SBX_GATE_READ, INSTANCE, "Parent", SBX_GATE_OPEN, NULL },
  { SBX_GATE_READ, INSTANCE, "AppId", SBX_GATE_OPEN, NULL },
  { SBX_GATE_READ, INSTANCE, "Profile", SBX_GATE_OPEN, NULL },
  { SBX_GATE_READ, INSTANCE, "Pid", SBX_GATE_OPEN, NULL },
  { SBX_GATE_READ, INSTANCE, "StartTime", SBX_GATE_OPEN, NULL },
  { SBX_GATE_READ, INSTANCE, "State", SBX_GATE_OPEN, NULL },
  { SBX_GATE_READ, INSTANCE, "Enforced", SBX_GATE_OPEN, NULL },
  { SBX_GATE_READ, INSTANCE, "Result", SBX_GATE_OPEN, NULL },
  { SBX_GATE_READ, INSTANCE, "Handlers", SBX_GATE_OPEN, NULL },
  { SBX_GATE_READ, MANAGER, "Version", SBX_GATE_OPEN, NULL },
  { SBX_GATE_READ, MANAGER, "Features", SBX_GATE_OPEN, NULL },
};

/* Every action; a class for those that a policy can need. */
static const struct {
  const char *action;
  guint class;
  SbxFallback fallback;
} actions[] = {
  { SBX_ACTION_LAUNCH, 0, SBX_FALLBACK_ALLOW },
  { SBX_ACTION_EXTEND_FILES, SBX_CLASS_FILES, SBX_FALLBACK_REFUSE },
  { SBX_ACTION_EXTEND_NETWORK, SBX_CLASS_NETWORK, SBX_FALLBACK_REFUSE },
  { SBX_ACTION_EXTEND_DEVICES, SBX_CLASS_DEVICES, SBX_FALLBACK_REFUSE },
  { SBX_ACTION_EXTEND_BUS, SBX_CLASS_BUS, SBX_FALLBACK_REFUSE },
  { SBX_ACTION_EXTEND_DISPLAY, SBX_CLASS_DISPLAY, SBX_FALLBACK_REFUSE },
  { SBX_ACTION_ATTACH, SBX_CLASS_HANDLER, SBX_FALLBACK_REFUSE },
  { SBX_ACTION_CONTROL, 0, SBX_FALLBACK_UNSANDBOXED },
  { SBX_ACTION_OBSERVE, 0, SBX_FALLBACK_UNSANDBOXED },
};

const SbxGate *
sbx_gate_find (SbxGateKind kind, const char *interface, const char *member)
{
  for (gsize i = 0; i < G_N_ELEMENTS (gates); i++)
    if (gates[i].kind == kind && g_str_equal (gates[i].interface, interface) && g_str_equal (gates[i].member, member))
      return &gates[i];
  return NULL;
}

const SbxGate *
sbx_gate_table (gsize *n)
{
  *n = G_N_ELEMENTS (gates);
  return gates;
}

const char *
sbx_class_action (guint bit)
{
  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    if (actions[i].class != 0 && actions[i].class == bit)
      return actions[i].action;
  return NULL;
}

SbxFallback
sbx_action_fallback (const char *action)
{
  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    if (g_str_equal (actions[i].action, action))
      return actions[i].fallback;
  return SBX_FALLBACK_REFUSE;
}

const char **
sbx_gate_actions (const char *action, guint classes)
{
  const char **wanted = g_new0 (const char *, G_N_ELEMENTS (actions) + 2);
  gsize n = 0;

  if (action)
    wanted[n++] = action;
  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    if (classes & actions[i].class)
      wanted[n++] = actions[i].action;
  return wanted;
}
