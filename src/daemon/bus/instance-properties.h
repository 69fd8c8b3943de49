/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the properties of org.example.Sandbox.Instance say. */
#pragma once

#include "daemon/instances/instance.h"

G_BEGIN_DECLS

/* The value of a property of org.example.Sandbox.Instance; NULL for an unknown name. */
GVariant *sbx_instance_dup_property (SbxInstance *self, const char *name);

G_END_DECLS
