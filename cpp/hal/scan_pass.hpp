// Finds every stream of a ROM in one pass from the right, for any format whose commands determine their own length.
// docs/explanation/codec.md derives the recurrence.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "core/cancel.hpp"
#include "core/cpu.hpp"
#include "core/huge_pages.hpp"
#include "core/parallel.hpp"
#include "hal/bits.hpp"
#include "hal/command.hpp"
#include "hal/hal.hpp"

namespace halscope::hal {

// A format's description of the command at one offset: a pure function of the two header bytes and the reference.
struct Step {
    std::uint16_t packed;  // bytes, 2 to kMostPacked; unspecified for a terminator
    std::uint16_t size;    // bytes of output, 1 to 2048; at least 2 for a command that is never valid
    std::uint16_t reach;   // bytes that must be written before it; kNever: it is never valid
};

inline constexpr std::uint16_t kNever = 0xFFFF;
inline constexpr std::size_t kMostPacked = 2 + kLongCount;

// Totals grow by at most 512 bytes of output per packed byte, and keep growing after a stream is known to be too large:
// over a run of this many bytes they fit 32 bits.
inline constexpr std::size_t kMostRun = std::size_t{1} << 22;

// A format is a type with a one-byte terminator `kTerminator`, which no command begins with, and these functions:
//   Step step(head, low, after_short, after_long) noexcept
//     head and low are the first two bytes; after_short and after_long are the references (in the format's byte order)
//     that follow a one-byte and a two-byte header. Everything is std::uint16_t, without branches or tables; otherwise
//     the loop is not vectorized.
//   std::uint16_t reference(first, second) noexcept
template <typename Format>
class ScanPass {
  public:
    ScanPass(std::span<const std::uint8_t> rom, Candidates& found) noexcept : rom_(rom), found_(found) {}

    // Appends the streams that begin inside [first, stop) and end at `end` or before, descending.
    void run(std::size_t first, std::size_t stop, std::size_t end, const CancelToken* cancel) {
        // Nothing past the end can be valid: more output than allowed.
        std::fill_n(known_.begin() + kRoom, kMostPacked, Known{0, kMaxOutput + 1});
        std::fill_n(needs_.begin() + kRoom, kMostPacked, std::uint32_t{0});
        std::size_t slot = kRoom;
        for (std::size_t at = end; at > first;) {
            stop_if_cancelled(cancel);
            const std::size_t floor = at > stop ? stop : first;
            const std::size_t count = std::min(at - floor, kBlock);
            if (slot < count) slot = make_room(slot);
            at -= count;
            slot -= count;  // the block ends where the remembered positions begin
            read(at, count, end);
            join(at, slot, count);
            if (at < stop) list(at, slot, count);
        }
    }

  private:
    // A stream's output and the offset of its end in one number, because a load and a store for each take most of the
    // time of a position.
    class Known {
      public:
        Known() = default;
        constexpr Known(std::uint32_t end, std::uint32_t total) noexcept : bits_(std::uint64_t{end} << 32 | total) {}
        [[nodiscard]] constexpr std::uint32_t end() const noexcept { return static_cast<std::uint32_t>(bits_ >> 32); }
        [[nodiscard]] constexpr std::uint32_t total() const noexcept { return static_cast<std::uint32_t>(bits_); }
        // The stream that begins with a command of `size` bytes of output and goes on as this one.
        [[nodiscard]] constexpr Known behind(std::uint32_t size) const noexcept {
            Known one;
            one.bits_ = bits_ + size;
            return one;
        }

      private:
        std::uint64_t bits_;
    };

    // All steps of a block, and the positions that its commands may lead to, fit in the first cache.
    static constexpr std::size_t kBlock = 512;
    // Positions of blocks before the remembered ones must be moved.
    static constexpr std::size_t kRoom = 16 * kBlock;

    // Moves the positions from `slot` on that are remembered to the end. Returns where they are.
    std::size_t make_room(std::size_t slot) noexcept {
        const auto move = [slot](auto& all) {
            const auto first = all.begin() + static_cast<std::ptrdiff_t>(slot);
            std::copy_backward(first, first + kMostPacked, all.end());
        };
        move(known_);
        move(needs_);
        return kRoom;
    }

    // Fills in each command of [at, at + count) by itself.
    void read(std::size_t at, std::size_t count, std::size_t end) noexcept {
        // Copied, so that memory another thread may write to is read once. Past the ROM's end it reads as zeros.
        const std::size_t there = std::min(count + 4, end - at);
        std::copy_n(rom_.data() + at, there, bytes_.begin());
        std::fill(bytes_.begin() + static_cast<std::ptrdiff_t>(there), bytes_.end(), std::uint8_t{0});
#if defined(HALSCOPE_X86)
        if (avx2_) return read_avx2();
#endif
        read_each();
    }

    // No branches: random ROM bytes would decide them, and a misprediction costs more than all this work. Compiles to
    // vector instructions, as does mark_each.
    HALSCOPE_INLINE void read_each() noexcept {
        const std::uint8_t* const bytes = bytes_.data();
        for (std::size_t k = 0; k < kBlock; ++k) {
            const std::uint16_t head = bytes[k];
            const std::uint16_t low = bytes[k + 1];
            const std::uint16_t second = bytes[k + 2];
            const Step step =
                Format::step(head, low, Format::reference(low, second), Format::reference(second, bytes[k + 3]));
            packed_[k] = step.packed;
            size_[k] = step.size;
            reach_[k] = step.reach;
        }
    }

    // Marks the positions [begin, begin + count) of a block, which begins at `slot`, where a valid stream begins.
    HALSCOPE_INLINE void mark_each(std::size_t slot, std::size_t count) noexcept {
        const Known* const known = known_.data() + slot;
        const std::uint32_t* const needs = needs_.data() + slot;
        for (std::size_t k = 0; k < count; ++k) {
            const std::uint32_t total = known[k].total();
            is_stream_[k] = static_cast<std::uint8_t>(static_cast<unsigned>(needs[k] <= total) &
                                                      static_cast<unsigned>(total <= kMaxOutput));
        }
    }

#if defined(HALSCOPE_X86)
    HALSCOPE_AVX2 void read_avx2() noexcept { read_each(); }
    HALSCOPE_AVX2 void mark_avx2(std::size_t slot, std::size_t count) noexcept { mark_each(slot, count); }
#endif
    void mark(std::size_t slot, std::size_t count) noexcept {
#if defined(HALSCOPE_X86)
        if (avx2_) return mark_avx2(slot, count);
#endif
        mark_each(slot, count);
    }

    // Prepends each command to the stream that follows it. What cannot be valid is too large and stays too large.
    void join(std::size_t at, std::size_t slot, std::size_t count) noexcept {
        Known* const known = known_.data() + slot;
        std::uint32_t* const needs = needs_.data() + slot;
        for (std::size_t k = count; k-- > 0;) {
            if (bytes_[k] == Format::kTerminator) {
                known[k] = {static_cast<std::uint32_t>(at + k + 1), 0};
                needs[k] = 1;  // a stream without output is not valid
                continue;
            }
            const std::size_t next = k + packed_[k];
            const Known one = known[next].behind(size_[k]);
            // A reference's need, counted from the stream's end, is the same for every stream that runs through it.
            known[k] = one;
            needs[k] = std::max(needs[next], one.total() + reach_[k]);
        }
    }

    // Appends the valid streams of the block, descending.
    void list(std::size_t at, std::size_t slot, std::size_t count) {
        const Known* const known = known_.data() + slot;
        const auto begin = static_cast<std::uint32_t>(at);
        mark(slot, count);
        std::fill(is_stream_.begin() + static_cast<std::ptrdiff_t>(count), is_stream_.end(), std::uint8_t{0});
        for (std::size_t first = kBlock; first > 0;) {
            first -= 64;
            for (std::uint64_t left = marks_from(first); left != 0;) {
                const auto bit = static_cast<unsigned>(std::bit_width(left) - 1);
                left ^= std::uint64_t{1} << bit;
                const std::size_t k = first + bit;
                const std::uint32_t offset = begin + static_cast<std::uint32_t>(k);
                const std::uint32_t packed = known[k].end() - offset;
                if (packed <= kMaxPacked) found_.push_back({offset, packed, known[k].total()});
            }
        }
    }

    // The marks of 64 positions, a bit each.
    [[nodiscard]] std::uint64_t marks_from(std::size_t first) const noexcept {
        // Moves the lowest bit of each of eight bytes to the highest byte.
        constexpr std::uint64_t kGather = 0x0102040810204080U;
        std::uint64_t bits = 0;
        for (unsigned k = 0; k < 64; k += 8) {
            bits |= load_in_order(is_stream_.data() + first + k) * kGather >> 56 << k;
        }
        return bits;
    }

    std::span<const std::uint8_t> rom_;
    Candidates& found_;
#if defined(HALSCOPE_X86)
    bool avx2_ = simd() == Simd::avx2;
#endif
    // The commands of a block.
    std::array<std::uint16_t, kBlock> packed_;
    std::array<std::uint16_t, kBlock> size_;
    std::array<std::uint16_t, kBlock> reach_;
    std::array<std::uint8_t, kBlock + 4> bytes_;
    std::array<std::uint8_t, kBlock> is_stream_;
    // For each position of the last blocks and the kMostPacked after them (where their commands may lead): the stream,
    // and the largest need of any of its commands, counted to its end.
    std::array<Known, kRoom + kMostPacked> known_;
    std::array<std::uint32_t, kRoom + kMostPacked> needs_;
};

// The streams that begin inside [first, stop), ascending, with room reserved for so many. No stream is longer than 64
// KiB, so what lies further right does not matter: threads share nothing else.
template <typename Format>
Candidates scan_part(std::span<const std::uint8_t> rom, std::size_t window, std::size_t first, std::size_t stop,
                     std::size_t room, const CancelToken* cancel) {
    Candidates found;
    found.reserve(room);
    ScanPass<Format> pass(rom, found);
    while (stop > first) {
        const std::size_t edge = window == 0 ? 0 : (stop - 1) / window * window;
        const std::size_t next_edge = window == 0 || rom.size() - edge < window ? rom.size() : edge + window;
        // No stream that begins before `stop` extends past this.
        const std::size_t end = std::min(next_edge, stop + kMaxPacked);
        const std::size_t begin = std::max({first, edge, stop > kMostRun ? stop - kMostRun : 0});
        pass.run(begin, stop, end, cancel);
        stop = begin;
    }
    std::reverse(found.begin(), found.end());
    return found;
}

// Each thread reads 64 KiB beyond its part, so a part must be much larger to be worthwhile. Two threads give most of
// the gain and leave a machine's other cores to other work.
inline std::size_t worthwhile_threads(std::size_t size) noexcept {
    constexpr std::size_t kPart = 512 * 1024;
    const std::size_t most = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 2);
    return std::clamp<std::size_t>(size / kPart, 1, most);
}

// hal::scan for any format; see hal.hpp.
template <typename Format>
Candidates scan_streams(std::span<const std::uint8_t> rom, std::size_t window, std::size_t asked_threads,
                        const CancelToken* cancel) {
    const std::size_t threads = asked_threads == 0 ? worthwhile_threads(rom.size()) : asked_threads;
    const Work work{static_cast<unsigned>(threads), cancel};
    // One offset in eight is more than most ROMs have. The first part has room for all, so that appending copies only
    // the others; memory that is reserved and not touched costs nothing.
    const std::size_t room = rom.size() / 8;
    std::vector<Candidates> parts(threads);
    for_each_part(threads, work, [&](std::size_t k) {
        parts[k] = scan_part<Format>(rom, window, rom.size() * k / threads, rom.size() * (k + 1) / threads,
                                     k == 0 ? room : room / threads, cancel);
    });
    Candidates found = std::move(parts[0]);
    for (std::size_t k = 1; k < threads; ++k) found.insert(found.end(), parts[k].begin(), parts[k].end());
    return found;
}

}  // namespace halscope::hal
