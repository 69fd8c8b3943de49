/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests with the real polkitd have in common. It runs on a stage of its own (polkit/stage.py), which also
 * answers its prompts. */
#pragma once

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness.h"

namespace e2e {

namespace fs = std::filesystem;

using Words = std::vector<std::string>;

inline constexpr char NAME[] = "org.example.Sandbox";
inline constexpr char PATH[] = "/org/example/Sandbox";
inline constexpr char INSTANCE[] = "org.example.Sandbox.Instance";
inline const std::string ACTION = "org.example.Sandbox.";
inline const std::string ERROR = "org.example.Sandbox.Error.";

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
inline std::string
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

inline constexpr char MORE[] = "{'policy': <{'Context': <{'shared': 'network;'}>}>}";

}
