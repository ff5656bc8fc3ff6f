// Every possible stream of a ROM in one pass from the right, for any format whose commands say their own length.
//
// A command's length does not depend on the output, so what a stream that begins at p does is known from what the
// stream at p + length does: its output is longer by the command's own and its end is the same. Counted from that end,
// a reference needs as many bytes of output as stand from its command to the end, plus those that it reaches over;
// `reach` is the largest such need so far, and a stream is valid exactly when its own output is no less. Trying a
// decoder at every offset instead takes a thousand times as long.
//
// No command is longer than 1026 bytes, so that is how far back the pass remembers. A ROM's random bytes would decide
// any branch, and a wrong guess costs more than the work, so there is none: a part of it (what each command is, without
// what follows it) is plain 16-bit arithmetic that compilers turn into vector instructions, and the rest, one addition
// and one maximum a position, takes the same way for all. What cannot be valid is made so large that it stays so.
//
// No stream is longer than 64 KiB, so a pass that begins that far behind a part of the ROM knows all of the part's
// streams: that is what threads have in common, and all of it.
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
#include "core/parallel.hpp"
#include "hal/command.hpp"
#include "hal/hal.hpp"

namespace halscope::hal {

// What a format says of the command at one offset: a pure function of its two header bytes and its reference.
struct Step {
    std::uint16_t packed;  // bytes, 2 to kMostPacked; of a terminator anything
    std::uint16_t size;    // bytes of output, 1 to 2048; at least 2 for a command that is never valid
    std::uint16_t reach;   // bytes that must have been written before it; kNever: it is never valid
};

inline constexpr std::uint16_t kNever = 0xFFFF;
inline constexpr std::size_t kMostPacked = 2 + kLongCount;

// Sizes are added up until a stream is known to be too large, and beyond, by 512 bytes of output a byte at most: so
// many bytes behind each other do not pass 32 bits.
inline constexpr std::size_t kMostRun = std::size_t{1} << 22;

// A format is a type with a terminator `kTerminator` of one byte, no other beginning of a command, and these:
//   Step step(head, low, after_short, after_long) noexcept
//     head and low are the first two bytes, after_short and after_long the references (in the format's byte order) that
//     follow a header of one byte and of two. All are std::uint16_t, and so is all that is computed: no branches, no
//     tables, or it is not vectorised.
//   std::uint16_t reference(first, second) noexcept
template <typename Format>
class ScanPass {
  public:
    ScanPass(std::span<const std::uint8_t> rom, std::vector<Candidate>& found) noexcept : rom_(rom), found_(found) {}

    // Appends the streams that begin inside [first, stop) and end at `end` at most, descending.
    void run(std::size_t first, std::size_t stop, std::size_t end, const CancelToken* cancel) {
        // Behind the end is what can never be valid: more output than there may be.
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
    static constexpr std::size_t kBlock = 1024;

    // What each command of [at, at + count) is by itself.
    void read(std::size_t at, std::size_t count, std::size_t end) noexcept {
        // A copy, so that what another thread may write to is read once; zeros stand where the ROM ends.
        std::array<std::uint8_t, kBlock + 4> bytes;
        const std::size_t there = std::min(count + 4, end - at);
        std::memcpy(bytes.data(), rom_.data() + at, there);
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(there), bytes.end(), std::uint8_t{0});
        for (std::size_t k = 0; k < kBlock; ++k) {
            const std::uint16_t head = bytes[k];
            const std::uint16_t low = bytes[k + 1];
            const std::uint16_t second = bytes[k + 2];
            const Step step =
                Format::step(head, low, Format::reference(low, second), Format::reference(second, bytes[k + 3]));
            packed_[k] = step.packed;
            size_[k] = step.size;
            reach_[k] = step.reach;
            heads_[k] = bytes[k];
        }
    }

    // Puts each command in front of the stream that follows it.
    void join(std::size_t at, std::size_t slot, std::size_t count) noexcept {
        std::uint32_t* const totals = totals_.data() + slot;
        std::uint32_t* const needs = needs_.data() + slot;
        std::uint32_t* const ends = ends_.data() + slot;
        for (std::size_t k = count; k-- > 0;) {
            if (heads_[k] == Format::kTerminator) {
                totals[k] = 0;
                needs[k] = 1;  // a stream without output is none
                ends[k] = static_cast<std::uint32_t>(at + k + 1);
                continue;
            }
            const std::size_t next = k + packed_[k];
            const std::uint32_t total = totals[next] + size_[k];
            totals[k] = total;
            needs[k] = std::max(needs[next], total + reach_[k]);
            ends[k] = ends[next];
        }
    }

    // Lists the streams among them, descending.
    void list(std::size_t at, std::size_t slot, std::size_t count) {
        const std::uint32_t* const totals = totals_.data() + slot;
        const std::uint32_t* const needs = needs_.data() + slot;
        const std::uint32_t* const ends = ends_.data() + slot;
        const auto begin = static_cast<std::uint32_t>(at);
        std::array<std::uint8_t, kBlock> is_stream;
        for (std::size_t k = 0; k < count; ++k) {
            const std::uint32_t packed = ends[k] - begin - static_cast<std::uint32_t>(k);
            is_stream[k] = static_cast<std::uint8_t>(static_cast<unsigned>(needs[k] <= totals[k]) &
                                                     static_cast<unsigned>(totals[k] <= kMaxOutput) &
                                                     static_cast<unsigned>(packed <= kMaxPacked));
        }
        std::array<std::uint16_t, kBlock + 1> streams;  // one more, which is written and not counted
        std::size_t listed = 0;
        for (std::size_t k = count; k-- > 0;) {
            streams[listed] = static_cast<std::uint16_t>(k);
            listed += is_stream[k];
        }
        for (std::size_t n = 0; n < listed; ++n) {
            const std::size_t k = streams[n];
            const std::uint32_t offset = begin + static_cast<std::uint32_t>(k);
            found_.push_back({offset, ends[k] - offset, totals[k]});
        }
    }

    std::span<const std::uint8_t> rom_;
    std::vector<Candidate>& found_;
    // The commands of a block.
    std::array<std::uint16_t, kBlock> packed_;
    std::array<std::uint16_t, kBlock> size_;
    std::array<std::uint16_t, kBlock> reach_;
    std::array<std::uint8_t, kBlock> heads_;
    // The streams that begin there, and behind the block where its commands may lead to: their output and the largest
    // need of a command, both counted to their end, and where that is.
    std::array<std::uint32_t, kBlock + kMostPacked> totals_;
    std::array<std::uint32_t, kBlock + kMostPacked> needs_;
    std::array<std::uint32_t, kBlock + kMostPacked> ends_{};
};

// The streams that begin inside [first, stop), ascending.
template <typename Format>
std::vector<Candidate> scan_part(std::span<const std::uint8_t> rom, std::size_t window, std::size_t first,
                                 std::size_t stop, const CancelToken* cancel) {
    std::vector<Candidate> found;
    found.reserve((stop - first) / 8);
    ScanPass<Format> pass(rom, found);
    while (stop > first) {
        const std::size_t edge = window == 0 ? 0 : (stop - 1) / window * window;
        const std::size_t next_edge = window == 0 || rom.size() - edge < window ? rom.size() : edge + window;
        // No stream that begins before `stop` goes further.
        const std::size_t end = std::min(next_edge, stop + kMaxPacked);
        const std::size_t begin = std::max({first, edge, stop > kMostRun ? stop - kMostRun : 0});
        pass.run(begin, stop, end, cancel);
        stop = begin;
    }
    std::reverse(found.begin(), found.end());
    return found;
}

// Each thread reads 64 KiB more than its part, so that a part much larger than that pays; two do most of the gain, and
// a machine's other cores have other work.
inline std::size_t worthwhile_threads(std::size_t size) noexcept {
    constexpr std::size_t kPart = 512 * 1024;
    const std::size_t most = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 2);
    return std::clamp<std::size_t>(size / kPart, 1, most);
}

// hal::scan for any format: see hal.hpp.
template <typename Format>
std::vector<Candidate> scan_streams(std::span<const std::uint8_t> rom, std::size_t window, std::size_t asked_threads,
                                    const CancelToken* cancel) {
    const std::size_t threads = asked_threads == 0 ? worthwhile_threads(rom.size()) : asked_threads;
    const Work work{static_cast<unsigned>(threads), cancel};
    std::vector<std::vector<Candidate>> parts(threads);
    for_each_part(threads, work, [&](std::size_t k) {
        parts[k] = scan_part<Format>(rom, window, rom.size() * k / threads, rom.size() * (k + 1) / threads, cancel);
    });
    std::vector<Candidate> found = std::move(parts[0]);
    for (std::size_t k = 1; k < threads; ++k) found.insert(found.end(), parts[k].begin(), parts[k].end());
    return found;
}

}  // namespace halscope::hal
