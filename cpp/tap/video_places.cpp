#include "tap/video_places.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

namespace halscope::tap {
namespace {

// Distances that plugin/halscope/formats/bsnes.py proves for the states of v094.
constexpr std::size_t kBehindPerformance = 0x10000, kBehindBalanced = 0x20000;

// A state of snes9x, as plugin/halscope/formats/snes9x.py reads it: a head, then blocks `NAM:LLLLLL:` + bytes.
constexpr std::string_view kSnes9xMagic = "#!s9xsnp:";
constexpr std::size_t kSnes9xHead = kSnes9xMagic.size() + 5, kBlockHead = 11;
// The PPU block of versions 6 to 10, and from version 11 on, where both memories are a byte later.
constexpr std::size_t kOldPpuBytes = 2649, kNewPpuBytes = 2652, kPpuCgram = 0x3F, kPpuOam = 0x7D2;

constexpr unsigned kMostSearches = 60;  // a game whose OAM stands at two places for long

bool varies(Bytes bytes) {
    return std::ranges::any_of(bytes, [first = bytes.front()](std::uint8_t byte) { return byte != first; });
}

// Where all of `memory` is in a state; beyond the state's end if nowhere. Much of a memory is blank, which makes a
// search for the whole of it slow (0.3 s were seen), so its most varied piece is searched for.
std::size_t found_in(Bytes state, Bytes memory) {
    constexpr std::size_t kPiece = 32;
    std::size_t piece = 0, most = 0;
    for (std::size_t at = 0; at + kPiece <= memory.size() && most < kPiece / 2; at += kPiece) {
        std::array<bool, 256> seen{};
        std::size_t kinds = 0;
        for (const std::uint8_t byte : memory.subspan(at, kPiece)) kinds += std::exchange(seen[byte], true) ? 0 : 1;
        if (kinds > most) most = kinds, piece = at;
    }
    const Bytes key = memory.subspan(piece, kPiece);
    const std::boyer_moore_horspool_searcher searcher(key.begin(), key.end());
    for (auto from = state.begin();; ++from) {
        from = std::search(from, state.end(), searcher);
        if (from == state.end()) return state.size() + 1;
        const auto hit = static_cast<std::size_t>(from - state.begin());
        if (hit >= piece && state.size() - (hit - piece) >= memory.size() &&
            std::ranges::equal(state.subspan(hit - piece, memory.size()), memory))
            return hit - piece;
    }
}

std::optional<Bytes> snes9x_block(Bytes state, std::string_view name) {
    if (state.size() < kSnes9xHead || std::memcmp(state.data(), kSnes9xMagic.data(), kSnes9xMagic.size()) != 0)
        return std::nullopt;
    for (std::size_t at = kSnes9xHead; state.size() - at > kBlockHead;) {
        const auto* const head = reinterpret_cast<const char*>(state.data() + at);
        std::size_t bytes = 0;
        if (head[4] == '-') {  // longer than six digits: a big-endian number
            for (std::size_t n = 6; n < 10; ++n) bytes = bytes << 8 | state[at + n];
        } else if (std::from_chars(head + 4, head + 10, bytes).ec != std::errc()) {
            return std::nullopt;
        }
        at += kBlockHead;
        if (bytes > state.size() - at) return std::nullopt;
        if (std::string_view(head, name.size()) == name) return state.subspan(at, bytes);
        at += bytes;
    }
    return std::nullopt;
}

}  // namespace

VideoPlaces::VideoPlaces(const std::string& core, const std::string& version, std::vector<Bytes> globals) {
    if (core == "bsnes-mercury" && version.find("v094") == 0)
        behind_ = version.find("(Balanced)") != std::string::npos ? kBehindBalanced : kBehindPerformance;
    if (core == "Snes9x") searched_ = std::move(globals);
}

void VideoPlaces::prove(Bytes state, Bytes vram, std::span<const Bytes> others) {
    if (behind_ != 0) return prove_behind_vram(state, vram);
    if (searched_.empty()) return;
    const auto ppu = snes9x_block(state, "PPU");
    if (!ppu || (ppu->size() != kOldPpuBytes && ppu->size() != kNewPpuBytes)) return;
    const std::size_t shift = ppu->size() == kNewPpuBytes ? 1 : 0;
    std::array<std::uint8_t, kCgramBytes> cgram{};  // as memory has it; a state is big-endian
    for (std::size_t n = 0; n < kCgramBytes; ++n) cgram[n] = (*ppu)[kPpuCgram + shift + (n ^ 1)];
    prove_in_globals(ppu->subspan(kPpuOam + shift, kOamBytes), cgram, others);
}

void VideoPlaces::prove_behind_vram(Bytes state, Bytes vram) {
    if (proven_ || vram.empty() || !varies(vram)) return;
    const Bytes oam(vram.data() + behind_, kOamBytes), cgram(vram.data() + behind_ + kOamBytes, kCgramBytes);
    if (!varies(oam) || !varies(cgram)) return;  // equal blanks prove nothing
    const std::size_t at = found_in(state, vram);
    if (at > state.size() || state.size() - at < behind_ + kOamBytes + kCgramBytes) return;
    const Bytes behind = state.subspan(at + behind_);
    proven_ = std::ranges::equal(oam, behind.first(kOamBytes)) &&
              std::ranges::equal(cgram, behind.subspan(kOamBytes, kCgramBytes));
    if (proven_) vram_in_state_ = at;
}

void VideoPlaces::prove_in_globals(Bytes oam, Bytes cgram, std::span<const Bytes> others) {
    if (proven_) {
        proven_ = std::ranges::equal(oam_, oam) && std::ranges::equal(cgram_, cgram);
        if (!proven_) searched_.clear();
        return;
    }
    if (searches_ == kMostSearches || !varies(oam) || !varies(cgram)) return;
    ++searches_;
    oam_ = find(oam, others);
    cgram_ = find(cgram, others);
    proven_ = !oam_.empty() && !cgram_.empty();
}

Bytes VideoPlaces::oam(Bytes vram) const noexcept {
    if (!proven_) return {};
    if (behind_ == 0) return oam_;
    return vram.empty() ? Bytes() : Bytes(vram.data() + behind_, kOamBytes);
}

Bytes VideoPlaces::cgram(Bytes vram) const noexcept {
    if (!proven_) return {};
    if (behind_ == 0) return cgram_;
    return vram.empty() ? Bytes() : Bytes(vram.data() + behind_ + kOamBytes, kCgramBytes);
}

// The only place in the core's variables that holds these bytes; empty if there is none, or more than one.
Bytes VideoPlaces::find(Bytes key, std::span<const Bytes> others) const {
    const auto telling = std::ranges::find_if(key, [](std::uint8_t byte) { return byte != 0; });
    const auto anchor = static_cast<std::size_t>(telling - key.begin());
    Bytes only;
    for (const Bytes part : searched_) {
        if (part.size() < key.size()) continue;
        const std::uint8_t* at = part.data();
        const std::uint8_t* const end = part.data() + part.size() - key.size() + 1;  // of where it may begin
        while (at < end) {
            const void* const hit = std::memchr(at + anchor, *telling, static_cast<std::size_t>(end - at));
            if (hit == nullptr) break;
            at = static_cast<const std::uint8_t*>(hit) - anchor;
            const bool is_copy = std::ranges::any_of(others, [at](Bytes other) {
                return std::less_equal<>()(other.data(), at) && std::less<>()(at, other.data() + other.size());
            });
            if (!is_copy && std::equal(key.begin(), key.end(), at)) {
                if (!only.empty()) return {};
                only = {at, key.size()};
            }
            ++at;
        }
    }
    return only;
}

}  // namespace halscope::tap
