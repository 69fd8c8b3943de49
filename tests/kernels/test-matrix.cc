/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who sees whom: every row and column of the matrix, by every means. What was seen is left in the directory
 * SBX_VISIBILITY, one file for each profile, from which scripts/kernels makes docs/visibility.md. */
#include <cstdlib>
#include <cstring>
#include <unistd.h>

#include "facts.h"
#include "sight.h"

using namespace e2e;

/* Target → what the probe says of it. */
using Row = std::map<std::string, Json>;

class Matrix : public KernelTest, public ::testing::WithParamInterface<const char *> {
protected:
  /* A probe in a sandbox that waits for numbers. */
  struct Viewer {
    std::unique_ptr<Process> process;
    Record record;
    std::string number;              /* its own, inside */
    pid_t main = -1, child = -1;     /* of the sandbox, and the one below, on the host */
    std::set<std::string> instances; /* that were there when it had come up */
  };
  void
  SetUp () override
  {
    KernelTest::SetUp ();
    start_authority (true);
  }
  /* @how: run or attach with their options. */
  Viewer
  start (Argv how, const Argv &options, const std::set<std::string> &known)
  {
    Argv words = { "see", "--wait" };
    Viewer viewer;

    words.insert (words.end (), options.begin (), options.end ());
    Command command = probe_with (how, words);
    command.keep_input = true;
    viewer.process = std::make_unique<Process> (command);
    EXPECT_TRUE (viewer.process->expect ("ready ") && viewer.process->expect ("\n")) << viewer.process->err ();
    viewer.number = std::to_string (atoi (viewer.process->out ().c_str () + strlen ("ready ")));
    viewer.process->forget ();
    viewer.record = new_instance (known);
    viewer.instances = known;
    viewer.instances.insert (viewer.record.id);
    viewer.main = viewer.record.pid;
    for (const auto &p : descendants (viewer.main))
      if (p.parent == viewer.main)
        viewer.child = p.pid;
    return viewer;
  }
  Viewer
  start_application (const Argv &options, const std::set<std::string> &known)
  {
    return start ({ "run", std::string ("--profile=") + GetParam (), "--app-id=org.example.Seen" }, options, known);
  }
  Viewer
  start_handler (const Viewer &target)
  {
    return start ({ "attach", target.record.id, "--profile=debugger" }, {}, target.instances);
  }
  static Json
  ask (Viewer &viewer, const std::map<std::string, std::string> &named)
  {
    std::string line;

    for (const auto &[name, pid] : named)
      line += pid + " ";
    viewer.process->write (line + "\n");
    EXPECT_TRUE (viewer.process->expect ("}}\n")) << viewer.process->out () << viewer.process->err ();
    return Json::parse (viewer.process->out ());
  }
  static void
  finish (Viewer &viewer)
  {
    viewer.process->close_input ();
    EXPECT_EQ (viewer.process->wait ().status, 0);
  }
  /* The numbers on the host of what is in no sandbox of these two. */
  std::map<std::string, std::string>
  outside (const Viewer &viewer, const Viewer &other)
  {
    return { { "keeper", std::to_string (viewer.record.keeper) },
             { "bwrap", std::to_string (bwrap_of (viewer.record)) },
             { "other instance", std::to_string (other.main) },
             { "host", std::to_string (getpid ()) } };
  }
  /* Whether this profile's promise can be kept on this kernel. */
  static bool
  limited ()
  {
    return facts ().abi >= (std::string (GetParam ()) == "browser" ? 6 : 1);
  }
  Row inside (Viewer &viewer, const Viewer &application, const Viewer &handler, const Viewer &other);
  Row owner (const Viewer &application, const Viewer &handler, const Viewer &other);
  void keep (const std::map<std::string, Row> &rows);
};
INSTANTIATE_TEST_SUITE_P (, Matrix, ::testing::Values ("default", "browser", "lenient"),
                          [] (const auto &info) { return std::string (info.param); });

/* What a process sees that is the application, or its child, or its handler: each other, PID 1, what is outside. Of
 * what else answers nothing may be seen: it is the handler's init and child, in the same pid namespace. */
Row
Matrix::inside (Viewer &viewer, const Viewer &application, const Viewer &handler, const Viewer &other)
{
  std::map<std::string, std::string> targets = outside (application, other);
  unsigned answering = 0;
  Row row;

  targets["application"] = number_inside (application.main);
  targets["children"] = number_inside (application.child);
  targets["sandbox-init"] = "1";
  targets["handler"] = handler.number;
  Json seen = ask (viewer, targets);
  EXPECT_EQ (seen["self"].number (), atoi (viewer.number.c_str ()));
  std::set<std::string> own = { viewer.number, std::to_string (seen["child"].number ()) };
  for (const auto &[name, pid] : targets) {
    row.emplace (name, seen["sights"][pid]);
    own.insert (pid);
  }
  if (&viewer == &handler)
    return row;
  for (const std::string &pid : seen["sights"].members ())
    if (own.count (pid) == 0) {
      answering++;
      EXPECT_TRUE (!limited ()
                   || (!seen["sights"][pid]["listed"].boolean () && seen["sights"][pid]["ptrace"].text () == "EPERM"))
          << "something answers to " << pid << ": " << seen["sights"][pid].dump ();
    }
  EXPECT_LE (answering, 2u);
  return row;
}

Row
Matrix::owner (const Viewer &application, const Viewer &handler, const Viewer &other)
{
  std::map<std::string, std::string> targets = outside (application, other);
  Argv words = { places ().probe, "see", "--only" };
  Row row;

  targets["application"] = std::to_string (application.main);
  targets["children"] = std::to_string (application.child);
  targets["sandbox-init"] = std::to_string (application.record.init);
  targets["handler"] = std::to_string (handler.main);
  for (const auto &[name, pid] : targets)
    words.push_back (pid);
  Outcome outcome = run (words);
  EXPECT_TRUE (succeeds (outcome));
  Json seen = Json::parse (outcome.out);
  for (const auto &[name, pid] : targets)
    row.emplace (name, seen["sights"][pid]);
  return row;
}

/* For docs/visibility.md. */
void
Matrix::keep (const std::map<std::string, Row> &rows)
{
  const char *directory = getenv ("SBX_VISIBILITY");
  std::string text = "{", between;

  if (!directory)
    return;
  for (const auto &[viewer, row] : rows) {
    text += between + "\"" + viewer + "\": {";
    between = "";
    for (const auto &[target, sight] : row) {
      text += between + "\"" + target + "\": " + sight.dump ();
      between = ",\n";
    }
    text += "}";
  }
  write_file (std::string (directory) + "/" + GetParam () + ".json", text + "}\n");
}

static void
expect_row_inside (const Row &row, const std::string &viewer)
{
  for (const char *target : { "application", "children" })
    expect_reached (row.at (target), viewer + " sees " + target);
  for (const char *target : { "sandbox-init", "handler" })
    expect_hidden (row.at (target), viewer + " sees " + target);
  for (const char *target : { "keeper", "bwrap", "other instance", "host" })
    expect_absent (row.at (target), viewer + " sees " + target);
}

static void
expect_row_of_handler (const Row &row)
{
  for (const char *target : { "application", "children", "handler" })
    expect_reached (row.at (target), std::string ("handler sees ") + target);
  for (const char *target : { "keeper", "bwrap", "other instance", "host" })
    expect_absent (row.at (target), std::string ("handler sees ") + target);
  const Json &init = row.at ("sandbox-init");
  EXPECT_TRUE (init["listed"].boolean ());
  for (const char *means : { "status", "maps", "kill", "ptrace", "pidfd_open" })
    EXPECT_EQ (init[means].text (), "OK") << means;
}

static void
expect_row_of_owner (const Row &row)
{
  for (const auto &[target, sight] : row) {
    EXPECT_TRUE (sight["listed"].boolean ()) << target;
    for (const char *means : { "status", "stat", "cmdline", "kill", "pidfd_open", "pidfd_send_signal" })
      EXPECT_EQ (sight[means].text (), "OK") << target << ": " << means;
  }
  for (const char *target : { "application", "children", "other instance" })
    expect_reached (row.at (target), std::string ("owner sees ") + target);
}

/* Modes 1 to 3 of Yama forbid more, and are not about who sees whom: the step has set 0. */
TEST_P (Matrix, EveryCell)
{
  std::map<std::string, Row> rows;

  if (!limited () && std::string (GetParam ()) != "lenient") {
    EXPECT_TRUE (fails_with (run_in ({ std::string ("--profile=") + GetParam () }, { "true" }), 125, { "Landlock" }));
    keep ({});
    return;
  }
  Viewer other = start_application ({}, {});
  Viewer application = start_application ({}, other.instances);
  Viewer handler = start_handler (application);
  rows["owner on the host"] = owner (application, handler, other);
  rows["application"] = inside (application, application, handler, other);
  rows["handler"] = inside (handler, application, handler, other);
  finish (handler);
  finish (application);
  Viewer child = start_application ({ "--as-child" }, handler.instances);
  Viewer second = start_handler (child);
  rows["children"] = inside (child, child, second, other);
  for (Viewer *viewer : { &second, &child, &other })
    finish (*viewer);
  keep (rows);
  expect_row_of_owner (rows["owner on the host"]);
  expect_row_of_handler (rows["handler"]);
  if (limited ()) {
    expect_row_inside (rows["application"], "application");
    expect_row_inside (rows["children"], "child");
  }
}

/* pidns=session: the other instance, sandbox-session and sandbox-init are in the same pid namespace, and answer to none
 * who asks by the numbers that they have there; a handler sees its target's instance. */
class SessionMatrix : public Matrix {
protected:
  void
  SetUp () override
  {
    Matrix::SetUp ();
    add_profile ("session", "[Profile]\nInherits=default\n[Procfs]\npidns=session\n");
  }
  Row
  inside_session (Viewer &viewer, const Viewer &application, const Viewer &handler, const Viewer &other)
  {
    std::map<std::string, std::string> targets = outside (application, other);
    Row row;

    targets["application"] = number_inside (application.main);
    targets["children"] = number_inside (application.child);
    targets["sandbox-init"] = number_inside (application.record.init);
    targets["handler"] = handler.number;
    targets["other instance"] = number_inside (other.main);
    targets["its sandbox-init"] = number_inside (other.record.init);
    targets["its child"] = number_inside (other.child);
    targets["sandbox-session"] = "1";
    Json seen = ask (viewer, targets);
    for (const auto &[name, pid] : targets)
      row.emplace (name, seen["sights"][pid]);
    return row;
  }
};
INSTANTIATE_TEST_SUITE_P (, SessionMatrix, ::testing::Values ("session"),
                          [] (const auto &info) { return std::string (info.param); });

TEST_P (SessionMatrix, EveryCell)
{
  if (facts ().abi < 6) {
    EXPECT_TRUE (fails_with (run_in ({ "--profile=session" }, { "true" }), 125,
                             { facts ().abi > 0 ? "pidns=session" : "Landlock" }));
    return;
  }
  Viewer other = start_application ({ "--only" }, {});
  Viewer application = start_application ({ "--only" }, other.instances);
  Viewer handler =
      start ({ "attach", application.record.id, "--profile=debugger" }, { "--only" }, application.instances);
  Row as_application = inside_session (application, application, handler, other);
  Row as_handler = inside_session (handler, application, handler, other);

  expect_row_of_owner (owner (application, handler, other));
  for (const auto &[target, sight] : as_application)
    if (target == "application" || target == "children")
      expect_reached (sight, "application sees " + target);
    else
      expect_absent (sight, "application sees " + target);
  for (const auto &[target, sight] : as_handler)
    if (target == "application" || target == "children" || target == "handler")
      expect_reached (sight, "handler sees " + target);
    else if (target != "sandbox-init")
      expect_absent (sight, "handler sees " + target);
  for (Viewer *viewer : { &handler, &application, &other })
    finish (*viewer);
}
