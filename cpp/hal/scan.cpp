// Every possible stream of a ROM in one pass from the right.
//
// A command's length does not depend on the output, so what a stream that begins at p does is known from what the
// stream at p + length does: its output is longer by the command's own, its end is the same, and the number of bytes
// that must be written before it is max(reference + 1, need of the rest - own output). A stream is strict exactly when
// that need is 0 or less. A command is at most 1026 bytes long, so the last 2048 positions are all that is remembered;
// trying a decoder at every offset instead takes a thousand times as long.
#include <algorithm>
#include <array>

#include "hal/command.hpp"
#include "hal/hal.hpp"

namespace halscope::hal {
namespace {

constexpr std::size_t kRing = 2048;
static_assert(kRing > 2 + kLongCount);

// What the stream that begins at one offset does.
struct Stream {
    std::uint32_t end;
    std::uint32_t size;  // kNoStream: there is none
    std::int32_t need;   // output bytes that must exist before it
};

// One more than any valid output, so that the check of the size refuses the rest of a bad stream too.
constexpr std::uint32_t kNoStream = kMaxOutput + 1;
constexpr Stream kInvalid{0, kNoStream, 0};

template <Mode mode>
class Pass {
  public:
    Pass(std::span<const std::uint8_t> rom, std::vector<Candidate>& found) noexcept : rom_(rom.data()), found_(found) {}

    // Appends the streams that begin in [first, last) and end at or before `stop`, descending.
    void run(std::size_t first, std::size_t last, std::size_t stop) {
        // No stream is longer than kMaxPacked, so nothing further right can matter.
        stop_ = std::min(stop, last + kMaxPacked);
        for (std::size_t at = stop_; at-- > first;) {
            const Stream stream = stream_at(at);
            ring_[at % kRing] = stream;
            if (at < last && stream.size - 1 < kMaxOutput && stream.need <= 0)
                found_.push_back(
                    {static_cast<std::uint32_t>(at), stream.end - static_cast<std::uint32_t>(at), stream.size});
        }
    }

  private:
    [[nodiscard]] Stream stream_at(std::size_t at) const noexcept {
        const unsigned head = read_once(rom_ + at);
        if (head == kTerminator) return {static_cast<std::uint32_t>(at + 1), 0, 0};
        Command command = short_command(head);
        if (command.kind == kLong) {
            if (stop_ - at < 2) return kInvalid;
            command = long_command(head, read_once(rom_ + at + 1));
        }
        const std::size_t next = at + command.header + command.arguments();
        if (next >= stop_) return kInvalid;
        const Stream& rest = ring_[next % kRing];
        const auto own = static_cast<std::uint32_t>(command.output());
        const std::uint32_t size = rest.size + own;
        if (size > kMaxOutput || rest.end - at > kMaxPacked) return kInvalid;
        std::int32_t need = rest.need - static_cast<std::int32_t>(own);
        if (command.is_reference()) {
            const std::size_t from = read_reference(rom_ + at + command.header);
            if (command.kind == kBackwardCopy) {
                if (from + 1 < command.count) return kInvalid;
            } else if (mode == Mode::compatible && from + command.count > kMaxOutput) {
                return kInvalid;
            }
            if (mode == Mode::strict) need = std::max(need, static_cast<std::int32_t>(from) + 1);
        }
        return {rest.end, size, need};
    }

    const std::uint8_t* rom_;
    std::vector<Candidate>& found_;
    std::size_t stop_ = 0;
    std::array<Stream, kRing> ring_;  // read only at positions that this run has written
};

template <Mode mode>
void scan_all(std::span<const std::uint8_t> rom, std::size_t window, std::vector<Candidate>& found) {
    Pass<mode> pass(rom, found);
    std::size_t last = rom.size();
    while (last > 0) {
        const std::size_t first = window == 0 ? 0 : (last - 1) / window * window;
        pass.run(first, last, last);
        last = first;
    }
}

}  // namespace

std::vector<Candidate> scan(std::span<const std::uint8_t> rom, std::size_t window, Mode mode) {
    std::vector<Candidate> found;
    if (mode == Mode::strict) {
        scan_all<Mode::strict>(rom, window, found);
    } else {
        scan_all<Mode::compatible>(rom, window, found);
    }
    std::reverse(found.begin(), found.end());
    return found;
}

}  // namespace halscope::hal
