/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Blocks: what the table lets through, and what it does not. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "wire/block.h"

#define ID "0123456789abcdef"

static void
add_prepare (SbxBlockWriter *writer)
{
  static const char *const bwrap[] = { "/usr/bin/bwrap", "--", "x", NULL };

  sbx_block_add_strv (writer, SBX_TAG_BWRAP, bwrap);
  sbx_block_add (writer, SBX_TAG_FDMAP, NULL, 0);
}

static void
test_block_round_trip (void)
{
  static const char *const argv[] = { "prog", "", "\xff\xfe", NULL };
  SbxBlockWriter writer = { 0 };
  SbxRecord record = { 0 };
  gint32 targets[] = { 0, 1, 2, 17 };
  SbxBlock block;
  size_t n;
  int fd;

  sbx_block_add (&writer, SBX_TAG_FDMAP, targets, sizeof targets);
  sbx_block_add (&writer, SBX_TAG_INFO, "x", 1);
  sbx_block_add_strv (&writer, SBX_TAG_ARGV, argv);
  sbx_block_add_u32 (&writer, SBX_TAG_FLAGS, SBX_START_TTY);
  sbx_block_add_path_rule (&writer, 3, "/usr");
  sbx_block_add_path_rule (&writer, 5, "/tmp");
  fd = sbx_block_finish (&writer);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (sbx_block_open (&block, fd, SBX_BLOCK_START), ==, 0);
  g_assert_cmpuint (sbx_block_u32 (&block, SBX_TAG_FLAGS, 0), ==, SBX_START_TTY);
  g_autofree char **strings = sbx_block_strv (&block, SBX_TAG_ARGV, &n);
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpstr (strings[2], ==, "\xff\xfe");
  g_assert_null (strings[3]);
  g_assert_true (sbx_block_next (&block, SBX_TAG_PATH_RULE, &record));
  g_assert_cmpstr ((const char *) record.value + 8, ==, "/usr");
  g_assert_true (sbx_block_next (&block, SBX_TAG_PATH_RULE, &record));
  g_assert_cmpstr ((const char *) record.value + 8, ==, "/tmp");
  g_assert_false (sbx_block_next (&block, SBX_TAG_PATH_RULE, &record));
  sbx_block_close (&block);
  g_assert_cmpint (sbx_block_open (&block, fd, SBX_BLOCK_PREPARE), ==, -1);
  g_assert_cmpint (errno, ==, EBADMSG);
  g_assert_cmpint (sbx_block_open (&block, fd, SBX_BLOCK_EXEC), ==, -1);
  g_assert_cmpint (errno, ==, EBADMSG);
  g_assert_cmpint (write (fd, "x", 1), ==, -1); /* sealed */
  close (fd);
}

/* EXEC brings a process and nothing that confines it or tells of the instance; a box nothing of the command. */
static void
test_block_kinds (void)
{
  static const char *const argv[] = { "prog", NULL };
  static const guint64 attr[3] = { 1, 0, 0 };
  static const struct {
    SbxTag tag;
    const void *value;
    gsize size;
    gboolean in_start, in_exec;
  } rows[] = {
    { SBX_TAG_HOME, "/h", 3, TRUE, TRUE },           { SBX_TAG_RLIMIT, attr, sizeof attr, TRUE, TRUE },
    { SBX_TAG_INFO, "x", 1, TRUE, FALSE },           { SBX_TAG_LANDLOCK, attr, sizeof attr, TRUE, FALSE },
    { SBX_TAG_SECCOMP, attr, 8, TRUE, FALSE },       { SBX_TAG_PORT_RULE, attr, 16, TRUE, FALSE },
    { SBX_TAG_PROCFS, attr, 4, FALSE, FALSE },       { SBX_TAG_UMASK, attr, 4, TRUE, TRUE },
    { SBX_TAG_NICE, attr, 4, TRUE, TRUE },           { SBX_TAG_IGNORED, attr, 8, TRUE, TRUE },
    { SBX_TAG_CPUS, attr, sizeof attr, TRUE, TRUE }, { SBX_TAG_OOM, attr, 4, TRUE, TRUE },
    { SBX_TAG_SCHEDULER, attr, 4, TRUE, TRUE },      { SBX_TAG_IO_PRIORITY, attr, 4, TRUE, TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    for (SbxBlockKind kind = SBX_BLOCK_PREPARE; kind <= SBX_BLOCK_EXEC; kind++) {
      gboolean fits = kind == SBX_BLOCK_START ? rows[i].in_start : kind == SBX_BLOCK_EXEC && rows[i].in_exec;
      SbxBlockWriter writer = { 0 };
      SbxBlock block;

      sbx_block_add (&writer, SBX_TAG_FDMAP, NULL, 0);
      sbx_block_add_strv (&writer, SBX_TAG_ARGV, argv);
      if (kind == SBX_BLOCK_START && rows[i].tag != SBX_TAG_INFO)
        sbx_block_add (&writer, SBX_TAG_INFO, "x", 1);
      sbx_block_add (&writer, rows[i].tag, rows[i].value, rows[i].size);
      g_assert_cmpint (sbx_block_check (&block, writer.data, writer.size, kind), ==, fits ? 0 : -1);
      g_assert_cmpint (sbx_block_check (&block, writer.data, writer.size, (SbxBlockKind) 3), ==, -1);
      sbx_block_writer_clear (&writer);
    }
}

/* A START that does not say what the next service has to know is none. */
static void
test_block_info_required (void)
{
  static const char *const argv[] = { "prog", NULL };
  SbxBlockWriter writer = { 0 };
  SbxBlock block;

  sbx_block_add (&writer, SBX_TAG_FDMAP, NULL, 0);
  sbx_block_add_strv (&writer, SBX_TAG_ARGV, argv);
  g_assert_cmpint (sbx_block_check (&block, writer.data, writer.size, SBX_BLOCK_EXEC), ==, 0);
  g_assert_cmpint (sbx_block_check (&block, writer.data, writer.size, SBX_BLOCK_START), ==, -1);
  sbx_block_writer_clear (&writer);
}

static void
test_block_refused (void)
{
  static const char *const argv[] = { "prog", NULL };
  g_autofree char *path = NULL;
  SbxBlockWriter writer = { 0 };
  SbxBlock block;
  int fd = memfd_create ("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  g_assert_cmpint (write (fd, "12345678", 8), ==, 8);
  g_assert_cmpint (sbx_block_open (&block, fd, SBX_BLOCK_START), ==, -1);
  g_assert_cmpint (errno, ==, EPERM);
  close (fd);
  fd = g_file_open_tmp (NULL, &path, NULL);
  g_assert_cmpint (sbx_block_open (&block, fd, SBX_BLOCK_START), ==, -1);
  g_assert_cmpint (errno, ==, EPERM);
  close (fd);
  g_assert_cmpint (unlink (path), ==, 0);

  sbx_block_add_string (&writer, SBX_TAG_ID, ID "0"); /* an id that is too long */
  fd = sbx_block_finish (&writer);
  g_assert_cmpint (sbx_block_open (&block, fd, SBX_BLOCK_FURNISH), ==, -1);
  close (fd);
  add_prepare (&writer);
  add_prepare (&writer); /* twice */
  fd = sbx_block_finish (&writer);
  g_assert_cmpint (sbx_block_open (&block, fd, SBX_BLOCK_PREPARE), ==, -1);
  close (fd);
  sbx_block_add (&writer, SBX_TAG_FDMAP, NULL, 0); /* the rest is missing */
  fd = sbx_block_finish (&writer);
  g_assert_cmpint (sbx_block_open (&block, fd, SBX_BLOCK_PREPARE), ==, -1);
  close (fd);
  sbx_block_add_strv (&writer, SBX_TAG_ARGV, argv);
  sbx_block_add (&writer, SBX_TAG_FDMAP, "123456", 6); /* one number and a half */
  fd = sbx_block_finish (&writer);
  g_assert_cmpint (sbx_block_open (&block, fd, SBX_BLOCK_START), ==, -1);
  close (fd);
  add_prepare (&writer);
  sbx_block_add_strv (&writer, SBX_TAG_ARGV, argv); /* of the other kind */
  fd = sbx_block_finish (&writer);
  g_assert_cmpint (sbx_block_open (&block, fd, SBX_BLOCK_PREPARE), ==, -1);
  close (fd);
}

/* A box has no name and nothing of the user's: what one instance has is in FURNISH, and nowhere else. */
static void
test_block_box_is_nobodys (void)
{
  static const struct {
    guint32 tag;
    const char *value;
    gsize size;
  } rows[] = {
    { SBX_TAG_ID, ID, sizeof ID },
    { SBX_TAG_DOCUMENTS, "by-app/a", sizeof "by-app/a" },
    { SBX_TAG_DOCUMENTS_AT, "/run/doc", sizeof "/run/doc" },
  };
  const SbxLayer layer = { .kind = SBX_LAYER_TMPFS, .source = "", .dest = "/x", .mode = 0700 };
  const SbxLayer of_system = {
    .kind = SBX_LAYER_TREE, .flags = SBX_LAYER_SYSTEM | SBX_LAYER_READ_ONLY, .source = "/x", .dest = "/x"
  };
  SbxBlockWriter writer = { 0 };
  SbxBlock block;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    add_prepare (&writer);
    g_assert_cmpint (sbx_block_check (&block, writer.data, writer.size, SBX_BLOCK_PREPARE), ==, 0);
    sbx_block_add (&writer, rows[i].tag, rows[i].value, rows[i].size);
    g_assert_cmpint (sbx_block_check (&block, writer.data, writer.size, SBX_BLOCK_PREPARE), ==, -1);
    sbx_block_writer_clear (&writer);
    if (rows[i].tag != SBX_TAG_ID)
      sbx_block_add_string (&writer, SBX_TAG_ID, ID);
    sbx_block_add (&writer, rows[i].tag, rows[i].value, rows[i].size);
    g_assert_cmpint (sbx_block_check (&block, writer.data, writer.size, SBX_BLOCK_FURNISH), ==, 0);
    sbx_block_writer_clear (&writer);
  }
  add_prepare (&writer);
  sbx_block_add_layer (&writer, &layer);
  g_assert_cmpint (sbx_block_check (&block, writer.data, writer.size, SBX_BLOCK_PREPARE), ==, -1);
  sbx_block_writer_clear (&writer);
  sbx_block_add_string (&writer, SBX_TAG_ID, ID);
  sbx_block_add_layer (&writer, &layer);
  g_assert_cmpint (sbx_block_check (&block, writer.data, writer.size, SBX_BLOCK_FURNISH), ==, 0);
  sbx_block_writer_clear (&writer);
  add_prepare (&writer);
  sbx_block_add_layer (&writer, &of_system);
  g_assert_cmpint (sbx_block_check (&block, writer.data, writer.size, SBX_BLOCK_PREPARE), ==, 0);
  sbx_block_writer_clear (&writer);
  sbx_block_add_string (&writer, SBX_TAG_ID, ID);
  sbx_block_add_layer (&writer, &of_system);
  g_assert_cmpint (sbx_block_check (&block, writer.data, writer.size, SBX_BLOCK_FURNISH), ==, -1);
  sbx_block_writer_clear (&writer);
}

static void
add_sidecar (SbxBlockWriter *writer, SbxSidecarKind kind, const char *program)
{
  const char *const argv[] = { "/usr/bin/bwrap", program, NULL };

  sbx_block_add_u32 (writer, SBX_TAG_SIDECAR, kind);
  sbx_block_add_strv (writer, SBX_TAG_SIDECAR_COMMAND, argv);
  sbx_block_add (writer, SBX_TAG_SIDECAR_FILTER, "12345678", 8);
}

static void
assert_command (const SbxSidecarGroup *group, const char *program)
{
  g_autofree char **argv = NULL;
  size_t n;

  argv = sbx_block_strv (&group->records, SBX_TAG_SIDECAR_COMMAND, &n);
  g_assert_nonnull (argv);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpstr (argv[1], ==, program);
}

/* Each sidecar has its own records, and none of another. */
static void
test_block_sidecars (void)
{
  SbxBlockWriter writer = { 0 };
  SbxSidecarGroup group = { 0 };
  SbxRecord record = { 0 };
  guint64 memory = 1 << 20;
  SbxBlock block;
  int fd;

  add_sidecar (&writer, SBX_SIDECAR_DISPLAY, "Xvfb");
  sbx_block_add (&writer, SBX_TAG_SIDECAR_FILE, "cookie", 6);
  sbx_block_add_string (&writer, SBX_TAG_ID, ID);
  add_sidecar (&writer, SBX_SIDECAR_BUS, "proxy");
  sbx_block_add (&writer, SBX_TAG_SIDECAR_MEMORY, &memory, sizeof memory);
  fd = sbx_block_finish (&writer);
  g_assert_cmpint (sbx_block_open (&block, fd, SBX_BLOCK_FURNISH), ==, 0);
  close (fd);
  g_assert_true (sbx_block_next_sidecar (&block, &group));
  g_assert_cmpint (group.kind, ==, SBX_SIDECAR_DISPLAY);
  assert_command (&group, "Xvfb");
  g_assert_true (sbx_block_next (&group.records, SBX_TAG_SIDECAR_FILE, &record));
  g_assert_cmpmem (record.value, record.length, "cookie", 6);
  record = (SbxRecord){ 0 };
  g_assert_false (sbx_block_next (&group.records, SBX_TAG_SIDECAR_MEMORY, &record));
  g_assert_false (sbx_block_next (&group.records, SBX_TAG_ID, &record));
  g_assert_true (sbx_block_next_sidecar (&block, &group));
  g_assert_cmpint (group.kind, ==, SBX_SIDECAR_BUS);
  assert_command (&group, "proxy");
  g_assert_false (sbx_block_next (&group.records, SBX_TAG_SIDECAR_FILE, &record));
  g_assert_true (sbx_block_next (&group.records, SBX_TAG_SIDECAR_MEMORY, &record));
  g_assert_cmpmem (record.value, record.length, &memory, sizeof memory);
  g_assert_false (sbx_block_next_sidecar (&block, &group));
  sbx_block_close (&block);
}

static void
test_block_no_sidecars (void)
{
  SbxBlockWriter writer = { 0 };
  SbxSidecarGroup group = { 0 };
  SbxBlock block;

  sbx_block_add_string (&writer, SBX_TAG_ID, ID);
  g_assert_cmpint (sbx_block_check (&block, writer.data, writer.size, SBX_BLOCK_FURNISH), ==, 0);
  g_assert_false (sbx_block_next_sidecar (&block, &group));
  sbx_block_writer_clear (&writer);
}

static void
test_block_sidecars_refused (void)
{
  static const struct {
    const char *what;
    guint32 tags[8];
  } cases[] = {
    { "a record without a group", { SBX_TAG_SIDECAR_MEMORY } },
    { "without a command", { SBX_TAG_SIDECAR, SBX_TAG_SIDECAR_FILTER } },
    { "without a filter", { SBX_TAG_SIDECAR, SBX_TAG_SIDECAR_COMMAND } },
    { "without anything", { SBX_TAG_SIDECAR } },
    { "a record twice", { SBX_TAG_SIDECAR, SBX_TAG_SIDECAR_COMMAND, SBX_TAG_SIDECAR_FILTER, SBX_TAG_SIDECAR_FILTER } },
    { "behind another record",
      { SBX_TAG_SIDECAR, SBX_TAG_SIDECAR_COMMAND, SBX_TAG_SIDECAR_FILTER, SBX_TAG_DOCUMENTS, SBX_TAG_SIDECAR_MEMORY } },
    { "a group of the same kind again",
      { SBX_TAG_SIDECAR, SBX_TAG_SIDECAR_COMMAND, SBX_TAG_SIDECAR_FILTER, SBX_TAG_SIDECAR, SBX_TAG_SIDECAR_COMMAND,
        SBX_TAG_SIDECAR_FILTER } },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    SbxBlockWriter writer = { 0 };
    SbxBlock block;

    g_test_message ("%s", cases[i].what);
    sbx_block_add_string (&writer, SBX_TAG_ID, ID);
    for (const guint32 *tag = cases[i].tags; *tag != 0; tag++)
      if (*tag == SBX_TAG_DOCUMENTS)
        sbx_block_add_string (&writer, *tag, "by-app/a");
      else
        sbx_block_add (&writer, *tag, "\0\0\0\0\0\0\0\0", *tag == SBX_TAG_SIDECAR ? 4 : 8);
    g_assert_cmpint (sbx_block_check (&block, writer.data, writer.size, SBX_BLOCK_FURNISH), ==, -1);
    g_assert_cmpint (errno, ==, EBADMSG);
    sbx_block_writer_clear (&writer);
  }
}

/* Numbers and bits that nobody knows. */
static void
test_block_numbers_refused (void)
{
  static const struct {
    guint32 tag, value;
  } cases[] = {
    { SBX_TAG_SIDECAR, SBX_N_SIDECARS },
    { SBX_TAG_SIDECAR, G_MAXUINT32 },
    { SBX_TAG_PROCFS, SBX_PROCFS_NO_KEYS << 1 },
    { SBX_TAG_DOMAIN, SBX_DOMAIN_REQUIRED << 1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    SbxBlockKind kind = cases[i].tag == SBX_TAG_SIDECAR ? SBX_BLOCK_FURNISH : SBX_BLOCK_PREPARE;
    SbxBlockWriter writer = { 0 };
    SbxBlock block;

    if (kind == SBX_BLOCK_PREPARE)
      add_prepare (&writer);
    else
      sbx_block_add_string (&writer, SBX_TAG_ID, ID);
    sbx_block_add_u32 (&writer, cases[i].tag, cases[i].value);
    g_assert_cmpint (sbx_block_check (&block, writer.data, writer.size, kind), ==, -1);
    g_assert_cmpint (errno, ==, EBADMSG);
    sbx_block_writer_clear (&writer);
  }
}

/* Every single bit of a good block flipped: refused or still consistent, never out of bounds (run under ASan in CI). */
static void
test_block_flips (void)
{
  static const char *const argv[] = { "prog", "arg", NULL };
  gint32 targets[] = { 0, 1, 2 };
  SbxBlockWriter writer = { 0 };

  sbx_block_add (&writer, SBX_TAG_FDMAP, targets, sizeof targets);
  sbx_block_add (&writer, SBX_TAG_INFO, "x", 1);
  sbx_block_add_strv (&writer, SBX_TAG_ARGV, argv);
  sbx_block_add_path_rule (&writer, 3, "/usr");
  for (gsize bit = 0; bit < writer.size * 8; bit++) {
    g_autofree guint8 *copy = g_memdup2 (writer.data, writer.size);
    SbxBlock block;

    copy[bit / 8] ^= (guint8) (1u << bit % 8);
    if (sbx_block_check (&block, copy, writer.size, SBX_BLOCK_START) < 0)
      continue;
    for (guint32 tag = 0; tag < SBX_N_TAGS; tag++) {
      SbxRecord record = { 0 };

      while (sbx_block_next (&block, tag, &record))
        g_assert_true ((const guint8 *) record.value + record.length <= copy + writer.size);
    }
  }
  sbx_block_writer_clear (&writer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wire/block/round-trip", test_block_round_trip);
  g_test_add_func ("/wire/block/box-is-nobodys", test_block_box_is_nobodys);
  g_test_add_func ("/wire/block/refused", test_block_refused);
  g_test_add_func ("/wire/block/kinds", test_block_kinds);
  g_test_add_func ("/wire/block/info-required", test_block_info_required);
  g_test_add_func ("/wire/block/sidecars", test_block_sidecars);
  g_test_add_func ("/wire/block/no-sidecars", test_block_no_sidecars);
  g_test_add_func ("/wire/block/sidecars-refused", test_block_sidecars_refused);
  g_test_add_func ("/wire/block/numbers-refused", test_block_numbers_refused);
  g_test_add_func ("/wire/block/flips", test_block_flips);
  return g_test_run ();
}
