/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said of machines that there are and that there are not. */
#include <string.h>

#include "plan/machine/machine.h"

static const SbxKernel complete = {
  .landlock_abi = 7, .pidns_option = TRUE, .hidepid = TRUE, .mount_setattr = TRUE, .seccomp = TRUE, .yama = 1
};

/* The features of a machine with @kernel, and a bwrap and a proxy that need not be there. */
static GVariant *
features_of (SbxKernel kernel, const char *bwrap_problem)
{
  static const char *const environment[] = { "HOME=/nonexistent", "SANDBOX_BWRAP=/bin/true", NULL };
  g_autoptr (SbxMachine) machine = sbx_machine_probe (environment);

  machine->kernel = kernel;
  machine->bwrap = "/usr/bin/bwrap";
  machine->bwrap_problem = bwrap_problem;
  return g_variant_ref_sink (sbx_machine_features (machine));
}

static char *
value (GVariant *features, const char *name, const char *key)
{
  g_autoptr (GVariant) row = g_variant_lookup_value (features, name, G_VARIANT_TYPE_VARDICT);
  char *text = NULL;

  g_assert_nonnull (row);
  g_variant_lookup (row, key, "s", &text);
  return text;
}

static void
assert_state (GVariant *features, const char *name, const char *expected)
{
  g_autofree char *state = value (features, name, "state"), *remedy = value (features, name, "remedy");

  g_test_message ("%s", name);
  g_assert_cmpstr (state, ==, expected);
  /* What is wrong has a remedy, and what is not needs none */
  g_assert_cmpint (remedy == NULL, ==, strcmp (expected, "works") == 0);
}

static gboolean
inferiors_only (GVariant *features)
{
  gboolean result = FALSE;

  g_assert_true (g_variant_lookup (features, "inferiors-only", "b", &result));
  return result;
}

static void
test_complete (void)
{
  static const char *const rows[] = { "user-namespaces",  "landlock",       "landlock-scopes",
                                      "landlock-tcp",     "procfs-hidepid", "procfs-pidns",
                                      "mount-attributes", "seccomp",        "ptrace" };
  g_autoptr (GVariant) features = features_of (complete, "there is none, and that is the remedy");

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_state (features, rows[i], "works");
  assert_state (features, "bubblewrap", "missing");
  g_assert_false (inferiors_only (features));
}

static void
test_landlock (void)
{
  static const struct {
    int abi;
    const char *landlock, *tcp, *scopes;
  } rows[] = {
    { 0, "missing", "missing", "missing" }, { 1, "limited", "missing", "missing" },
    { 3, "limited", "missing", "missing" }, { 4, "limited", "works", "missing" },
    { 5, "limited", "works", "missing" },   { 6, "works", "works", "works" },
    { 9, "works", "works", "works" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    SbxKernel kernel = complete;
    g_autoptr (GVariant) features = NULL;
    gint32 abi = -1;

    kernel.landlock_abi = rows[i].abi;
    features = features_of (kernel, "none");
    assert_state (features, "landlock", rows[i].landlock);
    assert_state (features, "landlock-tcp", rows[i].tcp);
    assert_state (features, "landlock-scopes", rows[i].scopes);
    g_assert_true (g_variant_lookup (features, "landlock-abi", "i", &abi));
    g_assert_cmpint (abi, ==, rows[i].abi);
  }
}

static void
test_yama (void)
{
  static const struct {
    int mode;
    const char *state;
  } rows[] = { { -1, "works" }, { 0, "works" }, { 1, "works" }, { 2, "limited" }, { 3, "missing" } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    SbxKernel kernel = complete;
    g_autoptr (GVariant) features = NULL;

    kernel.yama = rows[i].mode;
    features = features_of (kernel, "none");
    assert_state (features, "ptrace", rows[i].state);
  }
}

static void
test_old_kernels (void)
{
  SbxKernel kernel = complete;
  g_autoptr (GVariant) old = NULL, older = NULL;

  kernel.pidns_option = FALSE;
  old = features_of (kernel, "none");
  assert_state (old, "procfs-pidns", "limited");
  assert_state (old, "procfs-hidepid", "works");
  kernel.hidepid = kernel.mount_setattr = kernel.seccomp = FALSE;
  older = features_of (kernel, "none");
  assert_state (older, "procfs-hidepid", "missing");
  assert_state (older, "mount-attributes", "missing");
  assert_state (older, "seccomp", "missing");
}

/* What could not be tried is not said to need another kernel: the remedy is that of the user namespaces. */
static void
test_no_user_namespaces (void)
{
  SbxKernel kernel = { .landlock_abi = 7, .seccomp = TRUE, .userns_problem = "somebody turned them off; turn them on" };
  static const char *const rows[] = { "user-namespaces", "procfs-hidepid", "procfs-pidns", "mount-attributes" };
  g_autoptr (GVariant) features = features_of (kernel, "none");

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *remedy = value (features, rows[i], "remedy");

    assert_state (features, rows[i], "missing");
    g_assert_cmpstr (remedy, ==, kernel.userns_problem);
  }
  assert_state (features, "landlock", "works");
  g_assert_false (inferiors_only (features));
}

/* The kernel under this test: everything is tried without a failure, twice alike. */
static void
test_this_machine (void)
{
  static const char *const environment[] = { "HOME=/nonexistent", "PATH=/usr/bin:/bin", NULL };
  g_autoptr (SbxMachine) first = sbx_machine_probe (environment), second = sbx_machine_probe (environment);
  g_autoptr (GVariant) one = g_variant_ref_sink (sbx_machine_features (first));
  g_autoptr (GVariant) other = g_variant_ref_sink (sbx_machine_features (second));

  g_assert_true (g_variant_equal (one, other));
  g_assert_cmpint (first->kernel.landlock_abi, >=, 0);
  g_assert_true (first->kernel.userns_problem || first->kernel.seccomp);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/machine/complete", test_complete);
  g_test_add_func ("/machine/landlock", test_landlock);
  g_test_add_func ("/machine/yama", test_yama);
  g_test_add_func ("/machine/old-kernels", test_old_kernels);
  g_test_add_func ("/machine/no-user-namespaces", test_no_user_namespaces);
  g_test_add_func ("/machine/this-machine", test_this_machine);
  return g_test_run ();
}
