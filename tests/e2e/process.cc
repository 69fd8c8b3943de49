/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "process.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sstream>
#include <stdexcept>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace e2e {

/* Above anything that a test asks for, so that descriptors can be moved to their numbers one by one. */
static constexpr int PARKED = 700;

static std::set<pid_t> &
waited_for ()
{
  static std::set<pid_t> pids;
  return pids;
}

[[noreturn]] static void
throw_errno (const std::string &what)
{
  throw std::system_error (errno, std::generic_category (), what);
}

int
Fd::release ()
{
  int fd = fd_;
  fd_ = -1;
  return fd;
}

void
Fd::reset (int fd)
{
  if (fd_ >= 0)
    close (fd_);
  fd_ = fd;
}

Pipe::Pipe ()
{
  int ends[2];

  if (pipe2 (ends, O_CLOEXEC) < 0)
    throw_errno ("pipe2");
  read.reset (ends[0]);
  write.reset (ends[1]);
}

int
patience_ms ()
{
  const char *scale = getenv ("SBX_TEST_TIMEOUT_SCALE");

  return 60000 * (scale ? std::max (1, atoi (scale)) : 1);
}

int
rounds (int often)
{
  return getenv ("SBX_TEST_SANITIZED") ? (often + 4) / 5 : often;
}

bool
eventually (const std::function<bool ()> &holds)
{
  auto end = std::chrono::steady_clock::now () + std::chrono::milliseconds (patience_ms ());

  while (!holds ()) {
    if (std::chrono::steady_clock::now () > end)
      return false;
    std::this_thread::sleep_for (std::chrono::milliseconds (3));
  }
  return true;
}

static std::vector<std::string>
make_environment (const Environment &overlay)
{
  std::map<std::string, std::string> all;
  std::vector<std::string> strings;

  for (char **e = environ; *e; e++) {
    std::string entry = *e;
    all[entry.substr (0, entry.find ('='))] = entry.substr (entry.find ('=') + 1);
  }
  for (const auto &[name, value] : overlay) {
    if (value)
      all[name] = *value;
    else
      all.erase (name);
  }
  for (const auto &[name, value] : all)
    strings.push_back (name + "=" + value);
  return strings;
}

static std::vector<char *>
pointers (const std::vector<std::string> &strings)
{
  std::vector<char *> result;

  for (const auto &s : strings)
    result.push_back (const_cast<char *> (s.c_str ()));
  result.push_back (nullptr);
  return result;
}

/* Runs in the child: @sources are parked copies, -1 for a number that shall be closed. */
[[noreturn]] static void
become (const Command &command, const std::map<int, int> &sources, const std::vector<char *> &argv,
        const std::vector<char *> &env)
{
  sigset_t none;
  std::map<int, int> parked;

  setsid ();
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, nullptr);
  for (int signo : { SIGPIPE, SIGINT, SIGQUIT })
    signal (signo, SIG_DFL);
  for (auto [number, fd] : sources)
    parked[number] = fd < 0 ? -1 : fcntl (fd, F_DUPFD_CLOEXEC, PARKED);
  for (auto [number, fd] : parked) {
    if (fd < 0)
      close (number);
    else if (dup2 (fd, number) < 0)
      _exit (250);
  }
  if (command.terminal && ioctl (0, TIOCSCTTY, 0) < 0)
    _exit (251);
  if (!command.cwd.empty () && chdir (command.cwd.c_str ()) < 0)
    _exit (252);
  if (command.child)
    command.child ();
  environ = const_cast<char **> (env.data ());
  execvp (argv[0], argv.data ());
  _exit (253);
}

Process::Process (const Command &command) : input_ (command.input), keep_input_ (command.keep_input)
{
  std::vector<std::string> env = make_environment (command.env);
  std::vector<char *> argv_pointers = pointers (command.argv), env_pointers = pointers (env);
  std::map<int, int> sources = command.fds;
  Fd null (open ("/dev/null", O_RDWR | O_CLOEXEC)), theirs[3];
  Fd *ours[] = { &in_, &out_fd_, &err_fd_ };
  const Stream *streams[] = { &command.in, &command.out, &command.err };

  if (command.terminal) {
    int master, slave;
    struct winsize size = { 24, 80, 0, 0 };

    if (openpty (&master, &slave, nullptr, nullptr, &size) < 0)
      throw_errno ("openpty");
    fcntl (master, F_SETFD, FD_CLOEXEC);
    terminal_.reset (master);
    theirs[0].reset (slave);
    fcntl (slave, F_SETFD, FD_CLOEXEC);
    sources[0] = sources[1] = sources[2] = slave;
    out_fd_.reset (fcntl (master, F_DUPFD_CLOEXEC, 3));
  }
  for (int i = 0; i < 3 && !command.terminal; i++) {
    if (streams[i]->kind == Stream::CAPTURE) {
      Pipe pipe;
      *ours[i] = std::move (i == 0 ? pipe.write : pipe.read);
      theirs[i] = std::move (i == 0 ? pipe.read : pipe.write);
      sources[i] = theirs[i].get ();
    } else {
      sources[i] = streams[i]->kind == Stream::CLOSED  ? -1
                   : streams[i]->kind == Stream::EMPTY ? null.get ()
                                                       : streams[i]->fd;
    }
  }
  for (Fd *fd : ours)
    if (fd->get () >= 0)
      fcntl (fd->get (), F_SETFL, fcntl (fd->get (), F_GETFL) | O_NONBLOCK);
  pid_ = fork ();
  if (pid_ < 0)
    throw_errno ("fork");
  if (pid_ == 0)
    become (command, sources, argv_pointers, env_pointers);
  waited_for ().insert (pid_);
  pidfd_.reset (static_cast<int> (syscall (SYS_pidfd_open, pid_, 0)));
}

Process::Process (Process &&other) noexcept : pid_ (other.pid_),
                                              pidfd_ (std::move (other.pidfd_)),
                                              in_ (std::move (other.in_)),
                                              out_fd_ (std::move (other.out_fd_)),
                                              err_fd_ (std::move (other.err_fd_)),
                                              terminal_ (std::move (other.terminal_)),
                                              input_ (std::move (other.input_)),
                                              out_ (std::move (other.out_)),
                                              err_ (std::move (other.err_)),
                                              keep_input_ (other.keep_input_),
                                              ended_ (other.ended_),
                                              status_ (other.status_)
{
  other.ended_ = true;
}

Process::~Process ()
{
  if (ended_)
    return;
  kill (SIGKILL);
  reap (true);
}

void
Process::kill (int signo)
{
  if (!ended_)
    syscall (SYS_pidfd_send_signal, pidfd_.get (), signo, nullptr, 0);
}

bool
Process::reap (bool block)
{
  int status;

  if (ended_)
    return true;
  if (waitpid (pid_, &status, block ? 0 : WNOHANG) != pid_)
    return false;
  ended_ = true;
  waited_for ().erase (pid_);
  status_ = WIFSIGNALED (status) ? 128 + WTERMSIG (status) : WEXITSTATUS (status);
  return true;
}

static bool
drain (Fd &fd, std::string &into)
{
  char buffer[65536];
  ssize_t n;

  while ((n = read (fd.get (), buffer, sizeof buffer)) > 0)
    into.append (buffer, static_cast<size_t> (n));
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return true;
  fd.reset (); /* end of file; EIO for a terminal */
  return false;
}

bool
Process::pump (int timeout_ms)
{
  struct pollfd polled[] = { { out_fd_.get (), POLLIN, 0 },
                             { err_fd_.get (), POLLIN, 0 },
                             { input_.empty () ? -1 : in_.get (), POLLOUT, 0 } };

  if (in_.get () >= 0 && input_.empty () && !keep_input_)
    in_.reset ();
  if (out_fd_.get () < 0 && err_fd_.get () < 0 && polled[2].fd < 0)
    return false;
  poll (polled, 3, timeout_ms);
  if (polled[0].revents)
    drain (out_fd_, out_);
  if (polled[1].revents)
    drain (err_fd_, err_);
  if (polled[2].revents) {
    ssize_t n = ::write (in_.get (), input_.data (), input_.size ());

    if (n > 0)
      input_.erase (0, static_cast<size_t> (n));
    else if (errno != EAGAIN)
      input_.clear ();
  }
  return true;
}

Outcome
Process::wait ()
{
  bool ended = eventually ([this] {
    pump (20);
    return reap (false);
  });

  if (!ended) {
    ADD_FAILURE () << "process " << pid_ << " does not end; printed so far: " << out_ << err_ << "\n"
                   << describe (descendants (getpid ()));
    kill (SIGKILL);
    reap (true);
  }
  in_.reset ();
  /* What somebody else keeps open (a detached application) is not waited for; what is in the pipes is read */
  if (out_fd_.get () >= 0)
    drain (out_fd_, out_);
  if (err_fd_.get () >= 0)
    drain (err_fd_, err_);
  return { status_, out_, err_ };
}

bool
Process::running ()
{
  pump (0);
  return !reap (false);
}

bool
Process::expect (const std::string &text)
{
  bool ended = false;

  return eventually ([&] {
           pump (20);
           if (out_.find (text) != std::string::npos)
             return true;
           ended = reap (false);
           if (ended)
             pump (0);
           return ended;
         })
         && out_.find (text) != std::string::npos;
}

void
Process::forget ()
{
  out_.clear ();
}

void
Process::write (const std::string &text)
{
  if (terminal_.get () >= 0) {
    if (::write (terminal_.get (), text.data (), text.size ()) < 0)
      throw_errno ("write to the terminal");
  } else {
    input_ += text;
    pump (0);
  }
}

void
Process::close_input ()
{
  keep_input_ = false;
  pump (0);
}

void
Process::resize (unsigned short rows, unsigned short columns)
{
  struct winsize size = { rows, columns, 0, 0 };

  ioctl (terminal_.get (), TIOCSWINSZ, &size);
}

Outcome
run (const Command &command)
{
  Process process (command);

  return process.wait ();
}

std::string
read_file (const std::string &path)
{
  std::ifstream file (path, std::ios::binary);
  std::ostringstream content;

  content << file.rdbuf ();
  return content.str ();
}

std::string
read_to_end (int fd)
{
  std::string content;
  char buffer[65536];
  ssize_t n;

  while ((n = read (fd, buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR))
    content.append (buffer, static_cast<size_t> (std::max<ssize_t> (n, 0)));
  return content;
}

void
write_file (const std::string &path, const std::string &content, mode_t mode)
{
  Fd fd (open (path.c_str (), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));

  if (fd.get () < 0 || write (fd.get (), content.data (), content.size ()) != static_cast<ssize_t> (content.size ()))
    throw_errno (path);
  fchmod (fd.get (), mode);
}

std::string
shell_quote (const Argv &argv)
{
  std::string line;

  for (const auto &word : argv) {
    line += line.empty () ? "'" : " '";
    for (char c : word)
      line += c == '\'' ? std::string ("'\\''") : std::string (1, c);
    line += "'";
  }
  return line;
}

std::optional<ProcessInfo>
process_info (pid_t pid)
{
  std::string dir = "/proc/" + std::to_string (pid), stat = read_file (dir + "/stat");
  size_t end = stat.rfind (')'), begin = stat.find ('(');
  ProcessInfo info = {};

  if (begin == std::string::npos || end == std::string::npos)
    return std::nullopt;
  info.pid = pid;
  info.name = stat.substr (begin + 1, end - begin - 1);
  std::istringstream rest (stat.substr (end + 2));
  rest >> info.state >> info.parent;
  info.command = read_file (dir + "/cmdline");
  std::replace (info.command.begin (), info.command.end (), '\0', ' ');
  return info;
}

static std::vector<pid_t>
all_pids ()
{
  std::vector<pid_t> pids;
  DIR *dir = opendir ("/proc");

  while (struct dirent *entry = dir ? readdir (dir) : nullptr)
    if (*entry->d_name >= '1' && *entry->d_name <= '9')
      pids.push_back (atoi (entry->d_name));
  if (dir)
    closedir (dir);
  return pids;
}

std::vector<ProcessInfo>
descendants (pid_t root)
{
  std::multimap<pid_t, ProcessInfo> children;
  std::vector<ProcessInfo> result;
  std::vector<pid_t> todo = { root };

  for (pid_t pid : all_pids ())
    if (auto info = process_info (pid))
      children.emplace (info->parent, *info);
  while (!todo.empty ()) {
    auto [at, end] = children.equal_range (todo.back ());
    todo.pop_back ();
    for (; at != end; ++at) {
      result.push_back (at->second);
      todo.push_back (at->second.pid);
    }
  }
  return result;
}

std::string
describe (const std::vector<ProcessInfo> &processes)
{
  std::ostringstream text;

  for (const auto &p : processes)
    text << "  " << p.pid << " (parent " << p.parent << ", " << p.state << ") " << p.name << ": "
         << p.command.substr (0, 200) << "\n";
  return text.str ();
}

bool
process_exists (pid_t pid)
{
  auto info = process_info (pid);

  return info && info->state != 'Z' && info->state != 'X';
}

bool
catches (pid_t pid, int signo)
{
  return eventually ([pid, signo] {
    std::string status = read_file ("/proc/" + std::to_string (pid) + "/status");
    size_t at = status.find ("SigCgt:\t");

    return at != std::string::npos && (strtoull (status.c_str () + at + 8, nullptr, 16) >> (signo - 1) & 1);
  });
}

void
reap_strays ()
{
  for (const auto &p : descendants (getpid ()))
    if (p.parent == getpid () && p.state == 'Z' && waited_for ().count (p.pid) == 0)
      waitpid (p.pid, nullptr, WNOHANG);
}

}
