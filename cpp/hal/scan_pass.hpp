// Finds every stream of a ROM in one pass from the right, for any format whose commands determine their own length.
// docs/explanation/codec.md derives the recurrence.
#pragma once
#include <algorithm>
#include <array>
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
        std::fill_n(totals_.begin() + kBlock, kMostPacked, std::uint32_t{kMaxOutput + 1});
        std::fill_n(needs_.begin() + kBlock, kMostPacked, std::uint32_t{0});
        for (std::size_t at = end; at > first;) {
            stop_if_cancelled(cancel);
            const std::size_t floor = at > stop ? stop : first;
            const std::size_t count = std::min(at - floor, kBlock);
            at -= count;
            // The block ends where the remembered positions begin.
            const std::size_t slot = kBlock - count;
            read(at, count, end);
            join(at, slot, count);
            if (at < stop) list(at, slot, count);
            for (auto* const known : {&totals_, &needs_, &ends_}) {
                std::copy_backward(known->begin() + static_cast<std::ptrdiff_t>(slot),
                                   known->begin() + static_cast<std::ptrdiff_t>(slot + kMostPacked), known->end());
            }
        }
    }

  private:
    // After each block kMostPacked positions are moved, so a short block costs more; a longer one leaves the cache.
    static constexpr std::size_t kBlock = 4096;

    // Fills in each command of [at, at + count) by itself.
    void read(std::size_t at, std::size_t count, std::size_t end) noexcept {
        // Copied, so that memory another thread may write to is read once. Past the ROM's end it reads as zeros.
        std::array<std::uint8_t, kBlock + 4> bytes;
        const std::size_t there = std::min(count + 4, end - at);
        std::copy_n(rom_.data() + at, there, bytes.begin());
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(there), bytes.end(), std::uint8_t{0});
        std::copy_n(bytes.begin(), kBlock, heads_.begin());
#if defined(HALSCOPE_X86)
        if (avx2_) return read_avx2(bytes.data());
#endif
        read_each(bytes.data());
    }

    // No branches: random ROM bytes would decide them, and a misprediction costs more than all this work. Compiles to
    // vector instructions, as does mark_each.
    HALSCOPE_INLINE void read_each(const std::uint8_t* bytes) noexcept {
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
    HALSCOPE_INLINE void mark_each(std::uint32_t begin, std::size_t slot, std::size_t count) noexcept {
        const std::uint32_t* const totals = totals_.data() + slot;
        const std::uint32_t* const needs = needs_.data() + slot;
        const std::uint32_t* const ends = ends_.data() + slot;
        for (std::size_t k = 0; k < count; ++k) {
            const std::uint32_t packed = ends[k] - begin - static_cast<std::uint32_t>(k);
            is_stream_[k] = static_cast<std::uint8_t>(static_cast<unsigned>(needs[k] <= totals[k]) &
                                                      static_cast<unsigned>(totals[k] <= kMaxOutput) &
                                                      static_cast<unsigned>(packed <= kMaxPacked));
        }
    }

#if defined(HALSCOPE_X86)
    HALSCOPE_AVX2 void read_avx2(const std::uint8_t* bytes) noexcept { read_each(bytes); }
    HALSCOPE_AVX2 void mark_avx2(std::uint32_t begin, std::size_t slot, std::size_t count) noexcept {
        mark_each(begin, slot, count);
    }
#endif
    void mark(std::uint32_t begin, std::size_t slot, std::size_t count) noexcept {
#if defined(HALSCOPE_X86)
        if (avx2_) return mark_avx2(begin, slot, count);
#endif
        mark_each(begin, slot, count);
    }

    // Prepends each command to the stream that follows it. What cannot be valid is too large and stays too large.
    void join(std::size_t at, std::size_t slot, std::size_t count) noexcept {
        std::uint32_t* const totals = totals_.data() + slot;
        std::uint32_t* const needs = needs_.data() + slot;
        std::uint32_t* const ends = ends_.data() + slot;
        for (std::size_t k = count; k-- > 0;) {
            if (heads_[k] == Format::kTerminator) {
                totals[k] = 0;
                needs[k] = 1;  // a stream without output is not valid
                ends[k] = static_cast<std::uint32_t>(at + k + 1);
                continue;
            }
            const std::size_t next = k + packed_[k];
            const std::uint32_t total = totals[next] + size_[k];
            // A reference's need, counted from the stream's end, is the same for every stream that runs through it.
            totals[k] = total;
            needs[k] = std::max(needs[next], total + reach_[k]);
            ends[k] = ends[next];
        }
    }

    // Appends the valid streams of the block, descending.
    void list(std::size_t at, std::size_t slot, std::size_t count) {
        const std::uint32_t* const totals = totals_.data() + slot;
        const std::uint32_t* const ends = ends_.data() + slot;
        const auto begin = static_cast<std::uint32_t>(at);
        mark(begin, slot, count);
        std::array<std::uint16_t, kBlock + 1> streams;  // one spare, written but not counted
        std::size_t listed = 0;
        for (std::size_t k = count; k-- > 0;) {
            streams[listed] = static_cast<std::uint16_t>(k);
            listed += is_stream_[k];
        }
        for (std::size_t n = 0; n < listed; ++n) {
            const std::size_t k = streams[n];
            const std::uint32_t offset = begin + static_cast<std::uint32_t>(k);
            found_.push_back({offset, ends[k] - offset, totals[k]});
        }
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
    std::array<std::uint8_t, kBlock> heads_;
    std::array<std::uint8_t, kBlock> is_stream_;
    // For each position of the block and the kMostPacked after it (where its commands may lead): the stream's output,
    // the largest need of any of its commands, both counted to its end, and the offset of that end.
    std::array<std::uint32_t, kBlock + kMostPacked> totals_;
    std::array<std::uint32_t, kBlock + kMostPacked> needs_;
    std::array<std::uint32_t, kBlock + kMostPacked> ends_{};
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
