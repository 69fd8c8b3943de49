/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A Wayland compositor that shows nothing: it tells its globals, and makes security contexts, in a thread. Written by
 * the protocol's pages and not by src/wire/wayland.c, of which it is the other side. */
#pragma once

#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "process.h"

namespace e2e {

class Compositor {
public:
  enum class Kind {
    PLAIN,    /* no security contexts */
    CONTEXTS, /* … and those too */
    SILENT,   /* lets everybody in and says nothing */
    FULL,     /* lets nobody in: whoever comes has to wait */
    GARBAGE,  /* says what makes no sense */
    ENDLESS,  /* tells globals for ever */
    LEAVES,   /* hangs up when it is asked something */
    REFUSES,  /* sends an error when a context is made … */
    VANISHES, /* … hangs up then … */
    STALLS,   /* … or says nothing any more */
  };
  /* Of whoever connects to the listener of a context. */
  struct Context {
    std::string engine, app_id, instance_id;
    bool committed = false, ended = false; /* the other end of its pipe has been closed */
    size_t clients = 0;
  };

  Compositor (const std::string &path, Kind kind);
  ~Compositor ();
  Compositor (const Compositor &) = delete;
  Compositor &operator= (const Compositor &) = delete;

  std::vector<Context> contexts ();
  /* How many have connected to its own socket. */
  size_t clients ();

private:
  struct Client {
    Fd fd;
    std::string bytes;
    std::vector<Fd> fds;             /* that have come and are not taken yet */
    int context = -1;                /* that it is in */
    std::map<uint32_t, int> objects; /* contexts that it makes */
  };
  struct Listener {
    Fd listener, end;
    Context told;
  };

  void serve ();
  void accept_at (int fd, int context);
  bool read_from (Client &client);
  bool take_requests (Client &client);
  bool request (Client &client, uint32_t object, uint32_t opcode, const std::string &body);
  bool make_context (Client &client, const std::string &body);
  bool set (Client &client, uint32_t object, uint32_t opcode, const std::string &body);
  void tell_globals (Client &client);

  Kind kind_;
  std::string path_;
  Fd listener_, waiting_, stop_, stopped_;
  std::vector<Client> clients_;
  std::vector<Listener> contexts_;
  size_t n_clients_ = 0;
  std::mutex mutex_; /* of all above, while the thread runs */
  std::thread thread_;
};

/* Words of a shell that say which globals the display inside has, on one line, or "no display". */
std::string list_globals ();

}
