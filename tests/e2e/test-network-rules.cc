/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [Network] allow= and deny=: what a network of the sandbox's own leads to, each beside the same without the rule. */
#include <algorithm>

#include "network.h"

using namespace e2e;

class NetworkRules : public Network {
protected:
  /* A profile that says @lines below [Network]. */
  void
  rules (const std::string &name, const std::string &lines)
  {
    add_profile (name, "[Profile]\nInherits=default\n[Context]\nshared=private-network;\n[Network]\n" + lines);
  }
  std::string
  answer (const std::string &profile, const std::string &kind, const std::string &address)
  {
    return ask (profile, { address })[kind + " " + address];
  }
};

static bool
is_refused (const std::string &answer)
{
  return answer == "EHOSTUNREACH" || answer == "EACCES";
}

/* Each destination by itself opens what it names, of both protocols and families, and nothing else. */
TEST_F (NetworkRules, OpensWhatIsNamedAndNothingElse)
{
  rules ("near", "allow=192.168.77.1;fd77::/64;\n");
  auto usual = ask ("own", { "192.168.77.1", "fd77::1", "198.51.100.10" });
  auto near = ask (
      "near", { "192.168.77.1", "fd77::1", "10.55.0.1", "198.51.100.10", "2001:db8:1::10", "192.168.77.2", "fd77::2" });

  for (const char *kind : { "tcp ", "udp " }) {
    for (const char *address : { "192.168.77.1", "fd77::1" }) {
      EXPECT_EQ (near[std::string (kind) + address], "outside") << kind << address;
      EXPECT_TRUE (is_refused (usual[std::string (kind) + address])) << kind << address;
    }
    for (const char *address : { "10.55.0.1", "198.51.100.10", "2001:db8:1::10", "192.168.77.2", "fd77::2" })
      EXPECT_TRUE (is_refused (near[std::string (kind) + address]))
          << kind << address << " " << near[std::string (kind) + address];
    EXPECT_EQ (usual[std::string (kind) + "198.51.100.10"], "outside");
  }
}

TEST_F (NetworkRules, KnowsProtocolsAndPorts)
{
  rules ("tcp", "allow=internet:7000-7001/tcp;\n");
  rules ("udp", "allow=internet:" + World::port () + "/udp;\n");
  rules ("other", "allow=internet:7002-8000;\n");

  EXPECT_EQ (answer ("tcp", "tcp", "198.51.100.10"), "outside");
  EXPECT_TRUE (is_refused (answer ("tcp", "udp", "198.51.100.10")));
  EXPECT_EQ (answer ("udp", "udp", "2001:db8:1::10"), "outside");
  EXPECT_TRUE (is_refused (answer ("udp", "tcp", "2001:db8:1::10")));
  EXPECT_TRUE (is_refused (answer ("other", "tcp", "198.51.100.10")));
  EXPECT_TRUE (is_refused (answer ("other", "udp", "198.51.100.10")));
}

TEST_F (NetworkRules, ADenialWins)
{
  rules ("all", "allow=internet;lan;\ndeny=10.0.0.0/8;2001:db8:1::10;internet/udp;\n");
  auto all = ask ("all", { "192.168.77.1", "10.55.0.1", "198.51.100.10", "2001:db8:1::10" });

  EXPECT_EQ (all["tcp 192.168.77.1"], "outside");
  EXPECT_EQ (all["udp 192.168.77.1"], "outside");
  EXPECT_EQ (all["tcp 198.51.100.10"], "outside");
  EXPECT_TRUE (is_refused (all["udp 198.51.100.10"]));
  EXPECT_TRUE (is_refused (all["tcp 10.55.0.1"]));
  EXPECT_TRUE (is_refused (all["tcp 2001:db8:1::10"]));
}

/* One port of the host's loopback, at the gateway's address; what listens at others is as far away as before. */
TEST_F (NetworkRules, OpensOnePortOfTheHost)
{
  rules ("host", "allow=host:" + World::port () + ";\n");
  rules ("other", "allow=host:7002;\n");

  EXPECT_EQ (answer ("host", "tcp", "10.0.2.2"), "host");
  EXPECT_EQ (answer ("host", "udp", "10.0.2.2"), "host");
  EXPECT_EQ (answer ("host", "tcp", "fd00::2"), "host");
  EXPECT_EQ (answer ("host", "tcp", "192.168.77.2"), "host");
  EXPECT_TRUE (is_refused (answer ("host", "tcp", "198.51.100.10")));
  EXPECT_TRUE (is_refused (answer ("host", "tcp", "192.168.77.1")));
  EXPECT_TRUE (is_refused (answer ("other", "tcp", "10.0.2.2")));
  EXPECT_TRUE (is_refused (answer ("other", "tcp", "192.168.77.2")));
  EXPECT_TRUE (is_refused (answer ("own", "tcp", "10.0.2.2")));
  EXPECT_TRUE (is_refused (answer ("host", "tcp", "10.0.2.4"))); /* the stack has its loopback at more addresses */
}

TEST_F (NetworkRules, FindsNamesOnlyWithDns)
{
  const Argv find = { "python3", "-c", "import socket\nprint(socket.gethostbyname('somewhere.example.org'))" };

  EXPECT_EQ (run_in ({ "--profile=own", "--network-allow=dns" }, find).out, World::named () + "\n");
  EXPECT_NE (run_in ({ "--profile=own", "--network-allow=internet" }, find).status, 0);
  EXPECT_NE (run_in ({ "--profile=own", "--network-deny=dns" }, find).status, 0);
}

TEST_F (NetworkRules, KnowsEchoRequests)
{
  const Argv ping = { "python3", "-c",
                      "import socket\n"
                      "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)\n"
                      "s.settimeout(1)\n"
                      "try:\n"
                      "  s.connect(('198.51.100.10', 0)); s.send(bytes([8, 0, 0, 0, 0, 0, 0, 1]) + b'x' * 8)\n"
                      "  print(s.recv(100)[0] == 0)\n"
                      "except OSError:\n"
                      "  print(False)\n" };

  EXPECT_EQ (run_in ({ "--profile=own", "--network-allow=198.51.100.0/24/icmp" }, ping).out, "True\n");
  EXPECT_EQ (run_in ({ "--profile=own", "--network-allow=internet/tcp,internet/udp" }, ping).out, "False\n");
  EXPECT_EQ (run_in ({ "--profile=own", "--network-deny=internet/icmp" }, ping).out, "False\n");
}

/* By an option too; more than the profile has takes approval, which nobody gives here, and less does not. */
TEST_F (NetworkRules, AreAskedForLikeEveryFacility)
{
  Outcome more = run_in ({ "--profile=own", "--network-allow=lan" }, { "true" });

  EXPECT_TRUE (succeeds (run_in ({ "--profile=own", "--network-allow=internet:443" }, { "true" })));
  EXPECT_TRUE (succeeds (run_in ({ "--profile=own", "--network-deny=internet:25", "--network-deny=lan" }, { "true" })));
  EXPECT_TRUE (fails_with (more, 125, { "extend-network" }));
  EXPECT_TRUE (fails_with (run_in ({ "--profile=own", "--network-allow=intranet" }, { "true" }), 125,
                           { "intranet", "internet, lan, host, dns" }));
  EXPECT_TRUE (fails_with (run_in ({ "--profile=whole", "--network-deny=lan" }, { "true" }), 125,
                           { "a network of its own", "--network=private" }));
  EXPECT_TRUE (succeeds (run_in ({ "--profile=whole", "--network=private", "--network-deny=lan" }, { "true" })));
}

TEST_F (NetworkRules, AreExplained)
{
  rules ("some", "allow=internet:443/tcp;host:5432;\ndeny=8.8.8.8;\n");
  std::string text = sandboxctl ({ "explain", "some" }).out;

  EXPECT_NE (text.find ("host:5432"), std::string::npos) << text;
  EXPECT_NE (text.find ("internet:443/tcp"), std::string::npos) << text;
  EXPECT_NE (text.find ("8.8.8.8"), std::string::npos) << text;
}
