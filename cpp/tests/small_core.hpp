// How a test steers small_core.cpp, by bytes of WRAM that it writes.
#pragma once
#include <cstddef>

namespace halscope::tests::small_core {

// Lists of offsets in the ROM that the core reads in each run, before and after it shows its picture: a byte count, and
// from four bytes on u32 offsets. The bytes are then in VRAM from the list's place on.
inline constexpr std::size_t kReads = 0x100, kLateReads = 0x140, kMostReads = 8;
// If not 0, the core has the system guard a page of its own in each run (not on Windows), and counts here, in VRAM,
// how often it has come to it.
inline constexpr std::size_t kOwnFaults = 0x180;
inline constexpr std::size_t kReadForStates = 0x30000;  // what it reads of the ROM when it saves a state

}  // namespace halscope::tests::small_core
