/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compositor.h"

#include <cstring>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "facility.h"

namespace e2e {

static constexpr char MANAGER[] = "wp_security_context_manager_v1";

static std::string
word (uint32_t value)
{
  return std::string (reinterpret_cast<const char *> (&value), sizeof value);
}

static uint32_t
word_at (const std::string &bytes, size_t at)
{
  uint32_t value = 0;

  if (at + sizeof value <= bytes.size ())
    memcpy (&value, bytes.data () + at, sizeof value);
  return value;
}

static std::string
text (const std::string &value)
{
  std::string bytes = word (static_cast<uint32_t> (value.size () + 1)) + value + '\0';

  return bytes + std::string ((4 - bytes.size () % 4) % 4, '\0');
}

static std::string
text_at (const std::string &bytes, size_t at)
{
  uint32_t n = word_at (bytes, at);

  return n > 0 && at + 4 + n <= bytes.size () ? bytes.substr (at + 4, n - 1) : "?";
}

static std::string
event (uint32_t object, uint32_t opcode, const std::string &body)
{
  return word (object) + word (static_cast<uint32_t> (body.size () + 8) << 16 | opcode) + body;
}

/* False: nobody hears it any more. */
static bool
say (const Fd &fd, const std::string &bytes)
{
  return send (fd.get (), bytes.data (), bytes.size (), MSG_NOSIGNAL) == static_cast<ssize_t> (bytes.size ());
}

static Fd
connect_to (const std::string &path)
{
  Fd fd (socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_un address = {};

  address.sun_family = AF_UNIX;
  strncpy (address.sun_path, path.c_str (), sizeof address.sun_path - 1);
  EXPECT_EQ (connect (fd.get (), reinterpret_cast<struct sockaddr *> (&address), sizeof address), 0) << path;
  return fd;
}

Compositor::Compositor (const std::string &path, Kind kind) : kind_ (kind), path_ (path), listener_ (listen_at (path))
{
  int ends[2];

  if (kind_ == Kind::FULL) { /* nobody else may wait then (listen(2)) */
    EXPECT_EQ (listen (listener_.get (), 0), 0);
    waiting_ = connect_to (path);
  }
  EXPECT_EQ (pipe2 (ends, O_CLOEXEC), 0);
  stopped_ = Fd (ends[0]);
  stop_ = Fd (ends[1]);
  thread_ = std::thread ([this] { serve (); });
}

Compositor::~Compositor ()
{
  stop_ = Fd ();
  thread_.join ();
  unlink (path_.c_str ());
}

std::vector<Compositor::Context>
Compositor::contexts ()
{
  std::lock_guard<std::mutex> lock (mutex_);
  std::vector<Context> list;

  for (const auto &row : contexts_)
    list.push_back (row.told);
  return list;
}

size_t
Compositor::clients ()
{
  std::lock_guard<std::mutex> lock (mutex_);

  return n_clients_;
}

void
Compositor::accept_at (int fd, int context)
{
  Client client;

  client.fd = Fd (accept4 (fd, nullptr, nullptr, SOCK_CLOEXEC));
  client.context = context;
  if (client.fd.get () < 0)
    return;
  if (context < 0)
    n_clients_++;
  else
    contexts_[static_cast<size_t> (context)].told.clients++;
  if (kind_ == Kind::GARBAGE)
    say (client.fd, "This is not what a compositor says.");
  clients_.push_back (std::move (client));
}

/* False: it is gone. */
bool
Compositor::read_from (Client &client)
{
  char bytes[4096];
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE (4 * sizeof (int))];
  } control = {};
  struct iovec place = { bytes, sizeof bytes };
  struct msghdr message = {};

  message.msg_iov = &place;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  ssize_t n = recvmsg (client.fd.get (), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n <= 0)
    return false;
  for (auto *header = CMSG_FIRSTHDR (&message); header; header = CMSG_NXTHDR (&message, header))
    for (size_t i = 0; header->cmsg_type == SCM_RIGHTS && CMSG_LEN ((i + 1) * sizeof (int)) <= header->cmsg_len; i++) {
      int fd;

      memcpy (&fd, CMSG_DATA (header) + i * sizeof fd, sizeof fd);
      client.fds.emplace_back (fd);
    }
  client.bytes.append (bytes, static_cast<size_t> (n));
  return take_requests (client);
}

bool
Compositor::take_requests (Client &client)
{
  while (client.bytes.size () >= 8 && client.bytes.size () >= word_at (client.bytes, 4) >> 16) {
    uint32_t object = word_at (client.bytes, 0), head = word_at (client.bytes, 4);
    std::string body = client.bytes.substr (8, (head >> 16) - 8);

    client.bytes.erase (0, head >> 16);
    if (!request (client, object, head & 0xffff, body))
      return false;
  }
  return true;
}

/* Of a client in a context it keeps what could be used against others, and contexts themselves. */
void
Compositor::tell_globals (Client &client)
{
  std::vector<std::string> names = { "wl_compositor", "xdg_wm_base" };
  uint32_t number = 0;

  if (client.context < 0)
    names.push_back ("zwlr_screencopy_manager_v1");
  if (client.context < 0 && kind_ != Kind::PLAIN && kind_ != Kind::ENDLESS)
    names.push_back (MANAGER);
  bool heard = true;
  do
    for (const auto &name : names)
      heard = say (client.fd, event (2, 0, word (++number) + text (name) + word (1)));
  while (kind_ == Kind::ENDLESS && heard);
}

bool
Compositor::make_context (Client &client, const std::string &body)
{
  Listener row;

  if (client.fds.size () < 2 || kind_ == Kind::VANISHES)
    return false;
  row.listener = std::move (client.fds[0]);
  row.end = std::move (client.fds[1]);
  client.fds.erase (client.fds.begin (), client.fds.begin () + 2);
  client.objects[word_at (body, 0)] = static_cast<int> (contexts_.size ());
  contexts_.push_back (std::move (row));
  if (kind_ == Kind::REFUSES)
    say (client.fd, event (1, 0, word (4) + word (1) + text ("listening socket FD is invalid")));
  return true;
}

/* Requests of a context, by their number. */
bool
Compositor::set (Client &client, uint32_t object, uint32_t opcode, const std::string &body)
{
  auto &told = contexts_[static_cast<size_t> (client.objects[object])].told;
  std::string *const places[] = { nullptr, &told.engine, &told.app_id, &told.instance_id };

  if (opcode > 0 && opcode < 4)
    *places[opcode] = text_at (body, 0);
  else if (opcode == 4)
    told.committed = true;
  return true;
}

/* False: the client is to be let go. */
bool
Compositor::request (Client &client, uint32_t object, uint32_t opcode, const std::string &body)
{
  if (kind_ == Kind::SILENT || kind_ == Kind::GARBAGE)
    return true;
  if (kind_ == Kind::LEAVES)
    return false;
  if (client.objects.count (object))
    return set (client, object, opcode, body);
  if (object == 1 && opcode == 0 && (kind_ != Kind::STALLS || client.objects.empty ()))
    say (client.fd, event (word_at (body, 0), 0, word (7)) + event (1, 1, body));
  else if (object == 1 && opcode == 1)
    tell_globals (client);
  else if (object != 1 && object != 2 && opcode == 1)
    return make_context (client, body);
  return true;
}

void
Compositor::serve ()
{
  for (;;) {
    std::vector<struct pollfd> watched = { { stopped_.get (), POLLIN, 0 } };
    std::unique_lock<std::mutex> lock (mutex_);
    size_t n_contexts = contexts_.size (), n_clients = clients_.size ();

    watched.push_back ({ kind_ == Kind::FULL ? -1 : listener_.get (), POLLIN, 0 });
    for (const auto &row : contexts_) {
      watched.push_back ({ row.told.committed && !row.told.ended ? row.listener.get () : -1, POLLIN, 0 });
      watched.push_back ({ row.told.ended ? -1 : row.end.get (), 0, 0 });
    }
    for (const auto &client : clients_)
      watched.push_back ({ client.fd.get (), POLLIN, 0 });
    lock.unlock ();
    if (poll (watched.data (), watched.size (), -1) < 0)
      continue;
    if (watched[0].revents)
      return;
    lock.lock ();
    for (size_t i = n_clients; i > 0; i--)
      if (watched[2 + 2 * n_contexts + i - 1].revents && !read_from (clients_[i - 1]))
        clients_.erase (clients_.begin () + static_cast<long> (i - 1));
    if (watched[1].revents)
      accept_at (listener_.get (), -1);
    for (size_t i = 0; i < n_contexts; i++) {
      if (watched[2 + 2 * i].revents)
        accept_at (contexts_[i].listener.get (), static_cast<int> (i));
      if (watched[3 + 2 * i].revents & POLLHUP) {
        contexts_[i].told.ended = true;
        contexts_[i].listener = Fd ();
      }
    }
  }
}

std::string
list_globals ()
{
  return "python3 -c \"\n"
         "import os, socket, struct, sys\n"
         "p = os.environ.get('WAYLAND_DISPLAY', '')\n"
         "s = socket.socket(socket.AF_UNIX)\n"
         "try: s.connect(p if p[:1] == '/' else os.environ['XDG_RUNTIME_DIR'] + '/' + p)\n"
         "except OSError: sys.exit('no display')\n"
         "s.sendall(struct.pack('=6I', 1, 12 << 16 | 1, 2, 1, 12 << 16, 3))\n"
         "b, names = b'', []\n"
         "while True:\n"
         "  while len(b) < 8 or len(b) < struct.unpack_from('=I', b, 4)[0] >> 16:\n"
         "    more = s.recv(4096)\n"
         "    if not more: sys.exit('it has hung up')\n"
         "    b += more\n"
         "  o, n = struct.unpack_from('=2I', b)\n"
         "  if o == 3: break\n"
         "  if o == 2: names.append(b[16:15 + struct.unpack_from('=I', b, 12)[0]].decode())\n"
         "  b = b[n >> 16:]\n"
         "print(' '.join(names))\n"
         "\" 2>&1";
}

}
