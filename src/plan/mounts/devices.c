/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/mounts/devices.h"

#define NUMBERS 64 /* of devices that have one in their name, so many are looked for */

typedef struct {
  guint device;   /* SbxDevices, one of which is enough */
  guint features; /* SbxFeatures, the same */
  guint flags;    /* SbxMountFlags */
  const char *path;
  gboolean numbered; /* 0 … NUMBERS - 1 at its end */
} DeviceFile;

#define DEVICE(word, path)                                                                                             \
  {                                                                                                                    \
    SBX_DEVICE_##word, 0, SBX_MOUNT_DEVICES, path, FALSE                                                               \
  }
#define NUMBERED(word, path)                                                                                           \
  {                                                                                                                    \
    SBX_DEVICE_##word, 0, SBX_MOUNT_DEVICES, path, TRUE                                                                \
  }
/* What Mesa, libdrm and libinput read, and what programs that look at the machine do (lscpu, lsblk, hwloc): nothing of
 * it is a device that could be opened */
#define SYSFS_WORDS                                                                                                    \
  (SBX_DEVICE_DRI | SBX_DEVICE_INPUT | SBX_DEVICE_USB | SBX_DEVICE_CAMERA | SBX_DEVICE_SOUND | SBX_DEVICE_FIDO         \
   | SBX_DEVICE_HIDRAW | SBX_DEVICE_ALL)
#define SYSFS(path)                                                                                                    \
  {                                                                                                                    \
    SYSFS_WORDS, SBX_FEATURE_DEVEL, SBX_MOUNT_READ_ONLY, path, FALSE                                                   \
  }
#define UDEV_WORDS (SYSFS_WORDS & ~SBX_DEVICE_DRI)

/* clang-format off */
/* What each word opens up, where it is there. */
static const DeviceFile device_files[] = {
  DEVICE (DRI, "/dev/dri"),
  DEVICE (DRI, "/dev/accel"),
  DEVICE (DRI, "/dev/dma_heap"),
  DEVICE (DRI, "/dev/udmabuf"),
  DEVICE (DRI, "/dev/kfd"),
  DEVICE (DRI, "/dev/ntsync"), /* Windows' locks, for Wine (6.14); of nobody's data */
  NUMBERED (DRI, "/dev/nvidia"),
  DEVICE (DRI, "/dev/nvidiactl"),
  DEVICE (DRI, "/dev/nvidia-modeset"),
  DEVICE (DRI, "/dev/nvidia-uvm"),
  DEVICE (DRI, "/dev/nvidia-uvm-tools"),
  DEVICE (DRI, "/dev/nvidia-caps"),
  NUMBERED (DRI, "/dev/mali"),
  DEVICE (DRI, "/dev/kgsl-3d0"),
  DEVICE (INPUT, "/dev/input"),
  DEVICE (KVM, "/dev/kvm"),
  DEVICE (KVM, "/dev/vhost-net"),
  DEVICE (SHM, "/dev/shm"),
  DEVICE (USB, "/dev/bus/usb"),
  NUMBERED (CAMERA, "/dev/video"),
  NUMBERED (CAMERA, "/dev/media"),
  NUMBERED (CAMERA, "/dev/v4l-subdev"),
  DEVICE (CAMERA, "/dev/v4l"),
  DEVICE (CAMERA, "/dev/dma_heap"),
  DEVICE (SOUND, "/dev/snd"),
  NUMBERED (HIDRAW, "/dev/hidraw"),
  SYSFS ("/sys/block"),
  SYSFS ("/sys/bus"),
  SYSFS ("/sys/class"),
  SYSFS ("/sys/dev"),
  SYSFS ("/sys/devices"),
  { 0, SBX_FEATURE_DEVEL, SBX_MOUNT_READ_ONLY, "/sys/kernel/mm", FALSE },
  { UDEV_WORDS, 0, SBX_MOUNT_READ_ONLY, "/run/udev", FALSE },
};
/* clang-format on */

/* Once, whichever words ask for it. */
static void
add_file (SbxDraft *self, guint flags, const char *path)
{
  for (guint i = 0; i < self->box->mounts->len; i++)
    if (g_str_equal (g_array_index (self->box->mounts, SbxMount, i).dest, path))
      return;
  sbx_draft_bind_if_there (self, SBX_BY_POLICY, flags, path);
}

static void
add_row (SbxDraft *self, const DeviceFile *row)
{
  if (!row->numbered)
    add_file (self, row->flags, row->path);
  for (guint i = 0; row->numbered && i < NUMBERS; i++) {
    g_autofree char *path = g_strdup_printf ("%s%u", row->path, i);

    add_file (self, row->flags, path);
  }
}

/* Of all hidraw devices those that are security keys, unless all of them are shown. */
static void
add_security_keys (SbxDraft *self)
{
  for (guint i = 0; self->machine->is_fido && i < NUMBERS; i++) {
    g_autofree char *path = g_strdup_printf ("/dev/hidraw%u", i);

    if (self->machine->is_fido (self->machine, i))
      add_file (self, SBX_MOUNT_DEVICES, path);
  }
}

void
sbx_mounts_add_devices (SbxDraft *self)
{
  guint devices = sbx_policy_get_devices (self->policy), features = sbx_policy_get_features (self->policy);
  gboolean all = (devices & SBX_DEVICE_ALL) != 0;

  for (gsize i = 0; i < G_N_ELEMENTS (device_files); i++) {
    const DeviceFile *row = &device_files[i];

    /* With all of /dev there is nothing left to open up in it */
    if (((row->device & devices) || (row->features & features)) && !(all && row->flags == SBX_MOUNT_DEVICES))
      add_row (self, row);
  }
  if ((devices & SBX_DEVICE_FIDO) && !all)
    add_security_keys (self);
}
