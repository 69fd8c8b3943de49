/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every facility of a policy, in both directions: what is allowed works, what is not does not. */
#include <arpa/inet.h>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <regex>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compositor.h"
#include "facility.h"

using namespace e2e;

class Policy : public Facility {};

/* A TCP server on a port of its own. */
class Server {
public:
  Server () : sock_ (socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
  {
    struct sockaddr_in address = {};
    socklen_t size = sizeof address;

    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    EXPECT_EQ (bind (sock_.get (), reinterpret_cast<struct sockaddr *> (&address), size), 0);
    EXPECT_EQ (listen (sock_.get (), 16), 0);
    getsockname (sock_.get (), reinterpret_cast<struct sockaddr *> (&address), &size);
    port = std::to_string (ntohs (address.sin_port));
  }
  std::string port;

private:
  Fd sock_;
};

static std::string
connect_to (const std::string &port)
{
  return "bash -c ': </dev/tcp/127.0.0.1/" + port + "' 2>/dev/null && echo connected || echo refused";
}

TEST_F (Policy, Network)
{
  Server server;

  expect_both ("[Context]\nshared=network;\n", connect_to (server.port), "connected\n", "refused\n");
}

TEST_F (Policy, TcpConnect)
{
  Server one, other;
  std::string groups = "[Context]\nshared=network;\n[Network]\nconnect=" + one.port + ";\n";

  EXPECT_EQ (under (groups, connect_to (one.port)).out, "connected\n");
  EXPECT_EQ (under (groups, connect_to (other.port)).out, "refused\n");
  EXPECT_EQ (under ("[Context]\nshared=network;\n", connect_to (other.port)).out, "connected\n");
}

TEST_F (Policy, TcpBind)
{
  std::string port, other;
  {
    Server one, two;
    port = one.port;
    other = two.port;
  }
  auto listen_on = [] (const std::string &p) {
    return "python3 -c \"import socket;s=socket.socket();s.setsockopt(1,2,1);s.bind(('127.0.0.1'," + p
           + "));s.listen()\" 2>/dev/null && echo bound || echo refused";
  };
  std::string groups = "[Context]\nshared=network;\n[Network]\nbind=" + port + ";\n";

  EXPECT_EQ (under (groups, listen_on (port)).out, "bound\n");
  EXPECT_EQ (under (groups, listen_on (other)).out, "refused\n");
}

/* Python, with a free socket and one for UNIX, and what the kernel says of listening without bind. */
static Argv
python (const std::string &script)
{
  return { "python3", "-c", "import ctypes, os, socket, threading\nfree = socket.socket ()\n" + script };
}

TEST_F (Policy, TcpListenWithoutBind)
{
  std::string port = Server ().port,
              free = "try:\n free.listen ()\n print ('got one')\n"
                     "except PermissionError: print ('refused')\n",
              threaded = "def run ():\n " + std::regex_replace (free, std::regex ("\n(?=.)"), "\n ")
                         + "\nthread = threading.Thread (target=run)\nthread.start ()\nthread.join ()\n",
              bound = "free.bind (('127.0.0.1', " + port + "))\nfree.listen ()\nprint (free.getsockname ()[1])\n",
              local = "s = socket.socket (socket.AF_UNIX)\ns.bind ('/tmp/x')\ns.listen ()\nc = socket.socket "
                      "(socket.AF_UNIX)\nc.connect ('/tmp/x')\nprint ('connected')\n",
              file = "libc = ctypes.CDLL (None, use_errno=True)\nlibc.listen (os.open ('/dev/null', 0), 1)\n"
                     "print (ctypes.get_errno ())\n";
  std::string limited = "[Context]\nshared=network;\n[Network]\nbind=" + port + ";\n";

  define (limited);
  EXPECT_EQ (run_in ({ "--profile=tested" }, python (free)).out, "refused\n");
  EXPECT_EQ (run_in ({ "--profile=tested" }, python (threaded)).out, "refused\n");
  EXPECT_EQ (run_in ({ "--profile=tested" }, python (bound)).out, port + "\n");
  EXPECT_EQ (run_in ({ "--profile=tested" }, python (local)).out, "connected\n");
  EXPECT_EQ (run_in ({ "--profile=tested" }, python (file)).out, std::to_string (ENOTSOCK) + "\n");
  /* The control: where they are not limited, and where any port is named */
  for (const char *other : { "[Context]\nshared=network;\n", "[Context]\nshared=network;\n[Network]\nbind=0;\n" }) {
    define (other);
    EXPECT_EQ (run_in ({ "--profile=tested" }, python (free)).out, "got one\n") << other;
  }
}

/* A thread that swaps the socket behind the number at which another one listens. */
TEST_F (Policy, TcpListenWithASwappedSocket)
{
  std::string port = Server ().port,
              script =
                  "bound = socket.socket ()\nbound.bind (('127.0.0.1', " + port
                  + "))\nslot = os.dup (bound.fileno ())\ngoing = True\n"
                    "def swap ():\n while going:\n  os.dup2 (free.fileno (), slot)\n  os.dup2 (bound.fileno (), slot)\n"
                    "thread = threading.Thread (target=swap)\nthread.start ()\n"
                    "listen = ctypes.CDLL (None, use_errno=True).listen\n"
                    "refused = sum (listen (slot, 1) < 0 for i in range (2000))\n"
                    "going = False\nthread.join ()\n"
                    "print (free.getsockname ()[1], 0 < refused < 2000)\n";

  define ("[Context]\nshared=network;\n[Network]\nbind=" + port + ";\n");
  EXPECT_EQ (run_in ({ "--profile=tested" }, python (script)).out, "0 True\n");
}

TEST_F (Policy, Ipc)
{
  int id = shmget (IPC_PRIVATE, 4096, IPC_CREAT | 0600);

  ASSERT_GE (id, 0);
  expect_both ("[Context]\nshared=ipc;\n", "ipcs -m | grep -q " + std::to_string (id) + " && echo seen || echo unseen",
               "seen\n", "unseen\n");
  shmctl (id, IPC_RMID, nullptr);
}

TEST_F (Policy, FilesReadOnly)
{
  std::string path = make_directory ("ro");

  expect_both ("[Context]\nfilesystems=" + path + ":ro;\n",
               "cat " + path + "/file 2>/dev/null; (echo new >" + path
                   + "/new) 2>/dev/null && echo written || echo refused",
               "content\nrefused\n", "refused\n");
  EXPECT_FALSE (std::filesystem::exists (path + "/new"));
}

TEST_F (Policy, FilesReadWrite)
{
  std::string path = make_directory ("rw");

  Outcome outcome =
      under ("[Context]\nfilesystems=" + path + ";\n", "cat " + path + "/file; echo new >" + path + "/new");
  EXPECT_TRUE (succeeds (outcome));
  EXPECT_EQ (outcome.out, "content\n");
  EXPECT_EQ (read_file (path + "/new"), "new\n");
}

TEST_F (Policy, FilesCreate)
{
  std::string path = dir () + "/files/made/deep";

  std::filesystem::create_directories (dir () + "/files");
  EXPECT_TRUE (succeeds (under ("[Context]\nfilesystems=" + path + ":create;\n", "echo new >" + path + "/new")));
  EXPECT_EQ (read_file (path + "/new"), "new\n");
  /* Without `create`, one that is not there is nothing */
  Outcome outcome = under ("[Context]\nfilesystems=" + path + "er;\n", "test -e " + path + "er || echo missing");
  EXPECT_EQ (outcome.out, "missing\n") << outcome.err;
  EXPECT_FALSE (std::filesystem::exists (path + "er"));
}

TEST_F (Policy, FilesWithExceptions)
{
  std::string path = make_directory ("tree");

  make_directory ("tree/secret");
  make_directory ("tree/kept");
  Outcome outcome =
      under ("[Context]\nfilesystems=" + path + ":rw;" + path + "/kept:ro;" + path + "/secret:none;\n",
             "cd " + path
                 + "; cat file kept/file; ls -A secret; cat secret/file 2>/dev/null; "
                   "(echo x >kept/new) 2>/dev/null || echo refused; "
                   "(echo x >secret/new) 2>/dev/null; echo y >new; mv kept moved 2>/dev/null || echo stays; "
                   "mv secret open 2>/dev/null || echo hidden");
  EXPECT_EQ (outcome.out, "content\ncontent\nrefused\nstays\nhidden\n") << outcome.err;
  EXPECT_EQ (read_file (path + "/new"), "y\n");
  EXPECT_FALSE (std::filesystem::exists (path + "/kept/new"));
  EXPECT_FALSE (std::filesystem::exists (path + "/secret/new"));
  EXPECT_EQ (read_file (path + "/secret/file"), "content\n");
}

TEST_F (Policy, AGrantBelowAnException)
{
  std::string path = make_directory ("tree");

  make_directory ("tree/secret");
  make_directory ("tree/secret/open");
  Outcome outcome =
      under ("[Context]\nfilesystems=" + path + ":rw;" + path + "/secret:none;" + path + "/secret/open:rw;\n",
             "cd " + path
                 + "/secret; ls; cat file 2>/dev/null; cat open/file; echo x >open/new; "
                   "(echo x >new) 2>/dev/null || echo refused");
  EXPECT_EQ (outcome.out, "open\ncontent\nrefused\n") << outcome.err;
  EXPECT_EQ (read_file (path + "/secret/open/new"), "x\n");
}

/* With the home granted, what other applications keep stays hidden, also when one of them is named. */
TEST_F (Policy, OtherApplicationsHomesStayHidden)
{
  std::string homes = home () + "/.local/share/sandbox";

  for (const char *app : { "org.example.One", "org.example.Two" })
    std::filesystem::create_directories (homes + "/" + app);
  write_file (homes + "/org.example.One/file", "one\n");
  write_file (homes + "/org.example.Two/file", "two\n");
  set_env ("XDG_DATA_HOME", home () + "/.local/share");
  for (std::string words : { "home;", "home;~/.local/share/sandbox/org.example.One:ro;" }) {
    Outcome outcome =
        under ("[Context]\nfilesystems=" + words + "\n",
               "cd ~/.local/share/sandbox; cat */file 2>/dev/null; (echo x >new) 2>/dev/null || echo refused");
    EXPECT_EQ (outcome.out, words == "home;" ? "refused\n" : "one\nrefused\n") << outcome.err;
  }
}

/* What is named of it can have exceptions, like anything else. */
TEST_F (Policy, ExceptionsBelowAnotherApplicationsHome)
{
  std::string homes = home () + "/.local/share/sandbox", one = homes + "/org.example.One";

  std::filesystem::create_directories (one + "/secret");
  write_file (one + "/file", "one\n");
  write_file (one + "/secret/file", "secret\n");
  set_env ("XDG_DATA_HOME", home () + "/.local/share");
  EXPECT_EQ (under ("[Context]\nfilesystems=home;" + one + ":ro;!" + one + "/secret;\n",
                    "cd " + one + "; cat file; cat secret/file 2>/dev/null || echo hidden")
                 .out,
             "one\nhidden\n");
}

/* The service's own files are nobody's, whatever a profile names. */
TEST_F (Policy, TheServicesFilesCannotBeNamed)
{
  std::string place = runtime () + "/sandbox";

  std::filesystem::create_directories (place + "/named");
  ASSERT_EQ (chmod (place.c_str (), 0700), 0);
  write_file (place + "/named/file", "content\n");
  EXPECT_EQ (under ("[Context]\nfilesystems=" + place + "/named:ro;" + runtime () + "/sandbox:rw;\n",
                    "cat " + place + "/named/file 2>/dev/null || echo hidden")
                 .out,
             "hidden\n");
  std::filesystem::remove_all (place + "/named");
}

/* A profile of the user's is not made by what runs under one. */
TEST_F (Policy, ProfilesAreNotWrittenTo)
{
  std::string profiles = home () + "/.config/sandbox";

  std::filesystem::remove_all (profiles);
  set_env ("XDG_CONFIG_HOME", home () + "/.config");
  EXPECT_EQ (under ("[Context]\nfilesystems=home;\n",
                    "echo x >~/.config/other && mkdir -p ~/.config/sandbox/profiles 2>/dev/null || echo refused")
                 .out,
             "refused\n");
  EXPECT_EQ (read_file (home () + "/.config/other"), "x\n");
  EXPECT_FALSE (std::filesystem::exists (profiles + "/profiles"));
}

TEST_F (Policy, FilesOfTheHome)
{
  std::filesystem::create_directories (home () + "/Projects/one");
  write_file (home () + "/Projects/one/file", "mine\n");
  write_file (home () + "/other", "secret\n");
  Outcome outcome = under ("[Context]\nfilesystems=~/Projects:ro;\n", "cd; cat Projects/one/file; ls -A");
  EXPECT_EQ (outcome.out, "mine\nProjects\n") << outcome.err;
}

/* /tmp is the sandbox's own, also where all of the host is shared, until it is named. */
TEST_F (Policy, TheHostAndMore)
{
  std::string path = make_directory ("named"),
              look = "cat " + path + "/file 2>/dev/null; test -e /var/lib/dpkg && echo host";

  expect_both ("[Context]\nfilesystems=host:ro;" + path + ":ro;\n", look, "content\nhost\n", "");
  EXPECT_EQ (under ("[Context]\nfilesystems=host:ro;\n", look).out, "host\n");
}

TEST_F (Policy, OneFile)
{
  std::string path = make_directory ("single");

  write_file (path + "/other", "other\n");
  Outcome outcome =
      under ("[Context]\nfilesystems=" + path + "/file:rw;\n", "echo more >>" + path + "/file; ls " + path);
  EXPECT_EQ (outcome.out, "file\n") << outcome.err;
  EXPECT_EQ (read_file (path + "/file"), "content\nmore\n");
}

/* A link in the host's tree leads where the sandbox has something, or nowhere. */
TEST_F (Policy, LinksDoNotLeadOut)
{
  std::string path = make_directory ("links"), secret = make_directory ("elsewhere");

  ASSERT_EQ (symlink (secret.c_str (), (path + "/out").c_str ()), 0);
  EXPECT_EQ (
      under ("[Context]\nfilesystems=" + path + ":rw;\n", "cat " + path + "/out/file 2>/dev/null || echo nothing").out,
      "nothing\n");
}

TEST_F (Policy, PersistentDirectories)
{
  std::string groups = "[Context]\npersistent=.config/tested;\n";

  EXPECT_TRUE (succeeds (under (groups, "cd; echo kept >.config/tested/file; echo lost >other")));
  EXPECT_EQ (under (groups, "cd; cat .config/tested/file; test -e other || echo gone").out, "kept\ngone\n");
  EXPECT_FALSE (std::filesystem::exists (home () + "/.config"));
  EXPECT_EQ (under ("", "cd; test -e .config/tested/file || echo gone").out, "gone\n");
  EXPECT_EQ (under (groups, "cd; ls -A .config/tested", { "--app-id=org.example.Another" }).out, "");
}

TEST_F (Policy, PersistentWithExceptions)
{
  for (std::string kept : { ".tested", "." }) {
    std::string groups = "[Context]\npersistent=" + kept + ";!.tested/cache;\n";
    std::string app = "--app-id=org.example.Tested" + std::to_string (kept.size ());

    EXPECT_TRUE (succeeds (
        under (groups, "cd; mkdir -p .tested/cache; echo k >.tested/kept; echo l >.tested/cache/lost", { app })));
    EXPECT_EQ (under (groups, "cd; cat .tested/kept; ls -A .tested/cache", { app }).out, "k\n") << kept;
  }
}

TEST_F (Policy, PersistentBelowAnException)
{
  std::string groups = "[Context]\npersistent=.;!cache;cache/kept;\n";

  EXPECT_TRUE (succeeds (under (groups, "cd; echo k >cache/kept/file; echo l >cache/lost; echo f >single")));
  EXPECT_EQ (under (groups, "cd; ls cache; cat cache/kept/file single").out, "kept\nk\nf\n");
  EXPECT_EQ (under ("[Context]\npersistent=.;!single;\n", "cd; cat single; ls").out, "cache\nsingle\n");
}

TEST_F (Policy, PersistentHome)
{
  std::string groups = "[Context]\npersistent=.;\n";

  EXPECT_TRUE (succeeds (under (groups, "cd; mkdir -p a/b; echo kept >a/b/file")));
  EXPECT_EQ (under (groups, "cat ~/a/b/file").out, "kept\n");
  EXPECT_EQ (read_file (dir () + "/data/sandbox/org.example.Tested/a/b/file"), "kept\n");
  struct stat st;
  ASSERT_EQ (stat ((dir () + "/data/sandbox/org.example.Tested").c_str (), &st), 0);
  EXPECT_EQ (st.st_mode & 0777, 0700u);
}

TEST_F (Policy, Wayland)
{
  Compositor compositor (runtime () + "/wayland-7", Compositor::Kind::PLAIN);

  set_env ("WAYLAND_DISPLAY", "wayland-7");
  expect_both ("[Context]\nsockets=wayland;\n",
               "case $WAYLAND_DISPLAY in '') echo no display;; /*) p=$WAYLAND_DISPLAY;; *) "
               "p=$XDG_RUNTIME_DIR/$WAYLAND_DISPLAY;; esac; "
                   + connect_at ("$p"),
               "connected\n", "no display\nrefused\n");
  EXPECT_EQ (under ("", connect_at (runtime () + "/wayland-7")).out, "refused\n");
}

TEST_F (Policy, Pulseaudio)
{
  Fd sock = listen_at (runtime () + "/pulse/native");

  expect_both ("[Context]\nsockets=pulseaudio;\n",
               "p=${PULSE_SERVER#unix:}; " + connect_at ("${p:-$XDG_RUNTIME_DIR/pulse/native}"), "connected\n",
               "refused\n");
}

/* A socket that is named is there although its directory is hidden. */
TEST_F (Policy, ASocketBelowAnException)
{
  Fd sock = listen_at (runtime () + "/pulse/native");

  write_file (runtime () + "/pulse/other", "content\n");
  Outcome outcome =
      under ("[Context]\nsockets=pulseaudio;\nfilesystems=" + runtime () + ":ro;!" + runtime () + "/pulse;\n",
             "ls $XDG_RUNTIME_DIR/pulse; " + connect_at ("$XDG_RUNTIME_DIR/pulse/native"));
  EXPECT_EQ (outcome.out, "native\nconnected\n") << outcome.err;
}

TEST_F (Policy, Pipewire)
{
  Fd sock = listen_at (runtime () + "/pipewire-0");

  expect_both ("[Context]\nsockets=pipewire;\n", connect_at ("$XDG_RUNTIME_DIR/pipewire-0"), "connected\n",
               "refused\n");
}

TEST_F (Policy, SshAuth)
{
  Fd sock = listen_at (dir () + "/agent/socket");

  set_env ("SSH_AUTH_SOCK", dir () + "/agent/socket");
  expect_both ("[Context]\nsockets=ssh-auth;\n", connect_at ("$SSH_AUTH_SOCK"), "connected\n", "refused\n");
  EXPECT_EQ (under ("", connect_at (dir () + "/agent/socket")).out, "refused\n");
}

TEST_F (Policy, GpgAgent)
{
  Fd sock = listen_at (runtime () + "/gnupg/S.gpg-agent");

  expect_both ("[Context]\nsockets=gpg-agent;\n", connect_at (runtime () + "/gnupg/S.gpg-agent"), "connected\n",
               "refused\n");
}

TEST_F (Policy, Devices)
{
  expect_both ("[Context]\ndevices=all;\n", "test -e /dev/kmsg && echo all || echo few", "all\n", "few\n");
  expect_both ("[Context]\ndevices=kvm;\n", "test -e /dev/kvm && echo kvm; test -e /dev/kmsg || echo few",
               std::string (access ("/dev/kvm", F_OK) == 0 ? "kvm\n" : "") + "few\n", "few\n");
}

TEST_F (Policy, SharedMemoryDirectory)
{
  std::string name = "/dev/shm/" + marker ();

  write_file (name, "shared\n");
  expect_both ("[Context]\ndevices=shm;\n", "cat " + name + " 2>/dev/null || echo none", "shared\n", "none\n");
  unlink (name.c_str ());
}

TEST_F (Policy, Environment)
{
  set_env ("PASSED_ON", "from outside");
  expect_both ("[Context]\npass-environment=PASSED_ON;\n", "echo ${PASSED_ON-unset}", "from outside\n", "unset\n");
  expect_both ("[Environment]\nSET_HERE=in the profile\n", "echo ${SET_HERE-unset}", "in the profile\n", "unset\n");
}

TEST_F (Policy, LimitNofile)
{
  Outcome outcome = under ("[Limits]\nnofile=48\n", "ulimit -n; ulimit -Hn; ulimit -n 64 2>/dev/null || echo refused");

  EXPECT_EQ (outcome.out, "48\n48\nrefused\n") << outcome.err;
}

TEST_F (Policy, LimitCore)
{
  EXPECT_EQ (under ("[Limits]\ncore=0\n", "ulimit -c").out, "0\n");
}

TEST_F (Policy, LimitMemory)
{
  expect_both ("[Limits]\nmemory=256M\n",
               "python3 -c 'b = bytearray(600 << 20); print(\"room\")' 2>/dev/null || echo none", "none\n", "room\n");
}

TEST_F (Policy, LimitProcesses)
{
  expect_both ("[Limits]\npids=12\n",
               "python3 -c '\nimport os,time\nn=0\ntry:\n while n<40:\n  if os.fork()==0: time.sleep(1000)\n  "
               "n+=1\nexcept OSError: pass\nprint(\"all\" if n==40 else \"few\")'",
               "few\n", "all\n");
}

TEST_F (Policy, SeccompDeny)
{
  expect_both ("[Seccomp]\ndeny=mkdir;mkdirat;\n", "mkdir /tmp/made 2>/dev/null && echo made || echo refused",
               "refused\n", "made\n");
}

TEST_F (Policy, SeccompAllow)
{
  add_profile ("keys", "[Profile]\nName=keys\nInherits=default\n[Seccomp]\nallow=keyctl;\n");
  EXPECT_EQ (Json::parse (run (probe ({ "--profile=keys" }, { "calls" })).out)["keyctl"].text (), "OK");
  EXPECT_EQ (Json::parse (run (probe ({}, { "calls" })).out)["keyctl"].text (), "EPERM");
}

TEST_F (Policy, SeccompStrict)
{
  expect_both ("[Seccomp]\ntier=strict\n", "strace -o /dev/null true 2>/dev/null && echo traced || echo refused",
               "refused\n", "traced\n");
}

TEST_F (Policy, FeatureUserns)
{
  expect_both ("[Context]\nfeatures=userns;\n", "unshare -U true 2>/dev/null && echo made || echo refused", "made\n",
               "refused\n");
}

TEST_F (Policy, FeatureDevel)
{
  expect_both ("[Context]\nfeatures=devel;\n", "setarch -R true 2>/dev/null && echo done || echo refused", "done\n",
               "refused\n");
}

TEST_F (Policy, FeatureBackground)
{
  std::string script = "(sleep 0.2; echo late) & echo early; exit 3";
  Outcome kept = under ("[Context]\nfeatures=background;\n", script), ended = under ("", script);

  EXPECT_EQ (kept.out, "early\nlate\n");
  EXPECT_EQ (kept.status, 3);
  EXPECT_EQ (ended.out, "early\n");
  EXPECT_EQ (ended.status, 3);
}

TEST_F (Policy, ProcfsSubset)
{
  expect_both ("[Procfs]\nsubset=pid\n",
               "test -e /proc/cpuinfo && echo all || echo processes; test -e /proc/self/status && echo self",
               "processes\nself\n", "all\nself\n");
}

/* As the kernel's: limiting what is shown needs an instance of one's own. */
TEST_F (Policy, ProcfsLimitsNeedAnInstance)
{
  EXPECT_TRUE (fails_with (under ("[Procfs]\ninstance=none\nhidepid=ptraceable\n", "true"), 125, { "instance" }));
}

/* Without an authority: more than the profile says is refused, and the message says how to get it. */
class Extending : public EitherBus {};
EITHER_BUS (Extending);

TEST_P (Extending, OptionsNeedAnAuthority)
{
  std::filesystem::create_directories (home () + "/Music");
  for (const auto &[option, action] :
       std::map<std::string, std::string>{ { "--share=network", "extend-network" },
                                           { "--filesystem=~/Music", "extend-files" },
                                           { "--device=all", "extend-devices" },
                                           { "--socket=x11", "extend-display" },
                                           { "--talk-name=org.example.Other", "extend-bus" } }) {
    EXPECT_TRUE (fails_with (run_in ({ option }, { "true" }), 125, { "org.example.Sandbox." + action })) << option;
  }
  /* What was prepared meanwhile is taken down behind the answer */
  EXPECT_TRUE (eventually ([&] { return records ().empty (); }));
  expect_nothing_left ();
}

TEST_P (Extending, LessNeedsNone)
{
  EXPECT_EQ (run_in ({ "--profile=browser", "--app-id=org.example.Less", "--unshare=network" },
                     { "sh", "-c", "grep -c : /proc/net/dev" })
                 .out,
             "1\n");
}

TEST_P (Extending, AUserProfileThatAddsNeedsAnAuthority)
{
  add_user_profile ("mine", "[Profile]\nName=mine\nInherits=default\n[Context]\nshared=network;\n");
  EXPECT_TRUE (fails_with (run_in ({ "--profile=mine" }, { "true" }), 125, { "extend-network" }));
}

/* In the place of one that the vendor has, with no more than that one. */
TEST_P (Extending, AUserProfileThatAddsNothingNeedsNone)
{
  add_user_profile ("browser", "[Profile]\nName=browser\nInherits=default\n[Environment]\nMINE=yes\n");
  EXPECT_EQ (run_in ({ "--profile=browser" }, { "sh", "-c", "unshare -U true 2>/dev/null || exit 5" }).status, 5);
}

/* What an administrator's profile allows it allows to one that builds on it, under whatever name. */
TEST_P (Extending, AUserProfileThatOnlyInheritsNeedsNone)
{
  add_user_profile ("mine", "[Profile]\nName=mine\nInherits=devel\n[Environment]\nMINE=yes\n");
  add_user_profile ("yours", "[Profile]\nName=yours\nInherits=mine\n");
  EXPECT_EQ (run_in ({ "--profile=mine" }, { "sh", "-c", "echo $MINE" }).out, "yes\n");
  EXPECT_EQ (run_in ({ "--profile=yours" }, { "sh", "-c", "echo $MINE" }).out, "yes\n");
  add_user_profile ("more", "[Profile]\nName=more\nInherits=yours\n[Context]\ndevices=all;\n");
  EXPECT_TRUE (fails_with (run_in ({ "--profile=more" }, { "true" }), 125, { "extend-devices" }));
}

TEST_P (Extending, AUserDropInThatAddsNeedsAnAuthority)
{
  std::filesystem::create_directories (user_profiles () + "/default.profile.d");
  write_file (user_profiles () + "/default.profile.d/more.conf", "[Context]\nshared=network;\n");
  EXPECT_TRUE (fails_with (run_in ({}, { "true" }), 125, { "extend-network" }));
}

TEST_P (Extending, AnAdministratorsDropInDoesNot)
{
  std::filesystem::create_directories (admin_profiles () + "/default.profile.d");
  write_file (admin_profiles () + "/default.profile.d/more.conf",
              "[Environment]\nFROM_DROP_IN=yes\n[Context]\nshared=ipc;\n");
  EXPECT_EQ (run_in ({}, { "sh", "-c", "echo $FROM_DROP_IN" }).out, "yes\n");
}
