/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The real polkitd decides. It runs on a stage of its own (polkit/stage.py), which also answers its prompts. */
#include <csignal>
#include <cstring>
#include <filesystem>
#include <gio/gunixfdlist.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness.h"

using namespace e2e;
namespace fs = std::filesystem;

using Words = std::vector<std::string>;

static constexpr char NAME[] = "org.example.Sandbox";
static constexpr char PATH[] = "/org/example/Sandbox";
static constexpr char INSTANCE[] = "org.example.Sandbox.Instance";
static const std::string ACTION = "org.example.Sandbox.";
static const std::string ERROR = "org.example.Sandbox.Error.";

/* The other end of stage.py: packets of words. */
class Stage {
public:
  Stage () : socket_ (socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0))
  {
    struct sockaddr_un address = {};
    std::string path = directory () + "/control";

    address.sun_family = AF_UNIX;
    strncpy (address.sun_path, path.c_str (), sizeof address.sun_path - 1);
    if (connect (socket_.get (), reinterpret_cast<struct sockaddr *> (&address), sizeof address) < 0)
      throw std::runtime_error (path + ": " + strerror (errno));
  }
  static std::string
  directory ()
  {
    const char *value = getenv ("SBX_TEST_STAGE");

    if (!value)
      throw std::runtime_error ("there is no polkitd here: run this through meson test, or tests/e2e/polkit/runner");
    return value;
  }
  Words
  operator() (const Words &request)
  {
    std::string packet;
    char answer[65536];

    for (const std::string &word : request)
      packet += (packet.empty () ? "" : std::string (1, '\0')) + word;
    if (send (socket_.get (), packet.data (), packet.size (), MSG_NOSIGNAL) < 0)
      throw std::runtime_error ("the stage is gone");
    ssize_t n = recv (socket_.get (), answer, sizeof answer, 0);
    Words words = split (std::string (answer, static_cast<size_t> (std::max<ssize_t> (n, 0))));
    if (words[0] != "ok")
      throw std::runtime_error ("the stage: " + (words.size () > 1 ? words[1] : "no answer"));
    words.erase (words.begin ());
    return words;
  }

private:
  static Words
  split (const std::string &packet)
  {
    Words words (1);

    for (char c : packet) {
      if (c == '\0')
        words.emplace_back ();
      else
        words.back () += c;
    }
    return words;
  }

  Fd socket_;
};

/* What an administrator would write: the answer for an action, or for all others. "" is no opinion. */
static std::string
rules (const std::map<std::string, std::string> &answers, const std::string &others = "")
{
  std::string text = "polkit.addRule(function(action, subject) {\n"
                     "  if (action.id.indexOf(\""
                     + ACTION + "\") != 0) return undefined;\n";

  for (const auto &[action, answer] : answers)
    text += "  if (action.id == \"" + ACTION + action + "\") return polkit.Result." + answer + ";\n";
  if (!others.empty ())
    text += "  return polkit.Result." + others + ";\n";
  return text + "});\n";
}

/* An answer over D-Bus, or the remote name of the error and its text. */
struct Answer {
  std::string path, error, text;
};

class Polkit : public OnBus {
protected:
  void
  SetUp () override
  {
    stage_ = std::make_unique<Stage> ();
    (*stage_) ({ "reset" });
    OnBus::SetUp ();
    set_env ("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=" + Stage::directory () + "/bus");
  }
  Words
  stage (const Words &words)
  {
    return (*stage_) (words);
  }
  /* An agent for @pid that says @answer; "hold": when the test says so. */
  void
  agent (pid_t pid, const std::string &answer)
  {
    stage ({ "agent", std::to_string (pid), answer });
  }
  void
  answer (pid_t pid, const std::string &what)
  {
    stage ({ "answer", std::to_string (pid), what });
  }
  /* The actions for which @pid was asked for a password, without the prefix. */
  Words
  asked (pid_t pid)
  {
    Words actions = stage ({ "asked", std::to_string (pid) });

    for (std::string &action : actions)
      action = action.substr (0, ACTION.size ()) == ACTION ? action.substr (ACTION.size ()) : "?" + action;
    return actions;
  }
  bool
  is_asked (pid_t pid, const std::string &action)
  {
    Words all;

    return eventually ([&] {
      for (const std::string &one : asked (pid))
        all.push_back (one);
      return !all.empty () && all.back () == action;
    });
  }
  bool
  is_withdrawn (pid_t pid)
  {
    return eventually ([&] { return stage ({ "withdrawn", std::to_string (pid) })[0] != "0"; });
  }

  /* sandboxctl, held back until there is an agent for it. */
  std::unique_ptr<Process>
  start_with_agent (const Argv &words, const std::string &answer)
  {
    Pipe gate;
    Command what = command (words);
    int fd = gate.read.get ();

    what.child = [fd] {
      char byte;
      (void) !read (fd, &byte, 1);
    };
    /* The child's own copy of the other end goes at exec; it must not be what keeps it waiting */
    auto process = std::make_unique<Process> (what);
    agent (process->pid (), answer);
    EXPECT_EQ (write (gate.write.get (), "", 1), 1);
    return process;
  }
  Outcome
  run_with_agent (const Argv &options, const Argv &words, const std::string &answer, Words *prompts = nullptr)
  {
    auto process = start_with_agent (run_words (options, words), answer);
    Outcome outcome = process->wait ();
    Words actions = asked (process->pid ());

    if (prompts)
      *prompts = actions;
    return outcome;
  }

  /* As a long-lived client: this process. */
  Answer
  call (const std::string &path, const char *interface, const char *method, GVariant *arguments, bool interactive)
  {
    g_autoptr (GError) error = nullptr;
    g_autoptr (GVariant) value = g_dbus_connection_call_sync (
        connection (), NAME, path.c_str (), interface, method, arguments, nullptr,
        interactive ? G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION : G_DBUS_CALL_FLAGS_NONE, patience_ms (),
        nullptr, &error);
    Answer answer;

    if (value && g_variant_is_of_type (value, G_VARIANT_TYPE ("(o)"))) {
      const char *result;
      g_variant_get (value, "(&o)", &result);
      answer.path = result;
    } else if (!value) {
      g_autofree char *name = g_dbus_error_get_remote_error (error);
      answer.error = name ? name : "";
      g_dbus_error_strip_remote_error (error);
      answer.text = error->message;
    }
    return answer;
  }
  Answer
  launch (bool interactive, const std::string &options = "{}")
  {
    const char *const argv[] = { "sleep", "1000", nullptr };
    GVariant *parsed = g_variant_parse (G_VARIANT_TYPE_VARDICT, options.c_str (), nullptr, nullptr, nullptr);

    return call (PATH, NAME, "Launch",
                 g_variant_new ("(s@aay@a{sv})", "default", g_variant_new_bytestring_array (argv, -1), parsed),
                 interactive);
  }
  void
  stop (const Answer &launched)
  {
    ASSERT_EQ (launched.error, "") << launched.text;
    EXPECT_EQ (call (launched.path, INSTANCE, "Stop", g_variant_new ("(u)", 0), false).error, "");
    EXPECT_TRUE (wait_for_state (launched.path.substr (launched.path.rfind ('/') + 1), "exited"));
  }

  /* Besides the service and the client that is still there: no process, no directory, nothing shown. */
  void
  expect_no_trace ()
  {
    EXPECT_TRUE (eventually ([this] { return helpers ().empty () && records ().empty (); }))
        << describe (helpers ()) << records ().size () << " directories";
    EXPECT_FALSE (fs::exists (dir () + "/data/sandbox"));
    EXPECT_EQ (json ({ "ps", "--all", "--json" }).size (), 0u);
  }
  std::vector<ProcessInfo>
  helpers ()
  {
    std::vector<ProcessInfo> found;

    for (const ProcessInfo &p : descendants (getpid ()))
      if (p.state != 'Z'
          && (p.name == "sandbox-keeper" || p.name == "bwrap" || p.name == "sandbox-init" || p.name == "9"
              || p.name == "sleep"))
        found.push_back (p);
    return found;
  }

private:
  std::unique_ptr<Stage> stage_;
};

static const char MORE[] = "{'policy': <{'Context': <{'shared': 'network;'}>}>}";

TEST_F (Polkit, IsThere)
{
  EXPECT_TRUE (eventually ([this] { return json ({ "doctor", "--json" })["authority"].text () == "polkit"; }));
}

TEST_F (Polkit, Yes)
{
  stage ({ "rules", rules ({}, "YES") });
  EXPECT_EQ (run_in ({}, { "sh", "-c", "exit 7" }).status, 7);
  EXPECT_EQ (run_in ({ "--share=network" }, { "sh", "-c", "exit 8" }).status, 8);
}

TEST_F (Polkit, No)
{
  stage ({ "rules", rules ({}, "NO") });
  EXPECT_TRUE (
      fails_with (run_in ({}, { "true" }), 125, { ACTION + "launch", "is not allowed", "/etc/polkit-1/rules.d" }));
  expect_no_trace ();
}

TEST_F (Polkit, NoToOneOfSeveral)
{
  stage ({ "rules", rules ({ { "extend-devices", "NO" } }, "YES") });
  EXPECT_TRUE (
      fails_with (run_in ({ "--share=network", "--device=dri" }, { "true" }), 125, { ACTION + "extend-devices" }));
  expect_no_trace ();
  EXPECT_EQ (run_in ({ "--share=network" }, { "true" }).status, 0);
}

TEST_F (Polkit, AnsweredYes)
{
  Words prompts;

  stage ({ "rules", rules ({}, "AUTH_SELF") });
  EXPECT_EQ (run_with_agent ({}, { "sh", "-c", "exit 7" }, "yes", &prompts).status, 7);
  EXPECT_EQ (prompts, Words ({ "launch" }));
  EXPECT_EQ (run_with_agent ({ "--share=network", "--device=dri" }, { "sh", "-c", "exit 8" }, "yes", &prompts).status,
             8);
  EXPECT_EQ (prompts, Words ({ "launch", "extend-network", "extend-devices" }));
}

TEST_F (Polkit, AnsweredNo)
{
  Words prompts;

  stage ({ "rules", rules ({}, "AUTH_SELF") });
  EXPECT_TRUE (fails_with (run_with_agent ({ "--share=network" }, { "true" }, "no", &prompts), 125,
                           { ACTION + "launch", "authentication failed", "rules.d" }));
  EXPECT_EQ (prompts, Words ({ "launch" })) << "after a no nothing else is asked";
  expect_no_trace ();
}

TEST_F (Polkit, Dismissed)
{
  stage ({ "rules", rules ({}, "AUTH_SELF") });
  EXPECT_TRUE (fails_with (run_with_agent ({}, { "true" }, "cancel"), 125, { ACTION + "launch", "dismissed" }));
  expect_no_trace ();
  agent (getpid (), "cancel");
  EXPECT_EQ (launch (true).error, ERROR + "AuthenticationCanceled");
}

/* The peer-to-peer service of a machine without a session bus asks for the same. */
TEST_F (Polkit, WithoutASessionBus)
{
  set_env ("SANDBOX_BUS", "none");
  stage ({ "rules", rules ({}, "AUTH_SELF") });
  Words prompts;
  EXPECT_EQ (run_with_agent ({ "--share=network" }, { "sh", "-c", "exit 9" }, "yes", &prompts).status, 9);
  EXPECT_EQ (prompts, Words ({ "launch", "extend-network" }));
  EXPECT_TRUE (fails_with (run_with_agent ({}, { "true" }, "no"), 125, { ACTION + "launch" }));
  set_env ("SANDBOX_BUS", std::nullopt);
}

/* No rule says anything: the defaults of our action file, for somebody who does not sit at the machine. */
TEST_F (Polkit, TheFileOfActions)
{
  Words prompts;

  EXPECT_EQ (run_with_agent ({ "--filesystem=/srv:ro" }, { "true" }, "yes", &prompts).status, 0);
  EXPECT_EQ (prompts, Words ({ "launch", "extend-files" }));
  EXPECT_TRUE (
      fails_with (run_in ({}, { "true" }), 125, { ACTION + "launch", "no authentication agent", "pkttyagent" }));
}

/* polkit keeps a yes for the process that it was given to; the service keeps none. */
TEST_F (Polkit, KeptForTheClient)
{
  Words prompts;

  stage ({ "rules", rules ({}, "AUTH_SELF_KEEP") });
  agent (getpid (), "yes");
  stop (launch (true));
  EXPECT_EQ (asked (getpid ()), Words ({ "launch" }));
  stop (launch (true));
  stop (launch (false));
  EXPECT_EQ (asked (getpid ()), Words ());
  stop (launch (true, MORE));
  EXPECT_EQ (asked (getpid ()), Words ({ "extend-network" }));
  kill_services ();
  stop (launch (false, MORE));
  EXPECT_EQ (asked (getpid ()), Words ());
  EXPECT_EQ (run_with_agent ({}, { "true" }, "yes", &prompts).status, 0);
  EXPECT_EQ (prompts, Words ({ "launch" })) << "another client has somebody else's yes";
  stage ({ "kill" });
  stage ({ "start" });
  EXPECT_EQ (launch (false).error, ERROR + "NotAuthorized") << "the service has kept what polkit has forgotten";
}

TEST_F (Polkit, NotKept)
{
  stage ({ "rules", rules ({}, "AUTH_SELF") });
  agent (getpid (), "yes");
  stop (launch (true));
  stop (launch (true));
  EXPECT_EQ (asked (getpid ()), Words ({ "launch", "launch" }));
}

TEST_F (Polkit, RulesChangeAtOnce)
{
  stage ({ "rules", rules ({}, "YES") });
  stop (launch (false, MORE));
  stage ({ "rules", rules ({ { "extend-network", "NO" } }, "YES") });
  EXPECT_EQ (launch (false, MORE).error, ERROR + "NotAuthorized");
  stop (launch (false));
  stage ({ "rules", rules ({}, "NO") });
  EXPECT_EQ (launch (false).error, ERROR + "NotAuthorized");
  stage ({ "rules", rules ({}, "YES") });
  stop (launch (false, MORE));
}

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

/* A change between two questions of one launch counts as well. */
TEST_F (Polkit, RulesChangeWhileAsking)
{
  stage ({ "rules", rules ({ { "launch", "AUTH_SELF" } }, "YES") });
  auto client = start_with_agent (run_words ({ "--share=network" }, { "true" }), "hold");
  ASSERT_TRUE (is_asked (client->pid (), "launch"));
  stage ({ "rules", rules ({ { "launch", "AUTH_SELF" }, { "extend-network", "NO" } }) });
  answer (client->pid (), "yes");
  EXPECT_TRUE (fails_with (client->wait (), 125, { ACTION + "extend-network" }));
  expect_no_trace ();
}

/* Everything is set up while the agent asks, nothing of the caller's has run, and a no takes it away. */
TEST_F (Polkit, PreparedAndThrownAway)
{
  stage ({ "rules", rules ({}, "AUTH_SELF") });
  std::string file = home () + "/touched";
  auto client = start_with_agent (run_words ({ "--filesystem=" + home () }, { "touch", file }), "hold");
  ASSERT_TRUE (is_asked (client->pid (), "launch"));
  EXPECT_TRUE (eventually ([this] { return helpers ().size () >= 3 && records ().size () == 1; }))
      << "it does not prepare";
  EXPECT_EQ (json ({ "ps", "--all", "--json" }).size (), 0u) << "it is shown before it is approved";
  answer (client->pid (), "yes");
  ASSERT_TRUE (is_asked (client->pid (), "extend-files"));
  EXPECT_FALSE (fs::exists (file));
  answer (client->pid (), "no");
  EXPECT_TRUE (fails_with (client->wait (), 125, { ACTION + "extend-files" }));
  expect_no_trace ();
  EXPECT_FALSE (fs::exists (file));
}

/* A home that is kept is not even made. */
TEST_F (Polkit, NoDirectoryBeforeTheYes)
{
  stage ({ "rules", rules ({}, "AUTH_SELF") });
  auto client = start_with_agent (run_words ({ "--profile=devel", "--app-id=org.example.Kept" }, { "true" }), "hold");
  ASSERT_TRUE (is_asked (client->pid (), "launch"));
  EXPECT_FALSE (fs::exists (dir () + "/data/sandbox"));
  answer (client->pid (), "no");
  EXPECT_TRUE (fails_with (client->wait (), 125, { ACTION + "launch" }));
  expect_no_trace ();
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

TEST_F (Polkit, KilledWhileAsking)
{
  stage ({ "rules", rules ({}, "AUTH_SELF") });
  auto client = start_with_agent (run_words ({}, { "true" }), "hold");
  ASSERT_TRUE (is_asked (client->pid (), "launch"));
  stage ({ "kill" });
  EXPECT_TRUE (fails_with (client->wait (), 125, { ACTION + "launch", "does not answer" }));
  expect_no_trace ();
  EXPECT_TRUE (fails_with (run_in ({}, { "true" }), 125, { ACTION + "launch", "does not answer", "try again" }))
      << "an authority that has gone is no free pass";
  stage ({ "start" });
  EXPECT_EQ (run_with_agent ({}, { "sh", "-c", "exit 3" }, "yes").status, 3);
}

/* It is there and does not know us: as if it were not there. */
TEST_F (Polkit, DoesNotKnowTheActions)
{
  stage ({ "forget_actions" });
  EXPECT_EQ (run_in ({}, { "sh", "-c", "exit 4" }).status, 4);
  EXPECT_TRUE (fails_with (run_in ({ "--share=network" }, { "true" }), 125,
                           { ACTION + "extend-network", "org.example.Sandbox.policy", "/etc/sandbox/profiles" }));
}

/* One that hangs holds up nobody who needs no approval, and is no free pass either. */
TEST_F (Polkit, Hangs)
{
  stage ({ "rules", rules ({}, "YES") });
  std::string id = launch_detached ({}, { "sleep", "1000" });
  stage ({ "signal", "SIGSTOP" });
  Process client (command (run_words ({}, { "true" })));
  EXPECT_EQ (json ({ "explain", "--json", "default" })["actions"].size (), 1u);
  EXPECT_TRUE (client.running ());
  client.kill (SIGKILL);
  client.wait ();
  EXPECT_TRUE (eventually ([this] { return records ().size () == 1; }));
  stage ({ "signal", "SIGCONT" });
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

TEST_F (Polkit, HangsFromTheStart)
{
  stage ({ "signal", "SIGSTOP" });
  EXPECT_TRUE (fails_with (run_in ({}, { "true" }), 125, { ACTION + "launch", "does not answer", "try again" }));
  expect_no_trace ();
  stage ({ "signal", "SIGCONT" });
  stage ({ "rules", rules ({}, "YES") });
  EXPECT_TRUE (eventually ([this] { return run_in ({}, { "true" }).status == 0; })) << "it is not asked again";
}

/* Without the flag nobody is bothered, and the error says what to do. */
TEST_F (Polkit, OnlyInteractiveCallsAsk)
{
  stage ({ "rules", rules ({}, "AUTH_SELF") });
  agent (getpid (), "yes");
  Answer refused = launch (false);
  EXPECT_EQ (refused.error, ERROR + "NotAuthorized");
  EXPECT_NE (refused.text.find ("ALLOW_INTERACTIVE_AUTHORIZATION"), std::string::npos) << refused.text;
  EXPECT_NE (refused.text.find (ACTION + "launch"), std::string::npos) << refused.text;
  EXPECT_EQ (asked (getpid ()), Words ());
  expect_no_trace ();
  stop (launch (true));
  EXPECT_EQ (asked (getpid ()), Words ({ "launch" }));
}

/* What needs which class: exactly these are asked for. */
TEST_F (Polkit, Classes)
{
  static const struct {
    Argv options;
    Words actions;
  } rows[] = {
    { {}, {} },
    { { "--env=A=b" }, {} },
    { { "--app-id=org.example.Other", "--tty" }, {} },
    { { "--unshare=network", "--nosocket=x11", "--nofilesystem=home" }, {} },
    { { "--filesystem=/srv:ro" }, { "extend-files" } },
    { { "--filesystem=home" }, { "extend-files" } },
    { { "--persist=.config" }, { "extend-files" } },
    { { "--socket=ssh-auth" }, { "extend-files" } },
    { { "--share=network" }, { "extend-network" } },
    { { "--share=ipc" }, { "extend-devices" } },
    { { "--device=dri" }, { "extend-devices" } },
    { { "--device=all" }, { "extend-devices" } },
    { { "--allow=devel" }, { "extend-devices" } },
    { { "--allow=userns" }, { "extend-devices" } },
    { { "--procfs=hidepid=off" }, { "extend-devices" } },
    { { "--socket=session-bus" }, { "extend-bus" } },
    { { "--socket=system-bus" }, { "extend-bus" } },
    { { "--talk-name=org.example.Other" }, { "extend-bus" } },
    { { "--own-name=org.example.Own" }, { "extend-bus" } },
    { { "--system-talk-name=org.example.Other" }, { "extend-bus" } },
    { { "--socket=wayland" }, { "extend-display" } },
    { { "--socket=x11" }, { "extend-display" } },
    { { "--socket=pulseaudio" }, { "extend-display" } },
    { { "--filesystem=/srv", "--share=network", "--device=dri", "--socket=session-bus", "--socket=x11" },
      { "extend-files", "extend-network", "extend-devices", "extend-bus", "extend-display" } },
    { { "--profile=desktop" }, {} },
    { { "--profile=desktop", "--socket=wayland", "--device=dri", "--talk-name=org.freedesktop.Notifications" }, {} },
    { { "--profile=desktop", "--own-name=org.freedesktop.Notifications" }, { "extend-bus" } },
    { { "--profile=devel", "--share=network" }, {} },
    { { "--profile=served", "--filesystem=/srv/data:ro", "--filesystem=/srv/data/below" }, {} },
    { { "--profile=served", "--filesystem=/srv" }, { "extend-files" } },
  };

  add_profile ("served", "[Profile]\nInherits=default\n[Context]\nfilesystems=/srv/data;\n");
  stage ({ "rules", rules ({ { "launch", "YES" } }, "AUTH_SELF") });
  for (const auto &row : rows) {
    auto client = start_with_agent (run_words (row.options, { "true" }), "yes");
    client->wait (); /* whether it works here (a sound server, a graphics card) is not the question */
    EXPECT_EQ (asked (client->pid ()), row.actions) << shell_quote (row.options) << ": " << client->err ();
  }
}

/* What a user's own profile adds is asked for; what a vendor's or administrator's says is not. */
TEST_F (Polkit, UserProfiles)
{
  static const struct {
    const char *name, *content;
    Words actions;
  } rows[] = {
    { "default", "[Profile]\nInherits=strict\n", {} },
    { "offline", "[Profile]\nInherits=offline\n[Context]\nshared=network;\n", { "extend-network" } },
    { "mine", "[Profile]\nInherits=default\n", {} },
    { "mine",
      "[Profile]\nInherits=default\n[Context]\nshared=network;\nfilesystems=/srv:ro;\n",
      { "extend-files", "extend-network" } },
    { "mine", "[Profile]\nInherits=default\n[Session Bus Policy]\norg.example.Other=talk\n", { "extend-bus" } },
    { "mine", "[Profile]\nInherits=default\n[Context]\nsockets=wayland;\n", { "extend-display" } },
  };

  stage ({ "rules", rules ({ { "launch", "YES" } }, "AUTH_SELF") });
  for (const auto &row : rows) {
    Words prompts;
    add_user_profile (row.name, row.content);
    run_with_agent ({ std::string ("--profile=") + row.name }, { "true" }, "yes", &prompts);
    EXPECT_EQ (prompts, row.actions) << row.name << ":\n" << row.content;
    fs::remove (user_profiles () + "/" + row.name + ".profile");
  }
  fs::create_directory (user_profiles () + "/default.profile.d");
  write_file (user_profiles () + "/default.profile.d/more.conf", "[Context]\ndevices=dri;\n");
  Words prompts;
  EXPECT_TRUE (fails_with (run_with_agent ({}, { "true" }, "no", &prompts), 125, { ACTION + "extend-devices" }));
  EXPECT_EQ (prompts, Words ({ "extend-devices" }));
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
