/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sandboxes with a network of their own, in a world that is made for the test. */
#pragma once

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "harness.h"
#include "world.h"

namespace e2e {

template <class Base> class NetworkOf : public Base {
protected:
  static void
  SetUpTestSuite ()
  {
    ASSERT_EQ (World::enter (), "");
  }
  void
  SetUp () override
  {
    Base::SetUp ();
    this->add_profile ("own", "[Profile]\nInherits=default\n[Context]\nshared=private-network;\n");
    this->add_profile ("whole", "[Profile]\nInherits=default\n[Context]\nshared=network;\n");
    this->add_profile ("nested", "[Profile]\nInherits=default\n[Context]\nshared=private-network;\nfeatures=userns;\n");
  }
  /* What @addresses answer, as network-probe.py says it, each line as "tcp ADDRESS" → answer. */
  std::map<std::string, std::string>
  ask (const std::string &profile, const std::vector<std::string> &addresses, const std::string &port = World::port ())
  {
    Argv words = { "python3", "-c", read_file (places ().source + "/tests/e2e/network-probe.py"), port };
    std::map<std::string, std::string> answers;

    words.insert (words.end (), addresses.begin (), addresses.end ());
    Outcome outcome = this->run_in ({ "--profile=" + profile }, words);
    EXPECT_TRUE (succeeds (outcome));
    std::istringstream lines (outcome.out);
    for (std::string kind, address, answer; lines >> kind >> address >> answer;)
      answers[kind + " " + address] = answer;
    EXPECT_EQ (answers.size (), 2 * addresses.size ()) << outcome.out << outcome.err;
    return answers;
  }
  Outcome
  python (const std::string &profile, const std::string &script)
  {
    return this->run_in ({ "--profile=" + profile }, { "python3", "-c", script });
  }
  /* Whether somebody answers inside of @id: "open" or "refused". */
  std::string
  ask_from (const std::string &id, const std::string &address)
  {
    return this
        ->sandboxctl ({ "exec", id, "--", "python3", "-c",
                        "import socket\n"
                        "try: socket.create_connection(('"
                            + address + "', " + World::port ()
                            + "), 5); print('open')\n"
                              "except OSError: print('refused')\n" })
        .out;
  }
  pid_t
  process_of (const std::string &id, const std::string &name)
  {
    for (const auto &process : descendants (this->record (id).keeper))
      if (process.name == name)
        return process.pid;
    return -1;
  }
};

using Network = NetworkOf<WithoutBus>;

}
