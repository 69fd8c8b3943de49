/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names that change while a running instance gets or loses what is there: 2,000 calls of each kind, each for a name of
 * its own, which an application swaps as fast as it can while the call is carried out. Calls, not starts: it takes no
 * process of the test's for each. */
#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <gio/gunixfdlist.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "trees.h"

using namespace hostile;

namespace fs = std::filesystem;

static constexpr int CALLS = 2000, AT_ONCE = 50; /* so many for one instance, whose policy grows by them */

/* The file by which the application is told which names to swap, as probes/acts.c has it. */
class Turn {
public:
  explicit Turn (const std::string &path)
  {
    Fd fd (open (path.c_str (), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));

    if (ftruncate (fd.get (), SIZE) == 0)
      numbers_ =
          static_cast<std::atomic<int> *> (mmap (nullptr, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get (), 0));
  }
  ~Turn ()
  {
    numbers_[0] = -1;
    munmap (numbers_, SIZE);
  }
  Turn (const Turn &) = delete;
  Turn &operator= (const Turn &) = delete;
  void
  is (int which)
  {
    numbers_[0] = which;
  }
  /* How often something has been swapped. */
  int
  swaps () const
  {
    return numbers_[1];
  }

private:
  static constexpr size_t SIZE = 2 * sizeof (std::atomic<int>);
  std::atomic<int> *numbers_ = nullptr;
};

class LiveRenames : public Trees {
protected:
  LiveRenames () : Trees (Bus::SESSION)
  {
  }
  std::string
  name (int which) const
  {
    return at ("~/w/") + std::to_string (which);
  }
  /* Pairs of names: a directory with a note, and a link to the secret, or to a directory with the secret in it. */
  void
  make_pairs (bool links)
  {
    lay_out (false);
    for (int i = 0; i < AT_ONCE; i++) {
      fs::create_directory (name (i));
      write_file (name (i) + "/id", links ? "harmless\n" : "the bystander's secret");
      if (links) {
        fs::create_symlink (at ("~/secret"), name (i) + ".other");
      } else {
        fs::create_directory (name (i) + ".other");
        write_file (name (i) + ".other/id", "harmless\n");
      }
    }
  }
  /* Calls a method of the instance @id; whether that has worked. */
  bool
  call (const std::string &id, const char *method, GVariant *parameters, GUnixFDList *fds = nullptr)
  {
    g_autoptr (GError) error = nullptr;
    g_autoptr (GVariant) reply = g_dbus_connection_call_with_unix_fd_list_sync (
        connection (), "org.example.Sandbox", ("/org/example/Sandbox/instances/" + id).c_str (),
        "org.example.Sandbox.Instance", method, parameters, nullptr, G_DBUS_CALL_FLAGS_NONE, patience_ms (), fds,
        nullptr, nullptr, &error);

    problem_ = reply ? "" : error->message;
    return reply != nullptr;
  }
  std::string problem_; /* of the last call */
  bool grant (const std::string &id, int which);
  bool
  restrict_one (const std::string &id, int which)
  {
    return call (id, "Restrict",
                 g_variant_new_parsed ("({'Context': <{'filesystems': %s}>},)", ("!" + name (which)).c_str ()));
  }
  /* The instance @id says what the names are to it: of those of @which that have the secret. */
  std::string
  leaks (const std::string &id, const std::vector<int> &which)
  {
    std::string script;

    for (int i : which)
      script += "grep -q secret '" + name (i) + "/id' 2>/dev/null && echo " + std::to_string (i) + "; ";
    return sandboxctl ({ "exec", id, "--", "sh", "-c", script + "true" }).out;
  }
  /* The secret by a name that is not its own, in as many looks. */
  std::string
  look_without (bool links)
  {
    make_pairs (links);
    Turn turn (at ("~/w/turn"));
    Process swapping (outside () ({ "--do", "flicker-turn", at ("~/w") }));
    bool secret = false, harmless = false;

    EXPECT_TRUE (swapping.expect ("ready"));
    for (int i = 0; i < 100 * CALLS && !(secret && harmless); i++) {
      std::string text = read_file (name (0) + "/id");

      secret = secret || text.find ("secret") != std::string::npos;
      harmless = harmless || text.find ("harmless") != std::string::npos;
    }
    turn.is (-1);
    swapping.wait ();
    return secret && harmless ? "both are read by one name" : "";
  }
};
INSTANTIATE_TEST_SUITE_P (, LiveRenames, ::testing::Values (Who::USER), name_of);

/* By its path with a descriptor of whatever that leads to, or wherever what was there is by now. */
bool
LiveRenames::grant (const std::string &id, int which)
{
  bool anywhere = which % 2;
  Fd fd (open (name (which).c_str (), O_PATH | O_CLOEXEC | (anywhere ? O_NOFOLLOW : 0)));
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  GVariantBuilder how;
  int handle = g_unix_fd_list_append (fds, fd.get (), nullptr);

  g_variant_builder_init (&how, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&how, "{sv}", "access", g_variant_new_string ("ro"));
  return call (
      id, "Grant",
      g_variant_new ("(h@aya{sv})", handle, g_variant_new_bytestring (anywhere ? "" : name (which).c_str ()), &how),
      fds);
}

/* To another sandbox than the one that swaps. */
TEST_P (LiveRenames, OfWhatIsGranted)
{
  std::string control = look_without (true), held;
  int granted = 0;

  make_pairs (true);
  Turn turn (at ("~/w/turn"));
  Process swapping (inside ("[Context]\nfilesystems=~/w;\n") ({ "--do", "flicker-turn", at ("~/w") }));
  ASSERT_TRUE (swapping.expect ("ready")) << swapping.err ();
  for (int done = 0; done < CALLS; done += AT_ONCE) {
    std::string id = launch_detached ({ "--profile=default" }, { "sleep", "1000" });
    std::vector<int> all;

    for (int i = 0; i < AT_ONCE; i++) {
      turn.is (i);
      granted += grant (id, i);
      all.push_back (i);
    }
    held += leaks (id, all);
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id, "--grace=0" })));
  }
  EXPECT_GT (turn.swaps (), CALLS);
  turn.is (-1);
  swapping.wait ();
  /* What nobody swaps any more is granted */
  std::string id = launch_detached ({ "--profile=default" }, { "sleep", "1000" });
  EXPECT_TRUE (grant (id, 0));
  EXPECT_EQ (sandboxctl ({ "exec", id, "--", "cat", name (0) + "/id" }).out, "harmless\n");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id, "--grace=0" })));
  printf ("%d of %d granted\n", granted, CALLS);
  hold ("renames/granted", held, control);
}

/* From the sandbox that swaps: what it was told has gone is not there by that name. */
TEST_P (LiveRenames, OfWhatIsTakenAway)
{
  std::string control = look_without (false), held;
  int gone = 0, swaps = 0;

  for (int done = 0; done < CALLS; done += AT_ONCE) {
    std::vector<int> taken;

    make_pairs (false);
    Turn turn (at ("~/w/turn"));
    Process swapping (inside ("[Context]\nfilesystems=~/w;\n") ({ "--do", "flicker-turn", at ("~/w") }));
    ASSERT_TRUE (swapping.expect ("ready")) << swapping.err ();
    std::string id = new_instance ().id;
    for (int i = 0; i < AT_ONCE; i++) {
      turn.is (i);
      if (restrict_one (id, i))
        taken.push_back (i);
    }
    swaps += turn.swaps ();
    gone += static_cast<int> (taken.size ());
    /* The swapping goes on: none of it comes back by that */
    for (int i : taken)
      turn.is (i);
    held += leaks (id, taken);
    turn.is (AT_ONCE);
    EXPECT_TRUE (restrict_one (id, 0)) << "what nobody swaps any more: " << problem_;
    EXPECT_EQ (leaks (id, { 0 }), "");
    turn.is (-1);
    swapping.wait ();
  }
  EXPECT_GT (swaps, CALLS);
  printf ("%d of %d taken away\n", gone, CALLS);
  hold ("renames/taken-away", held, control);
}
