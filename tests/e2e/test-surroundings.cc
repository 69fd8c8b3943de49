/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is around the caller is around the application: what a process inherits, the directory it is in, the machine. */
#include <csignal>
#include <filesystem>
#include <map>
#include <regex>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

#include "facility.h"

using namespace e2e;

namespace {

struct Inherited {
  const char *name, *set, *look;
};

/* Shell words that change something of the caller, and those that show it. */
const Inherited inherited[] = {
  { "umask", "umask 027", "umask; d=$(mktemp -d); touch $d/f; stat -c %a $d/f; rm -r $d" },
  { "nice", "renice -n $(($(nice) + 5)) -p $$ >/dev/null", "nice" },
  { "files", "ulimit -n 99", "ulimit -n; ulimit -Hn" },
  { "files, of which more may be had", "ulimit -Sn 99", "ulimit -n" },
  { "time", "ulimit -t 77", "ulimit -t" },
  { "size", "ulimit -f 20000", "ulimit -f" },
  { "stack", "ulimit -Ss 4000", "ulimit -s" },
  { "processors", "taskset -pc 0 $$ >/dev/null", "grep Cpus_allowed: /proc/self/status" },
  { "memory killer", "echo 300 >/proc/self/oom_score_adj", "cat /proc/self/oom_score_adj" },
  { "ignored signals", "trap '' HUP USR1 PIPE TERM", "grep SigIgn /proc/self/status" },
  { "scheduler", "chrt -b -p 0 $$", "chrt -p $$ | grep -o SCHED_.*" },
  { "io priority", "ionice -c 3 -p $$", "ionice -p $$" },
};

}

class Surroundings : public EitherBus {
protected:
  /* @words after the shell words @set in the same process. */
  Outcome
  after (const std::string &set, const Argv &words)
  {
    Argv argv = { "sh", "-c", set + "; exec \"$@\"", "sh" };

    argv.insert (argv.end (), words.begin (), words.end ());
    Command all = command ({});
    all.argv = argv;
    return run (all);
  }
  /* That @words, which start a shell with a script, see what the caller has. */
  void
  expect_inherited (const Argv &words)
  {
    for (const Inherited &row : inherited) {
      Argv inside = words;

      inside.push_back (row.look);
      std::string outside = after (row.set, { "sh", "-c", row.look }).out, plain = after (inside).out;
      EXPECT_EQ (after (row.set, inside).out, outside) << row.name;
      if (sysconf (_SC_NPROCESSORS_ONLN) > 1 || std::string (row.name) != "processors") {
        EXPECT_NE (plain, outside) << row.name; /* the control: it does not have that anyhow */
      }
    }
  }
  Outcome
  after (const Argv &words)
  {
    return after (":", words);
  }
};
EITHER_BUS (Surroundings);

TEST_P (Surroundings, WhatAProcessInheritsIsTheCallers)
{
  expect_inherited (ctl ({ "run", "--", "sh", "-c" }));
}

TEST_P (Surroundings, AlsoBesideTheApplication)
{
  std::string id = launch_detached ({}, { "sleep", "1000" });

  expect_inherited (ctl ({ "exec", id, "--", "sh", "-c" }));
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", id })));
}

/* What is lower, the caller's or the policy's, counts; and nobody is spared more than the service. */
TEST_P (Surroundings, NothingIsHadMoreOf)
{
  Argv strict = ctl ({ "run", "--limit=nofile=64", "--", "sh", "-c", "ulimit -Hn" });

  EXPECT_EQ (after ("ulimit -n 99", strict).out, "64\n");
  EXPECT_EQ (after ("ulimit -n 32", strict).out, "32\n");
}

/* Detached too, where nobody is there who could do it later. */
TEST_P (Surroundings, DetachedAsWell)
{
  std::string file = home () + "/out/limit";
  Argv words = ctl ({ "run", "--detach", "--profile=out", "--", "sh", "-c",
                      "ulimit -n >" + file + ".new; mv " + file + ".new " + file });

  mkdir ((home () + "/out").c_str (), 0755);
  add_profile ("out", "[Profile]\nInherits=default\n[Context]\nfilesystems=" + home () + "/out:rw;\n");
  EXPECT_TRUE (succeeds (after ("ulimit -n 77", words)));
  EXPECT_TRUE (eventually ([&] { return read_file (file) == "77\n"; }));
}

/* nohup(1): what the caller ignores neither ends the application nor the one who waits for it. */
TEST_P (Surroundings, HangupIsIgnoredWhereTheCallerIgnoresIt)
{
  Argv words = ctl ({ "run", "--", "sh", "-c", "echo there; sleep 1; echo still" });

  for (bool ignored : { true, false }) {
    Argv argv = { "sh", "-c", ignored ? "trap '' HUP; exec \"$@\"" : "exec \"$@\"", "sh" };

    argv.insert (argv.end (), words.begin (), words.end ());
    Process process{ Command (argv) };
    ASSERT_TRUE (process.expect ("there\n"));
    process.kill (SIGHUP);
    Outcome outcome = process.wait ();
    EXPECT_EQ (outcome.status, ignored ? 0 : 128 + SIGHUP) << outcome.err;
    EXPECT_EQ (outcome.out, ignored ? "there\nstill\n" : "there\n");
  }
}

/* A directory has the name by which the user came there, and the one that the kernel has for it: --filesystem= may open
 * it by either. */
TEST_P (Surroundings, StartsInTheDirectoryThatWasOpened)
{
  std::string real = home () + "/real/p", link = home () + "/link/p";

  add_profile ("physical", "[Profile]\nInherits=default\n[Context]\nfilesystems=" + real + ":ro;\n");
  add_profile ("logical", "[Profile]\nInherits=default\n[Context]\nfilesystems=" + link + ":ro;\n");
  ASSERT_EQ (run (Command ({ "mkdir", "-p", real })).status, 0);
  ASSERT_EQ (symlink ("real", (home () + "/link").c_str ()), 0);
  write_file (real + "/f", "there\n");
  for (const char *profile : { "physical", "logical" }) {
    Argv look = ctl ({ "run", std::string ("--profile=") + profile, "--", "cat", "f" });
    Argv named = ctl ({ "run", std::string ("--profile=") + profile, "--cwd=link/p", "--", "cat", "f" });

    EXPECT_EQ (after ("cd " + link, look).out, "there\n") << profile;
    EXPECT_EQ (after ("cd " + home (), named).out, "there\n") << profile;
  }
  Argv look = ctl ({ "run", "--profile=physical", "--", "cat", "f" });
  EXPECT_EQ (after ("cd " + real, look).out, "there\n");
  EXPECT_EQ (after ("cd " + link + "; PWD=/nowhere", look).out, "there\n");
  /* The control: what is not opened is not there */
  EXPECT_NE (after ("cd " + link, ctl ({ "run", "--", "cat", "f" })).status, 0);
}

/* What is around the caller on its machine, with the facility that it belongs to and without. */
class Around : public Facility {
protected:
  void
  set_all (const Environment &variables)
  {
    for (const auto &[name, value] : variables)
      set_env (name, value);
  }
};

TEST_F (Around, VariablesOfTheMachine)
{
  const std::string look =
      "env | grep -cE '^(http_proxy|NO_PROXY|SSL_CERT_FILE|DRI_PRIME|__NV_PRIME_RENDER_OFFLOAD)='; :";

  set_all ({ { "http_proxy", "http://p:1" },
             { "NO_PROXY", "localhost" },
             { "SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt" },
             { "DRI_PRIME", "1" },
             { "__NV_PRIME_RENDER_OFFLOAD", "1" } });
  expect_both ("[Context]\nshared=network;\n", look, "3\n", "0\n");
  expect_both ("[Context]\ndevices=dri;\n", look, "2\n", "0\n");
}

/* A certificate that is not shown would be worse than none: programs find the system's then. */
TEST_F (Around, VariablesNameWhatIsThere)
{
  std::string file = make_directory ("ca") + "/file";

  set_env ("SSL_CERT_FILE", file);
  expect_both ("[Context]\nshared=network;\nfilesystems=" + file + ":ro;\n", "echo ${SSL_CERT_FILE-none}", file + "\n",
               "none\n");
  EXPECT_EQ (under ("[Context]\nshared=network;\n", "echo ${SSL_CERT_FILE-none}").out, "none\n");
}

TEST_F (Around, Shell)
{
  set_env ("SHELL", "/bin/bash");
  EXPECT_EQ (under ("", "echo $SHELL").out, "/bin/bash\n");
  set_env ("SHELL", home () + "/bash");
  EXPECT_EQ (under ("", "echo $SHELL").out, "/bin/sh\n");
}

TEST_F (Around, UserDirectories)
{
  std::string config = dir () + "/config", downloads = home () + "/T\u00e9l\u00e9chargements";

  mkdir (config.c_str (), 0700);
  mkdir (downloads.c_str (), 0755);
  write_file (config + "/user-dirs.dirs", "XDG_DOWNLOAD_DIR=\"$HOME/T\u00e9l\u00e9chargements\"\n"
                                          "XDG_MUSIC_DIR=\"$HOME/Lieder\"\n");
  for (const char *kept : { "", "persistent=.;\n" })
    expect_both (
        std::string ("[Context]\nfilesystems=xdg-download:rw;\n") + kept,
        "f=${XDG_CONFIG_HOME-~/.config}/user-dirs.dirs; [ ! -e $f ] || . $f; echo \"$XDG_DOWNLOAD_DIR$XDG_MUSIC_DIR\"",
        downloads + "\n", "\n");
}

/* What is opened in a place that XDG_CONFIG_HOME names is looked for there. */
TEST_F (Around, BaseDirectories)
{
  std::string config = home () + "/settings";

  set_env ("XDG_CONFIG_HOME", config);
  ASSERT_EQ (run (Command ({ "mkdir", "-p", config + "/app" })).status, 0);
  write_file (config + "/app/file", "set\n");
  expect_both ("[Context]\nfilesystems=xdg-config/app:ro;\n",
               "cat ${XDG_CONFIG_HOME-~/.config}/app/file 2>/dev/null; :", "set\n", "");
  set_env ("XDG_CONFIG_HOME", home () + "/.config");
  EXPECT_EQ (under ("", "echo ${XDG_CONFIG_HOME-none}").out, "none\n");
}

TEST_F (Around, SoundServersElsewhere)
{
  std::string socket = home () + "/sound";
  Fd listening = listen_at (socket);

  set_env ("PULSE_SERVER", "{0123}unix:/nowhere unix:" + socket);
  expect_both ("[Context]\nsockets=pulseaudio;\n", connect_at ("${PULSE_SERVER#unix:}"), "connected\n", "refused\n");
  set_env ("PULSE_SERVER", std::nullopt);
  set_env ("PIPEWIRE_REMOTE", socket);
  expect_both ("[Context]\nsockets=pipewire;\n", connect_at ("$XDG_RUNTIME_DIR/pipewire-0"), "connected\n",
               "refused\n");
}

/* A server that starts anew makes a new socket. */
TEST_F (Around, SoundServerThatStartsAnew)
{
  std::string directory = runtime () + "/pulse", socket = directory + "/native";

  ASSERT_EQ (mkdir (directory.c_str (), 0700), 0);
  Fd first = listen_at (socket);
  define ("[Context]\nsockets=pulseaudio;\n");
  std::string id = launch_detached ({ "--profile=tested" }, { "sleep", "1000" });
  Command look = command ({ "exec", id, "--", "sh", "-c", connect_at ("$XDG_RUNTIME_DIR/pulse/native") });
  EXPECT_EQ (run (look).out, "connected\n");
  first.reset ();
  ASSERT_EQ (unlink (socket.c_str ()), 0);
  EXPECT_EQ (run (look).out, "refused\n"); /* the control */
  Fd second = listen_at (socket);
  EXPECT_EQ (run (look).out, "connected\n");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", id })));
}

TEST_F (Around, SysForDevelopers)
{
  expect_both ("[Context]\nfeatures=devel;\n", "ls -d /sys/devices/system/cpu/online /sys/class/net/lo 2>/dev/null; :",
               "/sys/class/net/lo\n/sys/devices/system/cpu/online\n", "");
  EXPECT_EQ (under ("[Context]\nfeatures=devel;\n", "(: >/sys/class/net/lo/mtu) 2>/dev/null || echo refused").out,
             "refused\n");
}

/* Every link of the system that leads somewhere outside leads to the same kind of thing inside. Those to what each
 * sandbox has of its own, and to what is somebody's, are left out. */
TEST_F (Around, LinksOfTheSystem)
{
  const std::string find = "find /usr /etc /opt -type l -printf '%p %Y\\n' 2>/dev/null | sort";
  std::map<std::string, std::string> inside;
  std::string text = under ("[Context]\nshared=network;\n", find).out, row;
  size_t compared = 0, out_of_trees = 0;

  for (std::istringstream lines (text); std::getline (lines, row);)
    inside[row.substr (0, row.rfind (' '))] = row.substr (row.rfind (' ') + 1);
  text = run (Command ({ "sh", "-c", find })).out;
  for (std::istringstream lines (text); std::getline (lines, row);) {
    std::string path = row.substr (0, row.rfind (' ')), kind = row.substr (row.rfind (' ') + 1);
    std::error_code error;
    std::string target = std::filesystem::canonical (path, error).string ();

    if (error || std::regex_search (target, std::regex ("^/(proc|dev|sys|tmp|home|root|run/user|boot)(/|$)")))
      continue;
    compared++;
    out_of_trees += !std::regex_search (target, std::regex ("^/(usr|etc|opt)/"));
    EXPECT_EQ (inside[path], kind) << path << " leads to " << target;
  }
  EXPECT_GT (compared, 100u);
  EXPECT_EQ (inside.count ("/nowhere"), 0u);
  RecordProperty ("links", static_cast<int> (out_of_trees));
}
