/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/score.h"

#include <glib/gi18n.h>
#include <string.h>

#include "common/path.h"
#include "policy/vocabulary.h"

/* Whether a door is open that no single word opens. Each of these must stay open when the policy is made to allow more;
 * a test makes sure of it. */
typedef gboolean (*Open) (const SbxPolicy *policy, const SbxPlaces *places, guint argument);

/* Whether a row of a private network is of every port of TCP. */
static gboolean
leads_to_any_port (const SbxDestination *row)
{
  return row->place != SBX_PLACE_DNS && row->first == 0 && row->last == SBX_PORT_MAX
         && (row->protocol == SBX_PROTOCOL_ANY || row->protocol == SBX_PROTOCOL_TCP);
}

static gboolean
connects_anywhere (const SbxPolicy *policy, const SbxPlaces *places, guint argument)
{
  const SbxDestination *rows;
  gboolean any = (sbx_policy_get_shared (policy) & SBX_SHARED_NETWORK) != 0;
  const guint16 *ports;
  gsize n;

  if (!sbx_policy_has_network (policy) || sbx_policy_get_connect (policy, &ports, &n))
    return FALSE;
  rows = sbx_policy_get_allowed (policy, &n);
  for (gsize i = 0; i < n; i++)
    any |= leads_to_any_port (&rows[i]);
  return any;
}

static gboolean
publishes (const SbxPolicy *policy, const SbxPlaces *places, guint argument)
{
  gsize n;

  (void) sbx_policy_get_published (policy, &n);
  return sbx_policy_has_network (policy) && n > 0;
}

static gboolean
publishes_elsewhere (const SbxPolicy *policy)
{
  gsize n;
  const SbxPublished *rows = sbx_policy_get_published (policy, &n);

  for (gsize i = 0; sbx_policy_has_network (policy) && i < n; i++)
    if (sbx_published_is_open (&rows[i]))
      return TRUE;
  return FALSE;
}

/* Nobody comes into a network of its own, but by a port that is published. */
static gboolean
listens (const SbxPolicy *policy, const SbxPlaces *places, guint argument)
{
  const guint16 *ports;
  gsize n;

  if (publishes_elsewhere (policy))
    return TRUE;
  return (sbx_policy_get_shared (policy) & SBX_SHARED_NETWORK) && (!sbx_policy_get_bind (policy, &ports, &n) || n > 0);
}

/* Which place a row leads to: of a network that it names, where that is, which is the same for all of it. */
static SbxDestinationPlace
place_of (const SbxDestination *row)
{
  return row->place != SBX_PLACE_NETWORK ? (SbxDestinationPlace) row->place
                                         : sbx_destination_place (row->bytes, row->bits, row->is_ipv6);
}

/* A private network that leads to one of these places, a set of 1 << SbxDestinationPlace; a shared one has a word for
 * all that it leads to. What is denied does not count. */
static gboolean
reaches (const SbxPolicy *policy, const SbxPlaces *places, guint argument)
{
  gsize n;
  const SbxDestination *rows = sbx_policy_get_allowed (policy, &n);

  if (sbx_policy_get_shared (policy) & SBX_SHARED_NETWORK)
    return FALSE;
  for (gsize i = 0; i < n; i++)
    if (argument & 1u << place_of (&rows[i]))
      return TRUE;
  return FALSE;
}

/* The most that is allowed anywhere in the home, or anywhere but there. */
static SbxAccess
most (const SbxPolicy *policy, const char *home, gboolean inside)
{
  SbxAccess access = sbx_policy_get_access (policy, inside ? home : "/");
  gsize n;
  const SbxPathRule *rules = sbx_policy_get_filesystems (policy, &n);

  for (gsize i = 0; i < n; i++)
    if (sbx_path_is_below (rules[i].path, home) == inside)
      access = MAX (access, rules[i].access);
  return access;
}

static gboolean
some_of_home (const SbxPolicy *policy, const SbxPlaces *places, guint access)
{
  return most (policy, places->home, TRUE) >= access;
}

static gboolean
whole_home (const SbxPolicy *policy, const SbxPlaces *places, guint access)
{
  return sbx_policy_get_access (policy, places->home) >= access;
}

static gboolean
elsewhere (const SbxPolicy *policy, const SbxPlaces *places, guint access)
{
  return most (policy, places->home, FALSE) >= access;
}

static gboolean
any_of (const SbxPolicy *policy, const SbxPlaces *places, const char *const *names, guint access)
{
  for (; *names; names++) {
    g_autofree char *path = g_build_filename (places->home, *names, NULL);

    if (sbx_policy_get_access (policy, path) >= access)
      return TRUE;
  }
  return FALSE;
}

/* Where programs of yours wait for orders: terminal multiplexers, agents, debuggers, containers. Reading is enough to
 * connect. */
static gboolean
foreign_sockets (const SbxPolicy *policy, const SbxPlaces *places, guint access)
{
  const char *const paths[] = { "/tmp", "/run", "/run/docker.sock", places->runtime_dir };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    if (paths[i] && sbx_policy_get_access (policy, paths[i]) >= access)
      return TRUE;
  return FALSE;
}

static gboolean
secrets (const SbxPolicy *policy, const SbxPlaces *places, guint access)
{
  static const char *const names[] = { ".ssh", ".gnupg",          ".local/share/keyrings", ".password-store",
                                       ".pki", ".mozilla",        ".config/chromium",      ".config/google-chrome",
                                       ".aws", ".config/kwallet", ".thunderbird",          NULL };

  return any_of (policy, places, names, access);
}

static gboolean
keeps (const SbxPolicy *policy, const SbxPlaces *places, guint argument)
{
  return sbx_policy_get_persistent (policy)[0] != NULL;
}

static gboolean
names (const SbxPolicy *policy, const char *const *list)
{
  gsize n;
  const SbxBusRule *rules = sbx_policy_get_bus (policy, SBX_BUS_SESSION, &n);

  for (gsize i = 0; i < n; i++)
    for (const char *const *name = list; *name; name++)
      if (rules[i].access >= SBX_BUS_TALK && sbx_names_cover (rules[i].name, *name))
        return TRUE;
  return sbx_policy_get_sockets (policy) & SBX_SOCKET_SESSION_BUS;
}

/* Services that start programs for whoever asks: systemd's --user manager, Flatpak's portals, shells that evaluate
 * scripts, the portals that write autostart entries and launchers, and the service itself. */
static const char *const program_starters[] = { "org.freedesktop.systemd1",
                                                "org.freedesktop.Flatpak",
                                                "org.freedesktop.portal.Background",
                                                "org.freedesktop.portal.DynamicLauncher",
                                                "org.freedesktop.portal.Flatpak",
                                                "org.gnome.Shell",
                                                "org.kde.KWin",
                                                "org.kde.klauncher5",
                                                "org.kde.krunner",
                                                "org.gnome.Terminal",
                                                "org.example.Sandbox",
                                                NULL };
static const char *const secret_keepers[] = { "org.freedesktop.secrets",  "org.gnome.keyring",
                                              "org.kde.kwalletd5",        "org.kde.kwalletd6",
                                              "org.gnome.OnlineAccounts", NULL };
static const char *const settings_keepers[] = { "ca.desrt.dconf", "org.gnome.SettingsDaemon",
                                                "org.gnome.SessionManager", NULL };

static gboolean
starts_programs (const SbxPolicy *policy, const SbxPlaces *places, guint argument)
{
  return names (policy, program_starters);
}

static gboolean
asks_for_secrets (const SbxPolicy *policy, const SbxPlaces *places, guint argument)
{
  return names (policy, secret_keepers);
}

static gboolean
changes_settings (const SbxPolicy *policy, const SbxPlaces *places, guint argument)
{
  return names (policy, settings_keepers);
}

static gboolean
more_calls (const SbxPolicy *policy, const SbxPlaces *places, guint argument)
{
  return sbx_policy_get_seccomp_allow (policy)[0] != NULL;
}

typedef struct {
  SbxRisk risk;
  Open open;
  guint argument;
} Door;

#define STARTS_PROGRAMS N_ ("talks to a service that starts programs outside of the sandbox")
#define ASKS_FOR_SECRETS N_ ("can ask the keyring for your passwords")
#define CHANGES_SETTINGS N_ ("can change the settings of other applications and of the desktop")
#define FOREIGN_SOCKETS N_ ("can give orders to programs outside through their sockets in /tmp or /run")

/* Counts each kind of ways-out.h once, however many of it are open. */
static const SbxRisk ways[SBX_N_WAYS] = {
  [SBX_WAY_STARTUP] = { "startup-files", 850, N_ ("can change what runs when you log in or open a terminal") },
  [SBX_WAY_PROGRAMS] = { "program-files", 850, N_ ("can change settings by which your other programs run commands") },
  [SBX_WAY_COMMANDS] = { "command-files", 850, N_ ("can put programs in the place of your commands") },
  [SBX_WAY_DESKTOP] = { "desktop-files", 850, N_ ("can change what the desktop starts") },
  [SBX_WAY_MANAGERS] = { "starts-programs", 850, STARTS_PROGRAMS },
  [SBX_WAY_AGENTS] = { "foreign-sockets", 400, FOREIGN_SOCKETS },
};

/* Places, as reaches () takes them */
#define NEAR (1u << SBX_PLACE_LAN | 1u << SBX_PLACE_HOST)
#define FAR (1u << SBX_PLACE_INTERNET)
#define NAMED (1u << SBX_PLACE_NAME)
#define ASKED (1u << SBX_PLACE_DNS)

/* What depends on the values behind the words: paths, names, ports. The weights of words are in words.h. */
static const Door doors[] = {
  { { "starts-programs", 850, STARTS_PROGRAMS }, starts_programs },
  { { "home-write", 500, N_ ("can change and delete all of your files") }, whole_home, SBX_ACCESS_RW },
  { { "home-read", 400, N_ ("can read all of your files") }, whole_home, SBX_ACCESS_RO },
  { { "secret-files", 450, N_ ("can read keys, passwords or cookies that other programs keep") },
    secrets,
    SBX_ACCESS_RO },
  { { "secret-service", 450, ASKS_FOR_SECRETS }, asks_for_secrets },
  { { "foreign-sockets", 400, FOREIGN_SOCKETS }, foreign_sockets, SBX_ACCESS_RO },
  { { "settings", 250, CHANGES_SETTINGS }, changes_settings },
  { { "files-elsewhere-write", 200, N_ ("can change files outside of your home") }, elsewhere, SBX_ACCESS_RW },
  { { "files-elsewhere-read", 60, N_ ("can read files outside of your home that are not the system's") },
    elsewhere,
    SBX_ACCESS_RO },
  { { "some-files-write", 150, N_ ("can change and delete some of your files") }, some_of_home, SBX_ACCESS_RW },
  { { "some-files-read", 100, N_ ("can read some of your files") }, some_of_home, SBX_ACCESS_RO },
  /* One of these, the first that is open: what leads further comes before what does not */
  { { "network", 130, N_ ("can reach parts of your local network, or services of this machine") }, reaches, NEAR },
  { { "network", 80, N_ ("can reach the Internet") }, reaches, FAR },
  { { "network", 40,
      N_ ("can reach the machines of the names that it may ask for, and whatever else has an address with them") },
    reaches,
    NAMED },
  { { "network", 30, N_ ("can ask for the addresses of names, which tells those who own the names") }, reaches, ASKED },
  { { "network-any-port", 50, N_ ("can connect to every port") }, connects_anywhere },
  { { "network-listen", 60, N_ ("can be connected to from elsewhere") }, listens },
  { { "network-published", 20, N_ ("can be connected to from this machine, at a port of it") }, publishes },
  { { "calls-more", 150, N_ ("may make system calls that are refused to others") }, more_calls },
  { { "persistent", 20, N_ ("keeps files of its own for the next time, good or bad") }, keeps },
};

static gboolean
is_below (const char *name, const char *above)
{
  gsize n = strlen (above);

  return strncmp (name, above, n) == 0 && name[n] == '.';
}

const char *
sbx_score_name_risk (const char *name)
{
  static const struct {
    const char *const *names;
    const char *risk;
  } rows[] = {
    { program_starters, STARTS_PROGRAMS },
    { secret_keepers, ASKS_FOR_SECRETS },
    { settings_keepers, CHANGES_SETTINGS },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    for (const char *const *row = rows[i].names; *row; row++)
      if (sbx_names_cover (name, *row) || is_below (name, *row))
        return rows[i].risk;
  return NULL;
}

/* The most that is allowed on a bus; all of it where the whole bus is shared. */
static guint
most_on_bus (const SbxPolicy *policy, SbxBus bus)
{
  static const guint whole[SBX_N_BUSES] = { SBX_SOCKET_SESSION_BUS, SBX_SOCKET_SYSTEM_BUS };
  gsize n;
  const SbxBusRule *rules = sbx_policy_get_bus (policy, bus, &n);
  guint access = sbx_policy_get_sockets (policy) & whole[bus] ? SBX_BUS_OWN : SBX_BUS_NONE;

  for (gsize i = 0; i < n; i++)
    access = MAX (access, rules[i].access);
  return access;
}

static gboolean
has_word (const SbxPolicy *policy, const SbxFacility *row, const SbxWord *word)
{
  switch (row->kind) {
  case SBX_KIND_FLAGS:
    return (sbx_policy_get_flags (policy, row->index) & word->value) != 0;
  case SBX_KIND_LEVEL:
    return sbx_policy_get_level (policy, row->index) >= word->value;
  case SBX_KIND_NAMES:
    return most_on_bus (policy, row->index) >= word->value;
  case SBX_KIND_NUMBER:
    return sbx_policy_get_limit (policy, row->index) == SBX_LIMIT_NONE;
  case SBX_KIND_PATHS:
  case SBX_KIND_PORTS:
  case SBX_KIND_DESTINATIONS:
  case SBX_KIND_PUBLISHED:
  case SBX_KIND_PAIRS:
  case SBX_KIND_CALLS:
    break;
  }
  return FALSE;
}

static int
worst_first (gconstpointer a, gconstpointer b)
{
  return (int) ((const SbxScoreRow *) b)->exposure - (int) ((const SbxScoreRow *) a)->exposure;
}

/* What stays safe behind one open door is exposed to the next: 1 - ∏ (1 - weight). So a single way out of the sandbox
 * is told from many small things, which a sum would not do. In whole numbers, where every step keeps the order. */
typedef struct {
  const SbxPolicy *policy;
  GArray *open;
  guint64 safe; /* of a thousand million */
} Scoring;

static gboolean
is_counted (const Scoring *self, const char *id)
{
  for (guint i = 0; i < self->open->len; i++)
    if (strcmp (g_array_index (self->open, SbxScoreRow, i).id, id) == 0)
      return TRUE;
  return FALSE;
}

static void
count (Scoring *self, const SbxRisk *risk, const SbxWayOut *way)
{
  SbxScoreRow row = { risk->id, (risk->weight + 5) / 10, risk->reason, way };

  if (!risk->id || is_counted (self, risk->id))
    return;
  self->safe = self->safe * (1000 - risk->weight) / 1000;
  g_array_append_val (self->open, row);
}

static void
count_words (Scoring *self, const SbxFacility *row)
{
  for (const SbxWord *word = row->words; word && word->word; word++) {
    if (!has_word (self->policy, row, word))
      continue;
    count (self, &word->risk, NULL);
    if (word->with.least > 0 && sbx_policy_get_level (self->policy, word->with.level) >= word->with.least)
      count (self, &word->with.risk, NULL);
  }
}

guint
sbx_score (const SbxPolicy *policy, const SbxPlaces *places, GArray **open)
{
  Scoring scoring = { policy, g_array_new (FALSE, FALSE, sizeof (SbxScoreRow)), 1000 * 1000 * 1000 };

  for (guint kind = 0; kind < SBX_N_WAYS; kind++) {
    const SbxWayOut *way = sbx_way_out_find (policy, places, kind);

    if (way)
      count (&scoring, &ways[kind], way);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (doors); i++)
    if (doors[i].open (policy, places, doors[i].argument))
      count (&scoring, &doors[i].risk, NULL);
  for (const SbxFacility *row = sbx_facilities; row->group; row++)
    count_words (&scoring, row);
  g_array_sort (scoring.open, worst_first);
  if (open)
    *open = scoring.open;
  else
    g_array_unref (scoring.open);
  return (guint) (100 - (scoring.safe + 5 * 1000 * 1000) / (10 * 1000 * 1000));
}

const char *
sbx_score_word (guint score)
{
  return score >= 90 ? "UNSAFE" : score >= 75 ? "EXPOSED" : score >= 50 ? "MEDIUM" : "OK";
}

GVariant *
sbx_score_to_variant (const SbxPolicy *policy, const SbxPlaces *places)
{
  g_autoptr (GArray) open = NULL;
  guint score = sbx_score (policy, places, &open);
  GVariantBuilder dict, list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < open->len; i++) {
    const SbxScoreRow *row = &g_array_index (open, SbxScoreRow, i);

    g_variant_builder_open (&list, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (&list, "{sv}", "id", g_variant_new_string (row->id));
    g_variant_builder_add (&list, "{sv}", "exposure", g_variant_new_double (row->exposure / 10.0));
    g_variant_builder_add (&list, "{sv}", "reason", g_variant_new_string (row->reason));
    if (row->way) {
      g_variant_builder_add (&list, "{sv}", "path", g_variant_new_take_string (sbx_way_out_name (row->way)));
      g_variant_builder_add (&list, "{sv}", "why", g_variant_new_string (row->way->why));
    }
    g_variant_builder_close (&list);
  }
  g_variant_builder_init (&dict, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&dict, "{sv}", "score", g_variant_new_double (score / 10.0));
  g_variant_builder_add (&dict, "{sv}", "word", g_variant_new_string (sbx_score_word (score)));
  g_variant_builder_add (&dict, "{sv}", "open", g_variant_builder_end (&list));
  return g_variant_builder_end (&dict);
}
