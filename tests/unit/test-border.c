/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which frames leave a sandbox's own network. */
#include <arpa/inet.h>
#include <glib.h>
#include <string.h>

#include "keeper/border.h"

#define TCP 6
#define UDP 17

typedef struct {
  guint8 bytes[200];
  gsize n;
} Frame;

static void
put16 (guint8 *at, guint value)
{
  at[0] = (guint8) (value >> 8);
  at[1] = (guint8) value;
}

/* A packet to @to, in order from its first byte to its last. */
static Frame
frame_to (const char *to, guint8 protocol, guint port)
{
  gboolean is_ipv6 = strchr (to, ':') != NULL;
  gsize header = is_ipv6 ? 40 : 20, payload = 20;
  Frame frame = { .n = 14 + header + payload };
  guint8 *ip = frame.bytes + 14;

  memcpy (frame.bytes, "\x52\x55\x0a\x00\x02\x02\x02\x00\x00\x00\x00\x01", 12);
  put16 (frame.bytes + 12, is_ipv6 ? 0x86dd : 0x0800);
  if (is_ipv6) {
    ip[0] = 0x60;
    put16 (ip + 4, (guint) payload);
    ip[6] = protocol;
    ip[7] = 64;
    g_assert_cmpint (inet_pton (AF_INET6, "fd00::100", ip + 8), ==, 1);
    g_assert_cmpint (inet_pton (AF_INET6, to, ip + 24), ==, 1);
  } else {
    ip[0] = 0x45;
    put16 (ip + 2, (guint) (header + payload));
    ip[8] = 64;
    ip[9] = protocol;
    g_assert_cmpint (inet_pton (AF_INET, "10.0.2.100", ip + 12), ==, 1);
    g_assert_cmpint (inet_pton (AF_INET, to, ip + 16), ==, 1);
  }
  put16 (ip + header + 2, port);
  return frame;
}

/* With the rows of a private network of which nothing is said. */
static SbxBorder
usual_border (void)
{
  SbxBorder border = {
    .host = { .n = 2 },
    .n = 2,
    .rows = { { .place = SBX_PLACE_INTERNET, .last = SBX_PORT_MAX }, { .place = SBX_PLACE_DNS, .last = SBX_PORT_MAX } },
  };

  inet_pton (AF_INET, "203.0.113.77", border.host.rows[0].bytes);
  inet_pton (AF_INET6, "2001:db8:77::77", border.host.rows[1].bytes);
  border.host.rows[1].is_ipv6 = true;
  return border;
}

static SbxVerdict
check (const Frame *frame)
{
  const SbxBorder border = usual_border ();

  return sbx_border_check (&border, frame->bytes, frame->n);
}

/* Each range by its first and last address, and the neighbours on both sides, which are the Internet. */
static void
test_ranges (void)
{
  static const struct {
    const char *address;
    SbxVerdict verdict;
  } rows[] = {
    { "0.0.0.0", SBX_BORDER_REFUSE },
    { "0.255.255.255", SBX_BORDER_REFUSE },
    { "1.0.0.0", SBX_BORDER_PASS },
    { "9.255.255.255", SBX_BORDER_PASS },
    { "10.0.0.0", SBX_BORDER_REFUSE },
    { "10.0.2.2", SBX_BORDER_REFUSE },
    { "10.255.255.255", SBX_BORDER_REFUSE },
    { "11.0.0.0", SBX_BORDER_PASS },
    { "100.63.255.255", SBX_BORDER_PASS },
    { "100.64.0.0", SBX_BORDER_REFUSE },
    { "100.127.255.255", SBX_BORDER_REFUSE },
    { "100.128.0.0", SBX_BORDER_PASS },
    { "126.255.255.255", SBX_BORDER_PASS },
    { "127.0.0.0", SBX_BORDER_REFUSE },
    { "127.255.255.255", SBX_BORDER_REFUSE },
    { "128.0.0.0", SBX_BORDER_PASS },
    { "168.63.129.15", SBX_BORDER_PASS },
    { "168.63.129.16", SBX_BORDER_REFUSE },
    { "168.63.129.17", SBX_BORDER_PASS },
    { "169.253.255.255", SBX_BORDER_PASS },
    { "169.254.169.254", SBX_BORDER_REFUSE },
    { "169.255.0.0", SBX_BORDER_PASS },
    { "172.15.255.255", SBX_BORDER_PASS },
    { "172.16.0.0", SBX_BORDER_REFUSE },
    { "172.31.255.255", SBX_BORDER_REFUSE },
    { "172.32.0.0", SBX_BORDER_PASS },
    { "192.0.0.192", SBX_BORDER_REFUSE },
    { "192.0.1.0", SBX_BORDER_PASS },
    { "192.167.255.255", SBX_BORDER_PASS },
    { "192.168.0.0", SBX_BORDER_REFUSE },
    { "192.168.255.255", SBX_BORDER_REFUSE },
    { "192.169.0.0", SBX_BORDER_PASS },
    { "203.0.113.77", SBX_BORDER_REFUSE }, /* the host's */
    { "203.0.113.78", SBX_BORDER_PASS },
    { "223.255.255.255", SBX_BORDER_PASS },
    { "224.0.0.251", SBX_BORDER_DROP }, /* mDNS */
    { "239.255.255.250", SBX_BORDER_DROP },
    { "240.0.0.1", SBX_BORDER_DROP },
    { "255.255.255.255", SBX_BORDER_DROP },
    { "::", SBX_BORDER_REFUSE },
    { "::1", SBX_BORDER_REFUSE },
    { "::ffff:127.0.0.1", SBX_BORDER_REFUSE },
    { "::ffff:198.51.100.1", SBX_BORDER_REFUSE },
    { "64:ff9b::7f00:1", SBX_BORDER_REFUSE }, /* NAT64 */
    { "1fff:ffff::1", SBX_BORDER_REFUSE },
    { "2000::1", SBX_BORDER_PASS },
    { "2001::1", SBX_BORDER_REFUSE }, /* Teredo */
    { "2001:1::1", SBX_BORDER_PASS },
    { "2001:db8:77::77", SBX_BORDER_REFUSE }, /* the host's */
    { "2001:db8:77::78", SBX_BORDER_PASS },
    { "2002:c0a8:101::1", SBX_BORDER_REFUSE }, /* 6to4 of 192.168.1.1 */
    { "2003::1", SBX_BORDER_PASS },
    { "3fff:ffff::1", SBX_BORDER_PASS },
    { "4000::1", SBX_BORDER_REFUSE },
    { "fc00::1", SBX_BORDER_REFUSE },
    { "fd00::2", SBX_BORDER_REFUSE },
    { "fd00:ec2::254", SBX_BORDER_REFUSE },
    { "fe80::1", SBX_BORDER_REFUSE },
    { "fec0::1", SBX_BORDER_REFUSE },
    { "ff02::fb", SBX_BORDER_DROP },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    for (guint udp = 0; udp < 2; udp++) {
      Frame frame = frame_to (rows[i].address, udp ? UDP : TCP, 443);

      if (check (&frame) != rows[i].verdict)
        g_error ("%s by %s: %d", rows[i].address, udp ? "UDP" : "TCP", check (&frame));
    }
}

/* The resolver answers questions, and lends nobody its other ports. */
static void
test_resolver (void)
{
  static const char *const addresses[] = { "10.0.2.3", "fd00::3" };

  for (gsize i = 0; i < G_N_ELEMENTS (addresses); i++)
    for (guint udp = 0; udp < 2; udp++) {
      Frame dns = frame_to (addresses[i], udp ? UDP : TCP, 53), other = frame_to (addresses[i], udp ? UDP : TCP, 22);
      SbxBorder unknown = usual_border ();
      Frame internet = frame_to ("198.51.100.1", TCP, 443);

      unknown.host.unknown = true;
      g_assert_cmpint (check (&dns), ==, SBX_BORDER_PASS);
      g_assert_cmpint (check (&other), ==, SBX_BORDER_REFUSE);
      g_assert_cmpint (sbx_border_check (&unknown, dns.bytes, dns.n), ==, SBX_BORDER_PASS);
      g_assert_cmpint (sbx_border_check (&unknown, internet.bytes, internet.n), ==, SBX_BORDER_REFUSE);
    }
}

/* What no ordinary program sends, and what could be read in two ways. */
static void
test_odd (void)
{
  static const struct {
    const char *what, *to;
    gsize at;
    guint8 value;
  } rows[] = {
    { "version", "198.51.100.1", 14, 0x65 },
    { "options", "198.51.100.1", 14, 0x46 },
    { "longer than it is", "198.51.100.1", 17, 41 },
    { "shorter than its header", "198.51.100.1", 17, 19 },
    { "more fragments", "198.51.100.1", 20, 0x20 },
    { "a later fragment", "198.51.100.1", 21, 1 },
    { "a foreign sender", "198.51.100.1", 29, 101 },
    { "SCTP", "198.51.100.1", 23, 132 },
    { "IPv6 in IPv4", "198.51.100.1", 23, 41 },
    { "a redirect", "198.51.100.1", 23, 1 },
    { "version", "2001:db8::1", 14, 0x45 },
    { "longer than it is", "2001:db8::1", 19, 21 },
    { "hop-by-hop options", "2001:db8::1", 20, 0 },
    { "routing header", "2001:db8::1", 20, 43 },
    { "fragment header", "2001:db8::1", 20, 44 },
    { "destination options", "2001:db8::1", 20, 60 },
    { "VLAN", "198.51.100.1", 12, 0x81 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    Frame frame = frame_to (rows[i].to, TCP, 443);

    g_assert_cmpint (check (&frame), ==, SBX_BORDER_PASS);
    frame.bytes[rows[i].at] = rows[i].value;
    if (check (&frame) != SBX_BORDER_DROP)
      g_error ("%s to %s: %d", rows[i].what, rows[i].to, check (&frame));
  }
}

/* A packet that is cut anywhere does not pass, and nothing behind it is read: each is in memory of its own size. */
static void
test_cut (void)
{
  static const char *const addresses[] = { "198.51.100.1", "2001:db8::1" };

  for (gsize i = 0; i < G_N_ELEMENTS (addresses); i++) {
    Frame whole = frame_to (addresses[i], TCP, 443);

    for (gsize n = 0; n < whole.n; n++) {
      g_autofree guint8 *bytes = g_memdup2 (whole.bytes, n);
      const SbxBorder border = usual_border ();

      g_assert_cmpint (sbx_border_check (&border, bytes, n), ==, SBX_BORDER_DROP);
      g_assert_cmpint (sbx_border_check_inwards (&border, bytes, n), ==, SBX_BORDER_DROP);
    }
  }
}

static void
test_echo (void)
{
  static const struct {
    const char *to;
    guint8 protocol, type;
    SbxVerdict verdict;
  } rows[] = {
    { "198.51.100.1", 1, 8, SBX_BORDER_PASS },         { "198.51.100.1", 1, 0, SBX_BORDER_DROP },
    { "192.168.1.1", 1, 8, SBX_BORDER_REFUSE },        { "10.0.2.3", 1, 8, SBX_BORDER_REFUSE },
    { "2001:db8::1", 58, 128, SBX_BORDER_PASS },       { "2001:db8::1", 58, 134, SBX_BORDER_DROP },
    { "fe80::1", 58, 128, SBX_BORDER_REFUSE },         { "2001:db8::1", 58, 135, SBX_BORDER_DROP },
    { "2001:db8:77::77", 58, 128, SBX_BORDER_REFUSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    Frame frame = frame_to (rows[i].to, rows[i].protocol, 0);

    frame.bytes[14 + (rows[i].protocol == 1 ? 20 : 40)] = rows[i].type;
    g_assert_cmpint (check (&frame), ==, rows[i].verdict);
  }
}

static void
test_neighbours (void)
{
  Frame ask = frame_to ("ff02::1:ff00:2", 58, 0), arp = { { 0 }, 42 };

  ask.bytes[14 + 40] = 135;
  g_assert_cmpint (check (&ask), ==, SBX_BORDER_DROP);
  ask.bytes[14 + 7] = 255; /* it has come over no router */
  g_assert_cmpint (check (&ask), ==, SBX_BORDER_PASS);
  put16 (arp.bytes + 12, 0x0806);
  g_assert_cmpint (check (&arp), ==, SBX_BORDER_PASS);
}

static guint16
sum_up (const guint8 *bytes, gsize n, guint32 sum)
{
  for (gsize i = 0; i < n; i += 2)
    sum += (guint32) (bytes[i] << 8 | bytes[i + 1]);
  while (sum >> 16)
    sum = (sum & 0xffff) + (sum >> 16);
  return (guint16) sum;
}

/* The answer is about that packet, goes to who has sent it, and adds up. */
static void
test_refusal (void)
{
  static const char *const addresses[] = { "192.168.1.1", "fe80::1" };

  for (gsize i = 0; i < G_N_ELEMENTS (addresses); i++) {
    gboolean is_ipv6 = i == 1;
    Frame frame = frame_to (addresses[i], TCP, 443);
    guint8 answer[SBX_REFUSAL_MAX];
    gsize n = sbx_border_refusal (frame.bytes, frame.n, answer), header = is_ipv6 ? 40 : 20;
    const guint8 *ip = answer + 14, *icmp = ip + header;

    g_assert_cmpuint (n, ==, 14 + header + 8 + header + 8);
    g_assert_cmpmem (answer, 6, frame.bytes + 6, 6);
    g_assert_cmpmem (icmp + 8, header + 8, frame.bytes + 14, header + 8);
    if (is_ipv6) {
      g_assert_cmpmem (ip + 24, 16, frame.bytes + 14 + 8, 16);
      g_assert_cmpuint (sum_up (icmp, n - 54, sum_up (ip + 8, 32, (guint32) (n - 54) + 58)), ==, 0xffff);
      g_assert_true (icmp[0] == 1 && icmp[1] == 1);
    } else {
      g_assert_cmpmem (ip + 16, 4, frame.bytes + 14 + 12, 4);
      g_assert_cmpuint (sum_up (ip, 20, 0), ==, 0xffff);
      g_assert_cmpuint (sum_up (icmp, n - 34, 0), ==, 0xffff);
      g_assert_true (icmp[0] == 3 && icmp[1] == 13);
    }
  }
}

/* With one row for each destination, as policies write them for the border. */
static SbxBorder
border_of (const SbxDestination *rows, guint n)
{
  SbxBorder border = usual_border ();

  border.n = n;
  memcpy (border.rows, rows, n * sizeof *rows);
  return border;
}

static SbxDestination
network (const char *address, guint8 bits)
{
  SbxDestination row = { .place = SBX_PLACE_NETWORK, .bits = bits, .last = SBX_PORT_MAX };

  row.is_ipv6 = strchr (address, ':') != NULL;
  g_assert_cmpint (inet_pton (row.is_ipv6 ? AF_INET6 : AF_INET, address, row.bytes), ==, 1);
  return row;
}

static void
expect (const SbxBorder *border, const char *to, guint8 protocol, guint port, SbxVerdict verdict)
{
  Frame frame = frame_to (to, protocol, port);
  SbxVerdict found;

  if (protocol == 1 || protocol == 58)
    frame.bytes[14 + (protocol == 1 ? 20 : 40)] = protocol == 1 ? 8 : 128;
  found = sbx_border_check (border, frame.bytes, frame.n);
  if (found != verdict)
    g_error ("%s, port %u of protocol %u: %d instead of %d", to, port, protocol, found, verdict);
}

#define PASS SBX_BORDER_PASS
#define REFUSE SBX_BORDER_REFUSE

static void
test_rows (void)
{
  SbxDestination rows[] = { network ("10.1.0.0", 16), network ("fd77::", 16), network ("198.51.100.7", 32) };
  SbxBorder border;

  rows[0].first = 80, rows[0].last = 90, rows[0].protocol = TCP;
  rows[1].protocol = SBX_PROTOCOL_ICMP;
  border = border_of (rows, G_N_ELEMENTS (rows));
  expect (&border, "10.1.2.3", TCP, 80, PASS);
  expect (&border, "10.1.2.3", TCP, 90, PASS);
  expect (&border, "10.1.2.3", TCP, 79, REFUSE);
  expect (&border, "10.1.2.3", TCP, 91, REFUSE);
  expect (&border, "10.1.2.3", UDP, 80, REFUSE);
  expect (&border, "10.1.2.3", 1, 0, REFUSE);
  expect (&border, "10.2.0.1", TCP, 80, REFUSE);
  expect (&border, "fd77::1", 58, 0, PASS);
  expect (&border, "fd77::1", TCP, 80, REFUSE);
  expect (&border, "fd78::1", 58, 0, REFUSE);
  expect (&border, "198.51.100.7", UDP, 5, PASS);
  expect (&border, "198.51.100.7", 1, 0, PASS);
  expect (&border, "198.51.100.8", TCP, 80, REFUSE);
  expect (&border, "10.0.2.3", UDP, 53, REFUSE); /* dns is not named */
}

static void
test_denied_wins (void)
{
  SbxDestination rows[] = { { .place = SBX_PLACE_INTERNET, .last = SBX_PORT_MAX }, network ("198.51.100.0", 24) };
  SbxBorder border;

  rows[1].denies = 1;
  border = border_of (rows, 2);
  expect (&border, "198.51.101.1", TCP, 80, PASS);
  expect (&border, "198.51.100.1", TCP, 80, REFUSE);
  rows[1].first = rows[1].last = 25;
  border = border_of (rows, 2);
  expect (&border, "198.51.100.1", TCP, 80, PASS);
  expect (&border, "198.51.100.1", TCP, 25, REFUSE);
}

/* This machine is reached by its own word alone, whatever network its addresses are in; what is denied counts for
 * those as well. */
static void
test_host (void)
{
  SbxDestination rows[] = { { .place = SBX_PLACE_HOST, .first = 5432, .last = 5432 }, network ("203.0.113.0", 24) };
  SbxBorder border = border_of (rows, 2);

  expect (&border, "10.0.2.2", TCP, 5432, PASS);
  expect (&border, "fd00::2", TCP, 5432, PASS);
  expect (&border, "203.0.113.77", TCP, 5432, PASS);
  expect (&border, "203.0.113.77", TCP, 80, REFUSE);
  expect (&border, "203.0.113.78", TCP, 80, PASS);
  expect (&border, "10.0.2.2", TCP, 5433, REFUSE);
  expect (&border, "10.0.2.2", 1, 0, REFUSE);
  expect (&border, "10.0.2.4", TCP, 5432, REFUSE); /* the stack would lead it to the loopback as well */
  expect (&border, "127.0.0.1", TCP, 5432, REFUSE);
  rows[1].denies = 1;
  border = border_of (rows, 2);
  expect (&border, "203.0.113.77", TCP, 5432, REFUSE);
  expect (&border, "10.0.2.2", TCP, 5432, PASS);
}

/* A frame to @to as the answer to it. */
static Frame
turned (const Frame *frame)
{
  const gboolean is_ipv6 = frame->bytes[12] == 0x86;
  const gsize size = is_ipv6 ? 16 : 4, from = 14 + (is_ipv6 ? 8 : 12), header = 14 + (is_ipv6 ? 40 : 20);
  Frame back = *frame;

  memcpy (back.bytes + from, frame->bytes + from + size, size);
  memcpy (back.bytes + from + size, frame->bytes + from, size);
  memcpy (back.bytes + header, frame->bytes + header + 2, 2);
  memcpy (back.bytes + header + 2, frame->bytes + header, 2);
  return back;
}

/* What comes back is looked at as what goes out. */
static void
test_inwards (void)
{
  static const struct {
    const char *from;
    guint8 flags;
    SbxVerdict verdict;
  } rows[] = {
    { "198.51.100.1", 16, PASS }, { "192.168.1.1", 16, REFUSE },         { "192.168.1.1", 2, SBX_BORDER_DROP },
    { "fd77::1", 16, REFUSE },    { "192.168.1.1", 4, SBX_BORDER_DROP }, { "203.0.113.77", 16, REFUSE },
    { "2001:db8::1", 16, PASS },
  };
  const SbxBorder border = usual_border ();

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    Frame frame = frame_to (rows[i].from, TCP, 443);
    Frame back = turned (&frame);

    back.bytes[14 + (strchr (rows[i].from, ':') ? 40 : 20) + 13] = rows[i].flags;
    g_assert_cmpint (sbx_border_check_inwards (&border, back.bytes, back.n), ==, rows[i].verdict);
  }
}

/* A connection that is there is told that it has ended, by the number that it waits for. */
static void
test_reset (void)
{
  static const char *const addresses[] = { "192.168.1.1", "fd77::1" };

  for (gsize i = 0; i < G_N_ELEMENTS (addresses); i++) {
    const gsize header = i == 1 ? 40 : 20;
    Frame frame = frame_to (addresses[i], TCP, 443), expected;
    guint8 answer[SBX_REFUSAL_MAX], *tcp = frame.bytes + 14 + header;
    gsize n;

    memcpy (tcp + 8, "\x01\x02\x03\x04", 4);
    tcp[13] = 16;
    g_assert_cmpint (check (&frame), ==, REFUSE);
    n = sbx_border_refusal (frame.bytes, frame.n, answer);
    expected = turned (&frame);
    g_assert_cmpuint (n, ==, 14 + header + 20);
    g_assert_cmpmem (answer + 14 + header, 4, expected.bytes + 14 + header, 4);
    g_assert_cmpmem (answer + 14 + header + 4, 4, "\x01\x02\x03\x04", 4);
    g_assert_cmpuint (answer[14 + header + 13], ==, 4);
    if (i == 0)
      g_assert_cmpuint (sum_up (answer + 34, 20, sum_up (answer + 26, 8, 20 + 6)), ==, 0xffff);
    else
      g_assert_cmpuint (sum_up (answer + 54, 20, sum_up (answer + 22, 32, 20 + 6)), ==, 0xffff);
    tcp[13] = 4;
    g_assert_cmpint (check (&frame), ==, SBX_BORDER_DROP);
  }
}

/* Whoever only reads is told as well: as if the other end had reset it, at the place where it was. */
static void
test_ending (void)
{
  static const char *const addresses[] = { "192.168.1.1", "fd77::1" };

  for (gsize i = 0; i < G_N_ELEMENTS (addresses); i++) {
    const gsize header = i == 1 ? 40 : 20;
    Frame frame = frame_to (addresses[i], TCP, 443);
    guint8 instead[SBX_REFUSAL_MAX], *tcp = frame.bytes + 14 + header;
    const guint8 *ip = instead + 14;

    memcpy (tcp + 4, "\x0a\x0b\x0c\x0d\x01\x02\x03\x04", 8);
    tcp[13] = 2; /* one that is only to be made */
    g_assert_cmpuint (sbx_border_ending (frame.bytes, frame.n, instead), ==, 0);
    tcp[13] = 16 | 8;
    g_assert_cmpuint (sbx_border_ending (frame.bytes, frame.n - 1, instead), ==, 0);
    g_assert_cmpuint (sbx_border_ending (frame.bytes, frame.n, instead), ==, 14 + header + 20);
    g_assert_cmpmem (instead, 14, frame.bytes, 14);
    g_assert_cmpmem (ip + header, 12, tcp, 12);
    g_assert_cmpuint (ip[header + 13], ==, 4 | 16);
    if (i == 0)
      g_assert_cmpuint (sum_up (ip, 20, 0), ==, 0xffff);
    g_assert_cmpuint (sum_up (ip + header, 20, sum_up (ip + (i ? 8 : 12), i ? 32 : 8, 20 + 6)), ==, 0xffff);
    frame.bytes[14 + (i ? 6 : 9)] = UDP;
    g_assert_cmpuint (sbx_border_ending (frame.bytes, frame.n, instead), ==, 0);
  }
}

/* Where it should have gone, and which word would have let it. */
static void
test_describe (void)
{
  static const struct {
    const char *to;
    guint8 protocol;
    guint port;
    guint8 place;
  } rows[] = {
    { "192.168.1.1", TCP, 443, SBX_PLACE_LAN },   { "fd77::1", UDP, 5353, SBX_PLACE_LAN },
    { "203.0.113.77", TCP, 22, SBX_PLACE_HOST },  { "2001:db8:77::77", TCP, 22, SBX_PLACE_HOST },
    { "10.0.2.2", UDP, 7, SBX_PLACE_HOST },       { "10.0.2.3", TCP, 80, SBX_PLACE_NOWHERE },
    { "127.0.0.1", TCP, 631, SBX_PLACE_NOWHERE },
  };
  const SbxBorder border = usual_border (), closed = { .n = 0 };
  Frame frame;
  SbxRefused refused;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    const int family = strchr (rows[i].to, ':') ? AF_INET6 : AF_INET;
    guint8 bytes[16] = { 0 };

    frame = frame_to (rows[i].to, rows[i].protocol, rows[i].port);
    inet_pton (family, rows[i].to, bytes);
    g_assert_true (sbx_border_describe (&border, frame.bytes, frame.n, &refused));
    g_assert_cmpmem (refused.bytes, 16, bytes, 16);
    g_assert_cmpuint (refused.port, ==, rows[i].port);
    g_assert_cmpuint (refused.protocol, ==, rows[i].protocol);
    g_assert_cmpuint (refused.is_ipv6, ==, family == AF_INET6);
    g_assert_cmpuint (refused.place, ==, rows[i].place);
  }
  frame = frame_to ("192.0.2.1", TCP, 443);
  g_assert_false (sbx_border_describe (&border, frame.bytes, frame.n, &refused));
  g_assert_true (sbx_border_describe (&closed, frame.bytes, frame.n, &refused));
  g_assert_cmpuint (refused.place, ==, SBX_PLACE_INTERNET);
  g_assert_false (sbx_border_describe (&closed, frame.bytes, 20, &refused));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/border/ranges", test_ranges);
  g_test_add_func ("/border/resolver", test_resolver);
  g_test_add_func ("/border/odd", test_odd);
  g_test_add_func ("/border/cut", test_cut);
  g_test_add_func ("/border/echo", test_echo);
  g_test_add_func ("/border/neighbours", test_neighbours);
  g_test_add_func ("/border/refusal", test_refusal);
  g_test_add_func ("/border/rows", test_rows);
  g_test_add_func ("/border/denied-wins", test_denied_wins);
  g_test_add_func ("/border/host", test_host);
  g_test_add_func ("/border/inwards", test_inwards);
  g_test_add_func ("/border/reset", test_reset);
  g_test_add_func ("/border/ending", test_ending);
  g_test_add_func ("/border/describe", test_describe);
  return g_test_run ();
}
