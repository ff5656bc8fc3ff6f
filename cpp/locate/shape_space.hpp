// What the search for shapes asks of the address space: which words and which addresses lead to a likely start.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "locate/offset_set.hpp"
#include "locate/shapes.hpp"

namespace halscope::locate {

inline constexpr unsigned kBanks = 256;
inline constexpr std::size_t kWords = 0x10000;

// A set of values of 16 bits. 8 KiB, so it stays in the first cache.
using WordSet = OffsetSet;

class Space {
  public:
    Space(std::span<const std::uint8_t> rom, std::span<const std::int64_t, kPages> pages, const LikelyStarts& starts);

    [[nodiscard]] std::span<const std::uint8_t> rom() const noexcept { return rom_; }
    [[nodiscard]] const LikelyStarts& starts() const noexcept { return starts_; }
    [[nodiscard]] unsigned word_at(std::size_t at) const noexcept { return rom_[at] | unsigned{rom_[at + 1]} << 8; }

    // The ROM offset of an address, or the size of the ROM if there is none.
    [[nodiscard]] std::size_t offset_of(unsigned word, unsigned bank) const noexcept {
        const std::size_t begin = begins_[bank << 1 | word >> 15];
        return begin == kNowhere ? rom_.size() : std::min(begin + (word & 0x7FFF), rom_.size());
    }
    [[nodiscard]] bool is_strong(unsigned word, unsigned bank) const noexcept {
        return strong_.contains(offset_of(word, bank));
    }
    [[nodiscard]] bool is_likely(unsigned word, unsigned bank) const noexcept {
        return likely_.contains(offset_of(word, bank));
    }
    [[nodiscard]] bool is_rom(unsigned word, unsigned bank) const noexcept {
        return offset_of(word, bank) < rom_.size();
    }
    [[nodiscard]] Grade grade_of(unsigned word, unsigned bank) const noexcept {
        return static_cast<Grade>(starts_.grades[start_of(word, bank)]);
    }
    // The index of the start at a likely address.
    [[nodiscard]] std::uint32_t start_of(unsigned word, unsigned bank) const noexcept;
    [[nodiscard]] std::uint32_t start_at(std::size_t offset) const noexcept;

    // The first of the banks that show the same bytes: words that lead there are the same for all of them.
    [[nodiscard]] unsigned same_bank(unsigned bank) const noexcept { return same_[bank]; }
    // Different banks that show any ROM.
    [[nodiscard]] std::span<const std::uint8_t> banks() const noexcept { return different_; }

    // Low words of the addresses of strong starts.
    [[nodiscard]] const WordSet& strong_words() const noexcept { return strong_words_; }
    // Whether any bank shows ROM in its lower half.
    [[nodiscard]] bool has_lower_half() const noexcept { return has_lower_half_; }
    [[nodiscard]] std::size_t strong_count() const noexcept { return strong_count_; }
    // The likely starts of a grade in a bank, one of different banks.
    [[nodiscard]] std::size_t count_of(unsigned bank, Grade grade) const noexcept { return counts_[bank][grade]; }

    // The banks (one of the same) in which a word leads to a strong start.
    [[nodiscard]] std::span<const std::uint8_t> banks_of(unsigned word) const noexcept {
        return std::span(word_banks_).subspan(first_bank_[word], first_bank_[word + 1] - first_bank_[word]);
    }
    // A bit for each of these banks; some share one. No common bit: no common bank.
    [[nodiscard]] std::uint64_t bank_bits_of(unsigned word) const noexcept { return bank_bits_[word]; }

  private:
    static constexpr std::size_t kNowhere = ~std::size_t{0};

    std::span<const std::uint8_t> rom_;
    LikelyStarts starts_;
    std::array<std::size_t, kPages> begins_{};
    std::array<std::uint8_t, kBanks> same_{};
    std::vector<std::uint8_t> different_;
    OffsetSet strong_;
    OffsetSet likely_;
    WordSet strong_words_{kWords};
    bool has_lower_half_ = false;
    std::size_t strong_count_ = 0;
    std::array<std::array<std::size_t, kSharp + 1>, kBanks> counts_{};
    std::vector<std::uint32_t> first_bank_;
    std::vector<std::uint8_t> word_banks_;
    std::vector<std::uint64_t> bank_bits_ = std::vector<std::uint64_t>(kWords);
};

// Bytes that a group of pointers has claimed.
class Claims {
  public:
    explicit Claims(std::size_t size) : taken_(size) {}
    void take(std::size_t at) noexcept { taken_.insert(at); }
    [[nodiscard]] bool has(std::size_t at) const noexcept { return taken_.contains(at); }

  private:
    OffsetSet taken_;
};

// A pointer of three bytes, and the evidence of its table or tag.
struct WeakPointer {
    std::uint32_t position;
    float evidence;
};

// Finds tables of words, and of bytes apart, and adds them, strongest first. Those with banks come before the weak
// pointers, ascending by position, that they overlap, if they have more evidence; all others after.
void find_word_tables(const Space& space, std::span<const WeakPointer> weak, Claims& claims, FoundShapes& found,
                      const Work& work);

// Finds addresses that code loads as immediates before a call.
void find_in_code(const Space& space, Claims& claims, FoundShapes& found, const Work& work);

// The evidence of `hits` successes where chance gives `expected`: the logarithm of how unlikely that is.
[[nodiscard]] double surprise(double hits, double expected) noexcept;

inline constexpr double kAccidents = 0.01;  // expected number of accidental groups of each kind in a ROM

}  // namespace halscope::locate
