/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Applications with handlers, what these write, and how an application dies. */
#pragma once

#include <csignal>
#include <filesystem>

#include "harness.h"

namespace e2e {

namespace fs = std::filesystem;

/* Profiles as an administrator would have them: what they name needs no authority. */
class Crash : public EitherBus {
protected:
  void
  SetUp () override
  {
    EitherBus::SetUp ();
    if (HasFatalFailure ())
      return;
    add_profile ("fragile", "[Profile]\nInherits=default\nOnCrash=dumper\n");
    with_handler ("true");
  }
  /* The profile "watched", whose crashes run @script. */
  void
  with_handler (const std::string &script)
  {
    write_file (dir () + "/handler.sh", script + "\n", 0755);
    add_profile ("watcher", "[Profile]\nInherits=tracer\nCommand=sh " + dir () + "/handler.sh\n[Context]\nfilesystems="
                                + dir () + "/handler.sh:ro;" + dir () + "/out:rw;\n");
    add_profile ("watched", "[Profile]\nInherits=default\nOnCrash=watcher\n");
    fs::create_directories (dir () + "/out");
  }
  std::string
  store () const
  {
    return dir () + "/state/sandbox/crashes";
  }
  std::vector<std::string>
  crashes () const
  {
    std::vector<std::string> names;
    std::error_code none;

    for (const auto &entry : fs::directory_iterator (store (), none))
      names.push_back (entry.path ().filename ());
    return names;
  }
  Json
  about (const std::string &id, const std::string &name = "crash.json")
  {
    return Json::parse (read_file (store () + "/" + id + "/" + name));
  }
  /* With "handler", which is written last. */
  Json
  finished (const std::string &id)
  {
    EXPECT_TRUE (eventually ([&] { return about (id).has ("handler"); }));
    return about (id);
  }
};

inline Argv
die_of (int signo)
{
  return { "sh", "-c", "kill -" + std::to_string (signo) + " $$" };
}

} // namespace e2e
