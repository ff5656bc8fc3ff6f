// Encoding: the cheapest row of commands, by dynamic programming from the end.
//
// f(i) is the fewest packed bytes for the data from i on. A command at i that can be l bytes long can be shorter too,
// at the same price, so f(i) is its price plus the least f within its reach (RLE16: at every second position of it).
// Three facts make that least value a matter of a look-up or two, whatever the reach:
//   f(right) <= f(left) for left < right an even distance apart. Take a cheapest row for `left`, drop what comes before
//     `right` and trim the command that covers it. Only an RLE16 cut at an odd byte costs more then, a raw byte for 2;
//     but it begins an odd distance behind `left`, so a command is dropped, and that saves 2 or more. Hence the least f
//     up to `right` is f(right) or f(right - 1), and for RLE16 the longest is the best.
//   With g(i) = f(i) + i, a raw command at i costs g at its end, plus 1 (2 if long), minus i. One raw command leads
//     from i + 1 to any end in reach, so g(i + 1) <= g(end) + 1 (or 2): the least g in reach is g(i + 1) or that less
//     1 or 2, and `nearest_total_` knows the first position of each value.
//   All copies cost the same, and so do RLE8 and sequence: of each group the longest is enough.
// The row is as good as the matches: with all of them it is the minimum, with likely ones it comes close.
#include <algorithm>
#include <array>
#include <cstdint>

#include "hal/command.hpp"
#include "hal/hal.hpp"
#include "hal/matchfinder.hpp"

namespace halscope::hal {
namespace {

// Bytes that RLE8, RLE16 and sequence can write at each position, not yet limited to what one command can.
struct Runs {
    std::size_t same = 0;
    std::size_t pairs = 0;  // bytes
    std::size_t sequence = 0;

    // From the runs at i + 1 to those at i.
    void extend(std::span<const std::uint8_t> data, std::size_t i) noexcept {
        const std::size_t rest = data.size() - i;
        const std::size_t second = rest > 1 ? i + 1 : i;
        const std::size_t third = rest > 2 ? i + 2 : i;
        same = data[i] == data[second] ? same + 1 : 1;
        sequence = static_cast<std::uint8_t>(data[i] + 1) == data[second] ? sequence + 1 : 1;
        pairs = data[i] == data[third] ? pairs + 1 : 2;
    }
};

// A command and what the row that begins with it costs, in one number: the less of two is the cheaper.
class Choice {
  public:
    Choice() = default;
    // `length`: bytes of output, 1 to 2048.
    Choice(std::size_t cost, unsigned kind, std::size_t length) noexcept
        : bits_(static_cast<std::uint32_t>(cost << 14 | kind << 11 | (length - 1))) {}
    static Choice end_of_data() noexcept { return {1, kRaw, 1}; }
    static Choice none() noexcept { return {0x3FFFF, kRaw, 1}; }

    [[nodiscard]] std::size_t cost() const noexcept { return bits_ >> 14; }
    [[nodiscard]] unsigned kind() const noexcept { return bits_ >> 11 & 7; }
    [[nodiscard]] std::size_t length() const noexcept { return (bits_ & 0x7FF) + 1U; }
    bool operator<(const Choice& other) const noexcept { return bits_ < other.bits_; }

  private:
    std::uint32_t bits_ = 0;
};

class Parser {
  public:
    // `choices` has one place more than `data` has bytes.
    Parser(std::span<const std::uint8_t> data, std::span<const Match> matches, std::span<Choice> choices)
        : data_(data), matches_(matches), choice_(choices) {
        nearest_total_.fill(UINT32_MAX);
    }

    // choices[i] becomes the first command of a cheapest row for the data from i on.
    void parse() {
        settle(data_.size(), Choice::end_of_data());
        Runs runs;
        for (std::size_t i = data_.size(); i-- > 0;) {
            runs.extend(data_, i);
            const bool is_run = runs.same >= runs.sequence;
            const Match& match = matches_[i];
            // Mostly nothing but sums and minima: whether a command pays is not for a branch predictor to know.
            Choice best = raw(i);
            best = std::min(best, reach(i, is_run ? kRle8 : kSequence, 2, is_run ? runs.same : runs.sequence));
            best = std::min(best, reach(i, match.kind, 3, match.length));
            if (runs.pairs >= 4) best = std::min(best, pairs(i, runs.pairs / 2));
            settle(i, best);
        }
    }

  private:
    static constexpr std::size_t kTotals = 4096;

    [[nodiscard]] std::size_t cost(std::size_t i) const noexcept { return choice_[i].cost(); }

    void settle(std::size_t i, Choice choice) noexcept {
        choice_[i] = choice;
        nearest(choice.cost() + i) = static_cast<std::uint32_t>(i);
    }

    // First position settled so far whose g is `total`, if it lies in reach of a command. There g differs by 1026 at
    // most (dropping and trimming commands gives that bound, a raw command the other), so what has the same remainder
    // lies out of reach.
    [[nodiscard]] std::uint32_t& nearest(std::size_t total) noexcept { return nearest_total_[total % kTotals]; }

    [[nodiscard]] Choice raw(std::size_t i) noexcept {
        const std::size_t total = cost(i + 1) + i + 1;
        const std::size_t one_less = nearest(total - 1);
        const std::size_t two_less = nearest(total - 2);
        const std::size_t end = one_less <= i + kShortCount ? one_less : two_less <= i + kLongCount ? two_less : i + 1;
        return {total - i + (end == i + 1 ? 1 : 0), kRaw, end - i};
    }

    [[nodiscard]] Choice reach(std::size_t i, unsigned kind, std::size_t price, std::size_t length) const noexcept {
        if (length > kShortCount) [[unlikely]]
            return std::min(reach(i, kind, price, kShortCount),
                            ending(i, kind, price + 1, std::min(length, kLongCount)));
        const Choice choice = ending(i, kind, price, std::max<std::size_t>(length, 1));
        return length < 2 ? Choice::none() : choice;
    }

    // The end of least cost among that of `length` and all before it; there are two at least.
    [[nodiscard]] Choice ending(std::size_t i, unsigned kind, std::size_t price, std::size_t length) const noexcept {
        const std::size_t last = cost(i + length);
        const std::size_t before = cost(i + length - 1);
        return before < last ? Choice(price + before, kind, length - 1) : Choice(price + last, kind, length);
    }

    [[nodiscard]] Choice pairs(std::size_t i, std::size_t count) const noexcept {
        const std::size_t few = 2 * std::min(count, kShortCount);
        const Choice choice(3 + cost(i + few), kRle16, few);
        if (count <= kShortCount) [[likely]]
            return choice;
        const std::size_t many = 2 * std::min(count, kLongCount);
        return std::min(choice, Choice(4 + cost(i + many), kRle16, many));
    }

    std::span<const std::uint8_t> data_;
    std::span<const Match> matches_;
    std::span<Choice> choice_;  // at the data's end: the terminator's cost
    std::array<std::uint32_t, kTotals> nearest_total_;
};

class Writer {
  public:
    explicit Writer(std::vector<std::uint8_t>& packed) : packed_(packed) {}

    void command(std::span<const std::uint8_t> data, std::size_t i, const Choice& choice, const Match& match) {
        const unsigned kind = choice.kind();
        const std::size_t length = choice.length();
        header(kind, kind == kRle16 ? length / 2 : length);
        if (kind == kRaw) {
            const auto from = data.begin() + static_cast<std::ptrdiff_t>(i);
            packed_.insert(packed_.end(), from, from + static_cast<std::ptrdiff_t>(length));
        } else if (kind >= kCopy) {
            packed_.push_back(static_cast<std::uint8_t>(match.source >> 8));
            packed_.push_back(static_cast<std::uint8_t>(match.source & 0xFF));
        } else {
            packed_.push_back(data[i]);
            if (kind == kRle16) packed_.push_back(data[i + 1]);
        }
    }

  private:
    void header(unsigned kind, std::size_t count) {
        const auto less_one = static_cast<unsigned>(count - 1);
        if (count <= kShortCount) {
            packed_.push_back(static_cast<std::uint8_t>(kind << 5 | less_one));
        } else {
            packed_.push_back(static_cast<std::uint8_t>(kLong << 5 | kind << 2 | less_one >> 8));
            packed_.push_back(static_cast<std::uint8_t>(less_one & 0xFF));
        }
    }

    std::vector<std::uint8_t>& packed_;
};

}  // namespace

EncodeResult encode(std::span<const std::uint8_t> data, Effort effort) {
    if (data.size() > kMaxOutput) return {Status::data_too_long, {}, kMaxOutput};
    // Everything below reads this copy, so that a buffer which another thread changes cannot contradict itself.
    const std::vector<std::uint8_t> snapshot(data.begin(), data.end());
    // Kept for the next call, for fresh memory takes time to touch: 0.6 MiB at most.
    thread_local std::vector<Match> matches;
    thread_local std::vector<Choice> choices;
    if (matches.size() < snapshot.size()) matches.resize(snapshot.size());
    if (choices.size() < snapshot.size() + 1) choices.resize(snapshot.size() + 1);
    if (effort == Effort::optimal) {
        longest_matches(snapshot, matches);
    } else {
        likely_matches(snapshot, matches);
    }
    Parser(snapshot, matches, choices).parse();

    EncodeResult result;
    result.packed.reserve(std::min(choices.front().cost(), kMaxPacked));
    Writer writer(result.packed);
    for (std::size_t i = 0; i < snapshot.size(); i += choices[i].length()) {
        writer.command(snapshot, i, choices[i], matches[i]);
        if (result.packed.size() + 1 > kMaxPacked) return {Status::packed_too_long, {}, i};
    }
    result.packed.push_back(kTerminator);
    return result;
}

std::string describe(const EncodeResult& result) {
    switch (result.status) {
        case Status::ok:
            return {};
        case Status::data_too_long:
            return "more than 65,536 bytes do not fit into one stream; split the data";
        default:
            return "the packed stream would pass 65,536 bytes, more than a game can address; split the data";
    }
}

}  // namespace halscope::hal
