/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From names to lines of a profile, and which of them are marked. */
#include <string.h>

#include "learn/proposal.h"
#include "policy-fixture.h"
#include "policy/ways-out.h"

static const SbxPlaces places = { .home = "/home/u", .runtime_dir = "/run/user/1000" };

/* All is there; what ends in "/" in @data is a directory; /opt and /srv are root's; "link" leads to what is secret. */
static void
look (const char *path, SbxOutside *outside, gpointer data)
{
  *outside = (SbxOutside){ .exists = !strstr (path, "missing"),
                           .directory = !strchr (strrchr (path, '/'), '.'),
                           .of_system = g_str_has_prefix (path, "/opt/") };
  if (g_str_has_suffix (path, "link"))
    outside->target = g_strdup ("/home/u/.ssh");
}

typedef struct {
  guint uses;
  const char *name;
} Name;

static SbxTraces *
traces_of (const Name *names)
{
  SbxTraces *traces = g_new0 (SbxTraces, 1);

  traces->names = g_ptr_array_new ();
  for (; names->name; names++) {
    SbxTrace *trace = g_new0 (SbxTrace, 1);

    *trace = (SbxTrace){ SBX_LEARNED_PATH, names->uses, g_strdup (names->name) };
    if (g_str_has_prefix (names->name, "net:"))
      *trace = (SbxTrace){ SBX_LEARNED_NETWORK, names->uses, trace->name };
    g_ptr_array_add (traces->names, trace);
  }
  return traces;
}

static void
clear (SbxTraces *traces)
{
  for (guint i = 0; i < traces->names->len; i++) {
    g_free (((SbxTrace *) traces->names->pdata[i])->name);
    g_free (traces->names->pdata[i]);
  }
  sbx_traces_free (traces);
}

/* The lines of @names under a policy with nothing, or with @text: "?key=value" for marked ones, joined by blanks. */
static char *
propose (const Name *names, const char *const *named, const char *text)
{
  g_autoptr (SbxPolicy) policy = text ? policy_from_text (text) : sbx_policy_new ();
  static const char *const lent[] = { "/home/u/Lent/a.odt", "/home/u/Given", NULL };
  const SbxLearnContext context = { policy, &places, named, lent, look, NULL };
  SbxTraces *traces = traces_of (names);
  g_autoptr (SbxProposals) proposals = sbx_proposals_new (&context, traces);
  GString *lines = g_string_new (NULL);

  for (guint i = 0; i < proposals->lines->len; i++) {
    const SbxProposal *line = proposals->lines->pdata[i];

    g_string_append_printf (lines, "%s%s%s=%s", i > 0 ? " " : "", line->asked ? "?" : "", line->key, line->value);
  }
  if (proposals->unwritable > 0)
    g_string_append_printf (lines, " unwritable=%u", proposals->unwritable);
  clear (traces);
  return g_string_free (lines, FALSE);
}

#define END                                                                                                            \
  {                                                                                                                    \
    0, NULL                                                                                                            \
  }

static void
check (const char *expected, const Name *names, const char *const *named)
{
  g_autofree char *lines = propose (names, named, NULL);

  g_assert_cmpstr (lines, ==, expected);
}

/* Directories rather than files, and words. */
static void
test_tiers (void)
{
  check ("?filesystems=xdg-documents:ro",
         (const Name[]){
             { SBX_USE_READ, "/home/u/Documents/a.odt" }, { SBX_USE_READ, "/home/u/Documents/deep/b.odt" }, END },
         NULL);
  check (
      "?filesystems=xdg-documents",
      (const Name[]){ { SBX_USE_READ, "/home/u/Documents/a.odt" }, { SBX_USE_WRITE, "/home/u/Documents/b.odt" }, END },
      NULL);
  check ("?filesystems=~/Projects:ro", (const Name[]){ { SBX_USE_READ, "/home/u/Projects/one/two/x.c" }, END }, NULL);
  check ("?filesystems=/media/u/stick:ro", (const Name[]){ { SBX_USE_READ, "/media/u/stick/dir/x.c" }, END }, NULL);
  check ("",
         (const Name[]){ { SBX_USE_LOOK, "/home/u" },
                         { SBX_USE_READ, "/home/u" },
                         { SBX_USE_READ, "/" },
                         { SBX_USE_READ, "/home" },
                         { SBX_USE_READ, "/usr/lib/x.so" },
                         { SBX_USE_LOOK, "/home/u/Projects" },
                         { SBX_USE_READ, "/home/u/missing" },
                         { SBX_USE_MAKE | SBX_USE_WRITE, "/home/u/missing.txt" },
                         END },
         NULL);
  check ("?devices=dri ?sockets=pulseaudio ?shared=private-network",
         (const Name[]){ { SBX_USE_WRITE, "/dev/dri/card.0" },
                         { SBX_USE_CONNECT, "/run/user/1000/pulse/native" },
                         { SBX_USE_CONNECT, "net:192.0.2.1 443" },
                         END },
         NULL);
}

/* A second name of what is open: what the host has at that place was not wanted. */
static void
test_second_names (void)
{
  const Name names[] = { { SBX_USE_READ, "/home/u/Projects/x.c" }, END };
  g_autofree char *with = propose (names, NULL, "{'Context': <{'filesystems': '/srv/p:ro@~/Projects'}>}");
  g_autofree char *without = propose (names, NULL, "{'Context': <{'filesystems': '/srv/p:ro'}>}");

  g_assert_cmpstr (with, ==, "");
  g_assert_cmpstr (without, ==, "?filesystems=~/Projects:ro");
}

static void
test_marks (void)
{
  const char *const named[] = { "/home/u/Documents/a.odt", "/home/u/.ssh", "/home/u/link", "/home/u/.bashrc", NULL };

  check ("filesystems=~/Documents/a.odt:ro ?filesystems=~/.ssh:ro ?filesystems=~/link:ro ?filesystems=~/.bashrc",
         (const Name[]){ { SBX_USE_READ, named[0] },
                         { SBX_USE_LOOK, named[1] },
                         { SBX_USE_READ, named[2] },
                         { SBX_USE_WRITE, named[3] },
                         END },
         named);
  check ("filesystems=/opt/app:ro ?filesystems=/opt/other ?filesystems=/srv/data:ro",
         (const Name[]){ { SBX_USE_READ, "/opt/app/lib/x.so" },
                         { SBX_USE_WRITE, "/opt/other/x.so" },
                         { SBX_USE_READ, "/srv/data/x.txt" },
                         END },
         NULL);
  /* Copies of its own; of what others run or keep secret not without a question */
  check ("persistent=.config/tool ?persistent=.bashrc ?persistent=.gnupg",
         (const Name[]){ { SBX_USE_WRITE | SBX_USE_MAKE, "/home/u/.config/tool/x.conf" },
                         { SBX_USE_WRITE, "/home/u/.bashrc" },
                         { SBX_USE_WRITE | SBX_USE_MAKE, "/home/u/.gnupg/x" },
                         END },
         NULL);
  /* Every way out and secret, for reading and for writing, is marked */
  for (const SbxWayOut *way = sbx_ways_out; way->path; way++) {
    g_autofree char *path = sbx_way_out_path (way, &places);
    const Name names[] = { { SBX_USE_READ, path }, { SBX_USE_WRITE, path }, END };
    g_autofree char *lines = propose (names, NULL, NULL);
    g_auto (GStrv) each = g_strsplit (lines, " ", -1);

    for (char **line = each; *line; line++)
      if (**line)
        g_assert_true (**line == '?');
  }
}

/* What a profile has is not proposed. */
static void
test_has (void)
{
  const Name names[] = { { SBX_USE_READ, "/home/u/Projects/x.c" },
                         { SBX_USE_WRITE, "/home/u/.config/tool/x.conf" },
                         END };
  g_autofree char *lines =
      propose (names, NULL, "{'Context': <{'filesystems': '/home/u/Projects:ro', 'persistent': '.'}>}");
  const Name more[] = { { SBX_USE_WRITE, "/home/u/Projects/x.c" }, END };
  g_autofree char *for_writing = propose (more, NULL, "{'Context': <{'filesystems': '/home/u/Projects:ro'}>}");

  g_assert_cmpstr (lines, ==, "");
  g_assert_cmpstr (for_writing, ==, "?filesystems=~/Projects");
}

static void
test_names (void)
{
  const Name names[] = { { SBX_USE_READ, "/home/u/a\nfilesystems=host" },
                         { SBX_USE_READ, "/home/u/a;host/x.c" },
                         { SBX_USE_READ, "/home/u/\033[31m/x.c" },
                         { SBX_USE_READ, "/home/u/\xff/x.c" },
                         { SBX_USE_READ, "/home/u/a:rw" },
                         { SBX_USE_READ, "/home/u/a\\x" },
                         { SBX_USE_READ, "/home/u/a\u202ebc" },
                         END };
  g_autofree char *lines = propose (names, NULL, NULL);

  g_assert_cmpstr (lines, ==, " unwritable=7");
}

/* What was opened up for this run asks for no line, and what is not used is taken away. */
static void
test_lent (void)
{
  const Name names[] = { { SBX_USE_WRITE, "/home/u/Lent/a.odt" },
                         { SBX_USE_READ, "/home/u/Given/deep/x.c" },
                         { SBX_USE_READ, "/home/u/Lent/b.odt" },
                         END };
  const Name used[] = { { SBX_USE_CONNECT, "/run/user/1000/pulse/native" }, { SBX_USE_WRITE, "/dev/dri/card.0" }, END };
  const char *policy = "{'Context': <{'sockets': 'x11;pulseaudio;pipewire;cups;', 'devices': 'dri;camera;'}>}";
  g_autofree char *lines = propose (names, NULL, NULL), *less = propose (used, NULL, policy);

  g_assert_cmpstr (lines, ==, "?filesystems=~/Lent:ro");
  g_assert_cmpstr (less, ==, "sockets=!pipewire devices=!camera");
}

/* Names without end make no lines without end. */
static void
test_bounded (void)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autofree Name *names = g_new0 (Name, 1001);
  g_autofree char *lines = NULL;
  g_auto (GStrv) each = NULL;

  for (guint i = 0; i < 1000; i++) {
    g_ptr_array_add (texts, g_strdup_printf ("/home/u/d%u/x.c", i));
    names[i] = (Name){ SBX_USE_READ, texts->pdata[i] };
  }
  lines = propose (names, NULL, NULL);
  each = g_strsplit (lines, " ", -1);
  g_assert_cmpuint (g_strv_length (each), ==, SBX_PROPOSALS);
}

/* A number of the next start's makes a pattern, which is marked as any name of a bus is; a version does not, and no
 * pattern covers what is many vendors'. */
static void
test_numbers (void)
{
  static const struct {
    const char *name, *key;
  } rows[] = {
    { "com.transmissionbt.transmission_66306_1234", "com.transmissionbt.*" },
    { "com.transmissionbt.transmission_7_8", "com.transmissionbt.*" },
    { "org.mpris.MediaPlayer2.vlc.instance1234", "org.mpris.MediaPlayer2.vlc.*" },
    { "com.acme.tool-12.part", "com.acme.*" },
    { "org.example.tool_12", "org.example.tool_12" } /* this service is below it */,
    { "com.github.someone.tool_12", "com.github.someone.*" },
    { "org.example.Tool2", "org.example.Tool2" },
    { "org.freedesktop.login1", "org.freedesktop.login1" },
    { "org.mpris.MediaPlayer2.vlc", "org.mpris.MediaPlayer2.vlc" },
    { "org.kde.StatusNotifierItem-1234-1", "org.kde.StatusNotifierItem-1234-1" },
    { "org.freedesktop.forged_1234", "org.freedesktop.forged_1234" },
    { "org.gnome.forged1234", "org.gnome.forged1234" },
    { "org.forged_1.tool", "org.forged_1.tool" },
  };
  g_autoptr (SbxPolicy) policy = sbx_policy_new ();
  const SbxLearnContext context = { policy, &places, NULL, NULL, look, NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    static const Name none[] = { END };
    SbxTraces *traces = traces_of (none);
    g_autoptr (SbxProposals) proposals = sbx_proposals_new (&context, traces);
    const SbxProposal *line;

    sbx_proposals_add_name (proposals, &context, "Session Bus Policy", rows[i].name, "own");
    g_assert_cmpuint (proposals->lines->len, ==, 1);
    line = proposals->lines->pdata[0];
    g_assert_cmpstr (line->key, ==, rows[i].key);
    g_assert_cmpstr (line->example, ==, rows[i].name);
    g_assert_true (line->asked);
    g_assert_cmpint (line->pattern, ==, strcmp (rows[i].name, rows[i].key) != 0);
    clear (traces);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/learn/tiers", test_tiers);
  g_test_add_func ("/learn/second-names", test_second_names);
  g_test_add_func ("/learn/marks", test_marks);
  g_test_add_func ("/learn/has", test_has);
  g_test_add_func ("/learn/lent", test_lent);
  g_test_add_func ("/learn/names", test_names);
  g_test_add_func ("/learn/bounded", test_bounded);
  g_test_add_func ("/learn/numbers", test_numbers);
  return g_test_run ();
}
