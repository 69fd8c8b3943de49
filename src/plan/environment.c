/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The environment is clean: the base set here, then the policy's variables, then the caller's. sandbox-profile(5) has
 * the list. */
#include <string.h>

#include "plan/plan-private.h"

/* Passed on as the caller has them: they say how to speak to the user, and nothing about the user. */
static const char *const always[] = {
  "LANG",           "LANGUAGE",    "LC_ALL",      "LC_ADDRESS", "LC_COLLATE", "LC_CTYPE", "LC_IDENTIFICATION",
  "LC_MEASUREMENT", "LC_MESSAGES", "LC_MONETARY", "LC_NAME",    "LC_NUMERIC", "LC_PAPER", "LC_TELEPHONE",
  "LC_TIME",        "TZ",          "TERM",        "COLORTERM",  "NO_COLOR"
};

static const char *const with_display[] = { "XDG_SESSION_TYPE",     "XDG_CURRENT_DESKTOP", "DESKTOP_SESSION",
                                            "XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID",  "GTK_IM_MODULE",
                                            "QT_IM_MODULE",         "XMODIFIERS",          "GTK_THEME",
                                            "QT_QPA_PLATFORMTHEME", "XCURSOR_THEME",       "XCURSOR_SIZE",
                                            "QT_STYLE_OVERRIDE",    "QT_SCALE_FACTOR",     "QT_FONT_DPI",
                                            "QT_IM_MODULES",        "SDL_IM_MODULE",       "GDK_SCALE",
                                            "GDK_DPI_SCALE" };

gboolean
sbx_plan_looks_at (const SbxPolicy *policy, const char *name)
{
  static const char *const sockets[] = { "DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY", "SSH_AUTH_SOCK", NULL };
  static const char *const tokens[] = { "XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID", NULL };

  if (g_strv_contains (tokens, name))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (always); i++)
    if (strcmp (always[i], name) == 0)
      return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (with_display); i++)
    if (strcmp (with_display[i], name) == 0)
      return TRUE;
  /* Those to pass on are rows without a value */
  return g_strv_contains (sockets, name) || g_strv_contains (sbx_policy_get_environment (policy), name);
}

const char *
sbx_plan_getenv (SbxPlan *self, const char *name)
{
  const char *value = NULL;

  if (self->request->display_env)
    value = sbx_machine_getenv (self->request->display_env, name);
  else
    value = sbx_machine_getenv (self->machine->environment, name);
  return value && *value ? value : NULL;
}

/* The row of @name in the environment, or NULL. */
static char **
find (SbxPlan *self, const char *name)
{
  gsize n = strlen (name);

  for (guint i = 0; i < self->environment->len; i++)
    if (strncmp (self->environment->pdata[i], name, n) == 0 && ((char *) self->environment->pdata[i])[n] == '=')
      return (char **) &self->environment->pdata[i];
  return NULL;
}

void
sbx_plan_setenv (SbxPlan *self, const char *name, const char *value)
{
  char *pair = g_strconcat (name, "=", value, NULL);
  char **row = find (self, name);

  if (row) {
    g_free (*row);
    *row = pair;
  } else {
    g_ptr_array_add (self->environment, pair);
  }
}

gboolean
sbx_plan_has_env (SbxPlan *self, const char *name)
{
  return find (self, name) != NULL;
}

static void
pass (SbxPlan *self, const char *const *names, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    const char *value = sbx_plan_getenv (self, names[i]);

    if (value)
      sbx_plan_setenv (self, names[i], value);
  }
}

static void
set_pair (SbxPlan *self, const char *pair)
{
  g_autofree char *name = g_strndup (pair, strcspn (pair, "="));

  sbx_plan_setenv (self, name, pair + strlen (name) + 1);
}

static void
unset (SbxPlan *self, const char *name)
{
  char **row = find (self, name);

  if (row)
    g_ptr_array_remove (self->environment, *row);
}

static void
add_base (SbxPlan *self)
{
  const char *user = self->as_root ? "sandbox" : self->machine->user_name;

  sbx_plan_setenv (self, "HOME", self->home);
  sbx_plan_setenv (self, "USER", user);
  sbx_plan_setenv (self, "LOGNAME", user);
  sbx_plan_setenv (self, "SHELL", "/bin/sh");
  sbx_plan_setenv (self, "PATH", "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games:/usr/sbin:/sbin");
  sbx_plan_setenv (self, "PWD", self->home); /* sandbox-init writes where it really is */
  sbx_plan_setenv (self, "XDG_RUNTIME_DIR", self->runtime_dir);
  sbx_plan_setenv (self, "container", "sandbox");
  if (self->handler) {
    g_autofree char *pid = g_strdup_printf ("%u", self->request->target_pid);

    sbx_plan_setenv (self, "SANDBOX_TARGET_PID", pid);
    sbx_plan_setenv (self, "SANDBOX_TARGET_ROOT", SBX_TARGET_ROOT);
    if (self->request->crash_directory)
      sbx_plan_setenv (self, "SANDBOX_CRASH_DIR", SBX_PLAN_CRASH_DIRECTORY);
  }
}

void
sbx_plan_add_environment (SbxPlan *self)
{
  const char *const *row;

  add_base (self);
  pass (self, always, G_N_ELEMENTS (always));
  if (sbx_policy_get_sockets (self->policy) & SBX_PLAN_DISPLAYS)
    pass (self, with_display, G_N_ELEMENTS (with_display));
  for (row = sbx_policy_get_environment (self->policy); *row; row++) {
    if (strchr (*row, '='))
      set_pair (self, *row);
    else
      pass (self, row, 1);
  }
  for (row = self->request->env; row && *row; row++)
    set_pair (self, *row);
  for (row = self->request->unset_env; row && *row; row++)
    unset (self, *row);
}
