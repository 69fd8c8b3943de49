/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names that a learner takes down: joined, each once, bounded, and read back strictly. */
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire/learned.h"
#include "wire/path-call.h"

static void
test_join (void)
{
  static const struct {
    const char *directory, *path, *joined;
  } rows[] = {
    { NULL, "/a/b", "/a/b" },   { "/a", "b", "/a/b" },     { "/a/", "./b//c/", "/a/b/c" },
    { "/a/b", "../c", "/a/c" }, { "/a", "../../..", "/" }, { "/", "b", "/b" },
    { NULL, "/", "/" },         { "/a", "..", "/" },       { NULL, "/../../x", "/x" },
    { "/a", "...", "/a/..." },  { "/a", "/b", "/b" },      { "/a", ".", "/a" },
    { NULL, "relative", NULL }, { "relative", "b", NULL },
  };
  char out[SBX_LEARNED_NAME];
  g_autofree char *longest = g_strnfill (SBX_LEARNED_NAME - 1, 'x');

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    gsize n = sbx_learned_join (rows[i].directory, rows[i].path, out);

    if (!rows[i].joined) {
      g_assert_cmpuint (n, ==, 0);
      continue;
    }
    g_assert_cmpstr (out, ==, rows[i].joined);
    g_assert_cmpuint (n, ==, strlen (out));
  }
  g_assert_cmpuint (sbx_learned_join ("/", longest, out), ==, 0);
  longest[SBX_LEARNED_NAME - 2] = '\0';
  g_assert_cmpuint (sbx_learned_join ("/", longest, out), ==, SBX_LEARNED_NAME - 1);
}

/* What is in the file @fd, as a buffer of *@size bytes. */
static char *
read_file (int fd, gsize *size)
{
  struct stat st;
  char *bytes;

  g_assert_cmpint (fstat (fd, &st), ==, 0);
  *size = (gsize) st.st_size;
  bytes = g_malloc (*size + 1);
  g_assert_cmpint (pread (fd, bytes, *size, 0), ==, (gssize) *size);
  return bytes;
}

static guint
count_rows (const char *bytes, gsize size, gsize *at)
{
  SbxLearnedHead head;
  const char *name;
  guint n = 0;

  *at = 0;
  while (sbx_learned_next (bytes, size, at, &head, &name))
    n++;
  return n;
}

static void
test_rows (void)
{
  int fd = memfd_create ("learned", MFD_CLOEXEC);
  SbxLearned *self = sbx_learned_new (fd);
  SbxLearnedHead head;
  const char *name;
  gsize size, at = 0;
  g_autofree char *bytes = NULL;

  for (int i = 0; i < 3; i++)
    sbx_learned_add (self, SBX_LEARNED_PATH, SBX_USE_READ, "/a", 2);
  sbx_learned_add (self, SBX_LEARNED_PATH, SBX_USE_WRITE, "/a", 2);
  sbx_learned_add (self, SBX_LEARNED_ABSTRACT, SBX_USE_CONNECT, "/a", 2);
  sbx_learned_add (self, SBX_LEARNED_OWN_FILTER, 0, NULL, 0);
  sbx_learned_add (self, SBX_LEARNED_OWN_FILTER, 0, NULL, 0);
  sbx_learned_free (self);
  bytes = read_file (fd, &size);
  g_assert_true (sbx_learned_next (bytes, size, &at, &head, &name));
  g_assert_cmpuint (head.uses, ==, SBX_USE_READ);
  g_assert_cmpmem (name, head.length, "/a", 2);
  g_assert_true (sbx_learned_next (bytes, size, &at, &head, &name));
  g_assert_cmpuint (head.uses, ==, SBX_USE_READ | SBX_USE_WRITE);
  g_assert_true (sbx_learned_next (bytes, size, &at, &head, &name));
  g_assert_cmpuint (head.kind, ==, SBX_LEARNED_ABSTRACT);
  g_assert_true (sbx_learned_next (bytes, size, &at, &head, &name));
  g_assert_cmpuint (head.kind, ==, SBX_LEARNED_OWN_FILTER);
  g_assert_false (sbx_learned_next (bytes, size, &at, &head, &name));
  g_assert_cmpuint (at, ==, size);
  /* Every beginning is read as far as it is whole, and every byte may be another */
  for (gsize cut = 0; cut < size; cut++)
    g_assert_cmpuint (count_rows (bytes, cut, &at), <, 4);
  for (gsize i = 0; i < size; i++) {
    bytes[i] ^= (char) 0xff;
    (void) count_rows (bytes, size, &at);
    g_assert_cmpuint (at, <=, size);
    bytes[i] ^= (char) 0xff;
  }
  close (fd);
}

static void
test_bounded (void)
{
  int fd = memfd_create ("learned", MFD_CLOEXEC);
  SbxLearned *self = sbx_learned_new (fd);
  char name[SBX_LEARNED_NAME];
  gsize size, at;
  g_autofree char *bytes = NULL;

  for (guint i = 0; i < 20000; i++) {
    int n = g_snprintf (name, sizeof name, "/many/%u", i);

    sbx_learned_add (self, SBX_LEARNED_PATH, SBX_USE_LOOK, name, (gsize) n);
  }
  for (guint use = 1; use <= SBX_USE_ALL; use <<= 1)
    sbx_learned_add (self, SBX_LEARNED_PATH, use, "/many/0", 7);
  memset (name, 'x', sizeof name);
  sbx_learned_add (self, SBX_LEARNED_PATH, SBX_USE_LOOK, name, sizeof name); /* too long for any path */
  sbx_learned_free (self);
  bytes = read_file (fd, &size);
  g_assert_cmpuint (size, <=, SBX_LEARNED_FILE_MAX);
  g_assert_cmpuint (count_rows (bytes, size, &at), ==,
                    SBX_LEARNED_NAMES + 1 + 5); /* and the note, and five more uses */
  g_assert_cmpuint (at, ==, size);
  close (fd);
}

/* Who takes it down is killed: that is written behind what there is. */
static void
test_cut (void)
{
  int fd = memfd_create ("learned", MFD_CLOEXEC);
  SbxLearned *self = sbx_learned_new (fd);
  SbxLearnedHead head;
  const char *name;
  gsize size, at = 0;
  g_autofree char *bytes = NULL;

  sbx_learned_add (self, SBX_LEARNED_PATH, SBX_USE_READ, "/a", 2);
  sbx_learned_free (self);
  sbx_learned_cut (fd);
  bytes = read_file (fd, &size);
  g_assert_true (sbx_learned_next (bytes, size, &at, &head, &name));
  g_assert_true (sbx_learned_next (bytes, size, &at, &head, &name));
  g_assert_cmpuint (head.kind, ==, SBX_LEARNED_CUT);
  g_assert_cmpuint (at, ==, size);
  close (fd);
}

static void
test_calls (void)
{
  const SbxPathCall good = { .arch = 1, .number = 2, .kind = SBX_PATH_OPEN, .path = 1, .directory = 0, .more = 2 };
  SbxPathCall bad = good, read;
  const uint64_t connect[6] = { 3 }, other[6] = { 4 };
  const SbxPathCall filter = { .arch = 1, .number = 157, .kind = SBX_PATH_PRCTL };
  const uint64_t installs[6] = { UINT64_C (0xdead00000000) | SBX_PRCTL_SET_SECCOMP }; /* the kernel reads 32 bits */
  const SbxPathCall socketcall = { .arch = 1, .number = 102, .kind = SBX_PATH_SOCKETCALL };

  g_assert_true (sbx_path_call_read (&read, &good, sizeof good));
  g_assert_cmpmem (&read, sizeof read, &good, sizeof good);
  g_assert_false (sbx_path_call_read (&read, &good, sizeof good - 1));
  bad.kind = SBX_N_PATH_KINDS;
  g_assert_false (sbx_path_call_read (&read, &bad, sizeof bad));
  bad = good;
  bad.path = SBX_NO_ARGUMENT;
  g_assert_false (sbx_path_call_read (&read, &bad, sizeof bad));
  bad = good;
  bad.more = SBX_NO_ARGUMENT;
  g_assert_false (sbx_path_call_read (&read, &bad, sizeof bad));
  bad = good;
  bad.uses = SBX_USE_ALL + 1;
  g_assert_false (sbx_path_call_read (&read, &bad, sizeof bad));
  g_assert_true (sbx_path_call_matches (&socketcall, 1, 102, connect));
  g_assert_false (sbx_path_call_matches (&socketcall, 1, 102, other));
  g_assert_false (sbx_path_call_matches (&good, 2, 2, connect));
  g_assert_true (sbx_path_call_matches (&filter, 1, 157, installs));
  g_assert_false (sbx_path_call_matches (&filter, 1, 157, other));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/learned/join", test_join);
  g_test_add_func ("/learned/rows", test_rows);
  g_test_add_func ("/learned/bounded", test_bounded);
  g_test_add_func ("/learned/cut", test_cut);
  g_test_add_func ("/learned/calls", test_calls);
  return g_test_run ();
}
