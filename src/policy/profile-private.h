/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/policy-private.h"
#include "policy/profile-set.h"

G_BEGIN_DECLS

struct _SbxProfile {
  GObject parent_instance;
  char *name, *description, *app_id, *on_crash, *icon;
  char **command;
  SbxPlace place;
  char *base;          /* the nearest in the line of inheritance that is no user's, or NULL */
  SbxPolicy *policy;   /* under construction until the set hands the profile out */
  SbxPolicy *approved; /* NULL: the same */
  GVariant *origins;
  GPtrArray *origin_rows; /* (ssssu) */
};

G_END_DECLS
