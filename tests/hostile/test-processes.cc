/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Other processes, by /proc and by number; descriptors; handlers and those whom they handle. */
#include <csignal>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "battery.h"
#include "kernels/facts.h"

using namespace hostile;

class Procfs : public Battery {};
AS_EVERYBODY (Procfs);

static const Argv reaching = {
  "procfs/directory",    "procfs/thread-directory",
  "procfs/environ",      "procfs/command-line",
  "procfs/maps",         "procfs/auxv",
  "procfs/mem",          "procfs/root",
  "procfs/cwd",          "procfs/fd",
  "procfs/ns",           "procfs/read-memory",
  "procfs/write-memory", "procfs/trace",
  "procfs/signal",       "procfs/schedule",
  "procfs/kcmp",         "procfs/take-descriptor",
  "procfs/limits",       "procfs/oom-score",
};

/* Numbers of the host's mean nothing inside, and PID 1 is sandbox-init. The control reaches the bystander alone. */
TEST_P (Procfs, OthersAreNotReached)
{
  std::string other = launch_detached ({}, { "sleep", "1000" }), strangers;
  Argv probes = reaching;

  need_bystander ();
  for (pid_t pid : { record (other).pid, record (other).init, record (other).keeper, getpid () })
    strangers += std::to_string (pid) + ",";
  probes.insert (probes.end (), { "procfs/listed", "procfs/numbers", "procfs/broadcast" });
  hold (probes, inside (""), outside (), { "targets=" + strangers + "1" });
  end (other);
}

/* Root of a user namespace of the application's own has every capability, over what is in there. */
TEST_P (Procfs, NorByCapabilitiesOfOnesOwn)
{
  const char *policy = "[Context]\nfeatures=userns;\n";

  need_bystander ();
  if (!refused_below (6, policy))
    hold (reaching, inside (policy), outside (), { "targets=1", "in=userns" });
}

/* Nor where procfs has everything of the machine in it, or only processes. */
TEST_P (Procfs, NorWithASubset)
{
  need_bystander ();
  hold (reaching, inside ("[Procfs]\nsubset=pid\n"), outside (), { "targets=1" });
}

/* Names of keys are told to whoever has the uid. */
TEST_P (Procfs, KeysHaveNoNames)
{
  static const int USER_KEYRING = -4; /* KEY_SPEC_USER_KEYRING */
  std::string name = marker ();

  ASSERT_GT (syscall (SYS_add_key, "user", name.c_str (), "x", 1, USER_KEYRING), 0);
  give ("key", name);
  hold ({ "procfs/keys" }, inside (""), outside ());
  hold ({ "procfs/keys" }, inside ("[Procfs]\nsubset=pid\n"), outside ());
}

class Machine : public Battery {};
AS_ROOT (Machine);

/* Files of root's that take no capability to be written. */
TEST_P (Machine, SettingsAreNotWritten)
{
  hold ({ "procfs/machine-files", "procfs/settings", "state/host-name", "state/devices", "state/make-device" },
        inside (""), outside ());
}

TEST_P (Machine, NorByRootInside)
{
  hold ({ "procfs/machine-files", "procfs/settings", "state/host-name", "state/devices", "state/make-device" },
        inside ("[Context]\nfeatures=root;\n"), outside ());
}

class Descriptors : public Battery {};
AS_EVERYBODY (Descriptors);

/* With the same descriptors open where sandboxctl is started. */
static Way
with (const Way &way, const std::map<int, int> &fds)
{
  return [=] (const Argv &words) {
    Command result = way (words);

    result.fds.insert (fds.begin (), fds.end ());
    return result;
  };
}

TEST_P (Descriptors, NothingIsLeftOpen)
{
  Pipe pipe;
  int pair[2];

  ASSERT_EQ (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  Fd one (pair[0]), other (pair[1]), directory (open ("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  give ("expected", "200");
  hold ({ "descriptors/strays", "descriptors/sockets", "descriptors/any-directory" }, inside (""),
        with (outside (), { { 20, pipe.read.get () }, { 21, one.get () }, { 22, directory.get () } }));
}

/* They lead to more than themselves, and are not passed on. */
TEST_P (Descriptors, DirectoriesAreNotPassed)
{
  std::string path = dir () + "/file";

  write_file (path, "content\n");
  Fd directory (open (dir ().c_str (), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
      file (open (path.c_str (), O_PATH | O_CLOEXEC));
  std::map<int, int> fds = { { 5, directory.get () }, { 6, file.get () } };
  give ("directory", "5");
  give ("o-path", "6");
  hold ({ "descriptors/directory", "descriptors/o-path" }, with (inside (""), fds), with (outside (), fds));
}

/* A file that is handed over for reading is not opened again for writing, where there are rights of Landlock's. */
TEST_P (Descriptors, ReadOnlyStaysSo)
{
  std::string path = dir () + "/file";

  write_file (path, "content\n");
  Fd file (open (path.c_str (), O_RDONLY | O_CLOEXEC));
  std::map<int, int> fds = { { 5, file.get () } };
  give ("read-only", "5");
  hold ({ "descriptors/reopen-for-writing" }, with (inside (""), fds), with (outside (), fds));
}

class Handlers : public Battery {};
AS_USER_AND_ROOT (Handlers);

static const Argv writing = {
  "handlers/mem",          "handlers/root-mem",      "handlers/root-file",     "handlers/cwd-file",
  "handlers/task-file",    "handlers/descriptor",    "handlers/core-filter",   "handlers/root-core-filter",
  "handlers/oom-score",    "handlers/name",          "handlers/clear-refs",    "handlers/take-descriptor",
  "handlers/write-memory", "handlers/poke",          "handlers/set-registers", "handlers/set-signal-mask",
  "handlers/affinity",     "handlers/priority",      "handlers/io-priority",   "handlers/policy",
  "handlers/file-limit",   "handlers/process-limit", "handlers/move-pages",    "handlers/autogroup",
};

/* The tier dumper looks. A debugger, which may, shows that each of these does something. */
TEST_P (Handlers, ADumperChangesNothing)
{
  std::string id = launch_bystander ("");

  give ("target", number_inside (record (id).pid));
  hold (writing, attached (id, "dumper"), attached (id, "debugger"));
  give ("tree", "");
  hold ({ "handlers/target-tree" }, attached (id, "debugger"), beside (id), { "tree=/run/sandbox/target" });
  end (id);
}

/* What an application does to its handler; the control is the handler, which does it to the application. */
TEST_P (Handlers, TheirTargetDoesNotReachThem)
{
  std::string id = launch_bystander ("");
  Process handler (attached (id, "debugger") ({ "--bystander", "-", "/tmp" }));

  ASSERT_TRUE (handler.expect ("ready ") && handler.expect ("\n")) << handler.err ();
  give ("target", number_inside (record (id).pid));
  hold ({ "handlers/listed", "handlers/read-memory", "handlers/attach", "handlers/mem", "handlers/root-mem",
          "handlers/root-file", "handlers/cwd-file", "handlers/descriptor", "handlers/take-descriptor",
          "handlers/write-memory", "handlers/poke", "handlers/oom-score", "handlers/file-limit",
          "handlers/process-limit", "handlers/signal" },
        beside (id), attached (id, "debugger"),
        { "target=" + handler.out ().substr (6, handler.out ().find ('\n') - 6) });
  handler.kill (SIGTERM);
  handler.wait ();
  end (id);
}

/* Nor what lowers the limits of PID 1, of which every later process has its own. */
TEST_P (Handlers, NorPid1)
{
  std::string id = launch_bystander ("");

  give ("target", number_inside (record (id).pid));
  hold ({ "handlers/file-limit", "handlers/process-limit" }, beside (id), attached (id, "debugger"), { "target=1" });
  end (id);
}
