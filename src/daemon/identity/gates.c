/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/identity/gates.h"

#include "common/names.h"

#define MANAGER SBX_MANAGER_INTERFACE
#define INSTANCE SBX_INSTANCE_INTERFACE

static const SbxGate properties[] = {
  { SBX_GATE_READ, INSTANCE, "Command", SBX_GATE_ASK_ALIEN, SBX_ACTION_OBSERVE },
  { SBX_GATE_READ, INSTANCE, "Policy", SBX_GATE_ASK_ALIEN, SBX_ACTION_OBSERVE },
  { SBX_GATE_READ, INSTANCE, "Refused", SBX_GATE_ASK_ALIEN, SBX_ACTION_OBSERVE },
  { SBX_GATE_READ, INSTANCE, "RefusedMore", SBX_GATE_ASK_ALIEN, SBX_ACTION_OBSERVE },
  { SBX_GATE_READ, INSTANCE, "Denied", SBX_GATE_ASK_ALIEN, SBX_ACTION_OBSERVE },
  { SBX_GATE_READ, INSTANCE, "Traffic", SBX_GATE_ASK_ALIEN, SBX_ACTION_OBSERVE },
  { SBX_GATE_READ, INSTANCE, "AskedNames", SBX_GATE_ASK_ALIEN, SBX_ACTION_OBSERVE },
  { SBX_GATE_READ, INSTANCE, "Restrictions", SBX_GATE_ASK_ALIEN, SBX_ACTION_OBSERVE },
  { SBX_GATE_READ, INSTANCE, "Grants", SBX_GATE_ASK_ALIEN, SBX_ACTION_OBSERVE },
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

SbxStanding
sbx_standing_of (const SbxSubject *subject, SbxInstance *instance)
{
  return (SbxStanding){
    .where = subject->where,
    .about = instance != NULL,
    .sees = instance && sbx_subject_may_see (subject, instance),
    .starter = instance && sbx_subject_is_starter (subject, instance),
    .itself = instance && subject->own == instance,
  };
}

SbxVerdict
sbx_gate_judge (SbxGateKind kind, SbxGateRule rule, const SbxStanding *standing)
{
  gboolean outside = standing->where == SBX_WHERE_OUTSIDE;

  if (standing->about && !standing->sees)
    return SBX_VERDICT_REFUSE;
  switch (rule) {
  case SBX_GATE_OPEN:
    return SBX_VERDICT_FREE;
  case SBX_GATE_OUTSIDE:
    return outside ? SBX_VERDICT_FREE : SBX_VERDICT_REFUSE;
  case SBX_GATE_ASK_ALIEN:
    if (standing->starter || (standing->itself && kind == SBX_GATE_READ))
      return SBX_VERDICT_FREE;
    return outside ? SBX_VERDICT_ASK : SBX_VERDICT_REFUSE;
  case SBX_GATE_LAUNCH: /* from inside a sandbox of its own, bounded by the caller's policy, and no handler */
    if (standing->where == SBX_WHERE_INSTANCE && !standing->about)
      return SBX_VERDICT_ASK_CLASSES;
    return outside ? SBX_VERDICT_ASK_CLASSES : SBX_VERDICT_REFUSE;
  case SBX_GATE_CLASSES:
    return outside ? SBX_VERDICT_ASK_CLASSES : SBX_VERDICT_REFUSE;
  case SBX_GATE_ASK_OUTSIDE:
    if (outside)
      return standing->starter ? SBX_VERDICT_FREE : SBX_VERDICT_ASK;
    return SBX_VERDICT_REFUSE;
  case SBX_N_GATE_RULES:
    break;
  }
  return SBX_VERDICT_REFUSE;
}

const SbxGate *
sbx_gate_find_property (SbxGateKind kind, const char *interface, const char *member)
{
  for (gsize i = 0; i < G_N_ELEMENTS (properties); i++)
    if (properties[i].kind == kind && g_str_equal (properties[i].interface, interface)
        && g_str_equal (properties[i].member, member))
      return &properties[i];
  return NULL;
}

const SbxGate *
sbx_gate_property_table (gsize *n)
{
  *n = G_N_ELEMENTS (properties);
  return properties;
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

const char **
sbx_gate_actions_to_join (guint classes)
{
  const char **wanted = sbx_gate_actions (SBX_ACTION_LAUNCH, classes); /* which has room for each action there is */

  wanted[g_strv_length ((char **) wanted)] = SBX_ACTION_CONTROL;
  return wanted;
}
