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

constexpr unsigned kLongHeads = 0xE0;  // and above: a long header, or the terminator
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
constexpr std::int32_t kNoNeed = -0x20000;  // less than any need, whatever reference is added
constexpr Stream kInvalid{0, kNoStream, 0};

// What matters of a command here, so that the common ones take no decision.
struct Shape {
    std::uint16_t packed;       // bytes
    std::uint16_t size;         // bytes of output
    std::int32_t need;          // reference + need bytes must be written before it
    std::int32_t first_source;  // the references that are possible at all
    std::int32_t last_source;
};

constexpr Shape shape(const Command& command, Mode mode) noexcept {
    Shape shape{static_cast<std::uint16_t>(command.header + command.arguments()),
                static_cast<std::uint16_t>(command.output()), kNoNeed, 0, 0xFFFF};
    if (!command.is_reference()) return shape;
    shape.need = 1;
    const auto count = static_cast<std::int32_t>(command.count);
    if (command.kind == kBackwardCopy) {
        shape.first_source = count - 1;
    } else if (mode == Mode::compatible) {
        shape.last_source = static_cast<std::int32_t>(kMaxOutput) - count;
    }
    return shape;
}

template <Mode mode>
constexpr std::array<Shape, kLongHeads> kShortShapes = [] {
    std::array<Shape, kLongHeads> shapes{};
    for (unsigned head = 0; head < kLongHeads; ++head) shapes[head] = shape(short_command(head), mode);
    return shapes;
}();

template <Mode mode>
class Pass {
  public:
    Pass(std::span<const std::uint8_t> rom, std::vector<Candidate>& found) noexcept : rom_(rom.data()), found_(found) {}

    // Appends the streams that lie inside [first, stop), descending.
    void run(std::size_t first, std::size_t stop) {
        stop_ = stop;
        for (std::size_t at = stop; at-- > first;) {
            const Stream stream = stream_at(at);
            ring_[at % kRing] = stream;
            if (stream.size - 1 < kMaxOutput && stream.need <= 0)
                found_.push_back(
                    {static_cast<std::uint32_t>(at), stream.end - static_cast<std::uint32_t>(at), stream.size});
        }
    }

  private:
    [[nodiscard]] Stream stream_at(std::size_t at) const noexcept {
        const unsigned head = read_once(rom_ + at);
        if (head < kLongHeads) return joined(at, 1, kShortShapes<mode>[head]);
        if (head == kTerminator) return {static_cast<std::uint32_t>(at + 1), 0, 0};
        if (stop_ - at < 2) return kInvalid;
        return joined(at, 2, shape(long_command(head, read_once(rom_ + at + 1)), mode));
    }

    // The command at `at`, put in front of the stream that follows it.
    [[nodiscard]] Stream joined(std::size_t at, std::size_t header, const Shape& command) const noexcept {
        const std::size_t next = at + command.packed;
        if (next >= stop_) return kInvalid;
        const Stream& rest = ring_[next % kRing];
        const std::uint32_t size = rest.size + command.size;
        if (size > kMaxOutput || rest.end - at > kMaxPacked) return kInvalid;
        // Read whatever the command is: there are two bytes behind the header up to `next`, and a branch that a ROM's
        // random bytes decide costs more.
        const auto from = static_cast<std::int32_t>(read_reference(rom_ + at + header));
        if (from < command.first_source || from > command.last_source) return kInvalid;
        std::int32_t need = rest.need - command.size;
        if (mode == Mode::strict) need = std::max(need, from + command.need);
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
    for (std::size_t stop = rom.size(); stop > 0;) {
        const std::size_t first = window == 0 ? 0 : (stop - 1) / window * window;
        pass.run(first, stop);
        stop = first;
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
