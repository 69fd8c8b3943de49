/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-private.h"

typedef struct {
  guint device; /* SbxDevices */
  SbxOpKind kind;
  const char *path;
} DeviceFile;

/* What each word opens up, where it is there. The parts of /sys are what Mesa, libdrm and libinput read. */
static const DeviceFile device_files[] = {
  { SBX_DEVICE_DRI, SBX_OP_DEV_BIND, "/dev/dri" },
  { SBX_DEVICE_DRI, SBX_OP_DEV_BIND, "/dev/nvidia0" },
  { SBX_DEVICE_DRI, SBX_OP_DEV_BIND, "/dev/nvidia1" },
  { SBX_DEVICE_DRI, SBX_OP_DEV_BIND, "/dev/nvidiactl" },
  { SBX_DEVICE_DRI, SBX_OP_DEV_BIND, "/dev/nvidia-modeset" },
  { SBX_DEVICE_DRI, SBX_OP_DEV_BIND, "/dev/nvidia-uvm" },
  { SBX_DEVICE_DRI, SBX_OP_DEV_BIND, "/dev/mali0" },
  { SBX_DEVICE_DRI, SBX_OP_DEV_BIND, "/dev/kgsl-3d0" },
  { SBX_DEVICE_INPUT, SBX_OP_DEV_BIND, "/dev/input" },
  { SBX_DEVICE_KVM, SBX_OP_DEV_BIND, "/dev/kvm" },
  { SBX_DEVICE_SHM, SBX_OP_DEV_BIND, "/dev/shm" },
  { SBX_DEVICE_USB, SBX_OP_DEV_BIND, "/dev/bus/usb" },
  { SBX_DEVICE_DRI | SBX_DEVICE_INPUT | SBX_DEVICE_USB | SBX_DEVICE_ALL, SBX_OP_RO_BIND, "/sys/bus" },
  { SBX_DEVICE_DRI | SBX_DEVICE_INPUT | SBX_DEVICE_USB | SBX_DEVICE_ALL, SBX_OP_RO_BIND, "/sys/class" },
  { SBX_DEVICE_DRI | SBX_DEVICE_INPUT | SBX_DEVICE_USB | SBX_DEVICE_ALL, SBX_OP_RO_BIND, "/sys/dev" },
  { SBX_DEVICE_DRI | SBX_DEVICE_INPUT | SBX_DEVICE_USB | SBX_DEVICE_ALL, SBX_OP_RO_BIND, "/sys/devices" },
  { SBX_DEVICE_INPUT | SBX_DEVICE_USB | SBX_DEVICE_ALL, SBX_OP_RO_BIND, "/run/udev" },
};

void
sbx_plan_add_devices (SbxPlan *self)
{
  guint devices = sbx_policy_get_devices (self->policy);
  gboolean all = (devices & SBX_DEVICE_ALL) != 0;

  for (gsize i = 0; i < G_N_ELEMENTS (device_files); i++) {
    const DeviceFile *row = &device_files[i];

    /* With all of /dev there is nothing left to open up in it */
    if ((row->device & devices) && !(all && row->kind == SBX_OP_DEV_BIND))
      sbx_plan_bind_if_there (self, row->kind, row->path);
  }
}
