/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Minidumps, as Crashpad and Breakpad write them.
 * https://learn.microsoft.com/windows/win32/api/minidumpapiset/ and Breakpad's minidump_format.h */
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace e2e {

struct Minidump {
  struct Thread {
    uint32_t id;
    uint32_t stack, context; /* bytes of each that the dump has */
  };
  std::vector<Thread> threads;
  /* The exception: the thread, its signal, si_code, and the address. */
  uint32_t thread, signal, code;
  uint64_t address;

  /* Reads the bytes of a file; throws unless header, threads and exception are there and lie within the file. */
  static Minidump parse (const std::string &bytes);
  /* The thread of the exception; throws if it is none of the list. */
  const Thread &crashed () const;
};

}
