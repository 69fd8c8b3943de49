/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "minidump.h"

#include <csignal>
#include <cstring>
#include <stdexcept>

namespace e2e {

namespace {

constexpr uint32_t SIGNATURE = 0x504d444d; /* "MDMP" */
constexpr uint32_t VERSION = 0xa793;       /* in the lower half */
constexpr uint32_t THREAD_LIST = 3, EXCEPTION = 6;
constexpr size_t DIRECTORY_ENTRY = 12, THREAD = 48;

/* MDLocationDescriptor */
struct Location {
  uint32_t size, offset;
};

class Bytes {
public:
  explicit Bytes (const std::string &bytes) : bytes_ (bytes)
  {
  }
  template <typename T>
  T
  at (size_t offset) const
  {
    T value;

    expect (offset, sizeof value);
    memcpy (&value, bytes_.data () + offset, sizeof value);
    return value;
  }
  Location
  location (size_t offset) const
  {
    Location found = { at<uint32_t> (offset), at<uint32_t> (offset + 4) };

    expect (found.offset, found.size);
    return found;
  }

private:
  void
  expect (size_t offset, size_t size) const
  {
    if (offset > bytes_.size () || size > bytes_.size () - offset)
      throw std::runtime_error ("a minidump that points behind its end: " + std::to_string (offset) + " + "
                                + std::to_string (size) + " of " + std::to_string (bytes_.size ()));
  }

  const std::string &bytes_;
};

}

static Location
stream (const Bytes &bytes, uint32_t type)
{
  uint32_t count = bytes.at<uint32_t> (8), directory = bytes.at<uint32_t> (12);

  for (uint32_t i = 0; i < count; i++) {
    size_t entry = directory + i * DIRECTORY_ENTRY;

    if (bytes.at<uint32_t> (entry) == type)
      return bytes.location (entry + 4);
  }
  throw std::runtime_error ("a minidump without stream " + std::to_string (type));
}

Minidump
Minidump::parse (const std::string &content)
{
  Bytes bytes (content);
  Minidump dump = {};

  if (bytes.at<uint32_t> (0) != SIGNATURE || (bytes.at<uint32_t> (4) & 0xffff) != VERSION)
    throw std::runtime_error ("not a minidump");

  Location list = stream (bytes, THREAD_LIST);
  uint32_t count = bytes.at<uint32_t> (list.offset);
  if (list.size < 4 + count * THREAD)
    throw std::runtime_error ("a minidump whose list of threads is cut short");
  for (uint32_t i = 0; i < count; i++) {
    size_t thread = list.offset + 4 + i * THREAD;
    dump.threads.push_back (
        { bytes.at<uint32_t> (thread), bytes.location (thread + 32).size, bytes.location (thread + 40).size });
  }

  Location exception = stream (bytes, EXCEPTION);
  dump.thread = bytes.at<uint32_t> (exception.offset);
  dump.signal = bytes.at<uint32_t> (exception.offset + 8);
  dump.code = bytes.at<uint32_t> (exception.offset + 12);
  dump.address = bytes.at<uint64_t> (exception.offset + 24);
  bytes.location (exception.offset + 160);
  return dump;
}

const Minidump::Thread &
Minidump::crashed () const
{
  for (const Thread &one : threads)
    if (one.id == thread)
      return one;
  throw std::runtime_error ("a minidump without the thread that crashed");
}

}
