/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets of the desktop, at which a test listens. */
#pragma once

#include <filesystem>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include "harness.h"

namespace fs = std::filesystem;
using namespace e2e;

/* A server of the desktop, which takes the first one who connects, or leaves all waiting. */
class Server {
public:
  Server (const std::string &path, bool accepts) : path_ (path), fd_ (socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))
  {
    struct sockaddr_un address = {};

    fs::create_directories (fs::path (path).parent_path ());
    fs::remove (path);
    address.sun_family = AF_UNIX;
    snprintf (address.sun_path, sizeof address.sun_path, "%s", path.c_str ());
    EXPECT_EQ (bind (fd_.get (), reinterpret_cast<struct sockaddr *> (&address), sizeof address), 0);
    EXPECT_EQ (listen (fd_.get (), 8), 0);
    if (accepts)
      thread_ = std::thread ([this] { client_ = Fd{ accept (fd_.get (), nullptr, nullptr) }; });
  }

  ~Server ()
  {
    shutdown (fd_.get (), SHUT_RDWR); /* nobody has come */
    fs::remove (path_);
    if (thread_.joinable ())
      thread_.join ();
  }

private:
  std::string path_;
  Fd fd_, client_;
  std::thread thread_;
};
