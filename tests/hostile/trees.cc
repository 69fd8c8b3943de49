/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trees.h"

#include <filesystem>

namespace fs = std::filesystem;

namespace hostile {

static const char secret[] = "the bystander's secret"; /* as probes/hostile.h has it */

std::string
Trees::at (const std::string &path) const
{
  return path.compare (0, 2, "~/") == 0 ? home () + path.substr (1) : path == "~" ? home () : path;
}

void
Trees::lay_out (bool bare)
{
  static const char *const ours[] = { ".config/sandbox/profiles/present.profile",
                                      ".local/share/sandbox/org.example.Other/secret",
                                      ".local/state/sandbox/crashes/report", ".local/state/sandbox/launchers/known" };
  static const char *const users[] = { "secret/id", "secret/b/id", "w/x/priv/secret" };
  static const char *const harmless[] = { "w/f", "w/x/note", "proj/.git/config", "elsewhere/kept" };

  for (const auto &entry : fs::directory_iterator (home ()))
    fs::remove_all (entry.path ());
  for (const char *directory : { ".config", ".local/share", ".local/state" })
    fs::create_directories (home () + "/" + directory);
  auto make = [this] (const char *name) {
    std::string path = home () + "/" + name;

    fs::create_directories (fs::path (path).parent_path ());
    write_file (path, fs::path (path).extension () == ".profile" ? "[Profile]\nName=present\n" : secret);
  };
  for (const char *name : users)
    make (name);
  for (const char *name : harmless) {
    make (name);
    write_file (home () + "/" + name, "harmless\n");
  }
  for (const char *name : ours)
    if (!bare)
      make (name);
}

Outcome
Trees::act (const Way &way, const Argv &acts)
{
  Argv words = { "--do" };

  for (const std::string &word : acts)
    words.push_back (at (word));
  Outcome outcome = run (way (words));
  EXPECT_EQ (outcome.out.find ("act error"), std::string::npos) << outcome.out;
  return outcome;
}

/* What was planted is there, or a link of that name; else what was read. "" if nothing came of it. */
std::string
Trees::came_of_it (const Attack &attack, const std::string &said) const
{
  size_t read = said.find ("READ ");

  if (!attack.planted.empty ())
    return fs::exists (fs::symlink_status (at (attack.planted))) ? "made " + attack.planted : "";
  return read == std::string::npos ? "" : said.substr (read, said.find ('\n', read) - read);
}

void
Trees::attack (const Attack &attack, bool may_be_refused)
{
  auto without = [&] {
    Argv all = attack.control.empty () ? attack.acts : attack.control;

    if (attack.control.empty ())
      all.insert (all.end (), attack.again.begin (), attack.again.end ());
    lay_out (attack.bare);
    act (outside (), attack.before);
    return came_of_it (attack, act (outside (), all).out);
  };
  std::string control = without (), said;

  std::filesystem::remove (admin_profiles () + "/next.profile");
  lay_out (attack.bare);
  act (outside (), attack.before);
  Outcome first = act (inside (attack.first), attack.acts), second = { 0, "", "" };
  if (!attack.again.empty ())
    second = act (inside (attack.second, {}, "next"), attack.again); /* and the first profile is still there */
  hold (attack.name, came_of_it (attack, first.out + second.out), control);
  EXPECT_TRUE (first.status == 0 || may_be_refused) << attack.name << ": " << first.err;
  /* A start that is refused says why, in words of ours */
  for (const Outcome &outcome : { first, second })
    EXPECT_TRUE (outcome.status == 0
                 || (outcome.status == 125 && outcome.err.find ("sandboxctl: ") != std::string::npos
                     && outcome.err.find ("bwrap: ") == std::string::npos))
        << attack.name << ": " << outcome.status << ": " << outcome.out << outcome.err;
}

}
