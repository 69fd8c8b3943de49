/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facilities that want a particular machine under them: sockets of the system's services and devices, which a bwrap
 * around sandboxctl and its service puts where they belong; a bus; system calls of another architecture. */
#include <filesystem>
#include <fstream>

#include "compositor.h"
#include "facility.h"

using namespace e2e;

/* A machine with @mounts of bwrap's over its /run and /dev, in which the service is started as well. */
class Machine : public Facility {
protected:
  Outcome
  on (const Argv &mounts, const std::string &groups, const std::string &script)
  {
    Argv all = { "bwrap", "--dev-bind", "/", "/", "--dev", "/dev", "--tmpfs", "/run", "--die-with-parent" };

    define (groups);
    Command result = command (run_words ({ "--profile=tested" }, { "sh", "-c", script }));
    all.insert (all.end (), mounts.begin (), mounts.end ());
    all.push_back ("--");
    all.insert (all.end (), result.argv.begin (), result.argv.end ());
    result.argv = all;
    return run (result);
  }
  /* What @script says with @groups, and with the rest of the vocabulary but not those. */
  void
  expect (const Argv &mounts, const std::string &groups, const std::string &others, const std::string &script,
          const std::string &with, const std::string &without)
  {
    Outcome allowed = on (mounts, groups, script), refused = on (mounts, others, script);

    EXPECT_EQ (allowed.out, with) << groups << allowed.err;
    EXPECT_EQ (refused.out, without) << others << refused.err;
  }
  /* A service that listens at @path of the machine; only @word opens it. */
  void
  expect_socket (const std::string &word, const std::string &path)
  {
    std::string place = dir () + "/service", directory = std::filesystem::path (path).parent_path (), others;
    Fd sock = listen_at (place + "/" + std::filesystem::path (path).filename ().string ());

    for (const char *other :
         { "wayland", "pulseaudio", "pipewire", "cups", "gpg-agent", "ssh-auth", "session-bus", "system-bus", "pcsc" })
      if (other != word)
        others += std::string (other) + ";";
    expect ({ "--bind", place, directory }, "[Context]\nsockets=" + word + ";\n", "[Context]\nsockets=" + others + "\n",
            connect_at (path), "connected\n", "refused\n");
  }
  /* A device at @path; only @word, and `all`, opens it. */
  void
  expect_device (const std::string &word, const std::string &path)
  {
    Argv mounts = { "--dev-bind", "/dev/zero", path };
    std::string script = "head -c 3 " + path + " 2>/dev/null | wc -c", others;

    for (const char *other : { "dri", "input", "kvm", "shm", "usb" })
      if (other != word)
        others += std::string (other) + ";";
    expect (mounts, "[Context]\ndevices=" + word + ";\n", "[Context]\ndevices=" + others + "\n", script, "3\n", "0\n");
    EXPECT_EQ (on (mounts, "[Context]\ndevices=all;\n", script).out, "3\n");
    EXPECT_EQ (on (mounts, "[Context]\ndevices=all;!" + word + ";\n", script).out, "0\n");
  }
};

TEST_F (Machine, SocketCups)
{
  expect_socket ("cups", "/run/cups/cups.sock");
}

TEST_F (Machine, SocketPcsc)
{
  expect_socket ("pcsc", "/run/pcscd/pcscd.comm");
}

TEST_F (Machine, SocketSystemBus)
{
  expect_socket ("system-bus", "/run/dbus/system_bus_socket");
}

TEST_F (Machine, DeviceDri)
{
  expect_device ("dri", "/dev/dri/renderD128");
}

TEST_F (Machine, DeviceOfAnotherGraphicsDriver)
{
  expect_device ("dri", "/dev/nvidiactl");
}

TEST_F (Machine, DeviceInput)
{
  expect_device ("input", "/dev/input/event0");
}

TEST_F (Machine, DeviceKvm)
{
  expect_device ("kvm", "/dev/kvm");
}

TEST_F (Machine, DeviceUsb)
{
  expect_device ("usb", "/dev/bus/usb/001/001");
}

/* What the words open of /sys and /run/udev is there to read, and nowhere else. */
TEST_F (Machine, WhatLibrariesReadOfDevices)
{
  std::string udev = dir () + "/udev", script = "cat /run/udev/data 2>/dev/null || echo no udev; "
                                                "test -d /sys/class && echo sys || echo no sys; "
                                                "(echo x >/run/udev/new) 2>/dev/null || echo read-only";

  std::filesystem::create_directories (udev);
  write_file (udev + "/data", "udev\n");
  expect ({ "--bind", udev, "/run/udev" }, "[Context]\ndevices=input;\n", "[Context]\ndevices=kvm;shm;\n", script,
          "udev\nsys\nread-only\n", "no udev\nno sys\nread-only\n");
  EXPECT_EQ (on ({ "--bind", udev, "/run/udev" }, "[Context]\ndevices=dri;\n", script).out,
             "no udev\nsys\nread-only\n");
  EXPECT_FALSE (std::filesystem::exists (udev + "/new"));
}

/* The whole bus, as it is outside: what the filter would hide is there. */
class WholeBus : public Facility {
protected:
  WholeBus () : Facility (Bus::SESSION)
  {
  }
};

TEST_F (WholeBus, SocketSessionBus)
{
  std::string script = "test -n \"$DBUS_SESSION_BUS_ADDRESS\" && gdbus call --session -d org.freedesktop.DBus -o / -m "
                       "org.freedesktop.DBus.RequestName org.example.Any 0 || echo no bus";

  expect_both ("[Context]\nsockets=session-bus;\n", script, "(uint32 1,)\n", "no bus\n");
  /* The others' sockets do not open it, nor does the address that the caller has */
  EXPECT_EQ (under ("[Context]\nsockets=system-bus;wayland;\npass-environment=DBUS_SESSION_BUS_ADDRESS;\n",
                    "gdbus call --session -d org.freedesktop.DBus -o / -m org.freedesktop.DBus.GetId 2>/dev/null || "
                    "echo no bus")
                 .out,
             "no bus\n");
}

class Facilities : public Facility {};

/* Nothing that is named is there: each word is left out, and the application starts. */
TEST_F (Facilities, WhatIsNotThereIsLeftOut)
{
  Outcome outcome = under ("[Context]\nsockets=wayland;pulseaudio;pipewire;gpg-agent;ssh-auth;session-bus;\n"
                           "devices=dri;input;usb;\n",
                           "find $XDG_RUNTIME_DIR -type s; echo ${WAYLAND_DISPLAY-none} ${SSH_AUTH_SOCK-none} "
                           "${PULSE_SERVER-none} ${DBUS_SESSION_BUS_ADDRESS-none}");

  EXPECT_EQ (outcome.out, "none none none none\n") << outcome.err;
}

/* A name that leads out of its directory is not a socket's name. */
TEST_F (Facilities, WaylandDisplayElsewhere)
{
  Compositor compositor (dir () + "/elsewhere/socket", Compositor::Kind::PLAIN);
  std::string script = "p=$WAYLAND_DISPLAY; " + connect_at ("${p:-none}");

  set_env ("WAYLAND_DISPLAY", "../elsewhere/socket");
  EXPECT_EQ (under ("[Context]\nsockets=wayland;\n", script).out, "refused\n");
  EXPECT_EQ (under ("[Context]\nsockets=wayland;\n", connect_at (dir () + "/elsewhere/socket")).out, "refused\n");
  /* Nor is a file, or a directory, which that name would open up */
  write_file (dir () + "/elsewhere/file", "nobody's business");
  for (std::string other : { "/elsewhere/file", "/elsewhere" }) {
    set_env ("WAYLAND_DISPLAY", dir () + other);
    set_env ("SSH_AUTH_SOCK", dir () + other);
    EXPECT_EQ (under ("[Context]\nsockets=wayland;ssh-auth;\n",
                      "echo ${WAYLAND_DISPLAY-none} ${SSH_AUTH_SOCK-none}; cat " + dir ()
                          + "/elsewhere/file $XDG_RUNTIME_DIR/ssh-auth $XDG_RUNTIME_DIR/ssh-auth/file 2>/dev/null")
                   .out,
               "none none\n")
        << other;
  }
  set_env ("SSH_AUTH_SOCK", std::nullopt);
  set_env ("WAYLAND_DISPLAY", dir () + "/elsewhere/socket");
  expect_both ("[Context]\nsockets=wayland;\n", script, "connected\n", "refused\n");
}

TEST_F (Facilities, UnsetEnvironment)
{
  set_env ("PASSED_ON", "from outside");
  add_profile ("passing", "[Profile]\nInherits=default\n[Context]\npass-environment=PASSED_ON;\n"
                          "[Environment]\nSET_HERE=in the profile\n");
  for (std::string less : { "", "[Context]\nunset-environment=PASSED_ON;SET_HERE;\n" }) {
    add_profile ("less", "[Profile]\nInherits=passing\n" + less);
    EXPECT_EQ (run_in ({ "--profile=less" }, { "sh", "-c", "echo ${PASSED_ON-unset}, ${SET_HERE-unset}" }).out,
               less.empty () ? "from outside, in the profile\n" : "unset, unset\n");
  }
}

/* What is always there only the caller can leave out: a policy has no word for less than nothing named. */
TEST_F (Facilities, BaseEnvironment)
{
  set_env ("TZ", "Asia/Tokyo");
  define ("[Context]\nunset-environment=TZ;\n");
  for (const Argv &options : { Argv{}, Argv{ "--unset-env=TZ" } }) {
    Argv all = { "--profile=tested" };

    all.insert (all.end (), options.begin (), options.end ());
    EXPECT_EQ (run_in (all, { "sh", "-c", "echo ${TZ-unset}" }).out, options.empty () ? "Asia/Tokyo\n" : "unset\n");
  }
}

/* Neither what the session has for its own programs nor what makes a loader load. */
TEST_F (Facilities, EnvironmentIsClean)
{
  for (const char *name : { "SECRET_TOKEN", "LD_LIBRARY_PATH", "XDG_CONFIG_HOME", "SSH_AUTH_SOCK", "EDITOR" })
    set_env (name, dir ());
  Outcome outcome = under ("", "env | grep -F " + dir () + " | cut -d= -f1 | sort | tr '\n' ' '");

  EXPECT_EQ (outcome.out, "HOME PWD XDG_RUNTIME_DIR ") << outcome.err;
}

TEST_F (Facilities, Hidepid)
{
  std::string script = "test -e /proc/1 && echo seen || echo hidden; test -e /proc/self/status && echo self";

  expect_both ("[Procfs]\nhidepid=off\n", script, "seen\nself\n", "hidden\nself\n");
  EXPECT_EQ (under ("[Procfs]\nhidepid=invisible\n", script).out, "hidden\nself\n");
}

TEST_F (Facilities, ProcfsInstance)
{
  std::string script = "grep -c 'hidepid=ptraceable' /proc/self/mounts";

  expect_both ("[Procfs]\ninstance=none\nhidepid=off\n", script, "0\n", "1\n");
}

TEST_F (Facilities, SessionsPidNamespace)
{
  std::string script = "echo $$ | sed 's/^2$/first/; s/^[0-9]*$/later/'"; /* the number 2 is sandbox-init's */

  expect_both ("[Procfs]\npidns=session\n", script, "later\n", "first\n");
  EXPECT_TRUE (
      fails_with (under ("[Procfs]\npidns=session\ninstance=none\nhidepid=off\n", "true"), 125, { "pidns=session" }));
}

TEST_F (Facilities, ApplicationsOwnNamespaces)
{
  expect_both ("[Context]\nfeatures=userns;\n",
               "bwrap --ro-bind / / --proc /proc --unshare-all sh -c 'echo nested' 2>/dev/null || echo refused",
               "nested\n", "refused\n");
}

/* The port that is named, in the other direction as well, and no network at all without sharing it. */
TEST_F (Facilities, TcpPortsNeedASharedNetwork)
{
  EXPECT_EQ (under ("[Network]\nconnect=443;\n", "ls /sys/class/net 2>/dev/null; grep -c : /proc/net/dev").out, "1\n");
  EXPECT_EQ (under ("[Context]\nshared=network;\n[Network]\nconnect=none\nbind=none\n",
                    "python3 -c \"import socket\nfor n in ('connect','bind'):\n s=socket.socket()\n"
                    " try: getattr(s,n)(('127.0.0.1',65000)); print(n)\n except PermissionError: print('not',n)\n"
                    " except OSError: print(n)\"")
                 .out,
             "not connect\nnot bind\n");
}

/* 256 KiB and the blocks that the shell counts in. */
TEST_F (Facilities, LimitCore)
{
  EXPECT_EQ (under ("[Limits]\ncore=256K\n", "ulimit -Hc; ulimit -c 1024 2>/dev/null || echo refused").out,
             "512\nrefused\n");
}

/* A limit of processes is the sandbox's and not all that its user has. */
TEST_F (Facilities, LimitProcessesIsItsOwn)
{
  define ("[Limits]\npids=8\n");
  std::string one = launch_detached ({ "--profile=tested" }, { "sh", "-c", "sleep 1000 & sleep 1000 & sleep 1000" });
  std::string other = launch_detached ({ "--profile=tested" }, { "sh", "-c", "sleep 1000 & sleep 1000 & sleep 1000" });

  EXPECT_EQ (run_in ({ "--profile=tested" }, { "sh", "-c", "true & true & true & wait; echo room" }).out, "room\n");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", one })));
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", other })));
}

#ifdef __x86_64__
TEST_F (Facilities, FeatureMultiarch)
{
  auto attempt = [this] (const std::string &groups) {
    define (groups);
    return run (probe ({ "--profile=tested" }, { "calls-32" }));
  };
  auto calls = [&] (const std::string &groups) { return Json::parse (attempt (groups).out); };

  /* A kernel without 32-bit system calls ends whoever tries one by SIGSEGV; no feature brings them there */
  if (run ({ { places ().probe, "calls-32" } }).out.empty ()) {
    for (const char *groups : { "", "[Context]\nfeatures=multiarch;\n" })
      EXPECT_EQ (attempt (groups).status, 128 + SIGSEGV) << groups;
    return;
  }
  Json without = calls (""), with = calls ("[Context]\nfeatures=multiarch;\n"),
       more = calls ("[Context]\nfeatures=multiarch;\n[Seccomp]\nallow=keyctl;\n"),
       outside = Json::parse (run ({ { places ().probe, "calls-32" } }).out);

  EXPECT_EQ (outside["getpid"].text (), "OK");
  EXPECT_EQ (without["getpid"].text (), "ENOSYS");
  EXPECT_EQ (without["keyctl"].text (), "ENOSYS");
  EXPECT_EQ (with["getpid"].text (), "OK");
  /* The same filter for both: it is no way around what is refused to others */
  EXPECT_EQ (with["keyctl"].text (), "EPERM");
  EXPECT_EQ (more["keyctl"].text (), "OK");
}

/* Their C library makes sockets by socketcall (2), which no filter can look into: what is refused to others is refused
 * there as well, and nothing else. */
TEST_F (Facilities, SocketsOf32BitPrograms)
{
  auto attempt = [this] (const std::string &groups) {
    define (groups);
    Outcome outcome = run (probe ({ "--profile=tested" }, { "sockets-32" }));
    EXPECT_EQ (outcome.status, 0) << outcome.out << outcome.err;
    return Json::parse (outcome.out);
  };
  Outcome control = run ({ { places ().probe, "sockets-32" } });

  if (control.out.empty ())
    return; /* a kernel without 32-bit calls: FeatureMultiarch */
  Json outside = Json::parse (control.out);
  for (const char *network : { "", "shared=network;\n", "shared=private-network;\n", "[Procfs]\npidns=session\n" }) {
    Json inside = attempt (std::string ("[Context]\nfeatures=multiarch;\n") + network);

    for (const std::string how : { "", " by socketcall" }) {
      for (const char *allowed : { "unix", "inet", "inet6", "netlink-route", "pair" })
        EXPECT_EQ (inside[allowed + how].text (), "OK") << network << allowed << how;
      for (const auto &[refused, error] : { std::pair ("crypto", "EAFNOSUPPORT"), std::pair ("vsock", "EAFNOSUPPORT"),
                                            std::pair ("connector", "EPROTONOSUPPORT") })
        EXPECT_EQ (inside[refused + how].text (), error) << network << refused << how;
      for (const char *never : { "packet", "raw", "nowhere" })
        EXPECT_NE (inside[never + how].text (), "OK") << network << never << how;
      EXPECT_EQ (outside["connector" + how].text (), "OK") << "the control";
    }
    EXPECT_EQ (inside["tipc pair by socketcall"].text (), "EAFNOSUPPORT");
    EXPECT_EQ (inside["nothing there"].text (), "EFAULT");
    EXPECT_EQ (inside["conversation"].number (), 0) << "the step of it that fails";
    EXPECT_EQ (inside["raced"].number (), 0) << "what a second thread writes is not what is made";
  }
  EXPECT_GT (outside["raced"].number (), 0) << "the control";
  /* What is denied is denied by either way, and without the feature there is neither */
  EXPECT_EQ (attempt ("[Context]\nfeatures=multiarch;\n[Seccomp]\ndeny=socket;\n")["unix by socketcall"].text (),
             "EPERM");
  EXPECT_EQ (attempt ("")["unix by socketcall"].text (), "ENOSYS");
}

TEST_F (Facilities, FeatureMultiarchPersonality)
{
  expect_both ("[Context]\nfeatures=multiarch;\n", "setarch linux32 true 2>/dev/null && echo done || echo refused",
               "done\n", "refused\n");
}
#endif

/* In the order of what they allow: what each tier adds to the one before it. */
TEST_F (Facilities, SeccompTiers)
{
  std::string script = "strace -o /dev/null true 2>/dev/null && echo trace; setarch -R true 2>/dev/null && echo "
                       "personality; unshare -U true 2>/dev/null && echo userns; echo end";

  for (const auto &[tier, said] : std::map<std::string, std::string>{
           { "strict", "end\n" }, { "default", "trace\nend\n" }, { "debugger", "trace\npersonality\nend\n" } })
    EXPECT_EQ (under ("[Seccomp]\ntier=" + tier + "\n", script).out, said) << tier;
}
