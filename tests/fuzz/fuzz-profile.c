/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A profile's file: the reader of key files, every facility's words, conditions, inheritance from the shipped profiles.
 * What is read and written and read again is the same policy. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/error.h"
#include "fuzz.h"
#include "policy/profile-set.h"

static SbxProfile *
load (SbxProfileSet *set, const void *data, size_t size, GError **error)
{
  int fd = memfd_create ("fuzz", MFD_CLOEXEC);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  SbxProfile *profile;

  MUST (fd >= 0);
  MUST (write (fd, data, size) == (ssize_t) size);
  profile = sbx_profile_set_load_file (set, path, error);
  close (fd);
  return profile;
}

static void
check_error (const GError *error)
{
  MUST (error->domain == SBX_ERROR);
  MUST (error->code == SBX_ERROR_BAD_PROFILE);
  MUST (g_utf8_validate (error->message, -1, NULL));
  MUST (!strchr (error->message, '\n'));
}

static void
check_profile (SbxProfileSet *set, SbxProfile *profile)
{
  const SbxPolicy *policy = sbx_profile_get_policy (profile);
  g_autofree char *text = sbx_policy_to_key_file (policy);
  g_autoptr (SbxPolicy) meet = sbx_policy_meet (policy, policy), bottom = sbx_policy_bottom ();
  g_autoptr (GVariant) groups = g_variant_ref_sink (sbx_policy_to_variant (policy));
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxProfile) again = load (set, text, strlen (text), &error);

  MUST (g_variant_is_normal_form (groups));
  MUST (sbx_policy_equal (meet, policy));
  MUST (sbx_policy_leq (bottom, policy));
  if (strlen (text) > 60 * 1024) /* words are written out in full, and a file is no longer than 64 KiB */
    return;
  if (!again)
    fprintf (stderr, "%s\n%s\n", error->message, text);
  MUST (again != NULL);
  MUST (sbx_policy_equal (sbx_profile_get_policy (again), policy));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *dirs[SBX_N_PLACES] = { SBX_SOURCE_ROOT "/data/profiles", NULL, NULL };
  const char *xdg_dirs[G_USER_N_DIRECTORIES] = { [G_USER_DIRECTORY_DOWNLOAD] = "/home/u/Downloads" };
  const SbxPlaces places = { .home = "/home/u", .xdg_dirs = xdg_dirs, .config_home = "/home/u/.config" };
  const SbxConditions conditions = { .landlock_abi = 6, .wayland = TRUE };
  g_autoptr (SbxProfileSet) set = sbx_profile_set_new (dirs, &places, &conditions);
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxProfile) profile = load (set, data, size, &error);

  MUST ((profile == NULL) == (error != NULL));
  if (profile)
    check_profile (set, profile);
  else
    check_error (error);
  return 0;
}
