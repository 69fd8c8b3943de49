/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/meanings.h"

#include <string.h>

#include "cli/cli.h"
#include "common/key-file.h"
#include "common/path.h"
#include "policy/vocabulary.h"

typedef struct {
  const SbxPolicy *policy;
  const char *home;
  SbxMeaningVisit visit;
  gpointer data;
} Telling;

static void
say (const Telling *telling, const char *line, gboolean marked)
{
  telling->visit (line, marked, telling->data);
}

/* @text with @what for its %s, and % for its %%. */
static void
say_of (const Telling *telling, const char *text, const char *what, gboolean marked)
{
  g_auto (GStrv) parts = g_strsplit (text, "%s", 2);
  g_autoptr (GString) line = g_string_new (NULL);

  for (char **part = parts; *part; part++) {
    g_autoptr (GString) plain = g_string_new (*part);

    g_string_replace (plain, "%%", "%", 0);
    g_string_append (line, part == parts ? "" : what);
    g_string_append (line, plain->str);
  }
  say (telling, line->str, marked);
}

static void
say_list (const Telling *telling, const char *text, GPtrArray *list, gboolean marked)
{
  g_autofree char *joined = NULL;

  if (list->len == 0)
    return;
  g_ptr_array_add (list, NULL);
  joined = g_strjoinv (", ", (char **) list->pdata);
  say_of (telling, text, joined, marked);
}

/* A line of @row for the value @what; @empty: there is none, or it is 0. */
static void
say_value (const Telling *telling, const SbxFacility *row, const char *what, gboolean empty)
{
  say_of (telling, empty && row->nothing ? _ (row->nothing) : _ (row->meaning), what, row->marked);
}

/* What @word means in this policy, or NULL. */
static const char *
meaning_of (const Telling *telling, const SbxWord *word, gboolean *marked)
{
  if (word->with.least > 0 && sbx_policy_get_level (telling->policy, word->with.level) >= word->with.least) {
    *marked = word->with.marked;
    return word->with.meaning;
  }
  *marked = word->marked;
  return word->meaning;
}

static gboolean
is_implied (const SbxWord *words, guint set, guint bit)
{
  for (; words->word; words++)
    if ((set & words->value) && (words->implies & bit))
      return TRUE;
  return FALSE;
}

/* The words of a set, as far as they are in @mask. A word that another one implies is not said. */
static void
say_flags (const Telling *telling, SbxFlagsIndex index, guint mask)
{
  const SbxFacility *row = sbx_facility_get (SBX_KIND_FLAGS, index);
  guint set = sbx_policy_get_flags (telling->policy, index);
  const char *also = NULL;

  for (const SbxWord *word = row->words; word->word; word++) {
    gboolean marked, has = (set & word->value) != 0;
    const char *meaning = meaning_of (telling, word, &marked);

    if (also && g_strcmp0 (word->also, also) != 0)
      say (telling, _ (g_steal_pointer (&also)), FALSE);
    if (!(word->value & mask))
      continue;
    if (has && meaning && !is_implied (row->words, set, word->value))
      say (telling, _ (meaning), marked);
    else if (!has && word->absent)
      say (telling, _ (word->absent), FALSE);
    if (has && word->also)
      also = word->also;
  }
  if (also)
    say (telling, _ (also), FALSE);
}

static void
say_level (const Telling *telling, SbxLevelIndex index)
{
  const SbxFacility *row = sbx_facility_get (SBX_KIND_LEVEL, index);
  const SbxWord *word = sbx_word_of_value (row->words, sbx_policy_get_level (telling->policy, index));

  if (word->meaning)
    say (telling, _ (word->meaning), word->marked);
}

static void
say_ports (const Telling *telling, SbxPortsIndex index)
{
  const guint16 *ports = NULL;
  gsize n = 0;
  g_autoptr (GString) list = g_string_new (NULL);

  if (!(index == SBX_PORTS_CONNECT ? sbx_policy_get_connect : sbx_policy_get_bind) (telling->policy, &ports, &n))
    return;
  for (gsize i = 0; i < n; i++)
    g_string_append_printf (list, "%s%u", i > 0 ? ", " : "", ports[i]);
  say_value (telling, sbx_facility_get (SBX_KIND_PORTS, index), list->str, n == 0);
}

/* What is allowed is only said when it is not what the kind of network has anyway. */
static void
say_destinations (const Telling *telling)
{
  const gboolean named[SBX_N_TO] = {
    [SBX_TO_ALLOW] = sbx_policy_names_allowed (telling->policy),
    [SBX_TO_DENY] = sbx_policy_names_denied (telling->policy),
  };

  for (guint index = 0; index < SBX_N_TO; index++) {
    g_autofree char *text = sbx_policy_describe_destinations (telling->policy, index == SBX_TO_DENY);
    g_auto (GStrv) words = sbx_key_file_split (text);
    g_autofree char *list = g_strjoinv (", ", words);

    if (named[index])
      say_value (telling, sbx_facility_get (SBX_KIND_DESTINATIONS, index), list, strcmp (text, "none") == 0);
  }
  if (sbx_policy_uses_names (telling->policy))
    say (telling,
         _ ("of names: what shares an address with one that is named is reached as well; and who reaches a resolver "
            "that "
            "hides in HTTPS can ask that for any"),
         FALSE);
}

static void
say_published (const Telling *telling)
{
  g_autofree char *text = sbx_policy_describe_published (telling->policy);
  g_auto (GStrv) words = sbx_key_file_split (text);
  g_autofree char *list = g_strjoinv (", ", words);

  if (*words)
    say_value (telling, sbx_facility_get (SBX_KIND_PUBLISHED, 0), list, FALSE);
}

#define NETWORKS ((guint) (SBX_SHARED_NETWORK | SBX_SHARED_PRIVATE_NETWORK))

static void
say_network (const Telling *telling)
{
  say_flags (telling, SBX_FLAGS_SHARED, NETWORKS);
  if (!sbx_policy_has_network (telling->policy))
    return;
  say_destinations (telling);
  say_published (telling);
  say_ports (telling, SBX_PORTS_CONNECT);
  say_ports (telling, SBX_PORTS_BIND);
}

/* ~ for the home, as people write it. */
static char *
shorten (const Telling *telling, const char *path)
{
  gsize n = telling->home ? strlen (telling->home) : 0;

  if (n > 1 && sbx_path_is_below (path, telling->home))
    return g_strconcat ("~", path + n, NULL);
  return g_strdup (path);
}

/* What @path is called: the word that stands for it, or the path itself. */
static char *
name_of (const Telling *telling, const char *path)
{
  const SbxPlaces places = { .home = telling->home };

  for (const SbxPathWord *row = sbx_path_words; row->word; row++)
    if (row->meaning
        && g_strcmp0 (path, row->path ? row->path : G_STRUCT_MEMBER (const char *, &places, row->place)) == 0)
      return g_strdup (_ (row->meaning));
  return shorten (telling, path);
}

/* Of terminal multiplexers, agents, containers; reading is enough to connect. */
static const char *const socket_places[] = { "/tmp", "/run" };

static void
say_attached (const Telling *telling)
{
  gsize n;
  const SbxAttached *attached = sbx_policy_get_attached (telling->policy, &n);

  for (gsize i = 0; i < n; i++) {
    g_autofree char *name = name_of (telling, attached[i].source);
    g_autofree char *both = g_strdup_printf (_ ("%s, as %s"), name, attached[i].where);

    say_of (telling, _ ("finds under another name, for reading: %s"), both, FALSE);
  }
}

static void
say_files (const Telling *telling)
{
  const SbxWord *words = sbx_facility_get (SBX_KIND_PATHS, SBX_PATHS_FILES)->words;
  gsize n;
  const SbxPathRule *rules = sbx_policy_get_filesystems (telling->policy, &n);
  SbxAccess most = SBX_ACCESS_NONE;

  for (gsize i = 0; i < n; i++) {
    const SbxWord *word = sbx_word_of_value (words, rules[i].access);
    g_autofree char *name = name_of (telling, rules[i].path);

    most = MAX (most, rules[i].access);
    say_of (telling, _ (word->meaning), name, word->marked);
  }
  say_attached (telling);
  for (gsize i = 0; i < G_N_ELEMENTS (socket_places); i++)
    if (sbx_policy_get_access (telling->policy, socket_places[i]) != SBX_ACCESS_NONE)
      say_of (telling, _ ("gives orders to programs outside through their sockets in %s"), socket_places[i], TRUE);
  if (most == SBX_ACCESS_NONE)
    say (telling, _ ("reaches none of your files"), FALSE);
  say_level (telling, SBX_LEVEL_FORWARD);
}

static void
say_kept (const Telling *telling)
{
  gsize n;
  const SbxPathRule *rules = sbx_policy_get_kept (telling->policy, &n);

  if (n == 0)
    say (telling, _ ("begins with an empty home each time"), FALSE);
  for (gsize i = 0; i < n; i++) {
    g_autofree char *path = g_strconcat ("~", rules[i].path, NULL);

    if (!rules[i].path[1])
      say (telling, _ ("has a home of its own, which is kept for the next time"), FALSE);
    else
      say_of (telling,
              rules[i].access == SBX_ACCESS_NONE ? _ ("… but nothing in %s is kept")
                                                 : _ ("keeps what it puts into its own %s for the next time"),
              path, FALSE);
  }
}

static void
say_bus (const Telling *telling, SbxBus bus)
{
  gsize n;
  const SbxBusRule *rules = sbx_policy_get_bus (telling->policy, bus, &n);

  for (const SbxWord *word = sbx_facility_get (SBX_KIND_NAMES, bus)->words; word->word; word++) {
    g_autoptr (GPtrArray) names = g_ptr_array_new ();

    if (!word->meaning)
      continue;
    for (gsize i = 0; i < n; i++)
      if (rules[i].access == word->value)
        g_ptr_array_add (names, (gpointer) rules[i].name);
    say_list (telling, _ (word->meaning), names, word->marked);
  }
}

static void
say_limits (const Telling *telling)
{
  for (SbxLimit limit = 0; limit < SBX_N_LIMITS; limit++) {
    const SbxFacility *row = sbx_facility_get (SBX_KIND_NUMBER, limit);
    guint64 value = sbx_policy_get_limit (telling->policy, limit);
    gboolean bytes = limit == SBX_LIMIT_MEMORY || limit == SBX_LIMIT_CORE;
    g_autofree char *text =
        bytes ? g_format_size_full (value, G_FORMAT_SIZE_IEC_UNITS) : g_strdup_printf ("%" G_GUINT64_FORMAT, value);

    if (value != SBX_LIMIT_NONE)
      say_value (telling, row, text, value == 0);
  }
}

static void
say_calls (const Telling *telling, SbxCallsIndex index, const char *const *calls)
{
  const SbxFacility *row = sbx_facility_get (SBX_KIND_CALLS, index);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (; *calls; calls++)
    g_ptr_array_add (names, (gpointer) *calls);
  say_list (telling, _ (row->meaning), names, row->marked);
}

static void
say_environment (const Telling *telling)
{
  g_autoptr (GPtrArray) set = g_ptr_array_new (), passed = g_ptr_array_new ();

  for (const char *const *pair = sbx_policy_get_environment (telling->policy); *pair; pair++)
    g_ptr_array_add (strchr (*pair, '=') ? set : passed, (gpointer) *pair);
  say_list (telling, _ (sbx_facility_get (SBX_KIND_PAIRS, SBX_PAIRS_PASS)->meaning), passed, FALSE);
  say_list (telling, _ (sbx_facility_get (SBX_KIND_PAIRS, SBX_PAIRS_SET)->meaning), set, FALSE);
}

void
sbx_meanings_visit (const SbxPolicy *policy, const char *home, SbxMeaningVisit visit, gpointer data)
{
  const Telling telling = { policy, home, visit, data };

  say_files (&telling);
  say_kept (&telling);
  say_network (&telling);
  say_flags (&telling, SBX_FLAGS_SHARED, ~NETWORKS);
  say_flags (&telling, SBX_FLAGS_SOCKETS, ~0u);
  say_flags (&telling, SBX_FLAGS_DEVICES, ~0u);
  say_flags (&telling, SBX_FLAGS_FEATURES, ~0u);
  say_bus (&telling, SBX_BUS_SESSION);
  say_bus (&telling, SBX_BUS_SYSTEM);
  say_level (&telling, SBX_LEVEL_SUBSET);
  say_level (&telling, SBX_LEVEL_INSTANCE);
  say_level (&telling, SBX_LEVEL_PIDNS);
  say_level (&telling, SBX_LEVEL_TIER);
  say_calls (&telling, SBX_CALLS_ALLOW, sbx_policy_get_seccomp_allow (policy));
  say_calls (&telling, SBX_CALLS_DENY, sbx_policy_get_seccomp_deny (policy));
  say_limits (&telling);
  say_environment (&telling);
}

const char *
sbx_meaning_of_action (const char *action)
{
  static const struct {
    const char *action, *text;
  } rows[] = {
    { SBX_ACTION_LAUNCH, N_ ("starting an application in a sandbox") },
    { SBX_ACTION_EXTEND_FILES, N_ ("files that an administrator's profile does not allow") },
    { SBX_ACTION_EXTEND_NETWORK, N_ ("network that an administrator's profile does not allow") },
    { SBX_ACTION_EXTEND_DEVICES, N_ ("devices or freedoms that an administrator's profile does not allow") },
    { SBX_ACTION_EXTEND_BUS, N_ ("services on a bus that an administrator's profile does not allow") },
    { SBX_ACTION_EXTEND_DISPLAY, N_ ("display or sound that an administrator's profile does not allow") },
    { SBX_ACTION_ATTACH, N_ ("a crash handler that an administrator's profile does not name") },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (rows[i].action, action))
      return _ (rows[i].text);
  return NULL;
}
