/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cdp.h"

#include <poll.h>
#include <stdexcept>
#include <unistd.h>

namespace e2e {

void
Cdp::prepare (Command &command)
{
  command.fds[3] = to_.read.get ();
  command.fds[4] = from_.write.get ();
}

void
Cdp::started ()
{
  to_.read.reset ();
  from_.write.reset ();
}

Json
Cdp::receive ()
{
  size_t end;

  while ((end = buffer_.find ('\0')) == std::string::npos) {
    struct pollfd polled = { from_.read.get (), POLLIN, 0 };
    char bytes[65536];

    if (poll (&polled, 1, patience_ms ()) <= 0)
      throw std::runtime_error ("the browser does not answer");
    ssize_t n = read (from_.read.get (), bytes, sizeof bytes);
    if (n <= 0)
      throw std::runtime_error ("the browser is gone");
    buffer_.append (bytes, static_cast<size_t> (n));
  }
  std::string message = buffer_.substr (0, end);
  buffer_.erase (0, end + 1);
  return Json::parse (message);
}

Json
Cdp::call (const std::string &method, const std::string &params)
{
  int id = next_++;
  std::string message = "{\"id\":" + std::to_string (id) + ",\"method\":\"" + method + "\",\"params\":" + params;

  if (!session_.empty ())
    message += ",\"sessionId\":\"" + session_ + "\"";
  message += "}";
  if (write (to_.write.get (), message.c_str (), message.size () + 1) != static_cast<ssize_t> (message.size () + 1))
    throw std::runtime_error ("the browser does not listen");
  for (;;) {
    Json answer = receive ();

    if (!answer.has ("id") || answer["id"].number () != id)
      continue; /* an event */
    if (answer.has ("error"))
      throw std::runtime_error (method + ": " + answer["error"].dump ());
    return answer["result"];
  }
}

void
Cdp::open (const std::string &url)
{
  session_.clear ();
  std::string target = call ("Target.createTarget", "{\"url\":\"about:blank\"}")["targetId"].text ();
  session_ = call ("Target.attachToTarget", "{\"targetId\":\"" + target + "\",\"flatten\":true}")["sessionId"].text ();
  Json navigated = call ("Page.navigate", "{\"url\":\"" + url + "\"}");
  if (navigated.has ("errorText"))
    throw std::runtime_error (url + ": " + navigated["errorText"].text ());
  if (!eventually ([this] { return evaluate ("document.readyState") == "complete"; }))
    throw std::runtime_error (url + " does not finish loading");
}

std::string
Cdp::evaluate (const std::string &expression)
{
  Json result =
      call ("Runtime.evaluate", "{\"returnByValue\":true,\"expression\":\"String(" + expression + ")\"}")["result"];

  return result.has ("value") ? result["value"].text () : result.dump ();
}

std::string
Cdp::screenshot ()
{
  std::string base64 = call ("Page.captureScreenshot", "{\"format\":\"png\"}")["data"].text ();
  gsize size;
  g_autofree guchar *bytes = g_base64_decode (base64.c_str (), &size);

  return std::string (reinterpret_cast<char *> (bytes), size);
}

}
