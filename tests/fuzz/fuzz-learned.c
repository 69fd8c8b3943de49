/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a learner has taken down, with names that the application chose: read, proposed for a profile, written again.
 * Whatever is in it, a line that gives away what is the user's is marked, and each can stand in a profile as it is. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "learn/proposal.h"
#include "policy/policy.h"

/* Everything is there; what is below /opt and /srv is the administrator's, for everybody to read. */
static void
look (const char *path, SbxOutside *outside, gpointer data)
{
  (void) data;
  *outside = (SbxOutside){ .exists = TRUE,
                           .directory = path[strlen (path) - 1] != 'x',
                           .of_system = g_str_has_prefix (path, "/opt/") || g_str_has_prefix (path, "/srv/") };
  if (g_str_has_suffix (path, "link"))
    outside->target = g_strdup ("/home/u/.ssh");
}

static int
make_file (const void *data, size_t size)
{
  int fd = memfd_create ("fuzz", MFD_CLOEXEC);

  MUST (fd >= 0);
  MUST (size == 0 || pwrite (fd, data, size, 0) == (ssize_t) size);
  return fd;
}

/* Nothing that a name says comes out as more than a name. */
static gboolean
is_plain (const char *text)
{
  if (!g_utf8_validate (text, -1, NULL))
    return FALSE;
  for (; *text; text++)
    if ((guchar) *text < ' ' || *text == '\177')
      return FALSE;
  return TRUE;
}

/* Without the user's word: a copy of its own, what all may read, and what is taken away. */
static gboolean
gives_nothing_away (const SbxProposal *line)
{
  if (line->count == 0)
    return *line->value == '!';
  if (g_str_equal (line->key, "persistent"))
    return TRUE;
  return g_str_equal (line->key, "filesystems")
         && (g_str_has_prefix (line->value, "/opt") || g_str_has_prefix (line->value, "/srv"));
}

static void
check_line (const SbxLearnContext *context, const SbxProposal *line)
{
  GVariantBuilder groups, keys;
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (SbxPolicy) policy = NULL;

  MUST (is_plain (line->group) && is_plain (line->key) && is_plain (line->value) && *line->value);
  MUST (!strchr (line->value, ';'));
  if (!line->asked && !gives_nothing_away (line))
    fprintf (stderr, "%s=%s\n", line->key, line->value);
  MUST (line->asked || gives_nothing_away (line));
  g_variant_builder_init (&keys, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&keys, "{ss}", line->key, line->value);
  g_variant_builder_init (&groups, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&groups, "{sv}", line->group, g_variant_builder_end (&keys));
  variant = g_variant_ref_sink (g_variant_builder_end (&groups));
  policy = sbx_policy_merge_variant (context->policy, variant, context->places, NULL);
  MUST (policy != NULL);
}

static void
check_proposals (const SbxTraces *traces)
{
  const SbxPlaces places = { .home = "/home/u", .runtime_dir = "/run/user/1000", .config_home = "/home/u/.config" };
  g_autoptr (SbxPolicy) policy = sbx_policy_new ();
  const SbxLearnContext context = { policy, &places, NULL, NULL, look, NULL };
  g_autoptr (SbxProposals) proposals = sbx_proposals_new (&context, traces);

  MUST (proposals->lines->len <= SBX_PROPOSALS && proposals->missed->len <= SBX_PROPOSALS);
  for (guint i = 0; i < proposals->lines->len; i++)
    check_line (&context, proposals->lines->pdata[i]);
}

/* Written by the learner's own writer, the same is read: it holds what it could read. */
static void
check_again (const SbxTraces *traces)
{
  int fd = make_file (NULL, 0);
  SbxLearned *learned = sbx_learned_new (fd);
  g_autoptr (SbxTraces) again = NULL;

  MUST (learned != NULL);
  for (guint i = 0; i < traces->names->len; i++) {
    const SbxTrace *trace = traces->names->pdata[i];

    sbx_learned_add (learned, trace->kind, trace->uses, trace->name, strlen (trace->name));
  }
  again = sbx_traces_read (fd, NULL);
  MUST (again != NULL && !again->broken && again->names->len <= traces->names->len);
  for (guint i = 0, at = 0; i < again->names->len; i++, at++) {
    const SbxTrace *one = again->names->pdata[i], *other = traces->names->pdata[at];

    while (!*other->name) /* an abstract name that begins with a NUL: none for the writer */
      other = traces->names->pdata[++at];
    MUST (one->kind == other->kind && one->uses == other->uses && strcmp (one->name, other->name) == 0);
  }
  sbx_learned_free (learned);
  close (fd);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  int fd = make_file (data, size);
  g_autoptr (SbxTraces) traces = sbx_traces_read (fd, NULL);

  close (fd);
  if (size > SBX_LEARNED_FILE_MAX) {
    MUST (traces == NULL);
    return 0;
  }
  MUST (traces != NULL);
  check_proposals (traces);
  if (traces->names->len <= SBX_LEARNED_NAMES)
    check_again (traces);
  return 0;
}
