/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/build.h"

#include <string.h>

#include "common/error.h"
#include "common/names.h"
#include "common/path.h"
#include "plan/bwrap-args.h"
#include "plan/confine.h"
#include "plan/draft.h"
#include "plan/mounts/bus.h"
#include "plan/mounts/devices.h"
#include "plan/mounts/files.h"
#include "plan/mounts/links.h"
#include "plan/mounts/network.h"
#include "plan/mounts/sockets.h"
#include "plan/mounts/system.h"
#include "plan/mounts/user-dirs.h"
#include "plan/search-path.h"
#include "plan/sidecar.h"
#include "wire/layout.h"

#define UID_FOR_ROOT 1000 /* what root's applications are inside */

static gboolean
check_machine (const SbxMachine *machine, GError **error)
{
  if (machine->bwrap_problem)
    return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED, "%s", machine->bwrap_problem);
  return !machine->kernel.userns_problem
         || sbx_throw (error, SBX_ERROR_NOT_SUPPORTED, "no sandbox can start: %s", machine->kernel.userns_problem);
}

/* Who it is inside, and where its own places are. */
static void
choose_places (SbxDraft *draft)
{
  const SbxMachine *machine = draft->machine;
  SbxBox *box = draft->box;

  box->as_root = machine->uid == 0 && !(sbx_policy_get_features (draft->policy) & SBX_FEATURE_ROOT);
  box->uid = box->as_root ? UID_FOR_ROOT : machine->uid;
  box->gid = box->as_root ? UID_FOR_ROOT : machine->gid;
  /* "/" as a home would be covered by an empty one, and with it everything else */
  box->home = g_strdup (machine->home && strcmp (machine->home, "/") != 0 ? machine->home : "/run/home");
  box->runtime_dir =
      machine->runtime_dir ? g_strdup (machine->runtime_dir) : g_strdup_printf ("/run/user/%u", box->uid);
  box->app_home = g_build_filename (machine->data_home, SBX_RUNTIME_SUBDIR, draft->request->app_id, NULL);
  box->app_id = g_strdup (draft->request->app_id);
  box->shared = sbx_policy_get_shared (draft->policy);
  box->handler = draft->request->handler;
  box->session = !box->handler && sbx_policy_get_pidns (draft->policy) == SBX_PIDNS_SESSION;
  if (box->session || (box->handler && draft->request->target_in_session))
    box->facts |= SBX_BOX_IN_SESSION;
}

/* The user's own shell, which terminals start, where the system has it. */
static const char *
choose_shell (SbxDraft *draft)
{
  const char *shell = sbx_draft_getenv (draft, "SHELL");

  return shell && (g_str_has_prefix (shell, "/bin/") || g_str_has_prefix (shell, "/usr/"))
                 && draft->machine->look (draft->machine, shell, NULL) == SBX_FILE_REGULAR
             ? shell
             : "/bin/sh";
}

/* Where the user's settings and data are, if that is elsewhere than usual: what the policy opens lies there. Where it
 * is not in the home, and not opened, there is no place for them inside. */
static void
offer_base_directories (SbxDraft *draft)
{
  static const struct {
    const char *name, *usual;
  } rows[] = { { "XDG_CONFIG_HOME", ".config" },
               { "XDG_DATA_HOME", ".local/share" },
               { "XDG_CACHE_HOME", ".cache" },
               { "XDG_STATE_HOME", ".local/state" } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    const char *value = sbx_machine_getenv (draft->machine->environment, rows[i].name);
    g_autofree char *path = value && value[0] == '/' ? g_canonicalize_filename (value, "/") : NULL;
    g_autofree char *usual = g_build_filename (draft->box->home, rows[i].usual, NULL);

    if (path && strcmp (path, usual) != 0
        && (sbx_path_is_below (path, draft->box->home)
            || sbx_policy_get_access (draft->policy, path) != SBX_ACCESS_NONE))
      sbx_draft_offer (draft, SBX_OFFER_BASE, rows[i].name, path);
  }
}

static void
offer_base (SbxDraft *draft)
{
  const SbxBox *box = draft->box;
  const char *user = box->as_root ? "sandbox" : draft->machine->user_name;
  g_autofree char *usual = sbx_search_path_make (draft->policy, draft->request);
  g_autofree char *path =
      sbx_mounts_opens_outside (draft) ? g_strconcat (SBX_MOUNTS_LINKS_DIR ":", usual, NULL) : g_strdup (usual);
  const struct {
    const char *name, *value;
  } rows[] = { { "HOME", box->home },
               { "USER", user },
               { "LOGNAME", user },
               { "SHELL", choose_shell (draft) },
               { "PATH", path },
               { "PWD", box->home }, /* sandbox-init writes where it really is */
               { "XDG_RUNTIME_DIR", box->runtime_dir },
               { "container", "sandbox" } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    sbx_draft_offer (draft, SBX_OFFER_BASE, rows[i].name, rows[i].value);
}

static void
offer_target (SbxDraft *draft)
{
  g_autofree char *pid = g_strdup_printf ("%u", draft->request->target_pid);

  sbx_draft_offer (draft, SBX_OFFER_BASE, "SANDBOX_TARGET_PID", pid);
  sbx_draft_offer (draft, SBX_OFFER_BASE, "SANDBOX_TARGET_ROOT", SBX_TARGET_ROOT);
  if (draft->request->crash_directory)
    sbx_draft_offer (draft, SBX_OFFER_BASE, "SANDBOX_CRASH_DIR", SBX_PLAN_CRASH_DIRECTORY);
}

static gboolean
fill_box (SbxDraft *draft, GError **error)
{
  choose_places (draft);
  offer_base (draft);
  offer_base_directories (draft);
  if (draft->box->handler)
    offer_target (draft);
  sbx_mounts_add_system (draft);
  sbx_mounts_add_devices (draft);
  sbx_mounts_add_files (draft);
  sbx_mounts_add_user_dirs (draft);
  sbx_mounts_add_sockets (draft);
  sbx_mounts_add_buses (draft);
  sbx_network_add (draft);
  sbx_mounts_close_covered (draft);
  return sbx_mounts_check_attached (draft, error) && sbx_confine_box (draft, error)
         && sbx_sidecars_confine (draft, error);
}

static SbxPlan *
build (SbxDraft *draft, GError **error)
{
  g_autoptr (SbxProcess) process = NULL;
  gboolean inferiors_only = FALSE;

  if (!check_machine (draft->machine, error) || !sbx_network_check (draft, error) || !fill_box (draft, error))
    return NULL;
  process = sbx_process_new (draft->policy, draft->box->offers, draft->request, draft->machine->environment);
  if (!sbx_confine_process (draft, process, error)
      || !sbx_confine_check_promise (draft, process, &inferiors_only, error))
    return NULL;
  if (sbx_policy_get_limit (draft->policy, SBX_LIMIT_CPU) != SBX_LIMIT_NONE)
    sbx_draft_warn (draft, "%s", SBX_PLAN_CPU_WARNING);
  sbx_bwrap_write (draft);
  g_ptr_array_add (draft->warnings, NULL);
  return sbx_plan_assemble (draft->policy, g_steal_pointer (&draft->box), g_steal_pointer (&process),
                            g_steal_pointer (&draft->warnings), inferiors_only);
}

SbxPlan *
sbx_plan_new (const SbxPolicy *policy, const SbxPlanRequest *request, SbxMachine *machine, GError **error)
{
  SbxDraft draft = { .policy = policy,
                     .request = request,
                     .machine = machine,
                     .box = sbx_box_new (),
                     .warnings = g_ptr_array_new_with_free_func (g_free),
                     .covered = g_ptr_array_new_with_free_func (g_free) };
  SbxPlan *plan;

  for (gsize i = 0; i < request->n_warnings; i++)
    sbx_draft_warn (&draft, "%s", request->warnings[i]);
  plan = build (&draft, error);
  g_clear_pointer (&draft.box, sbx_box_free);
  g_clear_pointer (&draft.warnings, g_ptr_array_unref);
  g_ptr_array_unref (draft.covered);
  return plan;
}
