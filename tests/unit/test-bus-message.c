/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of D-Bus without GIO: what is written GDBus reads, what GDBus writes is read, and nothing else is. */
#include <gio/gio.h>
#include <string.h>

#include "cli/link/bus-error.h"
#include "cli/link/bus-message.h"
#include "common/bus-name.h"
#include "common/error.h"

#define FLAGS G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING
#define BODY_SIZE 4 /* where in a message these are */
#define SERIAL 8
#define FIELDS_SIZE 12

/* Bodies, as text. */
static const char *const bodies[] = {
  "()",
  "('',)",
  "('text', 'Straße')",
  "(byte 255, true, int16 -5, uint16 6, -7, uint32 8, int64 -9, uint64 10, 1.5)",
  "(byte 1, handle 2, byte 3, uint64 4)",
  "(objectpath '/', signature 'a{sv}', signature '')",
  "(@as [], @at [], @a(st) [], @ay [], @a{sv} {})",
  "(byte 1, [uint64 1, 2, 3], byte 1, [(byte 1, uint64 2), (3, 4)])",
  "([byte 1, 2, 3], [b'one', b'two'], @aay [])",
  "({'a': <1>, 'b': <'two'>, 'c': <<byte 3>>, 'd': <[<4>, <'5'>]>},)",
  "({objectpath '/a': {'org.example.A': {'B': <uint64 1>}}},)",
  "([[['x']], [[], ['y', 'z']]], true)",
  "(<(byte 1, (uint64 2, ('three',)))>, {byte 1: [1.5]})",
};

static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (NULL, text, NULL, NULL, &error);

  g_assert_no_error (error);
  return g_variant_ref_sink (value);
}

static void
test_written (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++) {
    g_autoptr (GVariant) body = parse (bodies[i]);
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxBusMessage) message = sbx_bus_message_new_call ("org.example.A", "/b", "org.example.C", "D", body);
    g_autoptr (GByteArray) bytes = sbx_bus_message_write (message, 7, 2, &error);
    g_autoptr (GDBusMessage) read = NULL;

    g_assert_no_error (error);
    g_assert_cmpuint (sbx_bus_message_size (bytes->data, &error), ==, bytes->len);
    read = g_dbus_message_new_from_blob (bytes->data, bytes->len, FLAGS, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (g_dbus_message_get_serial (read), ==, 7);
    g_assert_cmpuint (g_dbus_message_get_num_unix_fds (read), ==, 2);
    g_assert_cmpstr (g_dbus_message_get_destination (read), ==, "org.example.A");
    g_assert_cmpstr (g_dbus_message_get_path (read), ==, "/b");
    g_assert_cmpstr (g_dbus_message_get_interface (read), ==, "org.example.C");
    g_assert_cmpstr (g_dbus_message_get_member (read), ==, "D");
    if (g_variant_n_children (body) > 0)
      g_assert_cmpvariant (g_dbus_message_get_body (read), body);
    else
      g_assert_null (g_dbus_message_get_body (read));
  }
}

/* A reply as GDBus writes it. */
static guchar *
make_reply (const char *text, gsize *size)
{
  g_autoptr (GVariant) body = parse (text);
  g_autoptr (GDBusMessage) call = g_dbus_message_new_method_call (NULL, "/b", "org.example.C", "D"), reply = NULL;
  g_autoptr (GError) error = NULL;
  guchar *bytes;

  g_dbus_message_set_serial (call, 9);
  reply = g_dbus_message_new_method_reply (call);
  g_dbus_message_set_serial (reply, 10);
  g_dbus_message_set_body (reply, body);
  bytes = g_dbus_message_to_blob (reply, size, FLAGS, &error);
  g_assert_no_error (error);
  return bytes;
}

static void
test_read (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++) {
    gsize size;
    g_autofree guchar *bytes = make_reply (bodies[i], &size);
    g_autoptr (GVariant) body = parse (bodies[i]);
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxBusMessage) message = sbx_bus_message_read (bytes, size, &error);

    g_assert_no_error (error);
    g_assert_cmpuint (message->type, ==, SBX_BUS_RETURN);
    g_assert_cmpuint (message->reply_serial, ==, 9);
    g_assert_cmpvariant (message->body, body);
  }
}

static void
assert_malformed (const guint8 *bytes, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxBusMessage) message = sbx_bus_message_read (bytes, size, &error);

  g_assert_null (message);
  g_assert_error (error, SBX_BUS_ERROR, SBX_BUS_ERROR_MALFORMED);
}

/* Where a message ends early, or goes on, whatever it says of its length. */
static void
test_cut_off (void)
{
  gsize size;
  g_autofree guchar *bytes = make_reply ("({'a': <[<4>, <'5'>]>}, 'text')", &size);
  g_autofree guchar *more = g_malloc0 (size + 1);
  guint32 body;

  memcpy (&body, bytes + BODY_SIZE, sizeof body);
  for (gsize n = 0; n < size; n++)
    assert_malformed (bytes, n);
  for (guint32 n = 0; n < body; n++) {
    memcpy (bytes + BODY_SIZE, &n, sizeof n);
    assert_malformed (bytes, size - body + n);
  }
  memcpy (more, bytes, size);
  assert_malformed (more, size + 1);
  body++;
  memcpy (more + BODY_SIZE, &body, sizeof body);
  assert_malformed (more, size + 1);
}

/* One byte of a good message, and what makes it a bad one. */
static void
test_malformed (void)
{
  static const struct {
    const char *body;
    gssize at; /* from the end when it is negative */
    guint8 byte;
  } rows[] = {
    { "(true,)", -4, 2 },                 /* neither */
    { "('ab',)", -1, 'c' },               /* no NUL */
    { "('ab',)", -2, 0 },                 /* one too many */
    { "('ab',)", -2, 0xff },              /* no UTF-8 */
    { "(objectpath '/a',)", -2, '/' },    /* ends with one */
    { "(signature 's',)", -2, 'a' },      /* of what? */
    { "(byte 1, uint64 1)", -9, 1 },      /* padding */
    { "([uint64 1],)", -12, 1 },          /* padding before an element */
    { "([uint64 1],)", -16, 7 },          /* ends within */
    { "([uint64 1],)", -13, 0x7f },       /* leads out */
    { "(<byte 1>,)", -3, 'm' },           /* no type */
    { "(<byte 1>,)", -3, 'a' },           /* half a type */
    { "(<byte 1>,)", -4, 0 },             /* none at all */
    { "('ab',)", 0, 'B' },                /* another byte order */
    { "('ab',)", 1, 0 },                  /* no type of message */
    { "('ab',)", 1, SBX_BUS_SIGNAL },     /* without path and member */
    { "('ab',)", 1, SBX_BUS_FAILURE },    /* without a name */
    { "('ab',)", 3, 2 },                  /* another version */
    { "('ab',)", SERIAL, 0 },             /* no serial */
    { "('ab',)", BODY_SIZE + 3, 0x7f },   /* too long */
    { "('ab',)", FIELDS_SIZE + 3, 0x7f }, /* too long */
    { "('ab',)", SBX_BUS_HEAD, 0 },       /* a field without a number */
    { "('ab',)", SBX_BUS_HEAD, 1 },       /* a field of another type */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    gsize size;
    g_autofree guchar *bytes = make_reply (rows[i].body, &size);
    g_autoptr (SbxBusMessage) good = sbx_bus_message_read (bytes, size, NULL);

    g_assert_nonnull (good);
    g_test_message ("row %zu", i);
    bytes[rows[i].at < 0 ? (gssize) size + rows[i].at : rows[i].at] = rows[i].byte;
    assert_malformed (bytes, size);
  }
}

/* Variants within variants, more than D-Bus allows. */
static void
test_depth (void)
{
  for (guint depth = 30; depth <= 200; depth += 170) {
    GVariant *value = g_variant_new_byte (1);
    g_autoptr (SbxBusMessage) message = NULL, read = NULL;
    g_autoptr (GByteArray) bytes = NULL;
    g_autoptr (GError) error = NULL;

    for (guint i = 0; i < depth; i++)
      value = g_variant_new_variant (value);
    message = sbx_bus_message_new_call (NULL, "/b", "org.example.C", "D", g_variant_new_tuple (&value, 1));
    bytes = sbx_bus_message_write (message, 1, 0, &error);
    g_assert_no_error (error);
    if (depth > 64) {
      assert_malformed (bytes->data, bytes->len);
      continue;
    }
    read = sbx_bus_message_read (bytes->data, bytes->len, &error);
    g_assert_no_error (error);
    g_assert_cmpvariant (read->body, message->body);
  }
}

/* Every byte of a message replaced by every other: read or refused, and what is read GDBus reads as well. */
static void
test_bytes (void)
{
  gsize size;
  g_autofree guchar *bytes = make_reply ("({'a': <[<4>, <'5'>]>}, 'text', [objectpath '/x'], byte 1, uint64 2)", &size);

  for (gsize i = 0; i < size; i++) {
    guchar before = bytes[i];

    for (guint byte = 0; byte < 256; byte++) {
      g_autoptr (SbxBusMessage) message = NULL;
      g_autoptr (GDBusMessage) other = NULL;

      bytes[i] = (guchar) byte;
      message = sbx_bus_message_read (bytes, size, NULL);
      if (!message || message->type > SBX_BUS_SIGNAL || message->n_fds > 0)
        continue;
      other = g_dbus_message_new_from_blob (bytes, size, FLAGS, NULL);
      if (other && g_dbus_message_get_body (other))
        g_assert_cmpvariant (message->body, g_dbus_message_get_body (other));
    }
    bytes[i] = before;
  }
}

static void
test_failures (void)
{
  static const struct {
    const char *name, *text;
    GQuark (*domain) (void);
    int code;
    const char *says;
  } rows[] = {
    { "org.example.Sandbox.Error.Exited", "it has", sbx_error_quark, SBX_ERROR_EXITED, "it has" },
    { "org.example.Sandbox.Error.BadNamespace", "no", sbx_error_quark, SBX_ERROR_BAD_NAMESPACE, "no" },
    { "org.example.Sandbox.Error.NewOne", "no", sbx_bus_error_quark, SBX_BUS_ERROR_OTHER, "no" },
    { "org.freedesktop.DBus.Error.NoReply", "no", sbx_bus_error_quark, SBX_BUS_ERROR_NO_REPLY, "no" },
    { "org.freedesktop.DBus.Error.UnknownMethod", "no", sbx_bus_error_quark, SBX_BUS_ERROR_UNKNOWN_METHOD, "no" },
    { "org.example.Other", "", sbx_bus_error_quark, SBX_BUS_ERROR_OTHER, "org.example.Other" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GDBusMessage) call = g_dbus_message_new_method_call (NULL, "/b", "org.example.C", "D"), reply = NULL;
    g_autoptr (GError) error = NULL, problem = NULL;
    g_autoptr (SbxBusMessage) message = NULL;
    g_autofree guchar *bytes = NULL;
    gsize size;

    g_dbus_message_set_serial (call, 9);
    reply = g_dbus_message_new_method_error_literal (call, rows[i].name, rows[i].text);
    g_dbus_message_set_serial (reply, 10);
    bytes = g_dbus_message_to_blob (reply, &size, FLAGS, &error);
    g_assert_no_error (error);
    message = sbx_bus_message_read (bytes, size, &error);
    g_assert_no_error (error);
    g_assert_true (sbx_bus_message_get_failure (message, &problem));
    g_assert_error (problem, rows[i].domain (), rows[i].code);
    g_assert_cmpstr (problem->message, ==, rows[i].says);
  }
}

/* GDBus says the same of every text of these letters up to six of them. */
static void
test_names (void)
{
  static const char letters[] = ":.a-1 ";
  char text[7] = "";

  g_assert_true (sbx_is_bus_name ("org.example.A") && sbx_is_bus_name (":1.7") && !sbx_is_bus_name ("org"));
  for (guint32 i = 0; i < 7 * 7 * 7 * 7 * 7 * 7; i++) {
    gsize n = 0;

    for (guint32 rest = i; rest > 0; rest /= 7)
      if (rest % 7 > 0)
        text[n++] = letters[rest % 7 - 1];
    text[n] = '\0';
    /* GDBus takes ":.a" and the like for names that a bus gives, which have no empty elements either */
    if (text[0] == ':' ? sbx_is_bus_name (text) && !g_dbus_is_name (text)
                       : sbx_is_bus_name (text) != g_dbus_is_name (text))
      g_error ("\"%s\"", text);
    g_assert_cmpint (sbx_is_unique_bus_name (text), ==, text[0] == ':' && sbx_is_bus_name (text));
  }
  for (gsize n = 250; n < 260; n++) {
    g_autofree char *a = g_strnfill (n - 2, 'a'), *name = g_strconcat ("b.", a, NULL);

    g_assert_cmpint (sbx_is_bus_name (name), ==, n <= 255);
    g_assert_cmpint (sbx_is_bus_name (name), ==, g_dbus_is_name (name));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/bus-message/written", test_written);
  g_test_add_func ("/cli/bus-message/read", test_read);
  g_test_add_func ("/cli/bus-message/cut-off", test_cut_off);
  g_test_add_func ("/cli/bus-message/malformed", test_malformed);
  g_test_add_func ("/cli/bus-message/depth", test_depth);
  g_test_add_func ("/cli/bus-message/bytes", test_bytes);
  g_test_add_func ("/cli/bus-message/failures", test_failures);
  g_test_add_func ("/cli/bus-name", test_names);
  return g_test_run ();
}
