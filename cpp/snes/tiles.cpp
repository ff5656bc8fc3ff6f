// Conversion between planar tiles and one byte per pixel. tiles.hpp describes the layout; docs/explanation/codec.md
// explains the bit-matrix transpose.
#include "snes/tiles.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/cpu.hpp"

namespace halscope::snes {
namespace {

using Row = std::array<std::uint8_t, kTileSide>;

// Every plane byte spread over eight pixels, for single rows: decoding a plane is a load, a shift and an OR. A pixel
// byte never holds more than bit `bpp - 1`, so the shift does not carry into the next pixel. Values travel only through
// memcpy, so the machine's byte order does not matter.
std::array<std::uint64_t, 256> make_spread() {
    std::array<std::uint64_t, 256> table{};
    for (unsigned byte = 0; byte < 256; ++byte) {
        Row row{};
        for (unsigned x = 0; x < kTileSide; ++x) row[x] = static_cast<std::uint8_t>(byte >> (7 - x) & 1u);
        std::memcpy(&table[byte], row.data(), row.size());
    }
    return table;
}

const std::array<std::uint64_t, 256> kSpread = make_spread();

// Memory contents as a number whose lowest byte comes first, and back.
template <typename T>
constexpr T in_order(T value) noexcept {
    if constexpr (std::endian::native == std::endian::big) {
        T swapped = 0;
        for (std::size_t k = 0; k < sizeof value; ++k) swapped = static_cast<T>(swapped << 8 | (value >> 8 * k & 0xFF));
        return swapped;
    }
    return value;
}

constexpr std::uint64_t swap_bits(std::uint64_t x, unsigned distance, std::uint64_t mask) noexcept {
    const std::uint64_t differ = (x ^ x >> distance) & mask;
    return x ^ differ ^ differ << distance;
}

// Transposes the bit matrix: bit i of byte j becomes bit 7 - j of byte 7 - i. Its own inverse.
constexpr std::uint64_t turn_over(std::uint64_t x) noexcept {
    x = swap_bits(x, 9, 0x0055005500550055U);
    x = swap_bits(x, 18, 0x0000333300003333U);
    return swap_bits(x, 36, 0x000000000F0F0F0FU);
}

constexpr std::uint16_t swap_bytes(std::uint16_t pair) noexcept {
    return static_cast<std::uint16_t>(pair << 8 | pair >> 8);
}

constexpr std::size_t kBatch = 16;  // tiles: small enough for the L1 cache through all steps

// A batch at each step. `pairs` are tiles as in memory, except for the order of the two bytes; each half of a wider
// number was eight elements away from the other, the first one above; `words` are what is transposed.
template <unsigned bpp>
struct Batch {
    static constexpr std::size_t kBytes = kBatch * tile_bytes(bpp);
    static constexpr std::size_t kRows = 8 / bpp;  // rows of a tile per word
    static constexpr std::uint64_t kPixels = 0x0101010101010101U * ((1U << bpp) - 1U);
    static constexpr unsigned shift_of(std::size_t row) noexcept {
        return static_cast<unsigned>(bpp * (kRows - 1 - row));  // the top row is in the highest bits
    }

    std::array<std::uint16_t, kBytes / 2> pairs;
    std::array<std::uint32_t, kBytes / 4> quads;
    std::array<std::uint64_t, kBytes / 8> words;
    std::array<std::uint64_t, kBatch * kTileSide> rows;
};

template <typename Narrow, std::size_t many, typename Wide, std::size_t half>
HALSCOPE_INLINE void join_halves(const std::array<Narrow, many>& from, std::array<Wide, half>& to) noexcept {
    constexpr unsigned kBits = 8 * sizeof(Narrow);
    for (std::size_t first = 0; first < half; first += kTileSide) {
        for (std::size_t row = 0; row < kTileSide; ++row) {
            const Wide upper = from[2 * first + row];
            to[first + row] = upper << kBits | from[2 * first + kTileSide + row];
        }
    }
}

template <typename Wide, std::size_t half, typename Narrow, std::size_t many>
HALSCOPE_INLINE void split_halves(const std::array<Wide, half>& from, std::array<Narrow, many>& to) noexcept {
    constexpr unsigned kBits = 8 * sizeof(Narrow);
    for (std::size_t first = 0; first < half; first += kTileSide) {
        for (std::size_t row = 0; row < kTileSide; ++row) {
            to[2 * first + row] = static_cast<Narrow>(from[first + row] >> kBits);
            to[2 * first + kTileSide + row] = static_cast<Narrow>(from[first + row]);
        }
    }
}

// Copies an array into one with another element size, byte by byte.
template <typename From, std::size_t n, typename To, std::size_t m>
HALSCOPE_INLINE void reinterpret(std::array<From, n>& from, std::array<To, m>& to) noexcept {
    static_assert(sizeof from == sizeof to);
    for (From& item : from) item = in_order(item);
    std::memcpy(to.data(), from.data(), sizeof to);
    for (To& item : to) item = in_order(item);
}

template <unsigned bpp>
HALSCOPE_INLINE void decode_batch(const std::uint8_t* planar, std::size_t tiles, std::uint8_t* pixels) noexcept {
    Batch<bpp> batch;
    const std::size_t size = tiles * tile_bytes(bpp);
    std::memcpy(batch.pairs.data(), planar, size);
    std::fill(batch.pairs.begin() + static_cast<std::ptrdiff_t>(size / 2), batch.pairs.end(), std::uint16_t{0});
    for (std::uint16_t& pair : batch.pairs) pair = swap_bytes(in_order(pair));
    if constexpr (bpp == 2) {
        reinterpret(batch.pairs, batch.words);
    } else {
        join_halves(batch.pairs, batch.quads);
        if constexpr (bpp == 4) {
            reinterpret(batch.quads, batch.words);
        } else {
            join_halves(batch.quads, batch.words);
        }
    }
    for (std::size_t k = 0; k < batch.words.size(); ++k) {
        const std::uint64_t word = turn_over(batch.words[k]);
        for (std::size_t row = 0; row < batch.kRows; ++row) {
            batch.rows[k * batch.kRows + row] = in_order(word >> batch.shift_of(row) & batch.kPixels);
        }
    }
    std::memcpy(pixels, batch.rows.data(), tiles * kTilePixels);
}

template <unsigned bpp>
HALSCOPE_INLINE void encode_batch(const std::uint8_t* pixels, std::size_t tiles, std::uint8_t* planar) noexcept {
    Batch<bpp> batch;
    std::memcpy(batch.rows.data(), pixels, tiles * kTilePixels);
    std::fill(batch.rows.begin() + static_cast<std::ptrdiff_t>(tiles * kTileSide), batch.rows.end(), std::uint64_t{0});
    for (std::size_t k = 0; k < batch.words.size(); ++k) {
        std::uint64_t word = 0;
        for (std::size_t row = 0; row < batch.kRows; ++row) {
            word |= (in_order(batch.rows[k * batch.kRows + row]) & batch.kPixels) << batch.shift_of(row);
        }
        batch.words[k] = turn_over(word);
    }
    if constexpr (bpp == 2) {
        reinterpret(batch.words, batch.pairs);
    } else {
        if constexpr (bpp == 4) {
            reinterpret(batch.words, batch.quads);
        } else {
            split_halves(batch.words, batch.quads);
        }
        split_halves(batch.quads, batch.pairs);
    }
    for (std::uint16_t& pair : batch.pairs) pair = in_order(swap_bytes(pair));
    std::memcpy(planar, batch.pairs.data(), tiles * tile_bytes(bpp));
}

template <unsigned bpp>
HALSCOPE_INLINE void decode_all(const std::uint8_t* planar, std::size_t tiles, std::uint8_t* pixels) noexcept {
    for (std::size_t tile = 0; tile < tiles; tile += kBatch) {
        decode_batch<bpp>(planar + tile * tile_bytes(bpp), std::min(kBatch, tiles - tile), pixels + tile * kTilePixels);
    }
}

template <unsigned bpp>
HALSCOPE_INLINE void encode_all(const std::uint8_t* pixels, std::size_t tiles, std::uint8_t* planar) noexcept {
    for (std::size_t tile = 0; tile < tiles; tile += kBatch) {
        encode_batch<bpp>(pixels + tile * kTilePixels, std::min(kBatch, tiles - tile), planar + tile * tile_bytes(bpp));
    }
}

// (input, tiles, output).
using Conversion = void (*)(const std::uint8_t*, std::size_t, std::uint8_t*) noexcept;

// Baseline code for any processor of the architecture; on AArch64 that includes NEON.
template <unsigned bpp>
void decode_plain(const std::uint8_t* planar, std::size_t tiles, std::uint8_t* pixels) noexcept {
    decode_all<bpp>(planar, tiles, pixels);
}
template <unsigned bpp>
void encode_plain(const std::uint8_t* pixels, std::size_t tiles, std::uint8_t* planar) noexcept {
    encode_all<bpp>(pixels, tiles, planar);
}

#if defined(HALSCOPE_X86)
template <unsigned bpp>
HALSCOPE_AVX2 void decode_avx2(const std::uint8_t* planar, std::size_t tiles, std::uint8_t* pixels) noexcept {
    decode_all<bpp>(planar, tiles, pixels);
}
template <unsigned bpp>
HALSCOPE_AVX2 void encode_avx2(const std::uint8_t* pixels, std::size_t tiles, std::uint8_t* planar) noexcept {
    encode_all<bpp>(pixels, tiles, planar);
}
#endif

template <unsigned bpp>
Conversion decoder() noexcept {
#if defined(HALSCOPE_X86)
    if (simd() == Simd::avx2) return decode_avx2<bpp>;
#endif
    return decode_plain<bpp>;
}

template <unsigned bpp>
Conversion encoder() noexcept {
#if defined(HALSCOPE_X86)
    if (simd() == Simd::avx2) return encode_avx2<bpp>;
#endif
    return encode_plain<bpp>;
}

}  // namespace

std::array<std::uint8_t, kTileSide> decode_tile_row(const std::uint8_t* tile, unsigned row, unsigned bpp) {
    std::uint64_t word = 0;
    for (unsigned plane = 0; plane < bpp; plane += 2) {
        const std::uint8_t* pair = tile + plane * 8u + row * 2u;
        word |= kSpread[pair[0]] << plane | kSpread[pair[1]] << (plane + 1);
    }
    Row pixels;
    std::memcpy(pixels.data(), &word, pixels.size());
    return pixels;
}

void decode_tiles(std::span<const std::uint8_t> planar, unsigned bpp, std::span<std::uint8_t> pixels) {
    const Conversion decode = bpp == 2 ? decoder<2>() : bpp == 4 ? decoder<4>() : decoder<8>();
    decode(planar.data(), planar.size() / tile_bytes(bpp), pixels.data());
}

void encode_tiles(std::span<const std::uint8_t> pixels, unsigned bpp, std::span<std::uint8_t> planar) {
    const Conversion encode = bpp == 2 ? encoder<2>() : bpp == 4 ? encoder<4>() : encoder<8>();
    encode(pixels.data(), pixels.size() / kTilePixels, planar.data());
}

}  // namespace halscope::snes
