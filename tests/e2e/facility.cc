/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "facility.h"

#include <cstring>
#include <filesystem>
#include <sys/socket.h>
#include <sys/un.h>

namespace e2e {

void
Facility::define (const std::string &groups)
{
  add_profile ("tested", "[Profile]\nName=tested\nInherits=default\nAppId=org.example.Tested\n" + groups);
}

std::string
Facility::make_directory (const std::string &name)
{
  std::string path = dir () + "/files/" + name;

  std::filesystem::create_directories (path);
  write_file (path + "/file", "content\n");
  return path;
}

Outcome
Facility::under (const std::string &groups, const std::string &script, const Argv &options)
{
  Argv all = { "--profile=tested" };

  all.insert (all.end (), options.begin (), options.end ());
  define (groups);
  return run_in (all, { "sh", "-c", script });
}

void
Facility::expect_both (const std::string &groups, const std::string &script, const std::string &with,
                       const std::string &without)
{
  Outcome allowed = under (groups, script), refused = under ("", script);

  EXPECT_EQ (allowed.out, with) << groups << allowed.err;
  EXPECT_EQ (refused.out, without) << groups << refused.err;
}

Fd
listen_at (const std::string &path)
{
  Fd sock (socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_un address = {};

  address.sun_family = AF_UNIX;
  strncpy (address.sun_path, path.c_str (), sizeof address.sun_path - 1);
  std::filesystem::create_directories (std::filesystem::path (path).parent_path ());
  EXPECT_EQ (bind (sock.get (), reinterpret_cast<struct sockaddr *> (&address), sizeof address), 0) << path;
  EXPECT_EQ (listen (sock.get (), 4), 0);
  return sock;
}

std::string
connect_at (const std::string &path)
{
  return "python3 -c \"import socket;socket.socket(socket.AF_UNIX).connect('" + path
         + "')\" 2>/dev/null && echo connected || echo refused";
}

}
