/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes in a sandbox that stay and do what they are told (probe-live.c), and changes of it over D-Bus: a step costs
 * what the change costs, and no start of a program. */
#pragma once

#include <cstring>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

#include "live-stage.h"

class LiveAgents : public Live {
protected:
  static constexpr int FIRST = 300;

  /* An instance whose application is the agent of slot 0; there are @slots. The id. */
  std::string
  start_agents (const Argv &options, unsigned slots, const std::vector<std::string> &paths)
  {
    Argv all = { "--detach", "--profile=devel", "--allow=weak-covers" },
         words = { "live", std::to_string (slots), "0" };

    all.insert (all.end (), options.begin (), options.end ());
    words.insert (words.end (), paths.begin (), paths.end ());
    Command command = probe (all, words);
    std::vector<Fd> theirs;
    links_.clear ();
    for (unsigned i = 0; i < slots; i++) {
      int pair[2];
      struct timeval time = { patience_ms () / 1000, 0 };

      if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        throw std::runtime_error ("socketpair");
      setsockopt (pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
      links_.emplace_back (pair[0]);
      theirs.emplace_back (pair[1]);
      command.fds[FIRST + static_cast<int> (i)] = pair[1];
    }
    Outcome outcome = run (command);
    if (outcome.status != 0 || outcome.out.size () != 17)
      throw std::runtime_error ("cannot launch: " + outcome.out + outcome.err);
    id_ = outcome.out.substr (0, 16);
    return id_;
  }
  std::string
  hear (unsigned slot) const
  {
    char text[512];
    ssize_t n = recv (links_.at (slot).get (), text, sizeof text, 0);

    return n > 0 ? std::string (text, static_cast<size_t> (n)) : "no answer";
  }
  std::string
  ask (unsigned slot, const std::string &what) const
  {
    if (send (links_.at (slot).get (), what.data (), what.size (), MSG_NOSIGNAL) < 0)
      return "nobody there";
    return hear (slot);
  }
  GVariant *
  call (const std::string &interface, const char *method, GVariant *arguments, GUnixFDList *fds, std::string *problem)
  {
    GError *error = nullptr;
    GVariant *reply = g_dbus_connection_call_with_unix_fd_list_sync (
        connection (), "org.example.Sandbox", ("/org/example/Sandbox/instances/" + id_).c_str (), interface.c_str (),
        method, arguments, nullptr, G_DBUS_CALL_FLAGS_NONE, patience_ms (), fds, nullptr, nullptr, &error);

    *problem = error ? error->message : "";
    g_clear_error (&error);
    return reply;
  }
  /* The error, or "". */
  std::string
  grant_call (const std::string &path, bool write)
  {
    Fd fd{ open (path.c_str (), O_PATH | O_CLOEXEC) };
    GUnixFDList *fds = g_unix_fd_list_new ();
    GVariantBuilder how;
    std::string problem;
    int handle = g_unix_fd_list_append (fds, fd.get (), nullptr);

    g_variant_builder_init (&how, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (&how, "{sv}", "access", g_variant_new_string (write ? "rw" : "ro"));
    GVariant *reply =
        call ("org.example.Sandbox.Instance", "Grant",
              g_variant_new ("(h@aya{sv})", handle, g_variant_new_bytestring (path.c_str ()), &how), fds, &problem);
    g_clear_pointer (&reply, g_variant_unref);
    g_object_unref (fds);
    return problem;
  }
  /* @rule: as in a profile. The error, or "". */
  std::string
  restrict_call (const std::string &rule)
  {
    GVariantBuilder groups, context;
    std::string problem;

    g_variant_builder_init (&context, G_VARIANT_TYPE ("a{ss}"));
    g_variant_builder_add (&context, "{ss}", "filesystems", rule.c_str ());
    g_variant_builder_init (&groups, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (&groups, "{sv}", "Context", g_variant_builder_end (&context));
    GVariant *reply =
        call ("org.example.Sandbox.Instance", "Restrict", g_variant_new ("(a{sv})", &groups), nullptr, &problem);
    g_clear_pointer (&reply, g_variant_unref);
    return problem;
  }
  /* filesystems= of the effective policy, as a profile would say it. */
  std::string
  shown_files ()
  {
    std::string problem, text;
    GVariant *reply = call ("org.freedesktop.DBus.Properties", "Get",
                            g_variant_new ("(ss)", "org.example.Sandbox.Instance", "Policy"), nullptr, &problem);
    g_autoptr (GVariant) policy = nullptr;
    g_autoptr (GVariant) context = nullptr;
    const char *files = nullptr;

    if (!reply)
      return problem;
    g_variant_get (reply, "(v)", &policy);
    context = g_variant_lookup_value (policy, "Context", G_VARIANT_TYPE ("a{ss}"));
    if (context && g_variant_lookup (context, "filesystems", "&s", &files))
      text = files;
    g_variant_unref (reply);
    return text;
  }

  std::string id_;
  std::vector<Fd> links_;
};
