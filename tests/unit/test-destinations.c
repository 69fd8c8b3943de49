/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [Network] allow= and deny=: how destinations are read, and what of two policies is the more. */
#include <string.h>

#include "common/error.h"
#include "policy-fixture.h"
#include "policy/policy-private.h"

/* A policy with @shared, @allow and @deny; NULL: not said. */
static SbxPolicy *
try_policy (const char *shared, const char *allow, const char *deny, GError **error)
{
  const struct {
    const char *group, *key, *value;
  } rows[] = { { "Context", "shared", shared }, { "Network", "allow", allow }, { "Network", "deny", deny } };
  g_autoptr (SbxPolicy) empty = sbx_policy_new (), policy = sbx_policy_thaw (empty);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].value
        && !sbx_facility_apply (policy, sbx_facility_find (rows[i].group, rows[i].key, NULL), rows[i].key,
                                rows[i].value, &policy_places, error)) {
      sbx_policy_freeze (policy);
      return NULL;
    }
  return sbx_policy_freeze (g_steal_pointer (&policy));
}

static SbxPolicy *
private_policy (const char *allow, const char *deny)
{
  g_autoptr (GError) error = NULL;
  SbxPolicy *policy = try_policy ("private-network;", allow, deny, &error);

  g_assert_no_error (error);
  return policy;
}

static void
assert_allowed (const SbxPolicy *policy, const char *expected)
{
  g_autofree char *text = sbx_policy_describe_destinations (policy, FALSE);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_read (void)
{
  static const struct {
    const char *said, *means;
  } rows[] = {
    { "internet", "internet;" },
    { "dns;internet", "internet;dns;" },
    { "lan;10.0.0.0/8;192.168.1.1:80", "lan;" },
    { "10.0.0.0/8:443;10.1.0.0/16", "10.0.0.0/8:443;10.1.0.0/16;" },
    { "host:5432", "host:5432;" },
    { "host:5000-6000/tcp", "host:5000-6000/tcp;" },
    { "host:1-65535", "host:1-65535;" },
    { "192.0.2.7/32:53/udp", "192.0.2.7:53/udp;" },
    { "2a00:1::/32", "[2a00:1::]/32;" },
    { "[2a00:1::/32]:443", "[2a00:1::]/32:443;" },
    { "[2a00:1::]/32:443/tcp", "[2a00:1::]/32:443/tcp;" },
    { "[2a00:1::7]:443", "[2a00:1::7]:443;" },
    { "2a00:1::7", "[2a00:1::7];" },
    { "internet/icmp;internet/tcp;internet:53/udp", "internet/icmp;internet/tcp;internet:53/udp;" },
    { "lan;none;dns", "dns;" },
    { "none", "none" },
    { "Example.ORG.;example.org", "example.org;" },
    { "*.example.org;a.example.org;a.b.example.org:443;example.org", "*.example.org;example.org;" },
    { "example.org:443/tcp;*.example.org:80-90", "*.example.org:80-90;example.org:443/tcp;" },
    { "example.org;internet;dns", "internet;dns;" },
    { "internet:443;example.org;x.org:443", "internet:443;example.org;" },
    { "*.example.org;a.example.org:1;!*.example.org", "none" },
    { "10.0.0.0/8;10.1.2.3:80;dns;!lan", "dns;" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (SbxPolicy) policy = private_policy (rows[i].said, NULL);

    assert_allowed (policy, rows[i].means);
  }
}

static void
test_not_read (void)
{
  static const char *const rows[] = {
    "intranet",
    "internet:",
    "internet:0",
    "internet:65536",
    "internet:80-",
    "host:90-80",
    "host:+80",
    "host: 80",
    "internet/sctp",
    "internet/",
    "dns:53",
    "dns/udp",
    "lan:80/icmp",
    "10.0.0.1/8",
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/+8",
    "010.0.0.0",
    "10.0.0",
    "127.0.0.1",
    "127.0.0.0/8:80",
    "224.0.0.1",
    "0.0.0.0/0",
    "::/0",
    "::1",
    "::ffff:192.168.1.1",
    "[2a00:1::",
    "2a00:1::]",
    "[10.0.0.1]:80",
    "fe80::1%lo",
    "2002:c0a8:1::",
    "example..org",
    "[2a00:1::]x:80",
    "10.0.2.2",
    "fd00::2",
    "host/8",
    "internet:80:1",
    "10.0.0.0/8/tcp/udp",
    "172.0.0.0/8",
    "192.168.1.1:-1",
    "tcp",
    "*",
    "*.org.*",
    "a*.example.org",
    ".example.org",
    "exämple.org",
    "1.2.3.4.5",
    "*.com..",
    "example.org/sctp",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxPolicy) policy = try_policy ("private-network;", rows[i], NULL, &error);

    if (policy)
      g_error ("\"%s\" was read", rows[i]);
    g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
    g_assert_nonnull (strstr (error->message, rows[i]));
  }
}

static void
test_too_many (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxPolicy) policy = NULL;

  for (guint i = 0; i <= SBX_DESTINATIONS / 2; i++)
    g_string_append_printf (text, "192.168.%u.1;", i);
  policy = try_policy ("private-network;", text->str, NULL, &error);
  g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
}

/* Nothing said is the Internet and its names; with any allow= it is what is named. */
static void
test_default (void)
{
  g_autoptr (SbxPolicy) unsaid = private_policy (NULL, NULL), said = private_policy ("internet;dns", NULL);
  g_autoptr (SbxPolicy) host = private_policy ("host:5432", NULL);
  g_autoptr (SbxPolicy) none = try_policy ("!private-network;", "internet", "lan", NULL);

  assert_allowed (unsaid, "internet;dns;");
  assert_allowed (host, "host:5432;");
  assert_allowed (none, "none");
  g_assert_true (sbx_policy_equal (unsaid, said));
  g_assert_false (sbx_policy_names_allowed (said) || sbx_policy_names_denied (unsaid));
  g_assert_true (sbx_policy_names_allowed (host));
  g_assert_false (sbx_policy_names_denied (none));
}

static void
test_order (void)
{
  static const struct {
    const char *less, *less_denied, *more, *more_denied;
  } rows[] = {
    { "internet", NULL, NULL, NULL },
    { NULL, "internet:25", NULL, NULL },
    { NULL, "internet", NULL, "internet:25" },
    { "10.1.0.0/16", NULL, "10.0.0.0/8", NULL },
    { "10.1.0.0/16:443/tcp", NULL, "lan", NULL },
    { "8.8.8.8:53", NULL, "internet:50-60", NULL },
    { "2a00:1::/32", NULL, "internet", NULL },
    { "host:5432/tcp", NULL, "host:5432", NULL },
    { "lan/icmp", NULL, "lan", NULL },
    { "none", NULL, "dns", NULL },
    { "example.org", NULL, NULL, NULL },
    { "a.example.org:443", NULL, "*.example.org", NULL },
    { "*.a.example.org", NULL, "*.example.org", NULL },
    { "internet;dns", "example.org", NULL, NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (SbxPolicy) less = private_policy (rows[i].less, rows[i].less_denied);
    g_autoptr (SbxPolicy) more = private_policy (rows[i].more, rows[i].more_denied);

    g_assert_true (sbx_policy_leq (less, more) && !sbx_policy_leq (more, less));
    g_assert_cmpuint (sbx_policy_excess (less, more), ==, 0);
    g_assert_cmpuint (sbx_policy_excess (more, less), ==, SBX_CLASS_NETWORK);
  }
}

/* Which are not comparable. */
static void
test_apart (void)
{
  static const struct {
    const char *a, *b, *both;
  } rows[] = {
    { "lan", "internet", "none" },
    { "host", "lan", "none" },
    { "host:80", "host:81", "none" },
    { "internet/tcp", "internet/udp", "none" },
    { "internet:80", "internet/icmp", "none" },
    { "internet:80-100", "internet:90-110/tcp", "internet:90-100/tcp;" },
    { "10.0.0.0/8:80", "10.1.0.0/16/tcp", "10.1.0.0/16:80/tcp;" },
    { "8.0.0.0/8;lan", "internet:53;10.0.0.0/8", "8.0.0.0/8:53;10.0.0.0/8;" },
    { "example.org", "*.example.org", "none" },
    { "example.org;lan", "internet:443", "example.org:443;" },
    { "*.a.example.org:443", "b.a.example.org/tcp;x.example.org", "b.a.example.org:443/tcp;" },
    { "example.org", "8.8.8.8", "none" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (SbxPolicy) a = private_policy (rows[i].a, NULL), b = private_policy (rows[i].b, NULL);
    g_autoptr (SbxPolicy) both = sbx_policy_meet (a, b);

    g_assert_false (sbx_policy_leq (a, b) || sbx_policy_leq (b, a));
    assert_allowed (both, rows[i].both);
  }
}

/* Under a shared network, which leads everywhere, a private one may name whatever it wants. */
static void
test_shared (void)
{
  g_autoptr (SbxPolicy) shared = try_policy ("network;", NULL, NULL, NULL),
                        host = private_policy ("host:5432;lan", NULL);
  g_autoptr (SbxPolicy) usual = private_policy (NULL, NULL), both = sbx_policy_meet (shared, usual);

  g_assert_true (sbx_policy_leq (host, shared));
  g_assert_false (sbx_policy_leq (shared, host) || sbx_policy_leq (host, usual));
  g_assert_true (sbx_policy_equal (both, usual));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/destinations/read", test_read);
  g_test_add_func ("/destinations/not-read", test_not_read);
  g_test_add_func ("/destinations/too-many", test_too_many);
  g_test_add_func ("/destinations/default", test_default);
  g_test_add_func ("/destinations/order", test_order);
  g_test_add_func ("/destinations/apart", test_apart);
  g_test_add_func ("/destinations/shared", test_shared);
  return g_test_run ();
}
