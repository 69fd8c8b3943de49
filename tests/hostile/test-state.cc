/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What others keep, user namespaces, terminals. */
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <mqueue.h>
#include <pty.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "battery.h"

using namespace hostile;

namespace fs = std::filesystem;

/* What the probes look for, as probes/hostile.h has it. */
#define SECRET "the bystander's secret"

class State : public Battery {};
AS_EVERYBODY (State);

TEST_P (State, TheHomesOfOthers)
{
  std::string homes = home () + "/.local/share/sandbox", file = homes + "/org.example.Other/secret";

  fs::create_directories (homes + "/org.example.Other");
  write_file (file, SECRET);
  give ("file", file);
  for (const char *groups :
       { "", "[Context]\npersistent=.;\n", "[Context]\nfilesystems=home;\n", "[Context]\nfilesystems=home;host;\n" })
    hold ({ "state/read", "state/write" }, inside (groups), outside ());
}

TEST_P (State, TheProfiles)
{
  std::string profiles = home () + "/.config/sandbox/profiles";

  write_file (profiles + "/present.profile", "[Profile]\nName=present\n");
  give ("profiles", profiles);
  give ("writable", home ());
  hold ({ "state/profiles", "state/profiles-by-parent", "state/profile-mode", "state/profile-link" },
        inside ("[Context]\nfilesystems=home;\n"), outside ());
}

TEST_P (State, TheRecords)
{
  std::string other = launch_detached ({}, { "sleep", "1000" });

  give ("records", instances ());
  for (const char *groups : { "", "[Context]\nfilesystems=xdg-run;\n" })
    hold ({ "state/records", "state/make-record" }, inside (groups), outside ());
  end (other);
}

/* A segment, a key of one, a queue and a file in /dev/shm, gone with this. */
class Shared {
public:
  explicit Shared (const std::string &name)
      : name ("/" + name), key (static_cast<key_t> (0x5b000000 + getpid ())),
        segment (shmget (key, 4096, IPC_CREAT | 0600)),
        queue (mq_open (this->name.c_str (), O_RDWR | O_CREAT | O_CLOEXEC, 0600, nullptr)),
        memory (shm_open (this->name.c_str (), O_RDWR | O_CREAT, 0600))
  {
    void *at = shmat (segment, nullptr, 0);

    EXPECT_GE (segment, 0);
    EXPECT_GE (queue, 0);
    EXPECT_GE (memory.get (), 0);
    if (at == reinterpret_cast<void *> (-1))
      return;
    memcpy (at, SECRET, sizeof SECRET);
    shmdt (at);
  }
  ~Shared ()
  {
    shmctl (segment, IPC_RMID, nullptr);
    mq_close (queue);
    mq_unlink (name.c_str ());
    shm_unlink (name.c_str ());
  }
  std::string name;
  key_t key;
  int segment;
  mqd_t queue;
  Fd memory;
};

TEST_P (State, SharedMemoryAndQueues)
{
  Shared shared (marker ());

  give ("memory", shared.name);
  give ("queue", shared.name);
  give ("segment", std::to_string (shared.segment));
  give ("key-number", std::to_string (shared.key));
  hold ({ "state/shared-memory", "state/segment", "state/segment-key" }, inside (""),
        inside ("[Context]\nshared=ipc;\ndevices=shm;\n"));
  hold ({ "state/queue" }, inside (""), outside ());
}

TEST_P (State, Keyrings)
{
  static const int USER_KEYRING = -4; /* KEY_SPEC_USER_KEYRING */

  ASSERT_GT (syscall (SYS_add_key, "user", marker ().c_str (), "x", 1, USER_KEYRING), 0);
  give ("key", marker ());
  hold ({ "state/keyring", "state/search-key", "state/request-key" }, inside (""), outside ());
}

TEST_P (State, TemporaryFiles)
{
  std::string file = dir () + "/in-tmp";

  write_file (file, SECRET);
  give ("file", file);
  hold ({ "state/read", "state/write" }, inside (""), inside ("[Context]\nfilesystems=/tmp;\n"));
}

/* A process that its parents have left writes on, until the sandbox ends. */
TEST_P (State, NobodyStaysBehind)
{
  std::string place = dir () + "/place";
  const char *script = "setsid sh -c 'trap \"\" HUP TERM INT; while :; do echo >>\"$0\"; sleep 0.02; done' $1/file"
                       " >/dev/null 2>&1 & while ! [ -s $1/file ]; do sleep 0.02; done";
  auto grows = [&] (bool is_inside) -> std::string {
    fs::create_directory (place);
    Command all = is_inside ? command (run_words ({ "--profile=battery" }, { "sh", "-c", script, "sh", place }))
                            : Command ({ "sh", "-c", script, "sh", place });
    EXPECT_EQ (run (all).status, 0);
    if (is_inside) {
      EXPECT_TRUE (eventually ([this] {
        for (const Record &one : records ())
          if (one.state != "exited")
            return false;
        return true;
      }));
    }
    auto size = fs::file_size (place + "/file");
    usleep (200000);
    bool more = fs::file_size (place + "/file") > size;
    for (const auto &p : descendants (getpid ()))
      if (!is_inside && p.command.find (place) != std::string::npos)
        ::kill (p.pid, SIGKILL);
    fs::remove_all (place);
    return more ? "it goes on" : "";
  };

  add_profile ("battery", "[Profile]\nName=battery\nInherits=default\n[Context]\nfilesystems=" + place + ";\n");
  std::string held = grows (true);
  hold ("state/stays-behind", held, grows (false));
}

/* A script whose interpreter is /proc/self/exe starts sandbox-init again, by exec, among the application's own
 * processes. */
TEST_P (State, TheFileOfInit)
{
  if (GetParam () == Who::LAUNCHER)
    say ("yes");
  std::string id = launch_bystander ("");
  Outcome made =
      sandboxctl ({ "exec", id, "--", "sh", "-c", "printf '#!/proc/self/exe\\n' >/tmp/again; chmod 700 /tmp/again" });
  ASSERT_TRUE (succeeds (made));
  Process again (command ({ "exec", id, "--", "/tmp/again" }));
  /* Whether it stays or ends at once, its file is looked for while it does */
  Process more (command ({ "exec", id, "--", "sh", "-c", "while :; do /tmp/again; done 2>/dev/null" }));
  std::string copy = dir () + "/copy";
  fs::copy_file (probe_program (), copy);
  Process owned ({ { copy, "--bystander", "-", dir () } });
  ASSERT_TRUE (owned.expect ("ready"));
  for (int i = 0; i < 5; i++)
    hold ({ "state/program-file" }, beside (id), [=] (const Argv &words) {
      Argv all = { "program=" + copy };
      all.insert (all.end (), words.begin (), words.end ());
      return outside () (all);
    });
  end (id);
  again.wait ();
  more.wait ();
}

class Userns : public Battery {
protected:
  void
  SetUp () override
  {
    Battery::SetUp ();
    files_ = dir () + "/granted";
    fs::create_directory (files_);
    write_file (files_ + "/file", "content\n");
    give ("read-only", files_);
  }
  std::string files_;
};
AS_EVERYBODY (Userns);

TEST_P (Userns, NoneWithoutTheFeature)
{
  const char *granted = "[Context]\nfeatures=userns;\n";

  if (!refused_below (6, granted))
    hold ({ "userns/unshare", "userns/unshare-more", "userns/unshare-high-bits", "userns/clone", "userns/clone3",
            "userns/mount" },
          inside (""), inside (granted));
}

/* What is read-only stays so in every namespace below. */
TEST_P (Userns, MountsStayAsTheyAre)
{
  std::string groups = "[Context]\nfeatures=userns;\nfilesystems=" + files_;

  if (!refused_below (6, groups + ":ro;\n"))
    hold ({ "userns/remount", "userns/mount-setattr", "userns/bind", "userns/open-tree", "userns/unmount" },
          inside (groups + ":ro;\n"), inside (groups + ":rw;\n"));
}

/* A procfs of its own making shows no more than the sandbox's. */
TEST_P (Userns, ProcfsStaysAsItIs)
{
  const char *groups = "[Context]\nfeatures=userns;\n";

  if (!refused_below (6, groups))
    hold ({ "userns/procfs", "userns/fsopen-procfs", "userns/reconfigure-procfs" }, inside (groups),
          inside ("[Context]\nfeatures=userns;\n[Procfs]\nhidepid=off\n"));
}

TEST_P (Userns, OthersAreNotJoined)
{
  const char *groups = "[Context]\nfeatures=userns;\n";

  need_bystander ();
  if (!refused_below (6, groups))
    hold ({ "userns/join" }, inside (groups), outside (), { "targets=1" });
}

class Terminal : public Battery {
protected:
  /* @way at a terminal. */
  static Way
  at_terminal (const Way &way)
  {
    return [=] (const Argv &words) {
      Command result = way (words);

      result.terminal = true;
      return result;
    };
  }
};
AS_EVERYBODY (Terminal);

TEST_P (Terminal, TheCallersIsNotTypedInto)
{
  int master, slave;
  char name[64];

  ASSERT_EQ (openpty (&master, &slave, name, nullptr, nullptr), 0);
  Fd ours (master), theirs (slave);
  give ("terminal", name);
  hold ({ "terminal/push", "terminal/push-high-bits", "terminal/push-all-high-bits", "terminal/controlling",
          "terminal/foreground", "terminal/session", "terminal/other", "terminal/any-other" },
        at_terminal (inside ("")), at_terminal (outside ()));
}

/* One of its own is the application's; what lies behind it is not. */
TEST_P (Terminal, NorThroughOneOfItsOwn)
{
  int master, slave;
  char name[64];

  ASSERT_EQ (openpty (&master, &slave, name, nullptr, nullptr), 0);
  Fd ours (master), theirs (slave);
  /* Numbers of the two /dev/pts have nothing to do with each other: one that is not inside */
  give ("terminal", name);
  hold ({ "terminal/push", "terminal/push-high-bits", "terminal/push-all-high-bits" },
        at_terminal (inside ("", { "--tty" })), at_terminal (outside ()));
}
