/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names on the session bus that the policy does not name. "secret": such a name, "unique": the number of its owner's
 * connection, "allowed": one that the policy names, "activatable": one that the bus would start a program for. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dbus.h"
#include "hostile.h"

static Bus bus;

/* Whether there was an answer that is no error. */
static Finding
answered (int result)
{
  if (result == 0)
    return breach ("there was a reply");
  return *bus.error ? refused_because ("%s", bus.error) : refused (errno);
}

static Finding
ping (const char *destination, const char *second)
{
  bus_open (&bus, NULL, 1);
  return answered (bus_call (&bus, &(Call){ .destination = destination,
                                            .path = "/",
                                            .interface = "org.freedesktop.DBus.Peer",
                                            .member = "Ping",
                                            .second_destination = second }));
}

static Finding
try_call (const Given *all)
{
  return ping (given (all, "secret"), NULL);
}

static Finding
try_call_unique (const Given *all)
{
  return ping (given (all, "unique"), NULL);
}

/* What a filter reads first and what the bus reads last need not be the same. The bus daemon itself takes no message
 * with two destinations, so the control is one that is addressed to the secret name twice over two calls. */
static Finding
try_two_destinations (const Given *all)
{
  Finding first = ping (given (all, "allowed"), given (all, "secret"));

  if (first.breach)
    return first;
  first = ping (given (all, "secret"), given (all, "allowed"));
  return first.breach ? first : ping (given (all, "secret"), NULL);
}

static Finding
asks (const char *member, const char *one, const char *other)
{
  bus_open (&bus, NULL, 1);
  return answered (bus_ask (&bus, member, one, other));
}

/* A method of the bus with a string and a number. */
static Finding
asks_with_number (const char *member, const char *text)
{
  Wire body = { .size = 0 };

  bus_open (&bus, NULL, 1);
  wire_string (&body, text);
  wire_u32 (&body, 0);
  return answered (bus_call (&bus, &(Call){ .destination = "org.freedesktop.DBus",
                                            .path = "/org/freedesktop/DBus",
                                            .interface = "org.freedesktop.DBus",
                                            .member = member,
                                            .signature = "su",
                                            .body = &body }));
}

static Finding
try_own (const Given *all)
{
  return asks_with_number ("RequestName", "org.example.HostileOwned");
}

static Finding
try_activate (const Given *all)
{
  Finding finding = asks_with_number ("StartServiceByName", given (all, "activatable"));

  return strstr (bus.error, ".Spawn.") ? breach ("it was started, %s", bus.error) : finding;
}

static Finding
try_list (const Given *all)
{
  const char *name = given (all, "secret");
  Finding finding = asks ("ListNames", NULL, NULL);

  return finding.breach && !memmem (bus.message, bus.size, name, strlen (name))
             ? refused_because ("the name is not in the list")
             : finding;
}

static Finding
try_list_unique (const Given *all)
{
  const char *name = given (all, "unique");
  Finding finding = asks ("ListNames", NULL, NULL);

  return finding.breach && !memmem (bus.message, bus.size, name, strlen (name) + 1)
             ? refused_because ("the connection is not in the list")
             : finding;
}

static Finding
try_owner (const Given *all)
{
  return asks ("GetNameOwner", given (all, "secret"), NULL);
}

static Finding
try_pid (const Given *all)
{
  return asks ("GetConnectionUnixProcessID", given (all, "secret"), NULL);
}

static Finding
try_credentials (const Given *all)
{
  return asks ("GetConnectionCredentials", given (all, "unique"), NULL);
}

static Finding
try_eavesdrop (const Given *all)
{
  return asks ("AddMatch", "eavesdrop=true", NULL);
}

static Finding
try_monitor (const Given *all)
{
  Wire body = { .size = 0 };

  bus_open (&bus, NULL, 1);
  wire_array_end (&body, wire_array (&body, 4), 4);
  wire_u32 (&body, 0);
  return answered (bus_call (&bus, &(Call){ .destination = "org.freedesktop.DBus",
                                            .path = "/org/freedesktop/DBus",
                                            .interface = "org.freedesktop.DBus.Monitoring",
                                            .member = "BecomeMonitor",
                                            .signature = "asu",
                                            .body = &body }));
}

/* The environment of whatever the bus starts from now on. */
static Finding
try_environment (const Given *all)
{
  Wire body = { .size = 0 };
  size_t began = wire_array (&body, 8);

  wire_string (&body, "HOSTILE");
  wire_string (&body, "1");
  wire_array_end (&body, began, 8);
  bus_open (&bus, NULL, 1);
  return answered (bus_call (&bus, &(Call){ .destination = "org.freedesktop.DBus",
                                            .path = "/org/freedesktop/DBus",
                                            .interface = "org.freedesktop.DBus",
                                            .member = "UpdateActivationEnvironment",
                                            .signature = "a{ss}",
                                            .body = &body }));
}

/* The socket that the user's own programs use, "socket", and what lies behind that name inside. */
static Finding
try_unfiltered (const Given *all)
{
  char address[256];

  snprintf (address, sizeof address, "unix:path=%s", given (all, "socket"));
  return bus_open (&bus, address, 0) < 0 ? answered (-1)
                                         : answered (bus_ask (&bus, "GetNameOwner", given (all, "secret"), NULL));
}

static Finding
try_any (const Given *all)
{
  return judge (bus_open (&bus, NULL, 0));
}

/* The filter's own socket and what else lies with it. */
static Finding
try_plumbing (const Given *all)
{
  return judge (access (given (all, "plumbing"), F_OK));
}

const Probe bus_probes[] = {
  { "call", try_call },
  { "call-unique", try_call_unique },
  { "two-destinations", try_two_destinations },
  { "own", try_own },
  { "activate", try_activate },
  { "list", try_list },
  { "list-unique", try_list_unique },
  { "owner", try_owner },
  { "pid", try_pid },
  { "credentials", try_credentials },
  { "eavesdrop", try_eavesdrop },
  { "monitor", try_monitor },
  { "environment", try_environment },
  { "unfiltered", try_unfiltered },
  { "any", try_any },
  { "plumbing", try_plumbing },
  { 0 },
};
