/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/mounts/devices.h"

typedef struct {
  guint device; /* SbxDevices */
  guint flags;  /* SbxMountFlags */
  const char *path;
} DeviceFile;

/* What each word opens up, where it is there. The parts of /sys are what Mesa, libdrm and libinput read. */
static const DeviceFile device_files[] = {
  { SBX_DEVICE_DRI, SBX_MOUNT_DEVICES, "/dev/dri" },
  { SBX_DEVICE_DRI, SBX_MOUNT_DEVICES, "/dev/nvidia0" },
  { SBX_DEVICE_DRI, SBX_MOUNT_DEVICES, "/dev/nvidia1" },
  { SBX_DEVICE_DRI, SBX_MOUNT_DEVICES, "/dev/nvidiactl" },
  { SBX_DEVICE_DRI, SBX_MOUNT_DEVICES, "/dev/nvidia-modeset" },
  { SBX_DEVICE_DRI, SBX_MOUNT_DEVICES, "/dev/nvidia-uvm" },
  { SBX_DEVICE_DRI, SBX_MOUNT_DEVICES, "/dev/mali0" },
  { SBX_DEVICE_DRI, SBX_MOUNT_DEVICES, "/dev/kgsl-3d0" },
  { SBX_DEVICE_INPUT, SBX_MOUNT_DEVICES, "/dev/input" },
  { SBX_DEVICE_KVM, SBX_MOUNT_DEVICES, "/dev/kvm" },
  { SBX_DEVICE_SHM, SBX_MOUNT_DEVICES, "/dev/shm" },
  { SBX_DEVICE_USB, SBX_MOUNT_DEVICES, "/dev/bus/usb" },
  { SBX_DEVICE_DRI | SBX_DEVICE_INPUT | SBX_DEVICE_USB | SBX_DEVICE_ALL, SBX_MOUNT_READ_ONLY, "/sys/bus" },
  { SBX_DEVICE_DRI | SBX_DEVICE_INPUT | SBX_DEVICE_USB | SBX_DEVICE_ALL, SBX_MOUNT_READ_ONLY, "/sys/class" },
  { SBX_DEVICE_DRI | SBX_DEVICE_INPUT | SBX_DEVICE_USB | SBX_DEVICE_ALL, SBX_MOUNT_READ_ONLY, "/sys/dev" },
  { SBX_DEVICE_DRI | SBX_DEVICE_INPUT | SBX_DEVICE_USB | SBX_DEVICE_ALL, SBX_MOUNT_READ_ONLY, "/sys/devices" },
  { SBX_DEVICE_INPUT | SBX_DEVICE_USB | SBX_DEVICE_ALL, SBX_MOUNT_READ_ONLY, "/run/udev" },
};

void
sbx_mounts_add_devices (SbxDraft *self)
{
  guint devices = sbx_policy_get_devices (self->policy);
  gboolean all = (devices & SBX_DEVICE_ALL) != 0;

  for (gsize i = 0; i < G_N_ELEMENTS (device_files); i++) {
    const DeviceFile *row = &device_files[i];

    /* With all of /dev there is nothing left to open up in it */
    if ((row->device & devices) && !(all && row->flags == SBX_MOUNT_DEVICES))
      sbx_draft_bind_if_there (self, SBX_BY_POLICY, row->flags, row->path);
  }
}
