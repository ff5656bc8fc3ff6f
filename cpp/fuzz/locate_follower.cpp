// Following tiles that change gives the same answers as a fresh ranking, whatever changes, falls silent or is named
// twice.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <vector>

#include "locate/fingerprint.hpp"
#include "locate/index.hpp"
#include "locate/ranking.hpp"

namespace {

using namespace halscope::locate;
using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kLongest = 1024;
constexpr std::size_t kTiles = 40;  // a row of the sprite page has 16: enough for patches of three rows
constexpr std::size_t kSegments = 5;
constexpr std::size_t kMostPlaces = 24;
constexpr std::size_t kMostTwins = 3;

// Hands out the input's bytes, then zeros.
class Input {
  public:
    explicit Input(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
    [[nodiscard]] bool any() const { return at_ < bytes_.size(); }
    std::uint8_t byte() { return any() ? bytes_[at_++] : std::uint8_t{0}; }

  private:
    std::span<const std::uint8_t> bytes_;
    std::size_t at_ = 0;
};

// Two transforms: one that stores a unit in 24 bytes, and one in 8, which is looked up in windows of three units.
std::vector<Transform> draw_transforms(std::uint8_t window) {
    std::vector<Transform> table{identity()};
    for (const std::uint32_t stored : {24U, 8U}) {
        Transform one = identity();
        one.stored = stored;
        one.window = stored == 24 ? 1 + window % 2U : 3;
        for (std::size_t k = stored; k < kTileBytes; ++k) one.parts[k].fill(Transform::kZero);
        if (stored == 24) one.parts[kTileBytes - 1] = {0, 1, 2};
        complete(one);
        table.push_back(one);
    }
    return table;
}

// A tile from a small stock, so that the same one is in many places; every fourth is uninformative.
void draw_tile(std::uint8_t kind, std::uint8_t* tile) {
    const std::size_t last = kind % 5 == 1 ? 24 : kind % 5 == 2 ? 8 : kTileBytes;  // some fit a transform
    for (std::size_t k = 0; k < kTileBytes; ++k) {
        const bool silent = kind % 4 == 0;
        tile[k] = silent ? static_cast<std::uint8_t>(kind / 4 % 3) : static_cast<std::uint8_t>(kind * 37 % 11 + k * k);
        if (k >= last) tile[k] = 0;
    }
}

bool same(const Answers& a, const Answers& b) {
    const auto equal = [](const Answer& x, const Answer& y) {
        return x.segment == y.segment && x.offset == y.offset && x.transform == y.transform;
    };
    return a.first == b.first && a.informative == b.informative &&
           std::equal(a.answers.begin(), a.answers.end(), b.answers.begin(), b.answers.end(), equal);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > kLongest) return 0;
    Input input(std::span(data, size));

    // Outputs and a ROM of drawn tiles, some shifted by odd byte counts; some starts are twins.
    Bytes outputs;
    std::vector<std::uint32_t> bounds{0};
    const auto append = [&input](Bytes& bytes) {
        bytes.insert(bytes.end(), input.byte() % 3, std::uint8_t{0x5A});
        const std::size_t stored = std::array{kTileBytes, std::size_t{24}, std::size_t{8}}[input.byte() % 3];
        for (unsigned tiles = input.byte() % 20; tiles > 0; --tiles) {
            bytes.resize(bytes.size() + kTileBytes);
            draw_tile(input.byte() % 24, bytes.data() + bytes.size() - kTileBytes);
            bytes.resize(bytes.size() - kTileBytes + stored);
        }
    };
    std::vector<std::uint32_t> family;
    std::vector<std::uint32_t> sizes;
    std::vector<std::uint32_t> offsets;
    std::vector<float> evidence;
    Bytes kind;
    Bytes plausible;
    for (std::uint32_t k = 0; k < kSegments; ++k) {
        // A twin of the previous output has the same end.
        const bool twin = k > 0 && input.byte() % 2 == 0;
        if (twin) {
            const Bytes before(outputs.begin() + bounds[k - 1], outputs.end());
            outputs.insert(outputs.end(), before.begin() + static_cast<std::ptrdiff_t>(before.size() / 3),
                           before.end());
        } else {
            append(outputs);
        }
        bounds.push_back(static_cast<std::uint32_t>(outputs.size()));
        family.push_back(twin ? family.back() : k);
        sizes.push_back(bounds[k + 1] - bounds[k]);
        offsets.push_back(input.byte());
        evidence.push_back(static_cast<float>(input.byte()));
        kind.push_back(input.byte() % 4);
        plausible.push_back(input.byte() % 2);
    }
    Bytes rom;
    append(rom);
    Bytes packed(rom.size());
    for (std::uint8_t& one : packed) one = input.byte() % 2;
    const std::vector<Transform> transforms = draw_transforms(input.byte());
    Bytes expected;
    for (std::size_t k = 0; k < family.size(); ++k) {
        const std::uint8_t row = input.byte() % 8;
        expected.push_back(row < transforms.size() ? row : kNotKnown);
    }
    const Text text{outputs, bounds, rom};
    const IndexArrays index = build_index(text);
    const Atlas atlas{text,
                      index.buckets,
                      index.positions,
                      {family, sizes, offsets, evidence, kind, plausible, packed, expected},
                      transforms,
                      kMostPlaces,
                      kMostTwins};
    if (!valid(atlas)) std::abort();

    Bytes vram(kTiles * kTileBytes);
    for (std::size_t tile = 0; tile < kTiles; ++tile) draw_tile(input.byte() % 24, vram.data() + tile * kTileBytes);
    std::vector<std::uint32_t> all(kTiles);
    std::iota(all.begin(), all.end(), 0U);
    Follower follower(atlas);
    Follower alone(atlas, false);
    for (unsigned round = 0; round < 8 && (round == 0 || input.any()); ++round) {
        std::vector<std::uint32_t> named;
        for (unsigned changes = input.byte() % 6; round > 0 && changes > 0; --changes) {
            const std::uint32_t tile = input.byte() % kTiles;
            draw_tile(input.byte() % 24, vram.data() + tile * kTileBytes);
            named.push_back(tile);
        }
        std::sort(named.begin(), named.end());
        named.erase(std::unique(named.begin(), named.end()), named.end());
        for (const bool neighbours : {true, false}) {
            Follower& one = neighbours ? follower : alone;
            static_cast<void>(one.update(vram, round % 2 == 0 ? all : named));
            Follower fresh(atlas, neighbours);
            static_cast<void>(fresh.update(vram, all));
            if (!same(one.answers(), fresh.answers())) std::abort();
        }
    }
    return 0;
}
