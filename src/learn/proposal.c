/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "learn/proposal.h"

#include <string.h>

#include "common/path.h"
#include "learn/numbers.h"
#include "policy/score.h"
#include "policy/vocabulary.h"

#define WORTH_TAKING 100 /* of 1000: what is not used and lays this much open is proposed to be taken away */
#define NEW_RISK 400     /* of 1000, by itself: what is the user's to say even of a file that the user named */

static void
proposal_free (gpointer data)
{
  SbxProposal *self = data;

  g_free (self->group);
  g_free (self->key);
  g_free (self->value);
  g_free (self->example);
  g_free (self->way);
  g_free (self->target);
  g_free (self);
}

void
sbx_proposals_free (SbxProposals *self)
{
  g_ptr_array_unref (self->lines);
  g_ptr_array_unref (self->missed);
  g_free (self);
}

/* @policy with one more line. NULL: no policy can have it. */
static SbxPolicy *
with_line (const SbxLearnContext *context, const SbxProposal *line)
{
  GVariantBuilder groups, keys;
  g_autoptr (GVariant) variant = NULL;

  g_variant_builder_init (&keys, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&keys, "{ss}", line->key, line->value);
  g_variant_builder_init (&groups, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&groups, "{sv}", line->group, g_variant_builder_end (&keys));
  variant = g_variant_ref_sink (g_variant_builder_end (&groups));
  return sbx_policy_merge_variant (context->policy, variant, context->places, NULL);
}

static gboolean
is_in (const GArray *rows, const SbxScoreRow *row)
{
  for (guint i = 0; i < rows->len; i++)
    if (g_str_equal (g_array_index (rows, SbxScoreRow, i).id, row->id))
      return TRUE;
  return FALSE;
}

/* The worst that @line opens and the policy does not. Its exposure; 0: nothing that is known. */
static guint
find_risk (const SbxLearnContext *context, SbxProposal *line, const SbxPolicy *with)
{
  g_autoptr (GArray) before = NULL, after = NULL;

  (void) sbx_score (context->policy, context->places, &before);
  (void) sbx_score (with, context->places, &after);
  for (guint i = 0; i < after->len; i++) { /* worst first */
    const SbxScoreRow *row = &g_array_index (after, SbxScoreRow, i);
    g_autofree char *name = NULL;

    if (is_in (before, row))
      continue;
    name = row->way ? sbx_way_out_name (row->way) : NULL;
    line->risk = row->reason;
    line->way = name ? g_strdup_printf ("%s (%s)", name, row->way->why) : NULL;
    return row->exposure;
  }
  return 0;
}

/* Of where a link leads to it counts as well. */
static guint
find_risk_of_target (const SbxLearnContext *context, SbxProposal *line, const char *target)
{
  SbxProposal there = { .group = line->group, .key = line->key };
  g_autofree char *value = g_strconcat (target, g_str_has_suffix (line->value, ":ro") ? ":ro" : "", NULL);
  g_autoptr (SbxPolicy) with = NULL;
  guint exposure;

  there.value = value;
  with = with_line (context, &there);
  exposure = with ? find_risk (context, &there, with) : 0;
  if (there.risk) {
    line->risk = there.risk;
    g_free (line->way);
    line->way = there.way;
  }
  return exposure;
}

/* A copy of its own gives nothing away, but what others run or keep secret is never kept without a question. */
static gboolean
is_delicate (const SbxLearnContext *context, const SbxProposal *line)
{
  g_autofree char *value = g_strconcat ("~/", line->value, NULL);
  SbxProposal there = { .group = line->group, .key = (char *) "filesystems", .value = value };
  g_autoptr (SbxPolicy) with = g_str_equal (line->key, "persistent") ? with_line (context, &there) : NULL;
  gboolean delicate = with && (find_risk (context, &there, with) * 10 >= NEW_RISK || there.way);

  g_free (there.way);
  return delicate;
}

/* FALSE: it is no line of any policy. */
static gboolean
judge (const SbxLearnContext *context, SbxProposal *line, const SbxOpening *opening)
{
  g_autoptr (SbxPolicy) with = with_line (context, line);
  SbxOutside outside = { 0 };
  guint exposure;

  if (!with || sbx_policy_leq (with, context->policy))
    return FALSE;
  exposure = find_risk (context, line, with);
  if (opening->path)
    context->look (opening->path, &outside, context->data);
  line->target = outside.target;
  if (line->target)
    exposure = MAX (exposure, find_risk_of_target (context, line, line->target));
  if (opening->harmless)
    line->asked = is_delicate (context, line);
  else if (opening->of_user)
    line->asked = exposure * 10 >= NEW_RISK || line->way || line->target;
  else
    line->asked = TRUE;
  return TRUE;
}

static SbxProposal *
find (const SbxProposals *self, const SbxOpening *opening)
{
  for (guint i = 0; i < self->lines->len; i++) {
    SbxProposal *line = self->lines->pdata[i];

    if (g_str_equal (line->group, opening->group) && g_str_equal (line->key, opening->key)
        && g_str_equal (line->value, opening->value))
      return line;
  }
  return NULL;
}

/* Takes what @opening has. FALSE: it is no line of any policy. */
static gboolean
add (SbxProposals *self, const SbxLearnContext *context, SbxOpening *opening, const char *example)
{
  SbxProposal *line = find (self, opening);

  if (!line && self->lines->len >= SBX_PROPOSALS) {
    self->more++;
  } else if (!line) {
    line = g_new0 (SbxProposal, 1);
    line->group = g_strdup (opening->group);
    line->key = g_strdup (opening->key);
    line->value = g_strdup (opening->value);
    line->example = g_strdup (example);
    line->pattern = g_str_has_suffix (line->key, ".*");
    if (!judge (context, line, opening)) {
      proposal_free (line);
      sbx_opening_clear (opening);
      return FALSE;
    }
    g_ptr_array_add (self->lines, line);
  }
  if (line)
    line->count++;
  sbx_opening_clear (opening);
  return TRUE;
}

static const char *
name_of_use (guint uses)
{
  static const struct {
    guint use;
    const char *call;
  } calls[] = { { SBX_USE_EXECUTE, "execve" }, { SBX_USE_CONNECT, "connect" }, { SBX_USE_MAKE, "open" },
                { SBX_USE_WRITE, "open" },     { SBX_USE_READ, "open" },       { SBX_USE_LOOK, "stat" } };

  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    if (uses & calls[i].use)
      return calls[i].call;
  return "open";
}

static void
add_missed (SbxProposals *self, const SbxTrace *trace, const SbxOpening *opening)
{
  SbxProposal *row;

  if (self->missed->len >= SBX_PROPOSALS)
    return;
  row = g_new0 (SbxProposal, 1);
  row->group = g_strdup (opening->key);
  row->key = g_strdup (name_of_use (trace->uses));
  row->value = g_strdup (opening->value);
  row->example = g_strdup (trace->name);
  g_ptr_array_add (self->missed, row);
}

static void
take (SbxProposals *self, const SbxLearnContext *context, const SbxTrace *trace, SbxOpening *opening)
{
  SbxOpening copy = *opening;

  copy.value = g_strdup (opening->value);
  copy.path = g_strdup (opening->path);
  if (add (self, context, &copy, trace->name))
    add_missed (self, trace, opening);
  sbx_opening_clear (&copy);
  sbx_opening_clear (opening);
}

/* What was only looked at, as every directory above a file is, is wanted only if it is a file, or the user named it. */
static gboolean
is_wanted (const SbxLearnContext *context, const SbxTrace *trace, const SbxOutside *outside)
{
  if (context->named && g_strv_contains (context->named, trace->name))
    return outside->exists;
  if (trace->uses & ~SBX_USE_LOOK)
    return outside->exists || (trace->uses & SBX_USE_MAKE);
  return outside->exists && !outside->directory;
}

/* Whether what @opening would open is there: a profile opens nothing that is not. */
static gboolean
is_there (const SbxLearnContext *context, const SbxOpening *opening)
{
  SbxOutside outside = { 0 };

  if (!opening->path)
    return TRUE;
  context->look (opening->path, &outside, context->data);
  g_free (outside.target);
  return outside.exists;
}

static gboolean
is_lent (const SbxLearnContext *context, const char *path)
{
  for (const char *const *lent = context->lent; lent && *lent; lent++)
    if (sbx_path_is_below (path, *lent))
      return TRUE;
  return FALSE;
}

static void
take_path (SbxProposals *self, const SbxLearnContext *context, const SbxTrace *trace)
{
  gboolean write = (trace->uses & (SBX_USE_WRITE | SBX_USE_MAKE)) != 0;
  SbxAccess access = sbx_policy_get_access (context->policy, trace->name);
  SbxOutside outside = { 0 };
  SbxOpening opening;

  if (access >= (write ? SBX_ACCESS_RW : SBX_ACCESS_RO) || is_lent (context, trace->name)) {
    self->used++;
    return;
  }
  if (!sbx_opening_can_write (trace->name)) {
    self->unwritable++;
    return;
  }
  context->look (trace->name, &outside, context->data);
  g_free (outside.target);
  if (!is_wanted (context, trace, &outside))
    return;
  if (sbx_opening_of_device (context, trace->name, &opening) || sbx_opening_of_socket (context, trace->name, &opening)
      || (!(trace->uses & SBX_USE_CONNECT) && sbx_opening_of_path (context, trace->name, write, &opening))) {
    if (is_there (context, &opening))
      take (self, context, trace, &opening);
    else
      sbx_opening_clear (&opening);
  }
}

/* An address of this machine needs more than a network of one's own. */
static void
take_address (SbxProposals *self, const SbxLearnContext *context, const SbxTrace *trace)
{
  SbxOpening opening = { .group = "Context", .key = "shared", .value = g_strdup ("private-network") };

  if (sbx_policy_has_network (context->policy) || g_str_has_prefix (trace->name, "127.")
      || g_str_has_prefix (trace->name, "::1 "))
    sbx_opening_clear (&opening);
  else
    take (self, context, trace, &opening);
}

/* A line that opens a path for reading says nothing beside one that opens it for writing. */
static void
drop_read_only (GPtrArray *lines)
{
  for (guint i = 0; i < lines->len; i++) {
    const SbxProposal *line = lines->pdata[i];
    g_autofree char *other = g_strconcat (line->value, ":ro", NULL);

    for (guint j = 0; j < lines->len; j++) {
      const SbxProposal *less = lines->pdata[j];

      if (g_str_equal (less->key, line->key) && g_str_equal (less->value, other)) {
        g_ptr_array_remove_index (lines, j);
        if (j < i)
          i--;
        break;
      }
    }
  }
}

/* The words of @key that the policy has and that no name was of, if they are worth it. */
static void
take_away (SbxProposals *self, const char *key, guint index, guint has, guint used)
{
  for (const SbxWord *word = sbx_facility_get (SBX_KIND_FLAGS, index)->words; word->word; word++) {
    SbxProposal *line;

    if (word->risk.weight < WORTH_TAKING || word->implies || (has & word->value) != word->value || (used & word->value)
        || self->lines->len >= SBX_PROPOSALS)
      continue;
    line = g_new0 (SbxProposal, 1);
    line->group = g_strdup ("Context");
    line->key = g_strdup (key);
    line->value = g_strconcat ("!", word->word, NULL);
    line->example = g_strdup ("");
    g_ptr_array_add (self->lines, line);
  }
}

static guint
value_of (guint index, const char *text)
{
  const SbxWord *word = text ? sbx_word_find (sbx_facility_get (SBX_KIND_FLAGS, index)->words, text) : NULL;

  return word ? word->value : 0;
}

/* Only of what names tell: a whole bus, or a display, is used by other ways. */
static void
take_away_unused (SbxProposals *self, const SbxLearnContext *context, const SbxTraces *traces)
{
  const guint others =
      SBX_SOCKET_WAYLAND | SBX_SOCKET_X11 | SBX_SOCKET_FALLBACK_X11 | SBX_SOCKET_SESSION_BUS | SBX_SOCKET_SYSTEM_BUS;
  guint sockets = others, devices = SBX_DEVICE_SHM;

  for (guint i = 0; i < traces->names->len; i++) {
    const SbxTrace *trace = traces->names->pdata[i];

    sockets |= value_of (SBX_FLAGS_SOCKETS, sbx_opening_word_of_socket (context, trace->name));
    devices |= value_of (SBX_FLAGS_DEVICES, sbx_opening_word_of_device (trace->name));
  }
  take_away (self, "sockets", SBX_FLAGS_SOCKETS, sbx_policy_get_sockets (context->policy), sockets);
  if (!(sbx_policy_get_devices (context->policy) & SBX_DEVICE_ALL & ~(SBX_DEVICE_ALL - 1)))
    take_away (self, "devices", SBX_FLAGS_DEVICES, sbx_policy_get_devices (context->policy), devices);
}

SbxProposals *
sbx_proposals_new (const SbxLearnContext *context, const SbxTraces *traces)
{
  SbxProposals *self = g_new0 (SbxProposals, 1);

  self->lines = g_ptr_array_new_with_free_func (proposal_free);
  self->missed = g_ptr_array_new_with_free_func (proposal_free);
  for (guint i = 0; i < traces->names->len; i++) {
    const SbxTrace *trace = traces->names->pdata[i];
    SbxOpening opening;

    if (trace->kind == SBX_LEARNED_PATH)
      take_path (self, context, trace);
    else if (trace->kind == SBX_LEARNED_NETWORK)
      take_address (self, context, trace);
    else if (trace->kind == SBX_LEARNED_ABSTRACT && sbx_opening_of_socket (context, trace->name, &opening))
      take (self, context, trace, &opening);
  }
  drop_read_only (self->lines);
  take_away_unused (self, context, traces);
  return self;
}

void
sbx_proposals_add_name (SbxProposals *self, const SbxLearnContext *context, const char *group, const char *key,
                        const char *value)
{
  /* Only a name of one's own carries a number of one's own: another's is chosen by whoever asks for it */
  g_autofree char *pattern = g_str_equal (value, "own") ? sbx_numbers_pattern (key) : NULL;
  SbxOpening opening = { .group = group, .key = pattern ? pattern : key, .value = g_strdup (value) };

  (void) add (self, context, &opening, key);
}
