/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A display that stands for the user's. */
#pragma once

#include "harness.h"

namespace e2e {

/* An Xvfb of its own with a cookie; DISPLAY and XAUTHORITY of the test and of its service name it. */
class OnDisplay : public OnBus {
protected:
  static constexpr char COOKIE[] = "00112233445566778899aabbccddeeff";

  void SetUp () override;
  void TearDown () override;
  /* Adds @cookie for @display to dir () + "/" + @file. */
  void add_cookie (const std::string &file, const std::string &display, const std::string &cookie);
  /* ":7" */
  const std::string &
  display () const
  {
    return display_;
  }
  /* Whether a window comes up whose title or class matches @pattern. */
  bool shows (const std::string &pattern);
  /* How many instances run. */
  size_t running ();

private:
  std::unique_ptr<Process> server_;
  std::string display_;
};

}
