/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a network of its own leads, changed while it runs. */
#include "network.h"

using namespace e2e;

class NetworkLive : public Network {
protected:
  /* Reads a stream from @address and says "flows" once, and then how it ended; "again" on its input connects anew and
   * says "open" or the errno. */
  static Argv
  stream_from (const std::string &address)
  {
    return { "python3", "-c",
             "import errno, socket, sys, threading\n"
             "where = ('"
                 + address + "', " + World::stream_port ()
                 + ")\n"
                   "def read():\n"
                   "  try:\n"
                   "    s = socket.create_connection(where, 5)\n"
                   "    s.settimeout(60)\n"
                   "    s.recv(1000); print('flows', flush=True)\n"
                   "    while s.recv(65536): pass\n"
                   "    print('closed', flush=True)\n"
                   "  except OSError as error: print('stopped', errno.errorcode.get(error.errno, error), flush=True)\n"
                   "threading.Thread(target=read, daemon=True).start()\n"
                   "for line in sys.stdin:\n"
                   "  try: socket.create_connection(where, 5); print('open', flush=True)\n"
                   "  except OSError as error: print('refused', flush=True)\n" };
  }
  Command
  starting (const std::vector<std::string> &options, const Argv &words)
  {
    Command result = command (run_words (options, words));

    result.keep_input = true;
    return result;
  }
};

/* What is open already ends at once, with a reset; what is not named goes on. */
TEST_F (NetworkLive, StopsARunningDownload)
{
  Process named (starting ({ "--profile=own" }, stream_from ("198.51.100.10")));
  std::string id = new_instance ().id;
  Process other (starting ({ "--profile=own" }, stream_from ("198.51.100.10")));

  ASSERT_TRUE (named.expect ("flows\n"));
  ASSERT_TRUE (other.expect ("flows\n"));
  named.forget ();
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--network-deny=198.51.100.0/24" })));
  EXPECT_TRUE (named.expect ("stopped ECONNRESET\n")) << named.out ();
  named.forget ();
  named.write ("again\n");
  EXPECT_TRUE (named.expect ("refused\n")) << named.out ();
  other.forget ();
  other.write ("again\n");
  EXPECT_TRUE (other.expect ("open\n")) << other.out ();
  EXPECT_EQ (other.out ().find ("stopped"), std::string::npos);
  EXPECT_NE (sandboxctl ({ "show", id }).out.find ("198.51.100.0/24"), std::string::npos);
  for (Process *process : { &named, &other }) {
    process->close_input ();
    EXPECT_EQ (process->wait ().status, 0);
  }
}

/* A download from elsewhere is not touched by what is closed beside it. */
TEST_F (NetworkLive, LeavesTheRestAsItIs)
{
  Process process (starting ({ "--profile=own" }, stream_from ("2001:db8:1::10")));
  std::string id = new_instance ().id;

  ASSERT_TRUE (process.expect ("flows\n"));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--network-deny=198.51.100.0/24" })));
  process.forget ();
  process.write ("again\n");
  EXPECT_TRUE (process.expect ("open\n")) << process.out ();
  EXPECT_EQ (process.out ().find ("stopped"), std::string::npos) << process.out ();
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--network-allow=none,dns" })));
  EXPECT_TRUE (process.expect ("stopped ECONNRESET\n")) << process.out ();
  process.close_input ();
  EXPECT_EQ (process.wait ().status, 0);
}

/* Restrict is for good, so it takes nothing that it cannot keep; and it never adds. */
TEST_F (NetworkLive, TakesNothingFromASharedNetwork)
{
  std::string whole = launch_detached ({ "--profile=whole" }, { "sleep", "60" });
  std::string own = launch_detached ({ "--profile=own" }, { "sleep", "60" });
  const Argv lan = { "python3", "-c",
                     "import socket\n"
                     "try: socket.create_connection(('192.168.77.1', "
                         + World::port ()
                         + "), 5); print('open')\n"
                           "except OSError: print('refused')\n" };
  Argv inside = { "exec", own, "--" };

  EXPECT_TRUE (fails_with (sandboxctl ({ "restrict", whole, "--network-deny=lan" }), 125,
                           { "shared with the host", "--network=private" }));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", own, "--network-allow=lan,internet,dns" })));
  inside.insert (inside.end (), lan.begin (), lan.end ());
  EXPECT_EQ (sandboxctl (inside).out, "refused\n");
  for (const std::string &id : { whole, own })
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}
