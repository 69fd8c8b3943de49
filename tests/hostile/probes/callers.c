/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Callers of the service who may do less than they ask for: an application through its filtered bus, and a program
 * outside that polkit lets launch and nothing else. "profile": what they may start; "instance": the object of somebody
 * else's instance. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dbus.h"
#include "hostile.h"

#define SERVICE "org.example.Sandbox"
#define MANAGER "/org/example/Sandbox"
#define INSTANCE SERVICE ".Instance"

static Bus bus;

static Finding
calls (const char *path, const char *interface, const char *member, const char *signature, const Wire *body)
{
  bus_open (&bus, NULL, 1);
  if (bus_call (&bus, &(Call){ .destination = SERVICE,
                               .path = path,
                               .interface = interface,
                               .member = member,
                               .signature = signature,
                               .body = body })
      == 0)
    return breach ("there was a reply");
  return *bus.error ? refused_because ("%s", bus.error) : refused (errno);
}

static void
no_options (Wire *body)
{
  wire_array_end (body, wire_array (body, 8), 8);
}

/* profile, argv, and options: the policy "group" with @key=@value, or none if @key is NULL. */
static void
launch_words (Wire *body, const char *profile, const char *const *argv, const char *group, const char *key,
              const char *value)
{
  wire_string (body, profile);
  wire_byte_strings (body, argv);
  if (!key) {
    no_options (body);
    return;
  }
  size_t options = wire_array (body, 8);
  wire_string (body, "policy");
  wire_signature (body, "a{sv}");
  size_t groups = wire_array (body, 8);
  wire_string (body, group);
  wire_signature (body, "a{ss}");
  size_t keys = wire_array (body, 8);
  wire_string (body, key);
  wire_string (body, value);
  wire_array_end (body, keys, 8);
  wire_array_end (body, groups, 8);
  wire_array_end (body, options, 8);
}

static const char *const nothing[] = { "true", NULL };

static Finding
launches (const Given *all, const char *group, const char *key, const char *value)
{
  Wire body = { .size = 0 };

  launch_words (&body, given (all, "profile"), nothing, group, key, value);
  return calls (MANAGER, SERVICE, "Launch", "saaya{sv}", &body);
}

static Finding
try_launch (const Given *all)
{
  return launches (all, NULL, NULL, NULL);
}

static Finding
try_files (const Given *all)
{
  return launches (all, "Context", "filesystems", "home;");
}

static Finding
try_one_file (const Given *all)
{
  return launches (all, "Context", "filesystems", "/srv:ro;");
}

static Finding
try_network (const Given *all)
{
  return launches (all, "Context", "shared", "network;");
}

static Finding
try_ipc (const Given *all)
{
  return launches (all, "Context", "shared", "ipc;");
}

static Finding
try_devices (const Given *all)
{
  return launches (all, "Context", "devices", "all;");
}

static Finding
try_userns (const Given *all)
{
  return launches (all, "Context", "features", "userns;");
}

static Finding
try_display (const Given *all)
{
  return launches (all, "Context", "sockets", "x11;");
}

static Finding
try_session_bus (const Given *all)
{
  return launches (all, "Context", "sockets", "session-bus;");
}

static Finding
try_name (const Given *all)
{
  return launches (all, "Session Bus Policy", "org.freedesktop.systemd1", "talk");
}

static Finding
try_filter (const Given *all)
{
  return launches (all, "Seccomp", "tier", "debugger");
}

static Finding
try_call_allowed (const Given *all)
{
  return launches (all, "Seccomp", "allow", "bpf;");
}

static Finding
try_procfs (const Given *all)
{
  return launches (all, "Procfs", "hidepid", "off");
}

/* A profile that may more than the caller, by its name. "other-profile" */
static Finding
try_other_profile (const Given *all)
{
  Wire body = { .size = 0 };

  launch_words (&body, given (all, "other-profile"), nothing, NULL, NULL, NULL);
  return calls (MANAGER, SERVICE, "Launch", "saaya{sv}", &body);
}

/* Launch with one option that is a string. */
static Finding
launches_with (const Given *all, const char *profile, const char *option, const char *value)
{
  Wire body = { .size = 0 };

  wire_string (&body, profile);
  wire_byte_strings (&body, nothing);
  size_t options = wire_array (&body, 8);
  wire_string (&body, option);
  wire_signature (&body, "s");
  wire_string (&body, value);
  wire_array_end (&body, options, 8);
  return calls (MANAGER, SERVICE, "Launch", "saaya{sv}", &body);
}

/* The home that another application keeps belongs to its id, and an id is what the caller says. "kept-profile" */
static Finding
try_id_of_another (const Given *all)
{
  return launches_with (all, given (all, "kept-profile"), "app-id", "org.example.Other");
}

static Finding
try_handler (const Given *all)
{
  return launches_with (all, given (all, "profile"), "on-crash", "debugger");
}

static Finding
try_exec (const Given *all)
{
  Wire body = { .size = 0 };

  wire_byte_strings (&body, nothing);
  no_options (&body);
  return calls (given (all, "instance"), INSTANCE, "Exec", "aaya{sv}", &body);
}

static Finding
try_attach (const Given *all)
{
  Wire body = { .size = 0 };

  launch_words (&body, "tracer", nothing, NULL, NULL, NULL);
  return calls (given (all, "instance"), INSTANCE, "Attach", "saaya{sv}", &body);
}

/* A signal that does nothing. */
static Finding
try_signal (const Given *all)
{
  Wire body = { .size = 0 };

  wire_u32 (&body, 28 /* SIGWINCH */);
  return calls (given (all, "instance"), INSTANCE, "Signal", "i", &body);
}

static Finding
try_stop (const Given *all)
{
  Wire body = { .size = 0 };

  wire_u32 (&body, 0);
  return calls (given (all, "instance"), INSTANCE, "Stop", "u", &body);
}

static Finding
reads_property (const Given *all, const char *name)
{
  Wire body = { .size = 0 };

  wire_string (&body, INSTANCE);
  wire_string (&body, name);
  return calls (given (all, "instance"), "org.freedesktop.DBus.Properties", "Get", "ss", &body);
}

static Finding
try_command (const Given *all)
{
  return reads_property (all, "Command");
}

static Finding
try_policy (const Given *all)
{
  return reads_property (all, "Policy");
}

static Finding
try_id (const Given *all)
{
  return reads_property (all, "AppId");
}

/* All objects that there are. A path has its length before it, a word of our own command line has not. */
static Finding
try_objects (const Given *all)
{
  Wire path = { .size = 0 };
  Finding finding = calls (MANAGER, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL, NULL);

  wire_string (&path, given (all, "instance"));
  return finding.breach && !memmem (bus.message, bus.size, path.bytes, path.size)
             ? refused_because ("the instance is not among the objects")
             : finding;
}

static Finding
try_profiles (const Given *all)
{
  return calls (MANAGER, SERVICE, "ListProfiles", NULL, NULL);
}

static Finding
try_profile (const Given *all)
{
  Wire body = { .size = 0 };

  wire_string (&body, given (all, "other-profile"));
  return calls (MANAGER, SERVICE, "GetProfile", "s", &body);
}

static Finding
try_explain (const Given *all)
{
  Wire body = { .size = 0 };

  launch_words (&body, given (all, "other-profile"), nothing, NULL, NULL, NULL);
  return calls (MANAGER, SERVICE, "Explain", "saaya{sv}", &body);
}

/* The socket of somebody else's keeper, "keeper". */
static Finding
try_keeper (const Given *all)
{
  if (connect_unix (given (all, "keeper")) >= 0 || errno == EPROTOTYPE)
    return breach ("somebody listens there");
  return refused (errno);
}

const Probe caller_probes[] = {
  { "launch", try_launch },
  { "files", try_files },
  { "one-file", try_one_file },
  { "network", try_network },
  { "ipc", try_ipc },
  { "devices", try_devices },
  { "userns", try_userns },
  { "display", try_display },
  { "session-bus", try_session_bus },
  { "name", try_name },
  { "filter", try_filter },
  { "allowed-call", try_call_allowed },
  { "procfs", try_procfs },
  { "other-profile", try_other_profile },
  { "id-of-another", try_id_of_another },
  { "handler", try_handler },
  { "exec", try_exec },
  { "attach", try_attach },
  { "signal", try_signal },
  { "command", try_command },
  { "policy", try_policy },
  { "id", try_id },
  { "objects", try_objects },
  { "profiles", try_profiles },
  { "profile", try_profile },
  { "explain", try_explain },
  { "keeper", try_keeper },
  { "stop", try_stop },
  { 0 },
};
