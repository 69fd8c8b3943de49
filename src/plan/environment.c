/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/environment.h"

#include <string.h>

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
  static const char *const sockets[] = { "DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY", "SSH_AUTH_SOCK", "PATH", NULL };
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
pass (const Making *making, const char *const *names, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    const char *value = sbx_environment_of_caller (making->request, making->environment, names[i]);

    if (value)
      set (making, names[i], value);
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
  for (const char *const *row = sbx_policy_get_environment (policy); *row; row++)
    if (strchr (*row, '='))
      set_pair (making, *row);
    else
      pass (making, row, 1);
}

GPtrArray *
sbx_environment_make (const SbxPolicy *policy, const SbxOffers *offers, const SbxPlanRequest *request,
                      const char *const *environment)
{
  const Making making = { g_ptr_array_new_with_free_func (g_free), request, environment };

  add_offers (&making, offers, SBX_OFFER_BASE);
  pass (&making, always, G_N_ELEMENTS (always));
  if (sbx_policy_get_sockets (policy) & SBX_PLAN_DISPLAYS)
    pass (&making, with_display, G_N_ELEMENTS (with_display));
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
