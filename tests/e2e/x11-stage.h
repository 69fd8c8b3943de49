/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A display, and profiles that share it, for tests of X11. */
#pragma once

#include <regex>

#include "display.h"

namespace e2e {

inline bool
has_own_socket (const std::string &names)
{
  return std::regex_search (names, std::regex ("(^|\\n)X1\\d{9}"));
}

class X11 : public OnDisplay {
protected:
  void
  SetUp () override
  {
    OnDisplay::SetUp ();
    if (HasFatalFailure ())
      return;
    add_cookie ("client", ":61", "ffffffffffffffffffffffffffffffff");
    add_cookie ("wrong", display (), "ffffffffffffffffffffffffffffffff");
    add_profile ("shared", "[Profile]\nInherits=default\n[Context]\nsockets=x11;\n");
    add_profile ("networked", "[Profile]\nInherits=default\n[Context]\nsockets=x11;\nshared=network;\n");
    add_profile ("without", "[Profile]\nInherits=default\n[Context]\nshared=network;\n");
  }
};

} /* namespace e2e */
