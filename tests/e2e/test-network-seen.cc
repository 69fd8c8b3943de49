/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `show`, `top` and `why` say of a network of its own: bytes, what was refused, the names that were asked for. */
#include <filesystem>
#include <fstream>

#include "network.h"

using namespace e2e;

/* For each line of its input: "ask NAME", "open ADDRESS" and "read" (from somebody who sends without end). */
static const char *const obeys = "import socket, struct, sys, threading\n"
                                 "def read():\n"
                                 "  s = socket.create_connection(('198.51.100.10', 7010), 20)\n"
                                 "  while s.recv(65536): pass\n"
                                 "def question(name):\n"
                                 "  labels = b''.join(bytes([len(l)]) + l for l in name.split(b'.'))\n"
                                 "  return b'\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0' + labels + b'\\0\\0\\1\\0\\1'\n"
                                 "print('ready', flush=True)\n"
                                 "for line in sys.stdin.buffer:\n"
                                 "  word, _, what = line.rstrip(b'\\n').partition(b' ')\n"
                                 "  if word == b'read': threading.Thread(target=read, daemon=True).start()\n"
                                 "  elif word == b'ask':\n"
                                 "    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5)\n"
                                 "    try: s.sendto(question(what), ('10.0.2.3', 53)); s.recv(512)\n"
                                 "    except OSError: pass\n"
                                 "  else:\n"
                                 "    try: socket.create_connection((what.decode(), 7001), 5).close()\n"
                                 "    except OSError: pass\n"
                                 "  print('done', flush=True)\n";

template <class Base> class SeenOf : public NetworkOf<Base> {
protected:
  void
  start (const std::vector<std::string> &options)
  {
    Command starting = this->command (run_words (options, { "python3", "-c", obeys }));

    starting.keep_input = true;
    process_ = std::make_unique<Process> (starting);
    ASSERT_TRUE (process_->expect ("ready\n")) << process_->err ();
    id_ = this->new_instance ().id;
  }
  void
  tell (const std::string &order)
  {
    process_->forget ();
    process_->write (order + "\n");
    ASSERT_TRUE (process_->expect ("done\n")) << process_->out () << process_->err ();
  }
  void
  end ()
  {
    process_->close_input ();
    EXPECT_EQ (process_->wait ().status, 0);
  }
  /* How often each name was asked for, as `show` tells. */
  std::map<std::string, double>
  asked (const std::string &verb = "show")
  {
    std::map<std::string, double> result;
    Json names = this->json ({ verb, "--json", id_ })["asked-names"];

    for (size_t i = 0; i < names.size (); i++)
      result[names[i][0].text ()] = names[i][1].number ();
    return result;
  }
  std::string
  shown (const std::string &verb)
  {
    return this->sandboxctl ({ verb, id_ }).out;
  }

  std::unique_ptr<Process> process_;
  std::string id_;
};

using Seen = SeenOf<WithoutBus>;
using SeenOnBus = SeenOf<OnBus>;

TEST_F (Seen, NamesThatWereAskedFor)
{
  start ({ "--profile=own" });
  for (const char *order : { "ask some.example.org", "ask Some.Example.ORG", "ask other.example.net" })
    tell (order);
  EXPECT_TRUE (eventually ([&] {
    return asked () == std::map<std::string, double>{ { "some.example.org", 2 }, { "other.example.net", 1 } };
  })) << shown ("show");
  /* A service that has just come is told by the keeper in a moment */
  for (const char *verb : { "show", "why" })
    EXPECT_TRUE (eventually ([&] {
      std::string text = shown (verb);

      return text.find ("some.example.org, 2 times") != std::string::npos
             && text.find ("other.example.net, 1 time") != std::string::npos;
    })) << shown (verb);
  EXPECT_TRUE (eventually ([&] { return asked ("why").size () == 2; }));
  end ();
}

/* Whatever is asked: names that can write on a terminal are none, and the resolver answers them all the same. */
TEST_F (Seen, NoNameWritesOnATerminal)
{
  start ({ "--profile=own" });
  for (const std::string &name :
       { std::string ("a\033[2Jb.org"), std::string ("a\x07.org"), std::string ("caf\xc3\xa9.org"),
         std::string ("a b.org"), std::string ("a%s\\x1b.org"), std::string ("good.example.org") })
    tell ("ask " + name);
  EXPECT_TRUE (eventually ([&] {
    return asked () == std::map<std::string, double>{ { "good.example.org", 1 } };
  })) << shown ("show");
  for (const char *verb : { "show", "why" })
    EXPECT_EQ (shown (verb).find_first_of ("\033\x07\xc3"), std::string::npos);
  end ();
}

/* A flood leaves the last ones, and no more of them than there is room for. */
TEST_F (Seen, AFloodOfNamesIsHeldInBounds)
{
  start ({ "--profile=own" });
  for (int i = 0; i < 200; i++)
    tell ("ask x" + std::to_string (i) + ".example.org");
  EXPECT_TRUE (eventually ([&] { return asked ().count ("x199.example.org") == 1; })) << shown ("show");
  EXPECT_LE (asked ().size (), 16U);
  EXPECT_EQ (asked ().count ("x0.example.org"), 0U);
  end ();
}

/* What somebody looks up is written nowhere: not while it runs, and not when it has ended. */
TEST_F (Seen, NamesAreInMemoryAlone)
{
  auto files_have = [&] (const std::string &text) {
    bool found = false;

    for (const std::string &place : { instances (), home () })
      for (const auto &entry : std::filesystem::recursive_directory_iterator (
               place, std::filesystem::directory_options::skip_permission_denied))
        if (entry.is_regular_file ()) {
          std::ifstream file (entry.path ());
          found |= std::string (std::istreambuf_iterator<char> (file), {}).find (text) != std::string::npos;
        }
    return found;
  };

  start ({ "--profile=own" });
  tell ("ask private.example.org");
  EXPECT_TRUE (eventually ([&] { return asked ().size () == 1; }));
  EXPECT_TRUE (files_have ("python3")); /* the control: of the record */
  EXPECT_FALSE (files_have ("private.example.org"));
  end ();
  EXPECT_TRUE (wait_for_state (id_, "exited"));
  EXPECT_FALSE (files_have ("private.example.org"));
}

/* Where rules have names, what was refused is told as that and not among those that were asked for. */
TEST_F (Seen, RefusedByDestinationAndName)
{
  start ({ "--profile=own", "--network-allow=*.example.org" });
  for (const char *order :
       { "ask some.example.org", "ask some.example.net", "ask some.example.net", "open 192.168.77.1" })
    tell (order);
  for (const char *verb : { "show", "why" })
    EXPECT_TRUE (eventually ([&] {
      std::string text = shown (verb);

      return text.find ("addresses of some.example.net (2 times") != std::string::npos
             && text.find ("connections to 192.168.77.1, tcp:7001 (1 time") != std::string::npos
             && text.find ("some.example.org, 1 time") != std::string::npos;
    })) << shown (verb);
  EXPECT_EQ (asked ().count ("some.example.net"), 0U);
  end ();
}

/* By a service that stays, and has told before what it tells: bytes and their rate are those of now, by every way. */
TEST_F (SeenOnBus, TrafficAsItChanges)
{
  start ({ "--profile=own" });
  std::string whole = launch_detached ({ "--profile=whole" }, { "sleep", "600" });
  auto row = [&] (const std::string &id) {
    Json all = json ({ "top", "--json" });
    size_t i = 0;

    while (i < all.size () && all[i]["id"].text () != id)
      i++;
    return all[i];
  };

  EXPECT_EQ (row (id_)["usage"]["network-in-per-second"].number (), 0);
  tell ("read");
  EXPECT_TRUE (eventually ([&] {
    Json now = row (id_);

    return now["traffic"][0].number () > 100000 && now["traffic"][1].number () > 1000
           && now["usage"]["network-in-per-second"].number () > 0
           && now["usage"]["network-out-per-second"].number () > 0;
  })) << sandboxctl ({ "top", "--json" }).out;
  EXPECT_TRUE (eventually ([&] { return top_cell (id_, 9) != "0" && top_cell (id_, 9) != "-"; }));
  EXPECT_EQ (top_cell (whole, 9), "-");
  EXPECT_EQ (row (whole)["traffic"][0].number (), 0);
  /* `ps --json` asks for all of them */
  Json all = json ({ "ps", "--json" });
  for (size_t i = 0; i < all.size (); i++)
    if (all[i]["id"].text () == id_) {
      EXPECT_GT (all[i]["traffic"][0].number (), 100000);
    }
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", whole, "--grace=0" })));
  end ();
}

/* What the border refuses is in the column for that. */
TEST_F (SeenOnBus, TopCountsWhatWasRefused)
{
  start ({ "--profile=own" });
  EXPECT_EQ (top_cell (id_, 8), "0");
  for (int i = 0; i < 3; i++)
    tell ("open 192.168.77.1");
  EXPECT_TRUE (eventually ([&] { return top_cell (id_, 8) == "3"; })) << sandboxctl ({ "top", "--once" }).out;
  end ();
}
