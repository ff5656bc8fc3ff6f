// Every possible stream of a ROM in one pass from the right.
//
// A command's length does not depend on the output, so what a stream that begins at p does is known from what the
// stream at p + length does: its output is longer by the command's own, its end is the same, and the number of bytes
// that must be written before it is max(reference + 1, need of the rest - own output). A stream is strict exactly when
// that need is 0 or less. A command is at most 1026 bytes long, so the last 2048 positions are all that is remembered;
// trying a decoder at every offset instead takes a thousand times as long.
//
// No stream is longer than 64 KiB, so a pass that begins that far behind a part of the ROM knows all of the part's
// streams: that is what threads have in common, and all of it.
#include <algorithm>
#include <array>
#include <future>
#include <thread>

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

    // Appends the streams that begin inside [first, stop) and end at `end` at most, descending.
    void run(std::size_t first, std::size_t stop, std::size_t end) {
        stop_ = end;
        std::size_t at = end;
        while (at > stop) {
            --at;
            ring_[at % kRing] = stream_at(at);
        }
        while (at-- > first) {
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

// The streams that begin inside [first, stop), ascending.
template <Mode mode>
std::vector<Candidate> scan_part(std::span<const std::uint8_t> rom, std::size_t window, std::size_t first,
                                 std::size_t stop) {
    std::vector<Candidate> found;
    Pass<mode> pass(rom, found);
    while (stop > first) {
        const std::size_t edge = window == 0 ? 0 : (stop - 1) / window * window;
        const std::size_t next_edge = window == 0 || rom.size() - edge < window ? rom.size() : edge + window;
        // No stream that begins before `stop` goes further.
        const std::size_t end = std::min(next_edge, stop + kMaxPacked);
        const std::size_t begin = std::max(first, edge);
        pass.run(begin, stop, end);
        stop = begin;
    }
    std::reverse(found.begin(), found.end());
    return found;
}

template <Mode mode>
std::vector<Candidate> scan_on(std::size_t threads, std::span<const std::uint8_t> rom, std::size_t window) {
    const auto part = [=](std::size_t k) {
        return scan_part<mode>(rom, window, rom.size() * k / threads, rom.size() * (k + 1) / threads);
    };
    if (threads <= 1) return scan_part<mode>(rom, window, 0, rom.size());
    std::vector<std::future<std::vector<Candidate>>> others;
    // Where the system gives no thread, this one does the work when it asks for the result.
    for (std::size_t k = 1; k < threads; ++k)
        others.push_back(std::async(std::launch::async | std::launch::deferred, part, k));
    std::vector<Candidate> found = part(0);
    for (auto& other : others) {
        const std::vector<Candidate> more = other.get();
        found.insert(found.end(), more.begin(), more.end());
    }
    return found;
}

// Each thread reads 64 KiB more than its part, so that a part much larger than that pays; two do most of the gain, and
// a machine's other cores have other work.
std::size_t worthwhile_threads(std::size_t size) noexcept {
    constexpr std::size_t kPart = 512 * 1024;
    const std::size_t most = std::min<std::size_t>(std::thread::hardware_concurrency(), 2);
    return std::clamp<std::size_t>(size / kPart, 1, std::max<std::size_t>(most, 1));
}

}  // namespace

std::vector<Candidate> scan(std::span<const std::uint8_t> rom, std::size_t window, Mode mode, std::size_t threads) {
    if (threads == 0) threads = worthwhile_threads(rom.size());
    return mode == Mode::strict ? scan_on<Mode::strict>(threads, rom, window)
                                : scan_on<Mode::compatible>(threads, rom, window);
}

}  // namespace halscope::hal
