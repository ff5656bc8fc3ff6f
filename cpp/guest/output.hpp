// What held libraries print: kept in a buffer of bounded size until somebody takes it.
#pragma once
#include <cstddef>
#include <cstdio>
#include <string>

namespace halscope::guest {

// Bytes that are kept; of a library that prints more, only the first ones since the last take_output().
inline constexpr std::size_t kMostOutput = 1 << 16;

// Returns what was printed since the last call. Any thread.
std::string take_output();

// Appends to the buffer. Any thread.
void print(const char* text, std::size_t size) noexcept;

// A stream that appends to the buffer, one line at a time.
std::FILE* output_stream() noexcept;

}  // namespace halscope::guest
