/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/environment.h"

#include <string.h>

#include "plan/variables.h"

/* The number of a connection that the caller has and nobody inside: sandboxctl does not pass it on. A library that
 * finds the variable would not look for another display (wl_display_connect ()). */
#define NOT_PASSED "WAYLAND_SOCKET"

gboolean
sbx_plan_looks_at (const SbxPolicy *policy, const char *name)
{
  /* Those that say where something is: sockets, programs, which shell the user has */
  static const char *const places[] = {
    "DISPLAY",         "XAUTHORITY",           "WAYLAND_DISPLAY", "SSH_AUTH_SOCK", "PULSE_SERVER", "PULSE_RUNTIME_PATH",
    "PIPEWIRE_REMOTE", "PIPEWIRE_RUNTIME_DIR", "CUPS_SERVER",     "SHELL",         "PATH",         NULL
  };
  g_autoptr (GPtrArray) variables = sbx_variables_list (policy);

  for (guint i = 0; i < variables->len; i++) {
    const SbxVariable *variable = variables->pdata[i];

    if (strcmp (variable->name, name) == 0)
      return variable->kind != SBX_VARIABLE_TOKEN;
  }
  /* Those to pass on are rows without a value */
  return g_strv_contains (places, name) || g_strv_contains (sbx_policy_get_environment (policy), name);
}

const char *
sbx_environment_of_caller (const SbxPlanRequest *request, const char *const *environment, const char *name)
{
  const char *const *surroundings = request->display_env ? request->display_env : environment;
  const char *value = g_environ_getenv ((char **) surroundings, name);

  return value && *value ? value : NULL;
}

/* The environment while it is made. */
typedef struct {
  GPtrArray *rows;
  const SbxPlanRequest *request;
  const char *const *environment;
} Making;

/* The row of @name, or NULL. */
static char **
find (const Making *making, const char *name)
{
  gsize n = strlen (name);

  for (guint i = 0; i < making->rows->len; i++)
    if (strncmp (making->rows->pdata[i], name, n) == 0 && ((char *) making->rows->pdata[i])[n] == '=')
      return (char **) &making->rows->pdata[i];
  return NULL;
}

static void
set (const Making *making, const char *name, const char *value)
{
  char *pair = g_strconcat (name, "=", value, NULL);
  char **row = find (making, name);

  if (row) {
    g_free (*row);
    *row = pair;
  } else {
    g_ptr_array_add (making->rows, pair);
  }
}

static void
set_pair (const Making *making, const char *pair)
{
  g_autofree char *name = g_strndup (pair, strcspn (pair, "="));

  set (making, name, pair + strlen (name) + 1);
}

static void
unset (const Making *making, const char *name)
{
  char **row = find (making, name);

  if (row)
    g_ptr_array_remove (making->rows, *row);
}

static void
pass (const Making *making, const SbxPolicy *policy)
{
  g_autoptr (GPtrArray) variables = sbx_variables_list (policy);

  for (guint i = 0; i < variables->len; i++) {
    const SbxVariable *variable = variables->pdata[i];
    const char *value = sbx_environment_of_caller (making->request, making->environment, variable->name);
    g_autofree char *filtered = value ? sbx_variable_filter (variable, policy, value) : NULL;

    if (filtered)
      set (making, variable->name, filtered);
  }
}

static void
add_offers (const Making *making, const SbxOffers *offers, SbxOfferKind kind)
{
  gsize n;
  const SbxOffer *list = sbx_offers_list (offers, &n);

  for (gsize i = 0; i < n; i++)
    if (list[i].kind == kind && !(kind == SBX_OFFER_FALLBACK && find (making, list[i].name)))
      set (making, list[i].name, list[i].value);
}

static void
add_of_policy (const Making *making, const SbxPolicy *policy)
{
  for (const char *const *row = sbx_policy_get_environment (policy); *row; row++) {
    const char *value =
        strchr (*row, '=') ? NULL : sbx_environment_of_caller (making->request, making->environment, *row);

    if (strchr (*row, '='))
      set_pair (making, *row);
    else if (value && strcmp (*row, NOT_PASSED) != 0)
      set (making, *row, value);
  }
}

GPtrArray *
sbx_environment_make (const SbxPolicy *policy, const SbxOffers *offers, const SbxPlanRequest *request,
                      const char *const *environment)
{
  const Making making = { g_ptr_array_new_with_free_func (g_free), request, environment };

  add_offers (&making, offers, SBX_OFFER_BASE);
  pass (&making, policy);
  add_of_policy (&making, policy);
  for (const char *const *row = request->env; row && *row; row++)
    set_pair (&making, *row);
  for (const char *const *row = request->unset_env; row && *row; row++)
    unset (&making, *row);
  add_offers (&making, offers, SBX_OFFER_FIXED);
  add_offers (&making, offers, SBX_OFFER_FALLBACK);
  g_ptr_array_add (making.rows, NULL);
  return making.rows;
}
