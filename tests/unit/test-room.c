/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many instances there may be: what is scarce decides, and says so. */
#include <glib.h>
#include <string.h>
#include <sys/resource.h>

#include "daemon/bounds.h"
#include "daemon/instances/registry.h"

#define NONE G_MAXUINT64
#define GIB ((guint64) 1 << 30)

static void
test_what_is_scarce (void)
{
  static const struct {
    SbxMachineRoom machine;
    guint said, most;
    const char *why;
  } rows[] = {
    /* A small machine of today, the smallest, the defaults of a login without systemd */
    { { 65536, 15000, 4 * GIB }, 0, 1024, "memory" },
    { { 65536, 15000, GIB / 4 }, 0, 64, "memory" },
    { { 1024, 30000, 4 * GIB }, 0, 192, "descriptors" },
    { { 65536, 4000, 16 * GIB }, 0, 400, "processes" },
    { { 20000, NONE, NONE }, 0, (20000 - SBX_DESCRIPTORS_KEPT) / SBX_DESCRIPTORS_EACH, "descriptors" },
    /* The user's word, both ways; not further than there are descriptors */
    { { 65536, 15000, 4 * GIB }, 5, 5, "--max-instances" },
    { { 65536, 15000, 4 * GIB }, 3000, 3000, "--max-instances" },
    { { 1024, 15000, 4 * GIB }, 3000, 192, "descriptors" },
    /* Whatever is said, one may run */
    { { 4, 2, 1 }, 0, 1, "descriptors" },
    { { NONE, 2, 1 }, 0, 1, "processes" },
    { { NONE, NONE, NONE }, 0, G_MAXUINT, "descriptors" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    SbxRoom room = sbx_room_for (&rows[i].machine, rows[i].said);

    g_assert_cmpuint (room.most, ==, rows[i].most);
    g_assert_nonnull (strstr (room.why, rows[i].why));
  }
}

/* A limit of this process is seen, and the rest is something. */
static void
test_this_machine (void)
{
  SbxMachineRoom before = sbx_machine_room_find (), after;
  struct rlimit limit, less;

  g_assert_cmpuint (before.processes, >, 0);
  g_assert_cmpuint (before.memory, >, 1 << 20);
  g_assert_cmpuint (before.memory, <, NONE);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  less = (struct rlimit){ 100, limit.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &less), ==, 0);
  after = sbx_machine_room_find ();
  g_assert_cmpuint (after.descriptors, ==, 100);
  g_assert_cmpuint (before.descriptors, >, after.descriptors);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
}

/* A registry that nobody has told has no room: a limit that was forgotten is not none. */
static void
test_registry (void)
{
  static const char *const environment[] = { "XDG_RUNTIME_DIR=/nonexistent", NULL };
  g_autoptr (SbxRuntimeDir) runtime = sbx_runtime_dir_new (environment);
  g_autoptr (SbxRegistry) registry = sbx_registry_new (runtime);
  const SbxRoom room = { 1, "a reason" };
  g_autoptr (GError) error = NULL;

  g_assert_false (sbx_registry_has_room (registry, NULL));
  sbx_registry_set_room (registry, &room);
  g_assert_true (sbx_registry_has_room (registry, &error));
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/room/what-is-scarce", test_what_is_scarce);
  g_test_add_func ("/room/this-machine", test_this_machine);
  g_test_add_func ("/room/registry", test_registry);
  return g_test_run ();
}
