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

#include "hal/command.hpp"
#include "hal/hal.hpp"
#include "hal/matchfinder.hpp"

namespace halscope::hal {
namespace {

constexpr std::uint32_t kFar = UINT32_MAX;

// Bytes that RLE8, RLE16 and sequence can write at each position, not yet limited to what one command can.
struct Runs {
    std::size_t same = 0;
    std::size_t pairs = 0;  // bytes
    std::size_t sequence = 0;

    // From the runs at i + 1 to those at i.
    void extend(std::span<const std::uint8_t> data, std::size_t i) noexcept {
        const std::size_t rest = data.size() - i;
        same = rest > 1 && data[i] == data[i + 1] ? same + 1 : 1;
        sequence = rest > 1 && static_cast<std::uint8_t>(data[i] + 1) == data[i + 1] ? sequence + 1 : 1;
        pairs = rest > 2 && data[i] == data[i + 2] ? pairs + 1 : std::min<std::size_t>(rest, 2);
    }
};

// The command chosen at one position.
struct Choice {
    std::uint16_t length = 0;  // bytes of output
    std::uint8_t kind = kRaw;
};

class Parser {
  public:
    Parser(std::span<const std::uint8_t> data, std::span<const Match> matches)
        : data_(data),
          matches_(matches),
          cost_(data.size() + 1),
          choice_(data.size()),
          nearest_total_(worst_cost(), kFar) {}

    // choices()[i] is the first command of a cheapest row for the data from i on.
    [[nodiscard]] std::span<const Choice> parse() {
        settle(data_.size(), 1);
        Runs runs;
        for (std::size_t i = data_.size(); i-- > 0;) {
            runs.extend(data_, i);
            best_ = kFar;
            try_raw(i);
            const bool is_run = runs.same >= runs.sequence;
            try_reach(i, is_run ? kRle8 : kSequence, 2, is_run ? runs.same : runs.sequence);
            try_reach(i, matches_[i].kind, 3, matches_[i].length);
            try_pairs(i, runs.pairs / 2);
            settle(i, best_);
        }
        return choice_;
    }

  private:
    // More than any g: all data in long raw commands cost two bytes for each, and the terminator.
    [[nodiscard]] std::size_t worst_cost() const noexcept {
        return data_.size() + 2 * (data_.size() / kLongCount + 1) + 2;
    }

    void settle(std::size_t i, std::uint32_t cost) noexcept {
        cost_[i] = cost;
        nearest_total_[cost + i] = static_cast<std::uint32_t>(i);
    }

    void consider(std::size_t i, unsigned kind, std::size_t end, std::uint32_t price) noexcept {
        const std::uint32_t cost = price + cost_[end];
        if (cost >= best_) return;
        best_ = cost;
        choice_[i] = {static_cast<std::uint16_t>(end - i), static_cast<std::uint8_t>(kind)};
    }

    void try_raw(std::size_t i) noexcept {
        const std::size_t total = cost_[i + 1] + i + 1;
        const std::size_t one_less = nearest_total_[total - 1];
        const std::size_t two_less = nearest_total_[total - 2];
        std::size_t end = i + 1;
        if (one_less <= i + kShortCount) {
            end = one_less;
        } else if (two_less <= i + kLongCount) {
            end = two_less;
        }
        const std::size_t length = end - i;
        consider(i, kRaw, end, static_cast<std::uint32_t>(length + (length > kShortCount ? 2 : 1)));
    }

    void try_reach(std::size_t i, unsigned kind, std::uint32_t price, std::size_t length) noexcept {
        if (length < 2) return;
        consider(i, kind, cheapest(i + std::min(length, kShortCount)), price);
        if (length > kShortCount) consider(i, kind, cheapest(i + std::min(length, kLongCount)), price + 1);
    }

    // The end of least cost among `last` and all before it; there are two at least.
    [[nodiscard]] std::size_t cheapest(std::size_t last) const noexcept {
        return cost_[last - 1] < cost_[last] ? last - 1 : last;
    }

    void try_pairs(std::size_t i, std::size_t pairs) noexcept {
        if (pairs < 2) return;
        consider(i, kRle16, i + 2 * std::min(pairs, kShortCount), 3);
        if (pairs > kShortCount) consider(i, kRle16, i + 2 * std::min(pairs, kLongCount), 4);
    }

    std::span<const std::uint8_t> data_;
    std::span<const Match> matches_;
    std::vector<std::uint32_t> cost_;  // f
    std::vector<Choice> choice_;
    std::vector<std::uint32_t> nearest_total_;  // [g]: first position settled so far
    std::uint32_t best_ = kFar;
};

class Writer {
  public:
    explicit Writer(std::vector<std::uint8_t>& packed) : packed_(packed) {}

    void command(std::span<const std::uint8_t> data, std::size_t i, const Choice& choice, const Match& match) {
        const unsigned kind = choice.kind;
        header(kind, kind == kRle16 ? choice.length / 2U : choice.length);
        if (kind == kRaw) {
            const auto from = data.begin() + static_cast<std::ptrdiff_t>(i);
            packed_.insert(packed_.end(), from, from + choice.length);
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
    const std::vector<Match> matches = effort == Effort::optimal ? longest_matches(snapshot) : likely_matches(snapshot);
    Parser parser(snapshot, matches);
    const std::span<const Choice> choices = parser.parse();

    EncodeResult result;
    Writer writer(result.packed);
    for (std::size_t i = 0; i < snapshot.size(); i += choices[i].length) {
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
