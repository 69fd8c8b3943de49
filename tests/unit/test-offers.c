/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a box offers, written down and read again; and the environment of what is started in it later. */
#include <string.h>

#include "common/error.h"
#include "fake-machine.h"
#include "plan/search-path.h"
#include "wire/block.h"

static void
test_round_trip (void)
{
  static const SbxOffer rows[] = { { SBX_OFFER_BASE, (char *) "HOME", (char *) "/home/\xff" },
                                   { SBX_OFFER_FIXED, (char *) "DISPLAY", (char *) ":1'\"\\" },
                                   { SBX_OFFER_FALLBACK, (char *) "_x9", (char *) "" } };
  g_autoptr (SbxOffers) offers = sbx_offers_new (), again = NULL;
  g_autoptr (GVariant) variant = NULL, parsed = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  const SbxOffer *list;
  gsize n;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    sbx_offers_add (offers, rows[i].kind, rows[i].name, rows[i].value);
  variant = g_variant_ref_sink (sbx_offers_to_variant (offers));
  text = g_variant_print (variant, TRUE);
  parsed = g_variant_parse (G_VARIANT_TYPE (SBX_OFFERS_TYPE), text, NULL, NULL, &error);
  g_assert_no_error (error);
  again = sbx_offers_from_variant (parsed, &error);
  g_assert_no_error (error);
  list = sbx_offers_list (again, &n);
  g_assert_cmpuint (n, ==, G_N_ELEMENTS (rows));
  for (gsize i = 0; i < n; i++) {
    g_assert_cmpint (list[i].kind, ==, rows[i].kind);
    g_assert_cmpstr (list[i].name, ==, rows[i].name);
    g_assert_cmpstr (list[i].value, ==, rows[i].value);
  }
  g_assert_cmpstr (sbx_offers_get (again, "DISPLAY"), ==, ":1'\"\\");
  g_assert_null (sbx_offers_get (again, "DISPLA"));
}

static void
test_refused (void)
{
  static const char *const bad[] = {
    "[('base', 'A', b'1'), ('fixed', 'A', b'2')]",
    "[('later', 'A', b'1')]",
    "[('', 'A', b'1')]",
    "[('base', '', b'1')]",
    "[('base', '1A', b'1')]",
    "[('base', 'A=B', b'1')]",
    "[('base', 'Ä', b'1')]",
    "[('base', 'A', @ay [])]",
    "[('base', 'A', [byte 0x41])]",
    "[('base', 'A', [byte 0x41, 0x00, 0x41, 0x00])]",
    "[('base', 'A', '1')]",
    "['A=1']",
  };
  g_autoptr (SbxOffers) many = sbx_offers_new ();
  g_autoptr (GVariant) all = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) rows = g_variant_parse (NULL, bad[i], NULL, NULL, &error);

    g_assert_no_error (error);
    g_assert_null (sbx_offers_from_variant (rows, &error));
    g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
  }
  for (int i = 0; i <= SBX_OFFERS_MAX; i++) {
    g_autofree char *name = g_strdup_printf ("N%d", i);

    sbx_offers_add (many, SBX_OFFER_BASE, name, "");
  }
  all = g_variant_ref_sink (sbx_offers_to_variant (many));
  g_assert_null (sbx_offers_from_variant (all, NULL));
}

static gboolean
has (const SbxProcess *process, const char *pair)
{
  return g_strv_contains (sbx_process_get_environment (process), pair);
}

/* From above to below the one that wins. */
static void
test_precedence (void)
{
  static const char *const service[] = { "LANG=service", "DISPLAY=:5", "SSH_AUTH_SOCK=/theirs", "PASSED=1", NULL };
  static const char *const caller[] = { "LANG=caller", "A=caller",         "HOME=/caller",
                                        "DISPLAY=:6",  "GTK_USE_PORTAL=0", NULL };
  static const char *const unset[] = { "B", "PATH", "SSH_AUTH_SOCK", NULL };
  g_autoptr (SbxPolicy) base = shipped ("default"), policy = with (base, "Environment", "A", "policy");
  g_autoptr (SbxOffers) offers = sbx_offers_new ();
  const SbxPlanRequest plain = { .app_id = "a", .argv = command },
                       asked = { .app_id = "a", .argv = command, .env = caller, .unset_env = unset };
  g_autoptr (SbxProcess) first = NULL, second = NULL;

  sbx_offers_add (offers, SBX_OFFER_BASE, "HOME", "/box");
  sbx_offers_add (offers, SBX_OFFER_BASE, "PATH", "/bin");
  sbx_offers_add (offers, SBX_OFFER_BASE, "A", "box");
  sbx_offers_add (offers, SBX_OFFER_FIXED, "DISPLAY", ":1");
  sbx_offers_add (offers, SBX_OFFER_FIXED, "SSH_AUTH_SOCK", "/run/ours");
  sbx_offers_add (offers, SBX_OFFER_FALLBACK, "GTK_USE_PORTAL", "1");
  first = sbx_process_new (policy, offers, &plain, service);
  g_assert_true (has (first, "HOME=/box") && has (first, "PATH=/bin") && has (first, "A=policy"));
  g_assert_true (has (first, "LANG=service") && has (first, "DISPLAY=:1") && has (first, "GTK_USE_PORTAL=1"));
  g_assert_true (has (first, "SSH_AUTH_SOCK=/run/ours") && !has (first, "PASSED=1"));
  second = sbx_process_new (policy, offers, &asked, service);
  g_assert_true (has (second, "HOME=/caller") && has (second, "A=caller") && has (second, "LANG=caller"));
  g_assert_true (has (second, "DISPLAY=:1") && has (second, "SSH_AUTH_SOCK=/run/ours"));
  g_assert_true (has (second, "GTK_USE_PORTAL=0") && !has (second, "PATH=/bin"));
  g_assert_cmpstr (second->home, ==, "/box"); /* where one goes, whatever the variable says */
}

/* Behind the system's directories those of the caller that are to be seen inside. */
static void
test_search_path (void)
{
  static const char *const caller[] = { "PATH=/home/u/bin/:/usr/bin:relative::/opt/tool/bin:/home/u/bin:/home/u/../x:"
                                        "/home/u/other:/usr/local/go/bin",
                                        NULL };
  g_autoptr (SbxPolicy) base = shipped ("default"), policy = with (base, "Context", "filesystems", "~/bin/one:ro;");
  const SbxPlanRequest none = { .app_id = "a", .argv = command },
                       asked = { .app_id = "a", .argv = command, .display_env = caller };
  g_autofree char *plain = sbx_search_path_make (policy, &none), *hidden = sbx_search_path_make (base, &asked),
                  *shown = sbx_search_path_make (policy, &asked);
  g_autofree char *of_system = g_strconcat (plain, ":/opt/tool/bin:/usr/local/go/bin", NULL),
                  *of_caller = g_strconcat (plain, ":/home/u/bin:/opt/tool/bin:/usr/local/go/bin", NULL);

  g_assert_cmpstr (hidden, ==, of_system);
  g_assert_cmpstr (shown, ==, of_caller);
}

/* What the application of a plan has is what everything has that is started beside it. */
static void
test_like_the_application (void)
{
  static const char *const elsewhere[] = { "DISPLAY=:9", "WAYLAND_DISPLAY=wayland-9",
                                           "DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere", NULL };
  static const char *const names[] = { "desktop", "browser", "default", "debugger" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (SbxPolicy) policy = shipped (names[i]);
    Fake fake = new_fake ();
    g_autoptr (SbxPlan) plan = sbx_plan_new (policy, &request, &fake.machine, NULL);
    const SbxOffers *offers = sbx_plan_get_box (plan)->offers;
    g_autoptr (SbxProcess) process = sbx_process_new (policy, offers, &request, elsewhere);
    gsize n;
    const SbxOffer *list = sbx_offers_list (offers, &n);

    g_assert_cmpuint (n, <=, SBX_OFFERS_MAX);
    for (gsize j = 0; j < n; j++) {
      g_autofree char *pair = g_strconcat (list[j].name, "=", list[j].value, NULL);

      g_assert_true (has (sbx_plan_get_process (plan), pair));
      g_assert_true (has (process, pair));
    }
    g_assert_null (process->filter);
    g_hash_table_unref (fake.machine.filters);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/offers/round-trip", test_round_trip);
  g_test_add_func ("/offers/refused", test_refused);
  g_test_add_func ("/offers/search-path", test_search_path);
  g_test_add_func ("/offers/precedence", test_precedence);
  g_test_add_func ("/offers/like-the-application", test_like_the_application);
  return g_test_run ();
}
