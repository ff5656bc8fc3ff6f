// The layout of the ring, version 1: one segment of shared memory for each loaded game. docs/reference/ring.md has it
// as a table. The owner (an emulator) creates the segment; at most one reader (a Halscope) claims it at a time.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "tap/shared_words.hpp"

namespace halscope::tap {

inline constexpr Word kMagic = 0x474E'4952'534C'4148;  // "HALSRING"
inline constexpr Word kVersion = 1;
inline constexpr std::size_t kHeaderBytes = 4096;

// Limits of what a reader accepts, whatever a header says.
inline constexpr std::size_t kMostSegmentBytes = std::size_t{256} << 20;
inline constexpr std::size_t kMostSlots = 64;
inline constexpr std::size_t kMostTextBytes = 1 << 16;
inline constexpr std::size_t kMostRomBytes = 1 << 24;

// Words of the header. Constant once the segment can be found:
namespace header {
inline constexpr std::size_t kMagicAt = 0, kVersionAt = 1, kSegmentBytes = 2;
inline constexpr std::size_t kSlotsAt = 3, kSlotBytes = 4, kSlotCount = 5;
inline constexpr std::size_t kCommandsAt = 6, kCommandBytes = 7;
inline constexpr std::size_t kTextAt = 8, kTextBytes = 9, kRomAt = 10, kRomBytes = 11;
inline constexpr std::size_t kOwnerPid = 12, kNonce = 13;
inline constexpr std::size_t kPidNamespace = 14;  // in which the process id counts; 0: the system has one alone
// Written by the owner:
inline constexpr std::size_t kClosed = 16;       // 1 once the game was unloaded
inline constexpr std::size_t kPublished = 17;    // frames published; frame n (from 1) is in slot (n - 1) % count
inline constexpr std::size_t kRuns = 18;         // frames run, hidden ones too
inline constexpr std::size_t kCommandTail = 19;  // words of commands taken
inline constexpr std::size_t kRefused = 20;      // commands dropped because they were not well-formed
inline constexpr std::size_t kContext = 21;      // Context bits
inline constexpr std::size_t kSecondRuns = 22;   // frames run by a second instance in the owner's process
// Written by the reader:
inline constexpr std::size_t kReader = 24;       // id of the reader: its process id << 32 | a random number; 0: none
inline constexpr std::size_t kReaderBeat = 25;   // steady clock in nanoseconds when it last looked
inline constexpr std::size_t kReaderWants = 26;  // Want bits
inline constexpr std::size_t kCommandHead = 27;  // words of commands given
inline constexpr std::size_t kCommandId = 28;    // id of the last command given
inline constexpr std::size_t kPieceCount = 29;   // pieces of the state that it wants; 0: all of it
// A word for each of the last commands: id << 8 | Outcome.
inline constexpr std::size_t kOutcomes = 32, kOutcomeCount = 64;
// Two words for each kind of part: its place in the slot, and the bytes that fit. Constant. The first taps had eight
// kinds, and zeros where the others are.
inline constexpr std::size_t kParts = 96, kMoreParts = 120;
// A word for each wanted piece of the state: offset | bytes << 32. Written by the reader.
inline constexpr std::size_t kPieces = 112;
}  // namespace header

inline constexpr std::size_t kMostPieces = 8;

// touches: offsets of four bytes in the ROM that the game was seen reading in this frame, oldest first.
enum class Part : std::uint8_t { vram, cgram, oam, state, wram, picture, save, iram, touches };
inline constexpr std::size_t kPartKinds = 9, kFirstKinds = 8;

// Words of a slot, before its parts.
namespace slot {
inline constexpr std::size_t kSequence = 0;      // odd while it is written
inline constexpr std::size_t kFrame = 1;         // number of the frame, from 1
inline constexpr std::size_t kTime = 2;          // steady clock in nanoseconds
inline constexpr std::size_t kSize = 3;          // picture: width | height << 32
inline constexpr std::size_t kPitch = 4;         // picture: bytes a line | pixel format << 32
inline constexpr std::size_t kPads = 5;          // four pads of 16 bits
inline constexpr std::size_t kParts = 8;         // for each kind: bytes | age in frames << 32; bytes 0: it is not there
inline constexpr std::size_t kStateBytes = 16;   // size of the whole state
inline constexpr std::size_t kPieceCount = 17;   // pieces that the state part holds, each from a whole word on; 0: all
inline constexpr std::size_t kPieces = 18;       // as in the header
inline constexpr std::size_t kMoreParts = 26;    // kinds from kFirstKinds on, as in kParts
inline constexpr std::size_t kTouchesLost = 27;  // touches that were not noted, because there were too many
inline constexpr std::size_t kWords = 32;
}  // namespace slot

// The first word of a kind of part in the header, and its word in a slot.
[[nodiscard]] constexpr std::size_t header_word_of(std::size_t kind) noexcept {
    return kind < kFirstKinds ? header::kParts + 2 * kind : header::kMoreParts + 2 * (kind - kFirstKinds);
}
[[nodiscard]] constexpr std::size_t slot_word_of(std::size_t kind) noexcept {
    return kind < kFirstKinds ? slot::kParts + kind : slot::kMoreParts + kind - kFirstKinds;
}

// What a reader asks for. VRAM, CGRAM and OAM are always published.
inline constexpr Word kWantState = 1, kWantWram = 2, kWantPicture = 4, kWantSave = 8, kWantTouches = 0x10;

// What the frontend does with the core at the moment.
inline constexpr Word kRunAhead = 1, kNetplay = 2;
inline constexpr Word kStatesOff = 4;           // the user has switched off saving states for registers
inline constexpr Word kNoStates = 8;            // the core cannot save states
inline constexpr Word kPlacesProven = 0x10;     // OAM and CGRAM are read from the core's memory
inline constexpr Word kRegistersProven = 0x20;  // and the registers of its states

// How a command ended.
enum class Outcome : std::uint8_t {
    waiting,
    done,
    no_such_memory,
    out_of_range,
    not_expected,
    malformed,
    netplay,
    state_refused,
};

inline constexpr std::uint64_t kReaderTimeoutNs = 2'000'000'000;  // after this long without a beat, a reader is gone

[[nodiscard]] std::uint64_t steady_ns() noexcept;

// Whether a reader's beat is younger than the limit; it may be newer than a clock that was read before it.
[[nodiscard]] inline bool is_fresh(Word beat) noexcept {
    const std::uint64_t now = steady_ns();
    return beat >= now || now - beat < kReaderTimeoutNs;
}

struct PartPlace {
    std::size_t at = 0;        // byte offset in the slot
    std::size_t capacity = 0;  // bytes
};

// The constant words of a header, checked.
struct Layout {
    std::size_t segment_bytes = 0;
    std::size_t slots_at = 0, slot_bytes = 0, slot_count = 0;
    std::size_t commands_at = 0, command_bytes = 0;
    std::size_t text_at = 0, text_bytes = 0;
    std::size_t rom_at = 0, rom_bytes = 0;
    std::uint64_t owner_pid = 0, nonce = 0, pid_namespace = 0;
    std::array<PartPlace, kPartKinds> parts{};
};

// Lays out a segment. The capacities are in bytes, a command area holds at least `command_bytes`.
[[nodiscard]] Layout make_layout(const std::array<std::size_t, kPartKinds>& capacities, std::size_t slot_count,
                                 std::size_t command_bytes, std::size_t text_bytes, std::size_t rom_bytes);

// Writes the constant words; the magic comes last.
void write_header(Word* words, const Layout& layout) noexcept;

// Reads the header of a foreign segment of `bytes` bytes; an empty error means that `layout` can be trusted: every
// place in it lies in the segment, and nothing overlaps the header.
[[nodiscard]] std::string read_header(const Word* words, std::size_t bytes, Layout& layout);

}  // namespace halscope::tap
