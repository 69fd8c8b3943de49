/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a storm may take of the keeper's time. */
#include <glib.h>

#include "keeper/share.h"

#define SECOND ((int64_t) 1000000)

/* Who takes all there is, in rounds that cost @each, for @seconds. Returns what was used of a processor. */
static int64_t
storm (SbxShare *share, int64_t each, int64_t seconds)
{
  int64_t now = share->now, used = share->used, begin = used, end = now + seconds * SECOND;

  while (now < end) {
    now += each;
    used += each;
    if (!sbx_share_look (share, now, used))
      now += sbx_share_wait_ms (share) * 1000;
  }
  return used - begin;
}

static void
test_storm (void)
{
  static const int64_t costs[] = { 1, 30, 500, 1500 };

  for (gsize i = 0; i < G_N_ELEMENTS (costs); i++) {
    SbxShare share;

    sbx_share_begin (&share, 5 * SECOND, SECOND);
    g_assert_cmpint (storm (&share, costs[i], 1), <=, SBX_SHARE_BURST_US + SECOND / SBX_SHARE_PART + costs[i]);
    g_assert_cmpint (storm (&share, costs[i], 100), <=, 100 * SECOND * 5 / 100);
    g_assert_cmpint (storm (&share, costs[i], 100), >=, 100 * SECOND * 2 / 100);
  }
}

/* Who has rested is served at once, for a while. */
static void
test_rest (void)
{
  SbxShare share;

  sbx_share_begin (&share, 0, 0);
  storm (&share, 30, 10);
  g_assert_true (sbx_share_look (&share, share.now + 10 * SECOND, share.used));
  g_assert_true (sbx_share_look (&share, share.now + SBX_SHARE_BURST_US / 2, share.used + SBX_SHARE_BURST_US / 2));
  g_assert_false (sbx_share_look (&share, share.now + SBX_SHARE_BURST_US, share.used + SBX_SHARE_BURST_US));
}

/* However much was used for other things, nobody waits longer than a moment. */
static void
test_debt (void)
{
  SbxShare share;
  int64_t wait;

  sbx_share_begin (&share, 0, 0);
  g_assert_false (sbx_share_look (&share, SECOND, 60 * SECOND));
  wait = sbx_share_wait_ms (&share);
  g_assert_cmpint (wait, <=, 100);
  g_assert_true (sbx_share_look (&share, SECOND + wait * 1000, 60 * SECOND));
  g_assert_cmpint (sbx_share_wait_ms (&share), >=, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/share/storm", test_storm);
  g_test_add_func ("/share/rest", test_rest);
  g_test_add_func ("/share/debt", test_debt);
  return g_test_run ();
}
