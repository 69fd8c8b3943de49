/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The few messages of Wayland, against answers that are bytes. */
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/wayland.h"

#define MANAGER "wp_security_context_manager_v1"

static void
add (GByteArray *bytes, guint32 word)
{
  g_byte_array_append (bytes, (const guint8 *) &word, sizeof word);
}

static void
add_text (GByteArray *bytes, const char *text)
{
  guint32 length = (guint32) strlen (text) + 1;

  add (bytes, length);
  g_byte_array_append (bytes, (const guint8 *) text, length);
  while (bytes->len % 4)
    g_byte_array_append (bytes, (const guint8 *) "", 1);
}

/* An event of words, of one text between two words, or of neither. */
static void
add_event (GByteArray *bytes, guint32 object, guint32 opcode, const char *text)
{
  guint begin = bytes->len;
  guint32 head;

  add (bytes, object);
  add (bytes, opcode);
  add (bytes, 9);
  if (text) {
    add_text (bytes, text);
    add (bytes, 1);
  }
  head = (bytes->len - begin) << 16 | opcode;
  memcpy (bytes->data + begin + 4, &head, sizeof head);
}

typedef struct {
  SbxWayland wayland;
  int other;
} Fixture;

static void
begin (Fixture *fixture, const GByteArray *answer, int milliseconds)
{
  int pair[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), ==, 0);
  g_assert_cmpint (send (pair[1], answer->data, answer->len, 0), ==, answer->len);
  fixture->other = pair[1];
  sbx_wayland_begin (&fixture->wayland, pair[0], milliseconds);
}

static void
end (Fixture *fixture)
{
  sbx_wayland_close (&fixture->wayland);
  close (fixture->other);
}

static void
expect (const GByteArray *answer, int has, int error)
{
  Fixture fixture;

  begin (&fixture, answer, 60000);
  shutdown (fixture.other, SHUT_WR);
  errno = 0;
  g_assert_cmpint (sbx_wayland_has_context (&fixture.wayland), ==, has);
  if (has < 0)
    g_assert_cmpint (errno, ==, error);
  end (&fixture);
}

static void
test_globals (void)
{
  g_autoptr (GByteArray) plain = g_byte_array_new (), with = g_byte_array_new (), gone = g_byte_array_new ();
  g_autoptr (GByteArray) cut = g_byte_array_new ();

  add_event (plain, 2, 0, "wl_compositor");
  g_byte_array_append (cut, plain->data, plain->len);
  add_event (with, 2, 0, MANAGER);
  add_event (gone, 2, 0, MANAGER);
  add_event (gone, 2, 1, NULL);
  add_event (plain, 3, 0, NULL);
  add_event (with, 3, 0, NULL);
  add_event (gone, 3, 0, NULL);
  expect (plain, 0, 0);
  expect (with, 1, 0);
  expect (gone, 0, 0);
  expect (cut, -1, ECONNRESET);
}

/* Each of these as the first word that is wrong, behind a global that is right. */
static void
test_nonsense (void)
{
  static const struct {
    guint32 words[6];
    gsize n;
    int error;
  } rows[] = {
    { { 2, 7 << 16 }, 2, EBADMSG },                                 /* smaller than its head */
    { { 2, 10 << 16 }, 2, EBADMSG },                                /* not of words */
    { { 2, 4100u << 16 }, 2, EBADMSG },                             /* larger than any */
    { { 2, 12u << 16 | 7, 0 }, 3, EBADMSG },                        /* no such event */
    { { 4, 12u << 16, 0 }, 3, EBADMSG },                            /* of what we have not made */
    { { 6, 12u << 16, 0 }, 3, EBADMSG },                            /* of what we have not made yet */
    { { 1, 12u << 16 | 1, 9 }, 3, EBADMSG },                        /* has deleted what we have not made */
    { { 1, 24u << 16, 1, 0, 1, 0 }, 6, EPROTO },                    /* an error */
    { { 2, 24u << 16, 1, 0, 0, 1 }, 6, EBADMSG },                   /* a string of no length */
    { { 2, 24u << 16, 1, 4, 0x41414141, 1 }, 6, EBADMSG },          /* one without a NUL */
    { { 2, 24u << 16, 1, 0xffffffff, 0x00414141, 1 }, 6, EBADMSG }, /* one that is larger than what it is in */
    { { 2, 24u << 16, 1, 4, 0x00004100, 1 }, 6, EBADMSG },          /* with a second NUL */
    { { 2, 24u << 16, 1, 4, 0x00414141, 0 }, 6, EBADMSG },          /* version 0 */
    { { 3, 8u << 16 }, 2, EBADMSG },                                /* done without a word */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GByteArray) answer = g_byte_array_new ();

    add_event (answer, 2, 0, "wl_compositor");
    for (gsize j = 0; j < rows[i].n; j++)
      add (answer, rows[i].words[j]);
    expect (answer, -1, rows[i].error);
  }
}

/* One that never comes to an end, and one that says nothing. */
static void
test_bounds (void)
{
  g_autoptr (GByteArray) flood = g_byte_array_new (), nothing = g_byte_array_new ();
  Fixture fixture;

  for (guint i = 0; i < 1000; i++)
    add_event (flood, 2, 0, "wl_compositor");
  begin (&fixture, flood, 60000);
  fixture.wayland.left = flood->len / 2;
  g_assert_cmpint (sbx_wayland_has_context (&fixture.wayland), ==, -1);
  g_assert_cmpint (errno, ==, EBADMSG);
  end (&fixture);
  begin (&fixture, nothing, 20);
  g_assert_cmpint (sbx_wayland_has_context (&fixture.wayland), ==, -1);
  g_assert_cmpint (errno, ==, ETIMEDOUT);
  end (&fixture);
}

/* The requests, word by word, and both descriptors with them. */
static void
test_context (void)
{
  g_autoptr (GByteArray) answer = g_byte_array_new (), asked = g_byte_array_new ();
  guint8 bytes[4096];
  Fixture fixture;
  char control[CMSG_SPACE (4 * sizeof (int))];
  struct iovec place = { bytes, sizeof bytes };
  struct msghdr message = {
    .msg_iov = &place, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
  };
  struct cmsghdr *header;
  ssize_t n;

  add_event (answer, 2, 0, MANAGER);
  add_event (answer, 3, 0, NULL);
  add_event (answer, 6, 0, NULL);
  begin (&fixture, answer, 60000);
  g_assert_cmpint (sbx_wayland_has_context (&fixture.wayland), ==, 1);
  g_assert_cmpint (recv (fixture.other, bytes, sizeof bytes, 0), ==, 24);
  g_assert_cmpint (sbx_wayland_make_context (&fixture.wayland, 1, 2, "org.example.App", "0123456789abcdef"), ==, 0);
  n = recvmsg (fixture.other, &message, MSG_CMSG_CLOEXEC);
  {
    const guint32 bind[] = { 2, 56u << 16, 9, 31 }, create[] = { 1, 4, 4, 12u << 16 | 1, 5, 5, 32u << 16 | 1 };
    const guint32 commit[] = { 5, 8u << 16 | 4, 5, 8u << 16, 1, 12u << 16, 6 };

    g_byte_array_append (asked, (const guint8 *) bind, sizeof bind);
    g_byte_array_append (asked, (const guint8 *) MANAGER "\0", 32);
    g_byte_array_append (asked, (const guint8 *) create, sizeof create);
    add_text (asked, "org.example.Sandbox");
    add (asked, 5);
    add (asked, 28u << 16 | 2);
    add_text (asked, "org.example.App");
    add (asked, 5);
    add (asked, 32u << 16 | 3);
    add_text (asked, "0123456789abcdef");
    g_byte_array_append (asked, (const guint8 *) commit, sizeof commit);
  }
  g_assert_cmpmem (bytes, n, asked->data, asked->len);
  header = CMSG_FIRSTHDR (&message);
  g_assert_true (header && header->cmsg_len == CMSG_LEN (2 * sizeof (int)));
  end (&fixture);
}

static void
test_long_id (void)
{
  g_autofree char *id = g_strnfill (5000, 'x');
  g_autoptr (GByteArray) answer = g_byte_array_new ();
  Fixture fixture;

  add_event (answer, 2, 0, MANAGER);
  add_event (answer, 3, 0, NULL);
  begin (&fixture, answer, 60000);
  g_assert_cmpint (sbx_wayland_has_context (&fixture.wayland), ==, 1);
  g_assert_cmpint (sbx_wayland_make_context (&fixture.wayland, 1, 2, id, "0123456789abcdef"), ==, -1);
  g_assert_cmpint (errno, ==, EMSGSIZE);
  end (&fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wayland/globals", test_globals);
  g_test_add_func ("/wayland/nonsense", test_nonsense);
  g_test_add_func ("/wayland/bounds", test_bounds);
  g_test_add_func ("/wayland/context", test_context);
  g_test_add_func ("/wayland/long-id", test_long_id);
  return g_test_run ();
}
