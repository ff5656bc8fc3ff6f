// Building and querying the index; see index.hpp.
#include "locate/index.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "locate/fingerprint.hpp"

namespace halscope::locate {
namespace {

constexpr std::size_t kPartBytes = std::size_t{1} << 16;  // of text: a millisecond or two

// The windows that begin in one part of a segment.
struct Part {
    std::span<const std::uint8_t> segment;
    std::size_t begin;
    std::size_t end;
    std::uint32_t first;  // position of the segment's first byte
};

// Every anchor, ascending, in pieces. A window's anchor does not depend on its part, so parts find what the whole does;
// an anchor shared by windows of two parts is left out of the second.
std::vector<std::vector<Entry>> collect_entries(const Text& text, const Work& work) {
    std::vector<Part> parts;
    const auto cut = [&parts](std::span<const std::uint8_t> segment, std::size_t first) {
        for (std::size_t at = 0; at < segment.size(); at += kPartBytes) {
            const std::size_t end = std::min(at + kPartBytes, segment.size());
            parts.push_back({segment, at, end, static_cast<std::uint32_t>(first)});
        }
    };
    for (std::size_t k = 0; k + 1 < text.bounds.size(); ++k) cut(segment_of(text, k), text.bounds[k]);
    cut(text.rom, text.outputs.size());

    // Outputs are small and numerous: consecutive ones share a part.
    std::vector<std::size_t> starts{0};
    std::size_t bytes = 0;
    for (std::size_t k = 0; k < parts.size(); ++k) {
        bytes += parts[k].end - parts[k].begin;
        if (bytes >= kPartBytes || k + 1 == parts.size()) {
            starts.push_back(k + 1);
            bytes = 0;
        }
    }
    std::vector<std::vector<Entry>> found(starts.size() - 1);
    for_each_part(found.size(), work, [&](std::size_t group) {
        found[group].reserve(kPartBytes / 8);
        for (std::size_t k = starts[group]; k < starts[group + 1]; ++k) {
            const Part& part = parts[k];
            collect_anchors(part.segment, part.begin, part.end, part.first, found[group]);
        }
    });
    std::int64_t last = -1;
    for (auto& some : found) {
        const auto is_new = std::find_if(some.begin(), some.end(), [last](auto& one) { return one.position > last; });
        some.erase(some.begin(), is_new);
        if (!some.empty()) last = some.back().position;
    }
    return found;
}

}  // namespace

bool valid(const Text& text) noexcept {
    if (text.bounds.empty() || text.bounds.front() != 0 || text.bounds.back() != text.outputs.size()) return false;
    if (!std::is_sorted(text.bounds.begin(), text.bounds.end())) return false;
    return text.outputs.size() + text.rom.size() <= 0xFFFFFFFFU;
}

std::span<const std::uint8_t> segment_of(const Text& text, std::size_t segment) noexcept {
    if (segment + 1 < text.bounds.size()) {
        return text.outputs.subspan(text.bounds[segment], text.bounds[segment + 1] - text.bounds[segment]);
    }
    return segment + 1 == text.bounds.size() ? text.rom : std::span<const std::uint8_t>{};
}

IndexArrays build_index(const Text& text, const Work& work) {
    const std::vector<std::vector<Entry>> entries = collect_entries(text, work);
    std::size_t total = 0;
    for (const auto& some : entries) total += some.size();

    const std::size_t bucket_count = std::bit_ceil(std::max<std::size_t>(total, 256));
    const auto bucket_of = [mask = static_cast<std::uint32_t>(bucket_count - 1)](std::uint32_t key) {
        return key & mask;
    };
    IndexArrays index;
    index.buckets.assign(bucket_count + 1, 0);
    for (const auto& some : entries) {
        stop_if_cancelled(work.cancel);
        for (const Entry& entry : some) ++index.buckets[bucket_of(entry.key) + 1];
    }
    stop_if_cancelled(work.cancel);
    for (std::size_t k = 1; k <= bucket_count; ++k) index.buckets[k] += index.buckets[k - 1];
    // Entries arrive in ascending order and go to their buckets in that order. Each bucket's start advances while it is
    // filled; afterwards all starts are moved back.
    index.positions.resize(total);
    for (const auto& some : entries) {
        stop_if_cancelled(work.cancel);
        for (const Entry& entry : some) index.positions[index.buckets[bucket_of(entry.key)]++] = entry.position;
    }
    stop_if_cancelled(work.cancel);
    for (std::size_t k = bucket_count; k > 0; --k) index.buckets[k] = index.buckets[k - 1];
    index.buckets[0] = 0;
    return index;
}

std::vector<Match> lookup(const Text& text, std::span<const std::uint32_t> buckets,
                          std::span<const std::uint32_t> positions, std::span<const std::uint8_t> tiles,
                          std::size_t limit) {
    std::vector<Match> matches;
    for (std::size_t tile = 0; tile < tiles.size() / kTileBytes; ++tile) {
        const auto bytes = tiles.subspan(tile * kTileBytes, kTileBytes);
        if (!informative(bytes.data())) continue;
        find_pattern(text, buckets, positions, bytes, limit, kMaxProbes,
                     [&](std::uint32_t segment, std::uint32_t offset) {
                         matches.push_back({static_cast<std::uint32_t>(tile), segment, offset});
                     });
    }
    return matches;
}

std::uint64_t checksum(std::span<const std::uint8_t> bytes, std::uint64_t seed) noexcept {
    constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15U;
    std::array<std::uint64_t, 4> lanes{seed, seed ^ kOdd, seed + kOdd, ~seed};
    std::size_t at = 0;
    for (; bytes.size() - at >= sizeof lanes; at += sizeof lanes) {
        std::array<std::uint64_t, 4> words;
        std::memcpy(words.data(), bytes.data() + at, sizeof words);
        for (std::size_t k = 0; k < 4; ++k) lanes[k] = std::rotl((lanes[k] ^ words[k]) * kOdd, 29);
    }
    std::uint64_t sum = bytes.size();
    for (; at < bytes.size(); ++at) sum = std::rotl((sum ^ bytes[at]) * kOdd, 29);
    for (const std::uint64_t lane : lanes) sum = std::rotl((sum ^ lane) * kOdd, 29);
    return sum ^ sum >> 32;
}

}  // namespace halscope::locate
