/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running programs and looking at processes, for the end-to-end tests. */
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <sys/types.h>
#include <vector>

namespace e2e {

using Argv = std::vector<std::string>;
/* Over the environment of the test; nullopt takes a variable away. */
using Environment = std::map<std::string, std::optional<std::string> >;

/* A descriptor that closes itself. */
class Fd {
public:
  Fd () = default;
  explicit Fd (int fd) : fd_ (fd)
  {
  }
  Fd (Fd &&other) noexcept : fd_ (other.release ())
  {
  }
  Fd &
  operator= (Fd &&other) noexcept
  {
    reset (other.release ());
    return *this;
  }
  ~Fd ()
  {
    reset ();
  }
  int
  get () const
  {
    return fd_;
  }
  int release ();
  void reset (int fd = -1);

private:
  int fd_ = -1;
};

/* Both ends of a pipe, close-on-exec. */
struct Pipe {
  Pipe ();
  Fd read, write;
};

/* Where a standard descriptor of a process comes from. */
struct Stream {
  enum Kind { CAPTURE, EMPTY, CLOSED, DESCRIPTOR } kind = CAPTURE;
  int fd = -1;

  static Stream
  to (int fd)
  {
    return { DESCRIPTOR, fd };
  }
};

/* What to run, and how. */
struct Command {
  Command (Argv words) : argv (std::move (words))
  {
  }
  Argv argv;
  Environment env = {};
  std::string cwd = {};
  std::string input = {};  /* for a captured standard input, which ends after it */
  bool keep_input = false; /* … or stays open for Process::write () */
  Stream in = {}, out = {}, err = {};
  std::map<int, int> fds = {};       /* number inside → descriptor here */
  bool terminal = false;             /* 0–2 are a terminal of its own, the controlling one */
  std::function<void ()> child = {}; /* in the child, last before exec */
};

/* Exit status as a shell says it, and what was printed. */
struct Outcome {
  int status;
  std::string out, err;
};

class Process {
public:
  explicit Process (const Command &command);
  Process (const Process &) = delete;
  Process (Process &&) noexcept;
  ~Process (); /* SIGKILL, reaped */

  pid_t
  pid () const
  {
    return pid_;
  }
  void kill (int signo);
  /* Waits for the end, reading all output. It is a failure of the test if that does not come. */
  Outcome wait ();
  /* Whether it is still there; reads what there is. */
  bool running ();
  /* Waits until standard output (or the terminal) contains @text; false at the end of the process or the patience. */
  bool expect (const std::string &text);
  /* Forgets what was read so far, so that expect () waits for news. */
  void forget ();
  void write (const std::string &text);
  void close_input ();
  void resize (unsigned short rows, unsigned short columns);
  const std::string &
  out () const
  {
    return out_;
  }
  const std::string &
  err () const
  {
    return err_;
  }
  int
  terminal () const
  {
    return terminal_.get ();
  }

private:
  bool pump (int timeout_ms); /* false: nothing is left to be read */
  bool reap (bool block);

  pid_t pid_ = -1;
  Fd pidfd_, in_, out_fd_, err_fd_, terminal_;
  std::string input_, out_, err_;
  bool keep_input_ = false, ended_ = false;
  int status_ = -1;
};

/* Runs to the end. */
Outcome run (const Command &command);

/* Tries until it holds or the patience (minutes) is over; the result says which. */
bool eventually (const std::function<bool ()> &holds);
int patience_ms ();
/* How often something is done that only chance makes different: @often, and a fifth of it where programs with
 * sanitizers are tested, which take six times as long to start; the others are tested @often beside them. */
int rounds (int often);

/* One process as the host's /proc shows it. */
struct ProcessInfo {
  pid_t pid, parent;
  char state;
  std::string name, command;
};

std::optional<ProcessInfo> process_info (pid_t pid);
/* Everything below @root (zombies too); not @root. */
std::vector<ProcessInfo> descendants (pid_t root);
std::string describe (const std::vector<ProcessInfo> &processes);
/* Waits until it has a handler for @signo: a shell has come to its trap. */
bool catches (pid_t pid, int signo);
bool process_exists (pid_t pid); /* zombies do not count */
/* Reaps children of this process (a subreaper) that nobody waits for. */
void reap_strays ();

std::string read_file (const std::string &path);
std::string read_to_end (int fd); /* of a pipe whose other end gets closed */
void write_file (const std::string &path, const std::string &content, mode_t mode = 0644);
std::string shell_quote (const Argv &argv);

}
