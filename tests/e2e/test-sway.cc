/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A real compositor that has security contexts: sway, without a screen. Built where there is one (meson.build). */
#include <csignal>
#include <filesystem>

#include "compositor.h"
#include "facility.h"

using namespace e2e;

class Sway : public Facility {
protected:
  explicit Sway (Bus bus = Bus::SESSION) : Facility (bus)
  {
  }
  void
  SetUp () override
  {
    Facility::SetUp ();
    if (HasFatalFailure ())
      return;
    write_file (dir () + "/sway.config", "exec echo $WAYLAND_DISPLAY >" + dir () + "/display.new && mv " + dir ()
                                             + "/display.new " + dir () + "/display\n");
    Command words ({ "sway", "--config", dir () + "/sway.config" });
    words.env = { { "WLR_BACKENDS", "headless" },
                  { "WLR_RENDERER", "pixman" },
                  { "WLR_LIBINPUT_NO_DEVICES", "1" },
                  { "WAYLAND_DISPLAY", {} },
                  { "DISPLAY", {} },
                  { "XDG_RUNTIME_DIR", runtime () },
                  { "WAYLAND_SOCKET", {} },
                  { "DBUS_SESSION_BUS_ADDRESS", "disabled:" } };
    sway_ = std::make_unique<Process> (words);
    ASSERT_TRUE (eventually ([&] { return !sway_->running () || std::filesystem::exists (dir () + "/display"); }));
    ASSERT_TRUE (sway_->running ()) << sway_->wait ().err;
    std::string name = read_file (dir () + "/display");
    set_env ("WAYLAND_DISPLAY", name.substr (0, name.find ('\n')));
    define ("[Context]\nsockets=wayland;\n");
  }
  void
  TearDown () override
  {
    for (const Record &r : records ())
      if (r.state == "running") {
        EXPECT_TRUE (succeeds (sandboxctl ({ "stop", r.id })));
      }
    if (sway_) {
      sway_->kill (SIGTERM);
      sway_->wait ();
      sway_.reset ();
    }
    Facility::TearDown ();
  }
  static bool
  has (const std::string &globals, const std::string &name)
  {
    return (" " + globals).find (" " + name) != std::string::npos;
  }
  std::unique_ptr<Process> sway_;
};

/* It tells a sandbox of windows, and of nothing by which it could look at others. */
TEST_F (Sway, KnowsTheSandbox)
{
  static const char *const privileged[] = { "zwlr_screencopy_manager_v1", "wp_security_context_manager_v1",
                                            "zwlr_virtual_pointer_manager_v1", "zwlr_data_control_manager_v1" };
  std::string outside = run (Command{ { "sh", "-c", list_globals () } }).out;
  std::string id = launch_detached ({ "--profile=tested" }, { "sleep", "1000" });
  std::string inside = sandboxctl ({ "exec", id, "--", "sh", "-c", list_globals () }).out;

  EXPECT_TRUE (has (outside, "xdg_wm_base")) << outside;
  EXPECT_TRUE (has (inside, "xdg_wm_base")) << inside;
  for (const char *name : privileged) {
    EXPECT_TRUE (has (outside, name)) << name << " of " << outside; /* the control */
    EXPECT_FALSE (has (inside, name)) << name << " of " << inside;
  }
  EXPECT_TRUE (json ({ "show", id, "--json" })["enforced"]["wayland-context"].boolean ());
  EXPECT_EQ (json ({ "doctor", "--json" })["wayland-context"]["state"].text (), "works");
}

/* When the keeper is killed, it stops listening, and nobody has to tell it. */
TEST_F (Sway, EndsWithTheKeeper)
{
  std::string id = launch_detached ({ "--profile=tested" }, { "sleep", "1000" });
  std::string at = connect_at (instances () + "/" + id + "/wayland/socket");
  pid_t keeper = record (id).keeper;

  kill_services ();                                            /* they would remove the record */
  EXPECT_EQ (run ({ { "sh", "-c", at } }).out, "connected\n"); /* the control */
  kill (keeper, SIGKILL);
  EXPECT_TRUE (eventually ([&] { return run ({ { "sh", "-c", at } }).out == "refused\n"; }));
  EXPECT_TRUE (eventually ([&] { return sandboxctl ({ "ps", "-q" }).out.find (id) == std::string::npos; }));
}
