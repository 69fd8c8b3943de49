/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the rows of methods.c call. Each takes its call. */
#pragma once

#include "daemon/bus/call.h"

G_BEGIN_DECLS

/* manager-methods.c */
void sbx_method_launch (SbxCall *call);
void sbx_method_explain (SbxCall *call);
void sbx_method_list_profiles (SbxCall *call);
void sbx_method_get_profile (SbxCall *call);
void sbx_method_identify (SbxCall *call);
/* instance-methods.c */
void sbx_method_exec (SbxCall *call);
void sbx_method_signal (SbxCall *call);
void sbx_method_stop (SbxCall *call);
void sbx_method_attach (SbxCall *call);
void sbx_method_get_procfs (SbxCall *call);
/* change-methods.c */
void sbx_method_restrict (SbxCall *call);
/* grant-methods.c */
void sbx_method_grant (SbxCall *call);
/* grant-facilities.c */
void sbx_method_grant_facilities (SbxCall *call);
/* grant-network.c */
void sbx_method_grant_network (SbxCall *call);
/* properties.c */
void sbx_method_get (SbxCall *call);
void sbx_method_get_all (SbxCall *call);
void sbx_method_get_managed_objects (SbxCall *call);
void sbx_method_list_running (SbxCall *call);
void sbx_method_list_brief (SbxCall *call);

G_END_DECLS
