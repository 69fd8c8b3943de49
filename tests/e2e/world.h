/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small world for tests of the network: the test, and all that it starts, on a machine ("host") with one cable, and
 * at its other end everything that a machine has around it. An ordinary user can make it: the two are network
 * namespaces of a user namespace of the test's own. */
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace e2e {

class World {
public:
  /* Enters it, once in a process, before that has any thread. Empty, or why it cannot be had. @own_etc: what the
   * administrator changes in /etc is the world's alone. */
  static std::string enter (bool own_etc = false);

  /* Addresses at which somebody answers TCP connections and datagrams at the port with one line: "host", or "outside".
   */
  static const std::vector<std::string> &host ();     /* this machine's */
  static const std::vector<std::string> &near ();     /* the local network's, clouds' metadata */
  static const std::vector<std::string> &internet (); /* of the Internet */
  static const std::string &port ();
  /* The same machines send bytes there to whoever connects, for as long as that reads. */
  static const std::string &stream_port ();
  /* What the resolver says of every name; but of near.… it says near ()[0], and of home.… host ()[1]. */
  static std::string named ();
  /* Two resolvers, the first of which is the one that /etc/resolv.conf names, and what each says of every other name.
   */
  static const std::vector<std::string> &resolvers ();
  static const std::vector<std::string> &internet_named ();

  /* As the administrator of the host's network, whose words of a shell they are. Status and output do not matter. */
  static void administer (const std::string &command);
};

}
