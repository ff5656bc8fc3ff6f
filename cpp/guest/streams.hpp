// C++ streams that print into the buffer of output.hpp, and the time in which a library is loaded.
#pragma once
#include <ostream>

namespace halscope::guest {

// Streams like std::cout and std::wcout for held libraries. Never destroyed.
std::ostream& output_ostream();
std::wostream& output_wostream();

// While one of these exists, what is printed through C's `stdout` and `stderr` and through the C++ streams of this
// process goes into the buffer. A library that is loaded meanwhile keeps the C streams that it has found: one that
// holds a C++ library of its own has stored them in its `std::cout`.
//
// Other threads that print in C or C++ meanwhile print into the buffer too. Linux with glibc; elsewhere nothing
// happens.
class Loading {
  public:
    Loading();
    ~Loading();
    Loading(const Loading&) = delete;
    Loading& operator=(const Loading&) = delete;
};

}  // namespace halscope::guest
