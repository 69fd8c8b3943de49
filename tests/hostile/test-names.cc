/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names and other names of the same: whoever may write a tree decides what its names mean. */
#include <cerrno>
#include <filesystem>
#include <sys/stat.h>

#include "trees.h"

using namespace hostile;

namespace fs = std::filesystem;

static const char home_rw[] = "[Context]\nfilesystems=home;\n";
static const char home_userns[] = "[Context]\nfilesystems=home;\nfeatures=userns;\n";
static const char w_closed[] = "[Context]\nfilesystems=~/w;~/w/x/priv:none;\n";
static const char w_closed_userns[] = "[Context]\nfilesystems=~/w;~/w/x/priv:none;\nfeatures=userns;\n";
static const char w_read_only[] = "[Context]\nfilesystems=~/w;~/w/x/priv:ro;\n";

#define EVIL "~/.config/sandbox/profiles/evil.profile"
#define OTHERS "/share/sandbox/org.example.Other/secret"

static std::vector<Attack>
names ()
{
  return {
    { "names/rename-config",
      {},
      home_rw,
      { "rename", "~/.config", "~/.c", "mkdir", "~/.config/sandbox/profiles", "write", EVIL },
      "",
      {},
      EVIL },
    { "names/exchange-config",
      {},
      home_rw,
      { "mkdir", "~/mine/sandbox/profiles", "write", "~/mine/sandbox/profiles/evil.profile", "exchange", "~/mine",
        "~/.config" },
      "",
      {},
      EVIL },
    { "names/rename-profiles",
      {},
      home_rw,
      { "rename", "~/.config/sandbox", "~/.config/s", "mkdir", "~/.config/sandbox/profiles", "write", EVIL },
      "",
      {},
      EVIL },
    { "names/exchange-profiles",
      {},
      home_rw,
      { "mkdir", "~/mine/profiles", "write", "~/mine/profiles/evil.profile", "exchange", "~/mine",
        "~/.config/sandbox" },
      "",
      {},
      EVIL },
    { "names/rename-local", {}, home_rw, { "rename", "~/.local", "~/.l", "read", "~/.l" OTHERS }, "", {}, "" },
    { "names/rename-share",
      {},
      home_rw,
      { "rename", "~/.local/share", "~/.local/s", "read", "~/.local/s/sandbox/org.example.Other/secret" },
      "",
      {},
      "" },
    { "names/rename-homes",
      {},
      home_rw,
      { "rename", "~/.local/share/sandbox", "~/mine", "read", "~/mine/org.example.Other/secret" },
      "",
      {},
      "" },
    { "names/exchange-local",
      {},
      home_rw,
      { "mkdir", "~/mine", "exchange", "~/mine", "~/.local", "read", "~/mine" OTHERS },
      "",
      {},
      "" },
    { "names/write-homes",
      {},
      home_rw,
      { "rename", "~/.local", "~/.l", "write", "~/.l/share/sandbox/org.example.Other/planted" },
      "",
      {},
      "~/.l/share/sandbox/org.example.Other/planted" },
    { "names/homes-by-the-next-start",
      {},
      home_rw,
      { "rename", "~/.local", "~/.l" },
      home_rw,
      { "read", "~/.l" OTHERS },
      "" },
    { "names/plant-homes",
      {},
      home_rw,
      { "mkdir", "~/.local/share/sandbox/org.example.Other", "write",
        "~/.local/share/sandbox/org.example.Other/planted" },
      "",
      {},
      "~/.local/share/sandbox/org.example.Other/planted",
      {},
      true },
    { "names/plant-profiles",
      {},
      home_rw,
      { "mkdir", "~/.config/sandbox/profiles", "write", EVIL },
      "",
      {},
      EVIL,
      {},
      true },
    { "names/plant-state",
      {},
      home_rw,
      { "mkdir", "~/.local/state/sandbox/launchers", "write", "~/.local/state/sandbox/launchers/forged" },
      "",
      {},
      "~/.local/state/sandbox/launchers/forged",
      {},
      true },
    { "names/read-crashes", {}, home_rw, { "read", "~/.local/state/sandbox/crashes/report" }, "", {}, "" },
    { "names/write-launchers",
      {},
      home_rw,
      { "write", "~/.local/state/sandbox/launchers/forged" },
      "",
      {},
      "~/.local/state/sandbox/launchers/forged" },
    { "names/rename-state",
      {},
      home_rw,
      { "rename", "~/.local/state", "~/.local/s", "read", "~/.local/s/sandbox/crashes/report" },
      "",
      {},
      "" },
    { "names/exception", {}, w_closed, { "rename", "~/w/x", "~/w/y", "read", "~/w/y/priv/secret" }, "", {}, "" },
    { "names/exception-exchanged",
      {},
      w_closed,
      { "mkdir", "~/w/y", "exchange", "~/w/x", "~/w/y", "read", "~/w/y/priv/secret" },
      "",
      {},
      "" },
    { "names/exception-by-the-next-start",
      {},
      w_closed,
      { "rename", "~/w/x", "~/w/y" },
      w_closed,
      { "read", "~/w/y/priv/secret" },
      "" },
    { "names/exception-itself",
      {},
      w_closed,
      { "rename", "~/w/x/priv", "~/w/x/p", "read", "~/w/x/p/secret" },
      "",
      {},
      "" },
    { "names/read-only-exception",
      {},
      w_read_only,
      { "rename", "~/w/x", "~/w/y", "write", "~/w/y/priv/planted" },
      "",
      {},
      "~/w/y/priv/planted" },
    { "names/read-only-next-start",
      {},
      w_read_only,
      { "rename", "~/w/x", "~/w/y" },
      w_read_only,
      { "write", "~/w/y/priv/planted" },
      "~/w/y/priv/planted" },
  };
}

static std::vector<Attack>
nested ()
{
  return {
    { "userns/rename-config",
      {},
      home_userns,
      { "nested-rename", "~", ".config", ".c", "mkdir", "~/.config/sandbox/profiles", "write", EVIL },
      "",
      {},
      EVIL,
      { "rename", "~/.config", "~/.c", "mkdir", "~/.config/sandbox/profiles", "write", EVIL } },
    { "userns/rename-profiles",
      {},
      home_userns,
      { "nested-rename", "~", ".config/sandbox", ".config/s", "mkdir", "~/.config/sandbox/profiles", "write", EVIL },
      "",
      {},
      EVIL,
      { "rename", "~/.config/sandbox", "~/.config/s", "mkdir", "~/.config/sandbox/profiles", "write", EVIL } },
    { "userns/copy-config",
      {},
      home_userns,
      { "nested-copy", "~", ".config/sandbox", ".config/s", "mkdir", "~/.config/sandbox/profiles", "write", EVIL },
      "",
      {},
      EVIL,
      { "mkdir", "~/.config/sandbox/profiles", "write", EVIL } },
    { "userns/homes-by-the-next-start",
      {},
      home_userns,
      { "nested-rename", "~", ".local/share/sandbox", "mine" },
      home_userns,
      { "read", "~/mine/org.example.Other/secret" },
      "",
      { "rename", "~/.local/share/sandbox", "~/mine", "read", "~/mine/org.example.Other/secret" } },
    { "userns/state-by-the-next-start",
      {},
      home_userns,
      { "nested-rename", "~", ".local/state/sandbox", "mine" },
      home_userns,
      { "read", "~/mine/crashes/report" },
      "",
      { "rename", "~/.local/state/sandbox", "~/mine", "read", "~/mine/crashes/report" } },
    { "userns/exception-by-the-next-start",
      {},
      w_closed_userns,
      { "nested-rename", "~/w", "x", "y" },
      w_closed_userns,
      { "read", "~/w/y/priv/secret" },
      "",
      { "rename", "~/w/x", "~/w/y", "read", "~/w/y/priv/secret" } },
    { "userns/exception-itself",
      {},
      w_closed_userns,
      { "nested-rename", "~/w", "x/priv", "y" },
      w_closed_userns,
      { "read", "~/w/y/secret" },
      "",
      { "rename", "~/w/x/priv", "~/w/y", "read", "~/w/y/secret" } },
  };
}

/* The user's own links, which are followed, and lead to what stays closed. */
static std::vector<Attack>
aliases ()
{
  return {
    { "aliases/profiles-moved",
      { "mkdir", "~/dotfiles", "rename", "~/.config/sandbox", "~/dotfiles/cfg", "link", "~/dotfiles/cfg",
        "~/.config/sandbox" },
      "[Context]\nfilesystems=~/dotfiles;\n",
      { "write", "~/dotfiles/cfg/profiles/evil.profile" },
      "",
      {},
      "~/dotfiles/cfg/profiles/evil.profile" },
    { "aliases/config-moved",
      { "mkdir", "~/dotfiles", "rename", "~/.config", "~/dotfiles/config", "link", "dotfiles/config", "~/.config" },
      "[Context]\nfilesystems=~/dotfiles;\n",
      { "write", "~/dotfiles/config/sandbox/profiles/evil.profile" },
      "",
      {},
      "~/dotfiles/config/sandbox/profiles/evil.profile" },
    { "aliases/homes-moved",
      { "mkdir", "~/big", "rename", "~/.local/share/sandbox", "~/big/homes", "link", "~/big/homes",
        "~/.local/share/sandbox" },
      "[Context]\nfilesystems=~/big;\n",
      { "read", "~/big/homes/org.example.Other/secret" },
      "",
      {},
      "" },
    { "aliases/state-moved",
      { "mkdir", "~/big", "rename", "~/.local/state", "~/big/state", "link", "~/big/state", "~/.local/state" },
      "[Context]\nfilesystems=~/big;\n",
      { "read", "~/big/state/sandbox/crashes/report" },
      "",
      {},
      "" },
    { "aliases/link-to-local",
      { "link", "~/.local", "~/l" },
      "[Context]\nfilesystems=~/l;\n",
      { "read", "~/l" OTHERS },
      "",
      {},
      "" },
    { "aliases/link-to-config",
      { "link", "~/.config", "~/l" },
      "[Context]\nfilesystems=~/l;\n",
      { "write", "~/l/sandbox/profiles/evil.profile" },
      "",
      {},
      EVIL },
    { "aliases/dots",
      {},
      "[Context]\nfilesystems=~/w/../.config/sandbox/profiles;\n",
      { "write", EVIL },
      "",
      {},
      EVIL },
  };
}

class Names : public Trees {};
AS_EVERYBODY (Names);

TEST_P (Names, AreNotWhatIsClosed)
{
  for (const Attack &one : names ())
    attack (one);
}

TEST_P (Names, NorInNamespacesOfItsOwn)
{
  if (!refused_below (6, "[Context]\nfeatures=userns;\n"))
    for (const Attack &one : nested ())
      attack (one, true);
}

class Aliases : public Trees {};
AS_EVERYBODY (Aliases);

TEST_P (Aliases, OpenNothingThatIsClosed)
{
  for (const Attack &one : aliases ())
    attack (one, true);
}

/* A link of the user's to the home, and the home by a link. */
TEST_P (Aliases, OfTheHome)
{
  std::string alias = dir () + "/alias";
  Argv link = { "link", home (), alias };

  attack ({ "aliases/link-to-home",
            link,
            "[Context]\nfilesystems=" + alias + ";\n",
            { "read", alias + "/.local" OTHERS },
            "",
            {},
            "" });
  attack ({ "aliases/link-to-home-written",
            link,
            "[Context]\nfilesystems=" + alias + ";\n",
            { "write", alias + "/.config/sandbox/profiles/evil.profile" },
            "",
            {},
            EVIL });
  for (const auto &[name, value] : std::map<std::string, std::string>{ { "HOME", "" },
                                                                       { "XDG_CONFIG_HOME", "/.config" },
                                                                       { "XDG_DATA_HOME", "/.local/share" },
                                                                       { "XDG_STATE_HOME", "/.local/state" } })
    set_env (name, alias + value);
  attack ({ "aliases/home-by-link",
            link,
            "[Context]\nfilesystems=" + home () + ";\n",
            { "read", home () + "/.local" OTHERS },
            "",
            {},
            "" });
  attack ({ "aliases/home-by-link-written",
            link,
            "[Context]\nfilesystems=" + home () + ";\n",
            { "write", home () + "/.config/sandbox/profiles/evil.profile" },
            "",
            {},
            EVIL });
}

/* Where profiles are read from too. */
TEST_P (Aliases, OfTheProfilePath)
{
  set_env ("SANDBOX_PROFILE_PATH", places ().profiles + ":" + admin_profiles () + ":" + home () + "/dotfiles/a/more");
  const char *policy = "[Context]\nfilesystems=~/dotfiles;\n", *evil = "~/dotfiles/a/more/evil.profile";

  attack ({ "aliases/profile-path", { "mkdir", "~/dotfiles/a/more" }, policy, { "write", evil }, "", {}, evil });
  attack ({ "aliases/profile-path-renamed",
            { "mkdir", "~/dotfiles/a/more" },
            policy,
            { "rename", "~/dotfiles/a", "~/dotfiles/b", "mkdir", "~/dotfiles/a/more", "write", evil },
            "",
            {},
            evil });
  attack ({ "aliases/profile-path-planted",
            { "mkdir", "~/dotfiles" },
            policy,
            { "mkdir", "~/dotfiles/a/more", "write", evil },
            "",
            {},
            evil });
}

/* Files of running sandboxes, by a link to the directory that has them. */
TEST_P (Aliases, OfTheRuntimeDirectory)
{
  ASSERT_TRUE (mkdir (instances ().c_str (), 0700) == 0 || errno == EEXIST);
  write_file (instances () + "/note", "the bystander's secret");
  attack ({ "aliases/runtime-by-link",
            { "link", runtime (), "~/r" },
            "[Context]\nfilesystems=~/r;\n",
            { "read", "~/r/sandbox/note" },
            "",
            {},
            "" },
          true);
}

/* The names that the service and the keeper give to their sockets: the service's own beside a bus, and where the next
 * filter of an instance's bus listens while it takes the place of the one before ("bus-next"). Who could move the
 * directory that has them would be asked in the service's place by the next start, and listen to the bus of what runs.
 */
class Sockets : public Trees {
protected:
  static constexpr const char *SERVICE = "bus-0123456789abcdef"; /* as sbx_session_socket_name () makes it */

  void
  SetUp () override
  {
    Trees::SetUp ();
    id_ = launch_detached ({}, { "sleep", "1000" });
  }
  void
  TearDown () override
  {
    end (id_);
    Trees::TearDown ();
  }
  /* What came of @acts in the first start and @again in the second, if there is one, as "made": there is something at
   * @planted. All is as it was when this returns. */
  std::string
  planted (const std::string &planted, const Way &first, const Argv &acts, const Way &second, const Argv &again)
  {
    const std::string moved = runtime () + "/moved";

    EXPECT_TRUE (fs::exists (instances () + "/" + id_ + "/keeper"));
    act (first, acts);
    if (!again.empty ())
      act (second, again);
    /* Elsewhere than where the service looks it counts only in the record that was moved there */
    bool ours = planted.rfind (moved, 0) != 0 || fs::exists (moved + "/" + id_ + "/keeper");
    std::string came = ours && fs::exists (fs::symlink_status (planted)) ? "made" : "";
    if (fs::exists (moved + "/" + id_ + "/keeper")) { /* the record */
      fs::remove_all (instances ());
      fs::rename (moved, instances ());
      fs::permissions (instances (), fs::perms::owner_all); /* one that an act has made is open to others */
    }
    fs::remove_all (moved);
    for (const std::string &name : { instances () + "/" + SERVICE, instances () + "/" + id_ + "/bus-next" })
      fs::remove_all (name);
    return came;
  }
  void
  attempt (const std::string &name, const std::string &there, const Argv &acts, const Argv &again = {})
  {
    const std::string groups = "[Context]\nfilesystems=" + runtime () + ";\n";

    hold (name, planted (there, inside (groups), acts, inside (groups, {}, "next"), again),
          planted (there, outside (), acts, outside (), again));
  }

  std::string id_;
};
AS_EVERYBODY (Sockets);

TEST_P (Sockets, OfTheService)
{
  const std::string own = instances (), moved = runtime () + "/moved", name = own + "/" + SERVICE;

  attempt ("sockets/service", name, { "write", name });
  attempt ("sockets/service-renamed", name, { "rename", own, moved, "mkdir", own, "write", name });
  attempt ("sockets/service-exchanged", name,
           { "mkdir", moved, "write", moved + "/" + SERVICE, "exchange", moved, own });
  /* The first start has prepared it, the second one is there when somebody comes */
  attempt ("sockets/service-by-the-next-start", name, { "mkdir", moved, "write", moved + "/" + SERVICE },
           { "exchange", moved, own });
  attempt ("sockets/service-written-by-the-next-start", name, { "rename", own, moved },
           { "mkdir", own, "write", name });
}

TEST_P (Sockets, OfTheNextFilter)
{
  const std::string own = instances (), moved = runtime () + "/moved", next = own + "/" + id_ + "/bus-next",
                    of_moved = moved + "/" + id_ + "/bus-next";

  attempt ("sockets/next", next, { "mkdir", next });
  attempt ("sockets/next-link", next, { "link", home () + "/w", next });
  attempt ("sockets/next-exchanged", next,
           { "mkdir", of_moved, "exchange", moved + "/" + id_, own + "/" + id_, "mkdir", next });
  attempt ("sockets/next-by-the-next-start", of_moved, { "rename", own, moved }, { "mkdir", of_moved });
}
