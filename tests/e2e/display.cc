/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display.h"

namespace e2e {

void
OnDisplay::SetUp ()
{
  OnBus::SetUp ();
  for (const char *name : { "server", "client" })
    add_cookie (name, ":0", COOKIE);
  server_ = std::make_unique<Process> (
      Command ({ "Xvfb", "-displayfd", "1", "-auth", dir () + "/server", "-screen", "0", "640x480x24", "-noreset" }));
  ASSERT_TRUE (server_->expect ("\n")) << server_->err ();
  display_ = ":" + server_->out ().substr (0, server_->out ().find ('\n'));
  add_cookie ("client", display_, COOKIE);
  set_env ("DISPLAY", display_);
  set_env ("XAUTHORITY", dir () + "/client");
  ASSERT_TRUE (succeeds (run (Command ({ "xdpyinfo" }))));
}

void
OnDisplay::TearDown ()
{
  server_.reset ();
  OnBus::TearDown ();
}

void
OnDisplay::add_cookie (const std::string &file, const std::string &display, const std::string &cookie)
{
  ASSERT_TRUE (succeeds (run (Command ({ "xauth", "-q", "-f", dir () + "/" + file, "add", display, ".", cookie }))));
}

bool
OnDisplay::shows (const std::string &pattern)
{
  return eventually ([&] { return run (Command ({ "xdotool", "search", "--onlyvisible", pattern })).status == 0; });
}

size_t
OnDisplay::running ()
{
  size_t n = 0;

  for (const Record &r : records ())
    n += r.state == "running";
  return n;
}

}
