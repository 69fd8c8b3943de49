/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who asks polkit, and what they are up to: applications, other users, other clients, clients that leave or change. */
#include <csignal>
#include <sys/stat.h>

#include "polkit-stage.h"

using namespace e2e;

/* From inside of a sandbox `launch` is asked for, of its proxy, and nothing can put a dialogue before the user. */
TEST_F (Polkit, LaunchesFromInside)
{
  std::string programs = fs::path (places ().sandboxctl).parent_path ();

  add_profile ("nesting", "[Profile]\nInherits=default\n[Context]\nfilesystems=" + programs
                              + ":ro;\n[Session Bus Policy]\norg.example.Sandbox=talk\n");
  stage ({ "rules", rules ({ { "launch", "YES" } }, "NO") });
  Command loop = command (run_words ({ "--profile=nesting" },
                                     { "sh", "-c",
                                       "while read more; do " + places ().sandboxctl
                                           + " run --profile=nesting $more -- echo nested 2>&1; echo end; done" }));
  loop.keep_input = true;
  pid_t proxy = 0;
  Process parent (loop);
  Record first = new_instance ();
  parent.write ("\n");
  ASSERT_TRUE (parent.expect ("nested\nend\n")) << parent.out ();
  parent.forget ();
  for (const auto &p : descendants (first.keeper))
    if (p.name == "xdg-dbus-proxy")
      proxy = p.pid;
  ASSERT_GT (proxy, 0);
  agent (proxy, "yes");
  for (const char *answer : { "NO", "AUTH_SELF" }) {
    stage ({ "rules", rules ({ { "launch", answer } }, "YES") });
    parent.write ("\n");
    ASSERT_TRUE (parent.expect ("end\n")) << parent.out ();
    EXPECT_NE (parent.out ().find (ACTION + "launch"), std::string::npos) << parent.out ();
    EXPECT_EQ (parent.out ().find ("nested\n"), std::string::npos) << parent.out ();
    parent.forget ();
  }
  EXPECT_EQ (asked (proxy), Words ());
  /* A yes to everything is none to more than the sandbox has */
  stage ({ "rules", rules ({}, "YES") });
  parent.write ("--share=network\n");
  ASSERT_TRUE (parent.expect ("end\n")) << parent.out ();
  EXPECT_NE (parent.out ().find ("more than the calling sandbox"), std::string::npos) << parent.out ();
  parent.close_input ();
  EXPECT_EQ (parent.wait ().status, 0);
}

TEST_F (Polkit, ClientVanishesWhileAsked)
{
  stage ({ "rules", rules ({}, "AUTH_SELF") });
  auto client = start_with_agent (run_words ({}, { "sleep", "1000" }), "hold");
  ASSERT_TRUE (is_asked (client->pid (), "launch"));
  client->kill (SIGKILL);
  EXPECT_TRUE (is_withdrawn (client->pid ())) << "the dialogue stays";
  client->wait ();
  expect_no_trace ();
}

/* The same for a question that is no launch's. */
TEST_F (Polkit, ClientVanishesWhileAskedForControl)
{
  stage ({ "rules", rules ({ { "control", "AUTH_SELF" } }, "YES") });
  std::string id = launch_detached ({}, { "sleep", "1000" });
  auto client = start_with_agent ({ "stop", id }, "hold");
  ASSERT_TRUE (is_asked (client->pid (), "control"));
  client->kill (SIGKILL);
  EXPECT_TRUE (is_withdrawn (client->pid ())) << "the dialogue stays";
  client->wait ();
  EXPECT_EQ (record (id).state, "running");
  stage ({ "rules", rules ({}, "YES") });
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

/* Somebody else's call on this bus is refused whatever it is, without a question. Root may do everything. */
TEST_F (Polkit, AnotherUid)
{
  static const Argv calls[] = {
    { "Launch", "default", "[b'sleep', b'1000']", "{}" },
    { "Explain", "default", "@aay []", "{}" },
    { "ListProfiles" },
    { "GetProfile", "default" },
  };
  Words environment = { "DBUS_SESSION_BUS_ADDRESS=unix:path=" + runtime () + "/bus", "HOME=/", "LANG=C.UTF-8",
                        "PATH=/usr/bin:/bin" };
  auto act_as = [&] (const char *uid, const Argv &call) {
    Words words = { "act_as", uid };
    words.insert (words.end (), environment.begin (), environment.end ());
    for (const char *word : { "gdbus", "call", "--session", "--dest", NAME, "--object-path", PATH, "--method" })
      words.push_back (word);
    words.push_back (std::string (NAME) + "." + call[0]);
    words.insert (words.end (), call.begin () + 1, call.end ());
    return stage (words);
  };

  stage ({ "rules", rules ({}, "YES") });
  EXPECT_EQ (run_in ({}, { "true" }).status, 0); /* the bus is there */
  ASSERT_EQ (chmod (runtime ().c_str (), 0711), 0);
  for (const Argv &call : calls) {
    Words outcome = act_as ("65534", call);
    EXPECT_NE (outcome[0], "0") << call[0] << ": " << outcome[1];
    EXPECT_NE (outcome[2].find (ERROR + "NotAuthorized"), std::string::npos) << call[0] << ": " << outcome[2];
    EXPECT_NE (outcome[2].find ("65534"), std::string::npos) << call[0] << ": " << outcome[2];
  }
  stage ({ "rules", rules ({}, "NO") });
  Words outcome = act_as ("0", { "ListProfiles" });
  EXPECT_EQ (outcome[0], "0") << outcome[2];
  ASSERT_EQ (chmod (runtime ().c_str (), 0700), 0);
}

/* What another client of the same user started. */
TEST_F (Polkit, ControlAndObserve)
{
  stage ({ "rules", rules ({ { "control", "NO" }, { "observe", "NO" } }, "YES") });
  std::string id = launch_detached ({}, { "sleep", "1000" });
  EXPECT_TRUE (fails_with (sandboxctl ({ "stop", id }), 125, { ACTION + "control" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "kill", id }), 125, { ACTION + "control" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "exec", id, "--", "true" }), 125, { ACTION + "control" }));
  EXPECT_FALSE (json ({ "show", "--json", id }).has ("command"));
  EXPECT_EQ (record (id).state, "running");
  stage ({ "rules", rules ({ { "observe", "YES" }, { "control", "AUTH_SELF" } }) });
  EXPECT_EQ (json ({ "show", "--json", id })["command"][0].text (), "sleep");
  auto client = start_with_agent ({ "stop", id }, "yes");
  EXPECT_TRUE (succeeds (client->wait ()));
  EXPECT_EQ (asked (client->pid ()), Words ({ "control" }));
  /* Its own: no question */
  stage ({ "rules", rules ({ { "launch", "YES" } }, "NO") });
  stop (launch (false));
}

/* client.py, which is up to something. */
class Tricks : public Polkit {
protected:
  /* Waits until it is asked for "launch", which it is at once. */
  std::unique_ptr<Process>
  play (const std::string &trick, const std::string &options)
  {
    Command what = command ({});

    what.argv = { "/usr/bin/python3", "-B", places ().source + "/tests/e2e/polkit/client.py", trick, options };
    what.keep_input = true;
    auto client = std::make_unique<Process> (what);
    EXPECT_TRUE (client->expect ("ready")) << client->err ();
    agent (client->pid (), "hold");
    client->write ("\n");
    return client;
  }
};

TEST_F (Tricks, LeavesAtOnce)
{
  stage ({ "rules", rules ({}, "YES") });
  auto client = play ("leave", "{}");
  client->wait ();
  EXPECT_TRUE (eventually ([this] { return helpers ().empty (); })) << describe (helpers ());
  stop (launch (false)); /* the service has handled what came before */
  EXPECT_TRUE (eventually ([this] { return helpers ().empty (); })) << describe (helpers ());
}

/* It ends and its connection lives on in another process: a yes would be somebody else's. */
TEST_F (Tricks, EndsAndKeepsTheConnection)
{
  stage ({ "rules", rules ({}, "AUTH_SELF") });
  auto client = play ("hand-over", "{}");
  ASSERT_TRUE (is_asked (client->pid (), "launch"));
  client->write ("\n");
  ASSERT_TRUE (client->expect ("holding"));
  ASSERT_TRUE (eventually ([&] { return !process_exists (client->pid ()); }));
  answer (client->pid (), "yes");
  EXPECT_TRUE (eventually ([this] { return helpers ().empty () && records ().empty (); })) << describe (helpers ());
  client->close_input ();
  client->wait ();
  expect_no_trace ();
}

/* … and its number is another process's by the time of the yes. */
TEST_F (Tricks, ItsNumberIsUsedAgain)
{
  stage ({ "rules", rules ({}, "AUTH_SELF") });
  auto client = play ("hand-over", "{}");
  pid_t pid = client->pid ();
  ASSERT_TRUE (is_asked (pid, "launch"));
  client->write ("\n");
  ASSERT_TRUE (client->expect ("holding"));
  EXPECT_TRUE (eventually ([&] { return !client->running (); }));
  stage ({ "claim", std::to_string (pid) });
  ASSERT_TRUE (process_exists (pid));
  answer (pid, "yes");
  EXPECT_TRUE (eventually ([this] { return helpers ().empty () && records ().empty (); })) << describe (helpers ());
  client->close_input ();
  expect_no_trace ();
}

/* It has become a program that runs as root by the time of the second question. It is asked for as who it was when it
 * came to the bus: what rules say about root is not for it. */
TEST_F (Tricks, BecomesASetuidProgram)
{
  auto is_root = [] (pid_t pid) {
    std::string directory = "/proc/" + std::to_string (pid);

    return read_file (directory + "/comm") == "passwd\n"
           && read_file (directory + "/status").find ("\nUid:\t" + std::to_string (getuid ()) + "\t0\t")
                  != std::string::npos;
  };
  auto launch_as_root = [&] (const std::string &for_root, const std::string &for_others) {
    stage ({ "rules", "polkit.addRule(function(action, subject) {\n"
                      "  if (action.id == \"org.example.Sandbox.launch\") return polkit.Result.AUTH_SELF;\n"
                      "  return polkit.Result[subject.user == \"root\" ? \""
                          + for_root + "\" : \"" + for_others + "\"];\n});\n" });
    auto client = play ("passwd", MORE);
    EXPECT_TRUE (is_asked (client->pid (), "launch"));
    client->write ("\n");
    EXPECT_TRUE (eventually ([&] { return is_root (client->pid ()); }));
    answer (client->pid (), "yes");
    return client;
  };

  auto client = launch_as_root ("YES", "NO");
  EXPECT_TRUE (eventually ([this] { return helpers ().empty () && records ().empty (); })) << describe (helpers ());
  client->close_input ();
  client->wait ();
  expect_no_trace ();

  client = launch_as_root ("NO", "YES");
  std::string id = new_instance ().id;
  client->close_input ();
  client->wait ();
  stage ({ "rules", rules ({}, "YES") });
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}
