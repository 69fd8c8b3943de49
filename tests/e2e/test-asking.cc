/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a person would miss and was refused: asked for on the desktop, allowed once or for good through the same gates
 * as ever, and nobody else can press. */
#include <csignal>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "network.h"
#include "notification-server.h"

using namespace e2e;

static const char lan[] = "192.168.77.1";

class Asking : public NetworkOf<OnBus> {
protected:
  /* A server of notifications is nobody special: the test has given up what it made its world with, so that the
   * service may look at it. */
  static void
  SetUpTestSuite ()
  {
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};

    NetworkOf<OnBus>::SetUpTestSuite ();
    ASSERT_EQ (syscall (SYS_capset, &header, none), 0);
    ASSERT_EQ (prctl (PR_SET_DUMPABLE, 1, 0, 0, 0), 0);
  }
  void
  SetUp () override
  {
    NetworkOf<OnBus>::SetUp ();
    add_profile ("silent", "[Profile]\nInherits=own\n[Context]\nfeatures=quiet;\n");
    add_profile ("filtered", "[Profile]\nInherits=default\n[Session Bus Policy]\norg.example.Other=talk\n");
    write_file (answers (), "yes");
    start_authority_that_says (answers ());
    server_ = std::make_unique<NotificationServer> (connection ());
  }
  void
  TearDown () override
  {
    for (const Record &r : records ())
      if (r.state == "running") {
        EXPECT_TRUE (succeeds (sandboxctl ({ "stop", r.id, "--grace=0" })));
      }
    server_.reset ();
    NetworkOf<OnBus>::TearDown ();
  }
  std::string
  answers () const
  {
    return dir () + "/answers";
  }
  std::string
  start (const std::string &profile = "own")
  {
    return launch_detached ({ "--profile=" + profile }, { "sleep", "1000" });
  }
  void
  stop (const std::string &id)
  {
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id, "--grace=0" })));
    EXPECT_TRUE (wait_for_state (id, "exited"));
  }
  std::string
  ask_from (const std::string &id, const std::string &address = lan)
  {
    return NetworkOf::ask_from (id, address);
  }
  /* What a portal's method answers inside: one that is refused is not asked for, and none is there. */
  std::string
  call_from (const std::string &id, const std::string &method)
  {
    return sandboxctl ({ "exec", id, "--", "gdbus", "call", "--session", "--dest=org.freedesktop.portal.Desktop",
                         "--object-path=/org/freedesktop/portal/desktop", "--timeout=5",
                         "--method=org.freedesktop.portal." + method })
        .err;
  }
  static bool
  is_refused (const std::string &error)
  {
    return error.find ("was not provided by any .service files") == std::string::npos;
  }
  /* Whether @id was refused something of that kind, as `why` says. */
  bool
  was_refused (const std::string &id, const std::string &object)
  {
    return eventually ([&] { return sandboxctl ({ "why", id }).out.find (object) != std::string::npos; });
  }
  std::string
  put_over (const std::string &profile)
  {
    return read_file (user_profiles () + "/" + profile + ".profile.d/override.conf");
  }
  /* Nobody has been asked for a minute. */
  void
  let_a_minute_pass ()
  {
    const struct timespec long_ago[2] = { { 1000000000, 0 }, { 1000000000, 0 } };

    ASSERT_EQ (utimensat (AT_FDCWD, (instances () + "/asked").c_str (), long_ago, 0), 0);
  }
  std::unique_ptr<NotificationServer> server_;
};

/* Until it ends, and not at the next start. */
TEST_F (Asking, AllowedOnce)
{
  std::string id = start ();

  EXPECT_EQ (ask_from (id), "refused\n");
  ASSERT_TRUE (server_->expect (1));
  Notification asked = server_->questions ()[0];
  EXPECT_NE (asked.body.find ("--network-allow=" + std::string (lan) + ":" + World::port ()), std::string::npos)
      << asked.body;
  EXPECT_NE (asked.body.find ("device of your local network"), std::string::npos) << asked.body;
  ASSERT_EQ (asked.buttons.size (), 2u);
  server_->press (asked.id, asked.key ("Allow Once"));
  EXPECT_TRUE (server_->until ([&] { return server_->is_closed (asked.id); }));
  EXPECT_EQ (ask_from (id), "open\n");
  EXPECT_EQ (json ({ "show", "--json", id })["grants"].size (), 1u);
  EXPECT_EQ (server_->answers ().size (), 0u);
  stop (id);
  EXPECT_EQ (ask_from (start ()), "refused\n");
  EXPECT_EQ (put_over ("own"), "");
}

TEST_F (Asking, AllowedForGood)
{
  std::string id = start ();

  EXPECT_EQ (ask_from (id), "refused\n");
  ASSERT_TRUE (server_->expect (1));
  Notification asked = server_->questions ()[0];
  server_->press (asked.id, asked.key ("Always Allow"));
  EXPECT_TRUE (server_->until ([&] { return server_->is_closed (asked.id); }));
  EXPECT_EQ (ask_from (id), "open\n");
  EXPECT_NE (put_over ("own").find (lan), std::string::npos) << put_over ("own");
  stop (id);
  std::string again = start ();
  EXPECT_EQ (ask_from (again), "open\n");
  EXPECT_EQ (ask_from (again, "10.55.0.1"), "refused\n");
  EXPECT_EQ (ask_from (again, "198.51.100.10"), "open\n"); /* what the profile had */
}

/* The question to the authority is that of any grant; a no changes nothing, and is said where it was pressed. */
TEST_F (Asking, RefusedByTheAuthority)
{
  for (const char *label : { "Allow Once", "Always Allow" }) {
    std::string id = start ();
    size_t before = server_->questions ().size (), said = server_->answers ().size ();

    EXPECT_EQ (ask_from (id), "refused\n");
    ASSERT_TRUE (server_->expect (before + 1));
    Notification asked = server_->questions ()[before];
    write_file (answers (), "launch control observe");
    server_->press (asked.id, asked.key (label));
    ASSERT_TRUE (server_->until ([&] { return server_->answers ().size () > said; }));
    Notification answer = server_->answers ()[said];
    EXPECT_EQ (answer.replaces, asked.id);
    EXPECT_NE (answer.body.find ("nothing was changed"), std::string::npos) << answer.body;
    EXPECT_NE (answer.body.find ("org.example.Sandbox.extend-network"), std::string::npos) << answer.body;
    EXPECT_EQ (ask_from (id), "refused\n");
    EXPECT_EQ (json ({ "show", "--json", id })["grants"].size (), 0u);
    EXPECT_EQ (put_over ("own"), "");
    write_file (answers (), "yes");
    stop (id);
    let_a_minute_pass ();
  }
}

/* A word of the profile; the control is that somebody is asked for what comes later, and so was heard. */
TEST_F (Asking, NobodyIsAskedWhereTheProfileSaysSo)
{
  std::string quiet = start ("silent");

  EXPECT_EQ (ask_from (quiet), "refused\n");
  EXPECT_TRUE (was_refused (quiet, lan));
  std::string id = start ();
  EXPECT_EQ (ask_from (id), "refused\n");
  ASSERT_TRUE (server_->expect (1));
  EXPECT_EQ (server_->questions ().size (), 1u);
  let_a_minute_pass ();
  EXPECT_EQ (ask_from (quiet, "10.55.0.1"), "refused\n");
  EXPECT_TRUE (was_refused (quiet, "10.55.0.1"));
  EXPECT_NE (sandboxctl ({ "explain", "silent" }).out.find ("without a question to you"), std::string::npos);
  EXPECT_EQ (server_->questions ().size (), 1u);
}

/* Whatever is refused, however often, and by how many: one, and the next when its minute is over. */
TEST_F (Asking, OnceAMinute)
{
  const char *const storm = "import socket\n"
                            "for i in range(300):\n"
                            "  for a in ('192.168.77.1', '10.55.0.1', 'fd77::1'):\n"
                            "    try: socket.create_connection((a, 9 + i), 1)\n"
                            "    except OSError: pass\n";
  std::string one = start (), two = start (), bus = start ("filtered");

  EXPECT_TRUE (succeeds (sandboxctl ({ "exec", one, "--", "python3", "-c", storm })));
  EXPECT_TRUE (succeeds (sandboxctl ({ "exec", two, "--", "python3", "-c", storm })));
  for (const char *method : { "Camera.AccessCamera", "Print.Print", "Email.ComposeEmail" })
    EXPECT_TRUE (is_refused (call_from (bus, method)));
  EXPECT_TRUE (was_refused (bus, "Email"));
  ASSERT_TRUE (server_->expect (1));
  guint32 first = server_->questions ()[0].id;
  EXPECT_EQ (server_->questions ().size (), 1u);
  /* The next one waits for its turn, and takes it when something new is heard of; what is on the screen stays there */
  for (size_t n = 2; n <= 4; n++) {
    server_->until ([] { return true; });
    Notification shown = server_->questions ().back ();
    g_dbus_connection_emit_signal (connection (), nullptr, "/org/freedesktop/Notifications",
                                   "org.freedesktop.Notifications", "NotificationClosed",
                                   g_variant_new ("(uu)", shown.id, 2u), nullptr);
    let_a_minute_pass ();
    EXPECT_TRUE (is_refused (call_from (bus, n % 2 ? "Location.CreateSession" : "OpenURI.OpenURI")));
    ASSERT_TRUE (server_->expect (n));
    EXPECT_EQ (server_->questions ().size (), n);
  }
  EXPECT_NE (server_->questions ().back ().id, first);
}

/* A name of the bus, for who connects from then on; and, put over the profile, at the next start. */
TEST_F (Asking, ThePortalOfTheCamera)
{
  for (const char *label : { "Allow Once", "Always Allow" }) {
    std::string id = start ("filtered");
    size_t before = server_->questions ().size (), said = server_->answers ().size ();

    EXPECT_TRUE (is_refused (call_from (id, "Camera.AccessCamera")));
    ASSERT_TRUE (server_->expect (before + 1));
    Notification asked = server_->questions ()[before];
    EXPECT_NE (asked.title.find ("camera"), std::string::npos) << asked.title;
    EXPECT_NE (asked.body.find ("--talk-name=org.freedesktop.portal.Camera"), std::string::npos) << asked.body;
    server_->press (asked.id, asked.key (label));
    ASSERT_TRUE (server_->until ([&] { return server_->answers ().size () > said; }));
    EXPECT_FALSE (is_refused (call_from (id, "Camera.AccessCamera"))) << server_->answers ()[said].body;
    EXPECT_TRUE (is_refused (call_from (id, "Print.Print")));
    stop (id);
    bool always = std::string (label) == "Always Allow";
    std::string again = start ("filtered");
    EXPECT_EQ (is_refused (call_from (again, "Camera.AccessCamera")), !always);
    EXPECT_EQ (put_over ("filtered").empty (), !always);
    stop (again);
    let_a_minute_pass ();
  }
}

/* What cannot be given to what runs has one button, and is there from the next start on. */
TEST_F (Asking, TheDialogueForFiles)
{
  std::string id = start ("filtered");

  EXPECT_TRUE (is_refused (call_from (id, "FileChooser.OpenFile")));
  ASSERT_TRUE (server_->expect (1));
  Notification asked = server_->questions ()[0];
  EXPECT_EQ (asked.buttons.size (), 1u);
  server_->press (asked.id, asked.key ("Always Allow"));
  ASSERT_TRUE (server_->until ([&] { return !server_->answers ().empty (); }));
  EXPECT_NE (server_->answers ()[0].body.find ("next start"), std::string::npos) << server_->answers ()[0].body;
  EXPECT_TRUE (is_refused (call_from (id, "FileChooser.OpenFile")));
  stop (id);
  EXPECT_FALSE (is_refused (call_from (start ("filtered"), "FileChooser.OpenFile")));
}

/* A way out of the sandbox is nothing that a button opens. */
TEST_F (Asking, NoWayOutIsOffered)
{
  std::string id = start ("filtered");

  EXPECT_TRUE (is_refused (call_from (id, "RemoteDesktop.CreateSession")));
  EXPECT_TRUE (is_refused (call_from (id, "Settings.Read")));
  EXPECT_TRUE (was_refused (id, "RemoteDesktop"));
  EXPECT_TRUE (is_refused (call_from (id, "Camera.AccessCamera"))); /* the control */
  ASSERT_TRUE (server_->expect (1));
  ASSERT_EQ (server_->questions ().size (), 1u);
  EXPECT_NE (server_->questions ()[0].title.find ("camera"), std::string::npos);
}

/* Another client that says the same; another number; another key; the same twice. */
TEST_F (Asking, OnlyTheServerPresses)
{
  std::string id = start (), address = "unix:path=" + runtime () + "/bus";
  g_autoptr (GDBusConnection) other = g_dbus_connection_new_for_address_sync (
      address.c_str (),
      static_cast<GDBusConnectionFlags> (G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                         | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION),
      nullptr, nullptr, nullptr);

  ASSERT_NE (other, nullptr);
  EXPECT_EQ (ask_from (id), "refused\n");
  ASSERT_TRUE (server_->expect (1));
  Notification asked = server_->questions ()[0];
  std::string key = asked.key ("Allow Once");
  EXPECT_EQ (key.size (), 32u);
  EXPECT_NE (key, asked.key ("Always Allow"));
  NotificationServer::press_on (other, asked.id, key);
  server_->press (asked.id + 1, key);
  for (const char *guess : { "", "once", "default", "0", "00000000000000000000000000000000" })
    server_->press (asked.id, guess);
  EXPECT_EQ (ask_from (id), "refused\n");
  EXPECT_EQ (json ({ "show", "--json", id })["grants"].size (), 0u);
  server_->press (asked.id, key);
  server_->press (asked.id, asked.key ("Always Allow"));
  EXPECT_TRUE (server_->until ([&] { return server_->is_closed (asked.id); }));
  EXPECT_EQ (ask_from (id), "open\n");
  EXPECT_EQ (put_over ("own"), "");
  g_dbus_connection_close_sync (other, nullptr, nullptr);
}

/* An application that is the desktop's server of notifications: what it says is pressed is not. Outside it is. */
TEST_F (Asking, NoServerInASandboxPresses)
{
  const std::string script = read_file (places ().source + "/tests/e2e/presser.py");

  server_.reset ();
  add_profile ("desk", "[Profile]\nInherits=default\n[Session Bus Policy]\norg.freedesktop.Notifications=own\n");
  {
    Process inside (command ({ "run", "--profile=desk", "--", "python3", "-c", script }));
    ASSERT_TRUE (inside.expect ("ready")) << inside.err ();
    std::string id = start ();
    EXPECT_EQ (ask_from (id), "refused\n");
    ASSERT_TRUE (inside.expect ("pressed")) << inside.err ();
    ASSERT_TRUE (inside.expect ("closed")) << inside.err ();
    EXPECT_EQ (ask_from (id), "refused\n");
    EXPECT_EQ (json ({ "show", "--json", id })["grants"].size (), 0u);
    stop (id);
    inside.kill (SIGTERM);
    inside.wait ();
  }
  let_a_minute_pass ();
  Process outside (Command ({ "python3", "-c", script }));
  ASSERT_TRUE (outside.expect ("ready")) << outside.err ();
  std::string id = start ();
  EXPECT_EQ (ask_from (id), "refused\n");
  ASSERT_TRUE (outside.expect ("closed")) << outside.err ();
  EXPECT_EQ (ask_from (id), "open\n");
}

/* No names of its own making reach the screen: an application's id has no character that means anything there. */
TEST_F (Asking, NamesAreNoMarkup)
{
  for (const char *name : { "<b>big</b>", "a&amp;b", "a\nb", "\x1b[31mred" })
    EXPECT_EQ (sandboxctl ({ "run", std::string ("--app-id=") + name, "--", "true" }).status, 125) << name;
  std::string id = start ();
  EXPECT_EQ (ask_from (id), "refused\n");
  ASSERT_TRUE (server_->expect (1));
  for (const Notification &one : server_->questions ())
    for (const std::string &text : { one.title, one.body })
      EXPECT_EQ (text.find_first_of ("<>&\x1b\n"), std::string::npos) << text;
}

/* It goes with the instance, however that ends; and with the service, whose successor asks for nothing that was. */
TEST_F (Asking, EndsWithItsInstance)
{
  std::string id = start ();

  EXPECT_EQ (ask_from (id), "refused\n");
  ASSERT_TRUE (server_->expect (1));
  stop (id);
  EXPECT_TRUE (server_->until ([&] { return server_->is_closed (server_->questions ()[0].id); }));
  let_a_minute_pass ();
  id = start ();
  EXPECT_EQ (ask_from (id), "refused\n");
  ASSERT_TRUE (server_->expect (2));
  ASSERT_EQ (kill (record (id).keeper, SIGKILL), 0);
  EXPECT_TRUE (server_->until ([&] { return server_->is_closed (server_->questions ()[1].id); }));
}

TEST_F (Asking, EndsWithItsService)
{
  std::string id = start ();

  EXPECT_EQ (ask_from (id), "refused\n");
  ASSERT_TRUE (server_->expect (1));
  Notification asked = server_->questions ()[0];
  kill_services ();
  let_a_minute_pass ();
  EXPECT_TRUE (was_refused (id, lan)); /* the next service knows of it */
  server_->press (asked.id, asked.key ("Allow Once"));
  EXPECT_EQ (ask_from (id), "refused\n");
  std::string other = start ();
  EXPECT_EQ (ask_from (other), "refused\n");
  ASSERT_TRUE (server_->expect (2));
  EXPECT_EQ (server_->questions ().size (), 2u);
  EXPECT_NE (server_->questions ()[1].key ("Allow Once"), asked.key ("Allow Once"));
  stop (other);
  stop (id);
}

/* The service is told to end while the authority is being asked: sandboxctl goes with it. */
TEST_F (Asking, WhatWaitsEndsWithTheService)
{
  std::string id = start ();

  EXPECT_EQ (ask_from (id), "refused\n");
  ASSERT_TRUE (server_->expect (1));
  Notification asked = server_->questions ()[0];
  write_file (answers (), "yes ~extend-network");
  server_->press (asked.id, asked.key ("Always Allow"));
  auto runs = [&] {
    for (pid_t service : services ())
      for (const ProcessInfo &process : descendants (service))
        if (process.name.rfind ("sandboxctl", 0) == 0 && process.command.find ("grant") != std::string::npos)
          return true;
    return false;
  };
  ASSERT_TRUE (server_->until (runs));
  kill_services ();
  EXPECT_TRUE (server_->until ([&] { return !runs (); }));
  write_file (answers (), "yes");
  EXPECT_EQ (put_over ("own"), "");
}

/* Where nobody shows notifications nothing happens, and it is served as ever. */
TEST_F (Asking, NobodyIsThereToShowIt)
{
  server_.reset ();
  std::string id = start ();

  EXPECT_EQ (ask_from (id), "refused\n");
  EXPECT_TRUE (was_refused (id, lan));
  EXPECT_TRUE (succeeds (sandboxctl ({ "grant", id, "--network-allow=192.168.77.1" })));
  EXPECT_EQ (ask_from (id), "open\n");
}
