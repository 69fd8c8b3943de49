/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chromium over --remote-debugging-pipe: JSON messages that end with NUL, on descriptors 3 and 4.
 * https://chromedevtools.github.io/devtools-protocol/ */
#pragma once

#include <string>

#include "json.h"
#include "process.h"

namespace e2e {

class Cdp {
public:
  /* Adds the descriptors to a command that is about to be started. */
  void prepare (Command &command);
  /* Once it has been started: its ends are its own. */
  void started ();

  /* Calls @method with @params (a JSON object) and returns the result. Throws on an error or when no answer comes. */
  Json call (const std::string &method, const std::string &params = "{}");
  /* Opens @url in a page of its own, to which further calls go, and waits until it has loaded. */
  void open (const std::string &url);
  /* The value of a JavaScript expression in that page, as text. */
  std::string evaluate (const std::string &expression);
  /* Bytes of a PNG file. */
  std::string screenshot ();

private:
  Json receive ();

  Pipe to_, from_;
  std::string buffer_, session_;
  int next_ = 1;
};

}
