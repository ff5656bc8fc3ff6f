// Replaces functions that a foreign shared library, such as an emulator core, imports from the C library.
#pragma once
#include <string>
#include <vector>

namespace halscope::guest {

// What the C function time() returns to a held library: 2000-01-01 00:00:00 UTC.
inline constexpr long long kFixedTime = 946684800;

// Gives a library a clock that stands still, and if wanted has it print into our own buffer (output.hpp) instead of the
// process's standard output and error.
//
// Only this library's table of imports changes, so nothing else in the process is affected. Works on Linux with glibc,
// for x86-64 and AArch64; elsewhere nothing is replaced.
//
// handle: what dlopen() returned for the library.
// Returns the names that were replaced, in the order of the library's table; empty if it imports none of them.
std::vector<std::string> hold(void* handle, bool keep_output);

}  // namespace halscope::guest
