/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OnCrash=: a handler before the end, and the end as it would have been. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crash-stage.h"

using namespace e2e;

EITHER_BUS (Crash);

TEST_P (Crash, AReportIsWrittenAndTheStatusIsTheSame)
{
  EXPECT_EQ (run_in ({ "--profile=fragile", "--app-id=org.example.Fragile" }, die_of (SIGSEGV)).status, 128 + SIGSEGV);
  ASSERT_EQ (crashes ().size (), 1u);
  std::string id = crashes ()[0];
  struct stat st;
  ASSERT_EQ (stat ((store () + "/" + id).c_str (), &st), 0);
  EXPECT_EQ (st.st_mode & 07777, 0700u);

  Json crash = finished (id);
  EXPECT_EQ (crash["app-id"].text (), "org.example.Fragile");
  EXPECT_EQ (read_file (store () + "/" + id + "/app-id"), "org.example.Fragile");
  EXPECT_EQ (crash["signal"].number (), SIGSEGV);
  EXPECT_EQ (crash["handler"]["code"].number (), 0);
  Json report = about (id, "report.json");
  EXPECT_EQ (report["crash"]["signal"].number (), SIGSEGV);
  EXPECT_EQ (report["command"][0].text (), "sh");
  ASSERT_EQ (report["threads"].size (), 1u);
  Json thread = report["threads"][0];
  EXPECT_EQ (thread["tid"].number (), crash["tid"].number ());
  ASSERT_GE (thread["frames"].size (), 2u);
  EXPECT_NE (thread["frames"][0]["module"].text ().find ("libc"), std::string::npos);
  EXPECT_EQ (thread["frames"][0]["symbol"].text ().substr (0, 4), "kill");
  EXPECT_EQ (thread["frames"][0]["build-id"].text ().size (), 40u);
  EXPECT_NE (report["packages"][thread["frames"][0]["module"].text ()].text ().find ("libc6"), std::string::npos);
  EXPECT_GT (report["mappings"].size (), 5u);
  EXPECT_TRUE (thread["registers"].is_object ());
  EXPECT_EQ (read_file (store () + "/" + id + "/core").substr (1, 3), "ELF");

  Outcome shown = sandboxctl ({ "crashes", "show", id });
  EXPECT_NE (shown.out.find ("Segmentation fault"), std::string::npos) << shown.out;
  EXPECT_NE (shown.out.find ("kill"), std::string::npos) << shown.out;
  EXPECT_EQ (json ({ "crashes", "list", "--json" })[0]["id"].text (), id);
  EXPECT_TRUE (succeeds (sandboxctl ({ "crashes", "remove", id })));
  EXPECT_TRUE (crashes ().empty ());
  EXPECT_TRUE (fails_with (sandboxctl ({ "crashes", "show", id }), 125, { id, "crashes list" }));
  Outcome none = sandboxctl ({ "crashes" });
  EXPECT_EQ (none.status, 0);
  EXPECT_EQ (none.out, "");
  EXPECT_NE (none.err.find ("no crashes"), std::string::npos) << none.err;
  EXPECT_EQ (json ({ "crashes", "list", "--json" }).size (), 0u);
  EXPECT_TRUE (fails_with (sandboxctl ({ "crashes", "remove", "../.." }), 125, { "no crash" }));
}

TEST_P (Crash, EverySignalThatDumpsCore)
{
  static const int all[] = { SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS };
  size_t n = 0;

  for (int signo : all) {
    EXPECT_EQ (run_in ({ "--profile=watched" }, die_of (signo)).status, 128 + signo);
    EXPECT_EQ (crashes ().size (), ++n) << signo;
  }
  for (int signo : { SIGTERM, SIGKILL, SIGINT, SIGUSR1 })
    EXPECT_EQ (run_in ({ "--profile=watched" }, die_of (signo)).status, 128 + signo);
  EXPECT_EQ (run_in ({ "--profile=watched" }, { "sh", "-c", "exit 3" }).status, 3);
  EXPECT_EQ (crashes ().size (), n);
}

/* A filter that the application has put on itself. From Linux 5.16 nobody can stop what such a filter kills
 * (SA_IMMUTABLE, kernel/signal.c): it has no handler then, and dies as it would. What a filter only refuses by a signal
 * has one. */
TEST_P (Crash, AFilterOfItsOwn)
{
  const std::string filter =
      "import ctypes, struct, sys\nlibc = ctypes.CDLL(None)\n"
      "call = libc.getppid\nnumber = {'x86_64': 110}.get(__import__('os').uname().machine, 173)\n"
      "rules = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (6, 0, 0, int(sys.argv[1], 16)), (6, 0, 0, "
      "0x7fff0000)]\n"
      "text = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *r) for r in rules))\n"
      "prog = ctypes.create_string_buffer(struct.pack('HxxxxxxQ', 4, ctypes.addressof(text)))\n"
      "assert libc.prctl(22, 2, prog, 0, 0) == 0\ncall()\n";
  const char *kill = "80000000", *trap = "30000"; /* linux/seccomp.h */
  struct utsname kernel;
  int major = 0, minor = 0;

  ASSERT_EQ (uname (&kernel), 0);
  ASSERT_EQ (sscanf (kernel.release, "%d.%d", &major, &minor), 2);
  EXPECT_EQ (run_in ({ "--profile=watched" }, { "python3", "-c", filter, kill }).status, 128 + SIGSYS);
  EXPECT_EQ (crashes ().size (), major > 5 || (major == 5 && minor >= 16) ? 0u : 1u);
  EXPECT_EQ (run_in ({ "--profile=watched" }, { "python3", "-c", filter, trap }).status, 128 + SIGSYS);
  EXPECT_EQ (crashes ().size (), major > 5 || (major == 5 && minor >= 16) ? 1u : 2u);
}

/* Whose reports make room is by what the service has written, not by what a handler has. */
TEST_P (Crash, AHandlerThatNamesAnotherApplication)
{
  with_handler ("echo org.example.Other >app-id && cp app-id " + dir () + "/out/");
  EXPECT_EQ (run_in ({ "--profile=watched", "--app-id=org.example.Watched" }, die_of (SIGSEGV)).status, 128 + SIGSEGV);
  ASSERT_EQ (crashes ().size (), 1u);
  EXPECT_TRUE (eventually ([&] { return read_file (dir () + "/out/app-id") == "org.example.Other\n"; }));
  EXPECT_TRUE (
      eventually ([&] { return read_file (store () + "/" + crashes ()[0] + "/app-id") == "org.example.Watched"; }));
}

TEST_P (Crash, AFaultIsAFault)
{
  Outcome outcome = run_in ({ "--profile=fragile" }, { "python3", "-c", "import ctypes; ctypes.string_at(64)" });

  EXPECT_EQ (outcome.status, 128 + SIGSEGV) << outcome.err;
  ASSERT_EQ (crashes ().size (), 1u);
  EXPECT_EQ (finished (crashes ()[0])["address"].text (), "0x40");
}

TEST_P (Crash, TheParentSeesItsChildDieAsItWould)
{
  Outcome outcome = run_in ({ "--profile=watched" }, { "python3", "-c",
                                                       "import os, signal\n"
                                                       "pid = os.fork()\n"
                                                       "if pid == 0: os.kill(os.getpid(), signal.SIGBUS)\n"
                                                       "pid, status = os.waitpid(pid, 0)\n"
                                                       "print(os.WIFSIGNALED(status), os.WTERMSIG(status))" });

  EXPECT_EQ (outcome.out, "True " + std::to_string (SIGBUS) + "\n") << outcome.err;
  EXPECT_EQ (outcome.status, 0);
  EXPECT_EQ (crashes ().size (), 1u);
}

TEST_P (Crash, TheHandlerIsToldAndTheProcessIsStopped)
{
  with_handler ("env | grep ^SANDBOX_ | sort; grep ^State /proc/$SANDBOX_CRASH_PID/status; cat <&3");
  EXPECT_EQ (run_in ({ "--profile=watched" }, die_of (SIGFPE)).status, 128 + SIGFPE);
  ASSERT_EQ (crashes ().size (), 1u);
  finished (crashes ()[0]);
  std::string log = read_file (store () + "/" + crashes ()[0] + "/handler.log");
  for (const char *word : { "SANDBOX_CRASH_SIGNAL=8\n", "SANDBOX_CRASH_PID=2\n", "SANDBOX_CRASH_TID=2\n",
                            "SANDBOX_CRASH_ADDRESS=0x", "SANDBOX_CRASH_TIME=", "SANDBOX_CRASH_DIR=/run/sandbox/crash\n",
                            "SANDBOX_TARGET_PID=2\n", "State:\tT (stopped)", "\"signal\" : 8" })
    EXPECT_NE (log.find (word), std::string::npos) << word << " is not in\n" << log;
}

TEST_P (Crash, TheApplicationsOwnHandlerComesFirst)
{
  Outcome outcome =
      run_in ({ "--profile=watched" }, { "python3", "-c",
                                         "import os, signal\n"
                                         "signal.signal(signal.SIGSEGV, lambda *a: print('mine', flush=True))\n"
                                         "os.kill(os.getpid(), signal.SIGSEGV)\n"
                                         "signal.signal(signal.SIGABRT, signal.SIG_IGN)\n"
                                         "os.kill(os.getpid(), signal.SIGABRT)\n"
                                         "print('alive')" });

  EXPECT_EQ (outcome.out, "mine\nalive\n") << outcome.err;
  EXPECT_TRUE (crashes ().empty ());
  /* One that writes its report and then lets the default happen: both get their turn */
  outcome = run_in ({ "--profile=watched" },
                    { "python3", "-X", "faulthandler", "-c", "import os; os.kill(os.getpid(), 11)" });
  EXPECT_EQ (outcome.status, 128 + SIGSEGV);
  EXPECT_NE (outcome.err.find ("Fatal Python error"), std::string::npos) << outcome.err;
  EXPECT_EQ (crashes ().size (), 1u);
}

/* The image that it had is gone, the new one cannot be there: the kernel has nothing left but SIGSEGV. */
TEST_P (Crash, InTheMiddleOfExec)
{
  static const char make[] =
      "import os, struct\n"
      "def phdr(flags, offset, at, size): return struct.pack('<IIQQQQQQ', 1, flags, offset, at, at,"
      " size, size, 4096)\n"
      "ehdr = b'\\x7fELF\\2\\1\\1' + bytes(9) + struct.pack('<HHIQQQIHHHHHH', 2, 62, 1, 0x400000, 64,"
      " 0, 0, 64, 56, 2, 0, 0, 0)\n"
      "image = ehdr + phdr(5, 0, 0x400000, 176) + phdr(5, 4096, 0x700000000000000, 4096)\n"
      "fd = os.open('image', os.O_CREAT | os.O_WRONLY, 0o755)\n"
      "os.write(fd, image + bytes(8192 - len(image)))\n"
      "os.close(fd)\n";
  Outcome outcome =
      run_in ({ "--profile=watched" }, { "python3", "-c", std::string (make) + "os.execv('image', ['x'])" });

  EXPECT_EQ (outcome.status, 128 + SIGSEGV) << outcome.err;
  ASSERT_EQ (crashes ().size (), 1u);
  EXPECT_EQ (finished (crashes ()[0])["signal"].number (), SIGSEGV);
  /* The parent of one by vfork(2) hears of it, and goes on */
  outcome = run_in ({ "--profile=watched" },
                    { "python3", "-c", std::string (make) + "import subprocess\nprint(subprocess.call(['./image']))" });
  EXPECT_EQ (outcome.out, "-11\n") << outcome.err;
  EXPECT_EQ (crashes ().size (), 2u);
}

/* One thread replaces the process while another one brings it down: whichever is first, it ends. */
TEST_P (Crash, BesideExec)
{
  Outcome outcome =
      run_in ({ "--profile=watched" }, { "python3", "-c",
                                         "import ctypes, os, threading, time\n"
                                         "def die():\n"
                                         "  ready.wait()\n"
                                         "  ctypes.string_at(64)\n"
                                         "def become():\n"
                                         "  ready.wait()\n"
                                         "  os.execv('/bin/true', ['true'])\n"
                                         "seen = set()\n"
                                         "for i in range(40):\n"
                                         "  pid = os.fork()\n"
                                         "  if pid == 0:\n"
                                         "    ready = threading.Barrier(2)\n"
                                         "    for f in (die, become): threading.Thread(target=f).start()\n"
                                         "    time.sleep(60)\n"
                                         "    os._exit(1)\n"
                                         "  seen.add(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n"
                                         "print(seen <= {0, -11}, *seen)" });

  EXPECT_EQ (outcome.out.substr (0, 4), "True") << outcome.out << outcome.err;
  EXPECT_EQ (outcome.status, 0);
}

/* The signal is blocked while its handler runs: the kernel then does what the default is. */
TEST_P (Crash, InASignalHandler)
{
  Outcome outcome = run_in ({ "--profile=watched" },
                            { "python3", "-c",
                              "import ctypes\n"
                              "libc = ctypes.CDLL(None)\n"
                              "libc.signal(11, ctypes.cast(libc.strlen, ctypes.c_void_p))\n" /* strlen (11) faults */
                              "ctypes.string_at(64)" });

  EXPECT_EQ (outcome.status, 128 + SIGSEGV) << outcome.err;
  EXPECT_EQ (crashes ().size (), 1u);
}

TEST_P (Crash, StopAndContinueStillWork)
{
  Outcome outcome = run_in ({ "--profile=watched" },
                            { "sh", "-c", "sleep 0.3 & kill -STOP $!; kill -CONT $!; wait $!; echo $?; exit 4" });

  EXPECT_EQ (outcome.out, "0\n") << outcome.err;
  EXPECT_EQ (outcome.status, 4);
}

/* Its number is another one there, where it may be that of somebody else. */
TEST_P (Crash, BelowAPidNamespaceOfTheApplication)
{
  with_handler ("grep -e ^Name -e ^State /proc/$SANDBOX_CRASH_PID/status; ls /proc/$SANDBOX_CRASH_PID/task");
  add_profile ("watched", "[Profile]\nInherits=default\nOnCrash=watcher\n[Context]\nfeatures=userns;\n");
  Outcome outcome = run_in ({ "--profile=watched" }, { "unshare", "--user", "--map-root-user", "--pid", "--fork", "sh",
                                                       "-c", "python3 -c 'import os; os.abort()'; echo $?" });

  EXPECT_EQ (outcome.out, std::to_string (128 + SIGABRT) + "\n") << outcome.err;
  ASSERT_EQ (crashes ().size (), 1u);
  finished (crashes ()[0]);
  std::string log = read_file (store () + "/" + crashes ()[0] + "/handler.log");
  EXPECT_EQ (log.find ("Name:\tpython3\nState:\tT (stopped)\n"), 0u) << log;
}

TEST_P (Crash, RefusesWhatCannotWork)
{
  EXPECT_TRUE (fails_with (run_in ({ "--profile=browser", "--on-crash=dumper" }, { "true" }), 125, { "OnCrash=own" }));
  EXPECT_TRUE (fails_with (run_in ({ "--on-crash=no-such" }, { "true" }), 125, { "no-such" }));
  EXPECT_TRUE (fails_with (run_in ({ "--on-crash=desktop" }, { "true" }), 125, { "desktop", "Command=" }));
  /* It is not of the profile's choosing, and there is nobody to ask */
  EXPECT_TRUE (fails_with (run_in ({ "--on-crash=dumper" }, { "true" }), 125, { "org.example.Sandbox.attach" }));
  EXPECT_EQ (run_in ({ "--profile=fragile", "--on-crash=none" }, die_of (SIGSEGV)).status, 128 + SIGSEGV);
  EXPECT_TRUE (crashes ().empty ());
}

TEST_P (Crash, ByOptionIfTheAuthorityAgrees)
{
  start_authority (true);
  EXPECT_EQ (run_in ({ "--on-crash=dumper" }, die_of (SIGSEGV)).status, 128 + SIGSEGV);
  EXPECT_EQ (crashes ().size (), 1u);
}

/* A portal in this process: what the service asks of it, and a user who presses the button. */
class CrashOnBus : public OnBus {
protected:
  struct Asked {
    std::string id, title, body, opened;
    bool looked_at = false; /* the caller's root, as portals do to tell who it is */
  };

  void
  serve_portal ()
  {
    static const char xml[] =
        "<node><interface name='org.freedesktop.portal.Notification'>"
        "<method name='AddNotification'><arg type='s' direction='in'/>"
        "<arg type='a{sv}' direction='in'/></method></interface>"
        "<interface name='org.freedesktop.portal.OpenURI'>"
        "<method name='OpenDirectory'><arg type='s' direction='in'/><arg type='h' direction='in'/>"
        "<arg type='a{sv}' direction='in'/><arg type='o' direction='out'/></method>"
        "</interface></node>";
    static const GDBusInterfaceVTable vtable = { on_call, nullptr, nullptr, {} };
    g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (xml, nullptr);

    for (int i = 0; i < 2; i++)
      ASSERT_NE (g_dbus_connection_register_object (connection (), "/org/freedesktop/portal/desktop",
                                                    node->interfaces[i], &vtable, &asked_, nullptr, nullptr),
                 0u);
    g_autoptr (GVariant) reply =
        g_dbus_connection_call_sync (connection (), "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName",
                                     g_variant_new ("(su)", "org.freedesktop.portal.Desktop", 0), nullptr,
                                     G_DBUS_CALL_FLAGS_NONE, -1, nullptr, nullptr);
    ASSERT_NE (reply, nullptr);
  }
  static bool
  can_look_at (GDBusConnection *connection, const char *sender)
  {
    g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
        connection, "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetConnectionUnixProcessID",
        g_variant_new ("(s)", sender), G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, nullptr, nullptr);
    guint32 pid = 0;

    if (reply)
      g_variant_get (reply, "(u)", &pid);
    Fd fd (open (("/proc/" + std::to_string (pid) + "/root").c_str (), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return fd.get () >= 0;
  }
  static void
  on_call (GDBusConnection *connection, const char *, const char *, const char *, const char *method,
           GVariant *parameters, GDBusMethodInvocation *invocation, gpointer data)
  {
    auto *asked = static_cast<Asked *> (data);
    const char *id, *title = "", *body = "";

    asked->looked_at = can_look_at (connection, g_dbus_method_invocation_get_sender (invocation));
    if (std::string (method) == "OpenDirectory") {
      GUnixFDList *fds = g_dbus_message_get_unix_fd_list (g_dbus_method_invocation_get_message (invocation));
      Fd fd (g_unix_fd_list_get (fds, 0, nullptr));
      g_autofree char *link = g_file_read_link (("/proc/self/fd/" + std::to_string (fd.get ())).c_str (), nullptr);

      asked->opened = link ? link : "";
      g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", "/org/freedesktop/portal/desktop/r"));
      return;
    }
    g_autoptr (GVariant) about = g_variant_get_child_value (parameters, 1);
    g_variant_get_child (parameters, 0, "&s", &id);
    g_variant_lookup (about, "title", "&s", &title);
    g_variant_lookup (about, "body", "&s", &body);
    asked->id = id;
    asked->title = title;
    asked->body = body;
    g_dbus_method_invocation_return_value (invocation, nullptr);
    g_dbus_connection_emit_signal (connection, nullptr, "/org/freedesktop/portal/desktop",
                                   "org.freedesktop.portal.Notification", "ActionInvoked",
                                   g_variant_new ("(ssav)", asked->id.c_str (), "open-folder", nullptr), nullptr);
  }
  bool
  wait_until (const std::function<bool ()> &holds)
  {
    return eventually ([&] {
      while (g_main_context_iteration (nullptr, FALSE))
        ;
      return holds ();
    });
  }
  Asked asked_;
};

TEST_F (CrashOnBus, TheUserIsTold)
{
  serve_portal ();
  add_profile ("fragile", "[Profile]\nInherits=default\nOnCrash=dumper\n");
  EXPECT_EQ (run_in ({ "--profile=fragile", "--app-id=org.example.Fragile" }, die_of (SIGSEGV)).status, 128 + SIGSEGV);
  EXPECT_TRUE (wait_until ([&] { return !asked_.id.empty (); }));
  EXPECT_NE (asked_.body.find ("org.example.Fragile"), std::string::npos) << asked_.body;
  EXPECT_TRUE (wait_until ([&] { return !asked_.opened.empty (); }));
  EXPECT_EQ (asked_.opened.find (dir () + "/state/sandbox/crashes/"), 0u) << asked_.opened;
  EXPECT_TRUE (asked_.looked_at) << "portals refuse whom they may not look at";
  /* … for as long as it asks, and no longer */
  ASSERT_EQ (services ().size (), 1u);
  EXPECT_TRUE (wait_until (
      [&] { return access (("/proc/" + std::to_string (services ()[0]) + "/root/").c_str (), X_OK) != 0; }));
}
