/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's network changes while a sandbox has one of its own: its resolvers, as /etc/resolv.conf names them, its
 * routes. The test has an /etc of its own for that. */
#include <csignal>
#include <unistd.h>

#include "network.h"

using namespace e2e;

class NetworkResolver : public Network {
protected:
  static void
  SetUpTestSuite ()
  {
    ASSERT_EQ (World::enter (true), "");
  }
  void
  SetUp () override
  {
    Network::SetUp ();
    name_resolver (World::resolvers ()[0]);
  }
  void
  TearDown () override
  {
    name_resolver (World::resolvers ()[0]);
    Network::TearDown ();
  }
  /* As the programs do that manage networks: written beside it, and renamed. "": it is not there any more. */
  void
  name_resolver (const std::string &address)
  {
    administer (address.empty ()
                    ? "rm -f /etc/resolv.conf"
                    : "echo nameserver " + address + " >/etc/resolv.new; mv /etc/resolv.new /etc/resolv.conf");
  }
  /* Waits until it is done. */
  void
  administer (const std::string &command)
  {
    const std::string mark = dir () + "/done" + std::to_string (++n_);

    World::administer (command + "; touch " + mark);
    ASSERT_TRUE (eventually ([&] { return access (mark.c_str (), F_OK) == 0; }));
  }
  void
  start (const std::vector<std::string> &options = {})
  {
    /* Whoever the file inside names: what is asked is the stack's resolver */
    const std::string script =
        "import socket, sys\n"
        "print('ready', flush=True)\n"
        "for i, line in enumerate(sys.stdin):\n"
        "  s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2)\n"
        "  name = b'a%04d' % i\n"
        "  question = b'\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\5' + name + "
        "b'\\7example\\3org\\0\\0\\1\\0\\1'\n"
        "  try:\n"
        "    s.sendto(question, ('10.0.2.3', 53)); print(socket.inet_ntoa(s.recv(512)[-4:]), flush=True)\n"
        "  except OSError: print('nothing', flush=True)\n";
    std::vector<std::string> all = { "--profile=own" };
    all.insert (all.end (), options.begin (), options.end ());
    Command starting = command (run_words (all, { "python3", "-c", script }));

    starting.keep_input = true;
    process_ = std::make_unique<Process> (starting);
    ASSERT_TRUE (process_->expect ("ready\n")) << process_->err ();
  }
  /* What the address of a name is that nobody has asked for before, by the stack. */
  std::string
  asked ()
  {
    process_->forget ();
    process_->write ("\n");
    EXPECT_TRUE (process_->expect ("\n")) << process_->err ();
    return process_->out ();
  }
  void
  end ()
  {
    process_->close_input ();
    EXPECT_EQ (process_->wait ().status, 0);
  }
  static std::string
  answer_of (int which)
  {
    return World::internet_named ()[which] + "\n";
  }

  std::unique_ptr<Process> process_;
  int n_ = 0;
};

TEST_F (NetworkResolver, FollowsAFileThatIsReplaced)
{
  start ();
  EXPECT_EQ (asked (), answer_of (0));
  for (int which : { 1, 0, 1 }) {
    name_resolver (World::resolvers ()[which]);
    EXPECT_TRUE (eventually ([&] { return asked () == answer_of (which); })) << which;
  }
  end ();
}

TEST_F (NetworkResolver, FollowsAFileThatIsWrittenAnew)
{
  start ({ "--network-allow=*.example.org" }); /* the border's own reading of answers goes on too */
  EXPECT_EQ (asked (), answer_of (0));
  administer ("echo '# changed\nnameserver " + World::resolvers ()[1] + "' >/etc/resolv.conf");
  EXPECT_TRUE (eventually ([&] { return asked () == answer_of (1); }));
  end ();
}

/* A file of /etc itself that is replaced takes the mount away that covers it in the sandbox (rename(2) does so in every
 * other mount namespace), so that the host's is seen: what it names leads nowhere new. */
TEST_F (NetworkResolver, OpensNothingByAFileOfEtcThatIsReplaced)
{
  start ({ "--network-allow=*.example.org" });
  EXPECT_EQ (asked (), answer_of (0));
  for (const std::string &address : World::resolvers ()) {
    name_resolver (address);
    for (int i = 0; i < 3; i++) {
      std::string answer = asked ();
      EXPECT_TRUE (answer == "nothing\n" || answer == answer_of (0) || answer == answer_of (1)) << answer;
    }
  }
  std::string id = new_instance ().id;
  EXPECT_EQ (sandboxctl ({ "exec", id, "--", "python3", "-c",
                           "import socket\n"
                           "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5)\n"
                           "s.connect(('"
                               + World::resolvers ()[1]
                               + "', 53)); s.send(b'?' * 20)\n"
                                 "try: print(s.recv(100))\n"
                                 "except OSError: print('refused')\n" })
                 .out,
             "refused\n");
  end ();
}

/* As before a network is there: the stack waits for one, and the sandbox starts all the same. */
TEST_F (NetworkResolver, FindsOneThatWasNotThereAtFirst)
{
  name_resolver ("");
  start ();
  EXPECT_NE (asked (), answer_of (1));
  name_resolver (World::resolvers ()[1]);
  EXPECT_TRUE (eventually ([&] { return asked () == answer_of (1); }));
  end ();
}

/* One that goes away, and comes back elsewhere. */
TEST_F (NetworkResolver, OutlivesOneThatGoesAway)
{
  start ();
  EXPECT_EQ (asked (), answer_of (0));
  name_resolver ("");
  (void) asked ();
  name_resolver (World::resolvers ()[1]);
  EXPECT_TRUE (eventually ([&] { return asked () == answer_of (1); }));
  end ();
}

/* The cable is out, and in again: nothing answers, and then it does; the same processes carry it. */
TEST_F (NetworkResolver, OutlivesANetworkThatGoesAway)
{
  start ();
  EXPECT_EQ (asked (), answer_of (0));
  std::string id = new_instance ().id;
  pid_t border = process_of (id, "sandbox-border"), stack = process_of (id, "slirp4netns");
  administer ("ip link set cable0 down");
  EXPECT_EQ (asked (), "nothing\n");
  administer ("ip link set cable0 up; ip route add default via 192.168.77.1; ip addr add fd77::2/64 dev cable0 nodad; "
              "ip -6 route add default via fd77::1");
  EXPECT_TRUE (eventually ([&] { return asked () == answer_of (0); }));
  EXPECT_EQ (process_of (id, "sandbox-border"), border);
  EXPECT_EQ (process_of (id, "slirp4netns"), stack);
  EXPECT_TRUE (json ({ "show", "--json", id })["enforced"]["private-network"].boolean ());
  end ();
}
