/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `sandboxctl restrict --self`: outside and inside of a sandbox, without a service. */
#include <filesystem>

#include "live-stage.h"

enum class Where { OUTSIDE, DEFAULT, DEVEL };

class Tighten : public Live, public ::testing::WithParamInterface<Where> {
protected:
  void
  SetUp () override
  {
    static const char *const profiles[] = { "", "default", "devel" };

    Live::SetUp ();
    if (GetParam () != Where::OUTSIDE)
      id_ = launch_detached ({ std::string ("--profile=") + profiles[static_cast<int> (GetParam ())],
                               "--allow=weak-covers", "--filesystem=" + home () + "/doc",
                               "--filesystem=" + home () + "/other", "--share=network",
                               "--filesystem=" + fs::path (places ().sandboxctl).parent_path ().string () + ":ro" },
                             { "sleep", "1000" });
  }
  /* What a shell says that `restrict --self @options` has started there; with no options one that has lost nothing. */
  Outcome
  tightened (const Argv &options, const std::string &script)
  {
    Argv all = id_.empty () ? Argv{} : Argv{ "exec", id_, "--", places ().sandboxctl };

    if (options.empty ()) {
      if (!id_.empty ())
        all.pop_back ();
    } else {
      all.insert (all.end (), { "restrict", "--self" });
      all.insert (all.end (), options.begin (), options.end ());
      all.push_back ("--");
    }
    all.insert (all.end (), { "sh", "-c", script });
    return options.empty () && id_.empty () ? run ({ all }) : sandboxctl (all);
  }
  std::string
  doc () const
  {
    return home () + "/doc";
  }
  std::string id_;
};

TEST_P (Tighten, FilesGo)
{
  std::string look = "cat " + doc () + "/file || cat " + doc () + "/sub/file; cat " + home () + "/other/file; echo x > "
                     + home () + "/other/new && echo wrote";

  EXPECT_EQ (tightened ({}, look).out, "secretotherwrote\n");
  EXPECT_EQ (tightened ({ "--nofilesystem=" + doc () }, look).out, "otherwrote\n");
  EXPECT_EQ (tightened ({ "--nofilesystem=" + doc () }, "ls " + home () + "/doc").out, "file\nsub\n"); /* names stay */
  /* Whatever is started next, under no other name, and by no second call */
  Argv gone = { "--nofilesystem=" + doc () };
  EXPECT_EQ (tightened (gone, "sh -c '" + look + "'").out, "otherwrote\n");
  EXPECT_EQ (
      tightened (gone, "ln -s " + doc () + " " + home () + "/other/link; cat " + home () + "/other/link/file").out, "");
  EXPECT_EQ (tightened (gone, "unshare -rm sh -c 'mount --bind " + doc () + " /mnt && cat /mnt/file'").out, "");
  EXPECT_EQ (tightened (gone, "cat /proc/self/root" + doc () + "/file").out, "");
  EXPECT_EQ (tightened (gone, places ().sandboxctl + " restrict --self --filesystem=" + doc ()
                                  + " --nofilesystem=" + home () + "/other -- sh -c '" + look + "'")
                 .out,
             "");
}

/* What is above cannot be moved, so it does not get another name. */
TEST_P (Tighten, APart)
{
  Argv gone = { "--nofilesystem=" + doc () + "/sub" };

  EXPECT_EQ (tightened (gone, "cat " + doc () + "/file; cat " + doc () + "/sub/file").out, "secret");
  EXPECT_EQ (tightened (gone, "mv " + doc () + "/sub " + doc () + "/moved; ln " + doc () + "/sub/file " + home ()
                                  + "/other/linked; cat " + doc () + "/moved/file " + home () + "/other/linked")
                 .out,
             "");
  EXPECT_EQ (tightened ({}, "mv " + doc () + "/sub " + doc () + "/moved; cat " + doc () + "/moved/file").out, "deeper");
}

TEST_P (Tighten, FilesBecomeReadOnly)
{
  std::string look = "cat " + doc () + "/sub/file; ls " + doc () + "; (echo x > " + doc () + "/new) && echo wrote";

  EXPECT_EQ (tightened ({ "--filesystem=" + doc () + ":ro" }, look).out, "deeperfile\nsub\n");
  EXPECT_EQ (tightened ({ "--filesystem=" + doc () + ":ro" },
                        "truncate -s 0 " + doc () + "/file; rm " + doc () + "/file; cat " + doc () + "/file")
                 .out,
             "secret");
  EXPECT_EQ (tightened ({}, look).out, "deeperfile\nsub\nwrote\n");
}

TEST_P (Tighten, NetworkGoes)
{
  std::string look = "python3 -c 'import socket as s\nfor f in s.AF_UNIX, s.AF_INET, s.AF_INET6:\n try:\n  s.socket(f, "
                     "s.SOCK_DGRAM); print(int(f))\n except OSError: pass'";

  EXPECT_EQ (tightened ({}, look).out, "1\n2\n10\n");
  EXPECT_EQ (tightened ({ "--unshare=network" }, look).out, "1\n");
}

TEST_P (Tighten, Refused)
{
  EXPECT_TRUE (fails_with (tightened ({ "--nosocket=wayland" }, "echo it runs"), 125, { "from itself", "sockets" }));
  EXPECT_TRUE (
      fails_with (tightened ({ "--nofilesystem=" + home () + "/none" }, "echo it runs"), 125, { home () + "/none" }));
  EXPECT_TRUE (fails_with (tightened ({ "--nofilesystem=host" }, "echo it runs"), 125, { "name directories" }));
  EXPECT_EQ (tightened ({ "--nofilesystem=" + doc () }, "exit 7").status, 7);
}

static std::string
name_of (const ::testing::TestParamInfo<Where> &info)
{
  static const std::string names[] = { "Outside", "Default", "Devel" };

  return names[static_cast<int> (info.param)];
}
INSTANTIATE_TEST_SUITE_P (, Tighten, ::testing::Values (Where::OUTSIDE, Where::DEFAULT, Where::DEVEL), name_of);
