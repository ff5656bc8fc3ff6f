// What finds tables of words whose bank is one for all or stands in a column of its own; see shape_space.hpp. Its
// parts: table_finder.cpp scores tables, table_runs.cpp finds runs of words, tables_apart.cpp finds columns of bytes.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "locate/met.hpp"
#include "locate/shape_space.hpp"

namespace halscope::locate {

inline constexpr std::uint32_t kLeastStride = 2;
inline constexpr std::uint32_t kMostStride = 32;
inline constexpr std::size_t kPartBytes = std::size_t{1} << 17;  // of ROM
inline constexpr float kSeed = 12;  // nats from which a run of words is worth looking for its banks
inline constexpr std::size_t kNear = 0x800;
inline constexpr std::size_t kMostEntries = 4096;  // of a table
inline constexpr std::uint32_t kFewest = 3;        // different families
inline constexpr std::size_t kBeside = 64;         // bytes between a table and a small one beside it
inline constexpr std::uint32_t kNoColumn = kNoPlace;

// Where the entries of a table are. The low byte of entry k is at `first + k * stride`, its high byte `high` further
// on; its bank is `bank`, or at `column + k * column_stride`.
struct Layout {
    std::uint32_t first = 0;
    std::uint32_t stride = 0;
    std::uint32_t column = kNoColumn;
    std::uint32_t column_stride = 0;
    unsigned bank = 0;
    std::int32_t high = 1;
};

struct Table {
    Layout layout;
    float score = 0;
    std::int64_t begin = 0;  // entries, counted from `first`
    std::int64_t end = 0;
};

struct Seed {
    std::uint32_t first;
    std::uint32_t stride;
    std::uint32_t entries;
    float score;
};

// Finds tables of one ROM, whose words nobody has claimed yet.
class TableFinder {
  public:
    TableFinder(const Space& space, const Claims& claims, const Work& work);

    // Finds runs of words: seeds, strongest first, and tables of one bank, likewise.
    void search(std::vector<Seed>& all_seeds, std::vector<Table>& all_tables) const;

    // Tables that are too small to be believed anywhere, beside those that are: words of another bank at the same
    // stride. `believed` is the number of tables that were found, which counts against each; `rarity` is that of all
    // words.
    [[nodiscard]] std::vector<Table> beside(const Table& table, std::size_t believed,
                                            std::span<const float> rarity) const;

    // For every word the logarithm of how often it stands in the ROM, estimated.
    [[nodiscard]] std::vector<float> rarity_of_words() const;

    // The table of a seed, with the column of banks that fits it best, if any fits.
    [[nodiscard]] std::optional<Table> with_column(const Seed& seed, bool is_far, Met& families) const;

    [[nodiscard]] Met families() const { return Met(families_ + 1); }

    // Whether a stronger table has most of its words.
    [[nodiscard]] bool is_claimed(const Seed& seed) const noexcept;

    [[nodiscard]] std::optional<unsigned> bank_of(const Layout& layout, std::int64_t entry) const noexcept {
        if (layout.column == kNoColumn) return layout.bank;
        const std::int64_t at = layout.column + entry * layout.column_stride;
        if (at < 0 || at >= static_cast<std::int64_t>(space_.rom().size())) return std::nullopt;
        return space_.rom()[static_cast<std::size_t>(at)];
    }

    [[nodiscard]] bool has_word(const Layout& layout, std::int64_t entry) const noexcept {
        const std::int64_t at = layout.first + entry * layout.stride;
        const auto size = static_cast<std::int64_t>(space_.rom().size());
        return at >= 0 && at < size && at + layout.high >= 0 && at + layout.high < size;
    }
    [[nodiscard]] static std::size_t place_of(const Layout& layout, std::int64_t entry) noexcept {
        return static_cast<std::size_t>(layout.first + entry * layout.stride);
    }
    [[nodiscard]] static std::size_t high_place_of(const Layout& layout, std::int64_t entry) noexcept {
        return static_cast<std::size_t>(layout.first + entry * layout.stride + layout.high);
    }
    [[nodiscard]] unsigned word_of(const Layout& layout, std::int64_t entry) const noexcept {
        return space_.rom()[place_of(layout, entry)] | unsigned{space_.rom()[high_place_of(layout, entry)]} << 8;
    }

    // Tables of bytes apart. One column is found by its values: that of the high bytes where only those from 80 on lead
    // to ROM, else that of the banks, and then that of the high bytes that fit them.
    [[nodiscard]] std::vector<Table> apart() const;

  private:
    // What is in seeds of one stride already.
    struct Seeded {
        std::vector<std::uint32_t> done;  // by phase: the words before this
        std::uint32_t furthest = 0;       // of these
    };

    // Of bytes apart:
    using Entries = std::array<std::uint8_t, 256>;  // by byte, a bit for each entry of a window that it fits
    // Where a column of high bytes, or of banks, may begin.
    [[nodiscard]] std::vector<std::size_t> windows_apart(bool by_banks) const;
    void look_apart(std::int64_t at, bool by_banks, std::vector<Table>& tables) const;
    // Calls `look` for each distance, ascending, from bytes before to those at `at` at which enough of them fit, with
    // the marks of the first two and their number. All bytes that come into question are marked with the entries that
    // they fit; then eight distances are counted at once.
    template <typename Look>
    void for_each_gap(std::int64_t at, const Entries& entries, Look look) const;
    // The low bytes that make words of strong starts with the high bytes at `at`, in any bank.
    [[nodiscard]] Entries low_bytes(std::int64_t at) const;
    // The same in the banks at `banks`; and the high bytes of strong starts in these banks.
    [[nodiscard]] Entries low_bytes(std::int64_t at, std::int64_t banks) const;
    [[nodiscard]] Entries high_bytes(std::int64_t banks) const;
    // Adds the table with these columns, if it is one; without `banks`, that with the column of banks that fits best.
    void add_apart(std::int64_t low, std::int64_t high, std::optional<std::int64_t> banks, Met& families,
                   std::vector<Table>& tables) const;
    // A run of words from its first to where the evidence is highest: its entries, and the evidence.
    [[nodiscard]] std::pair<std::uint32_t, float> run_of(const Layout& layout) const noexcept;

    // Of runs of words:
    [[nodiscard]] bool leads_anywhere(std::size_t at) const noexcept {
        return at + 1 < space_.rom().size() && leads_.contains(at);
    }

    // Calls `visit` for each position that leads somewhere, and one or two strides further on too; those of the words
    // [begin, end) of 64 positions.
    template <typename Visit>
    void for_each_begin(std::uint32_t stride, std::size_t begin, std::size_t end, Visit visit) const;
    // Runs of words at the strides [first, end): those that lead into one bank are tables, others are seeds.
    void find_runs(std::uint32_t first, std::uint32_t end, std::vector<std::vector<Table>>& tables,
                   std::vector<std::vector<Seed>>& seeds) const;
    // The tables of one bank that begin at a position.
    void add_tables(std::size_t at, std::uint32_t stride, Met& families, std::vector<Table>& tables) const;
    void add_seed(std::size_t at, std::uint32_t stride, Met& met, Seeded& seeded, std::vector<Seed>& seeds) const;

    // Of tables:
    // Marks every position whose word leads to a strong start in some bank, unless it is claimed.
    void collect_words();
    // The small table with a word of a bank at `at`, as far as it has evidence in both directions.
    [[nodiscard]] Table small_table(std::size_t at, std::uint32_t stride, unsigned bank,
                                    std::span<const float> rarity) const;
    // Whether an entry leads to a strong start in a bank, and no other table has it.
    [[nodiscard]] bool is_evidence(const Layout& layout, std::int64_t entry, unsigned bank) const noexcept;
    // Scores a table both ways from the first of its entries that is evidence.
    [[nodiscard]] Table measured(const Layout& layout, Met& families) const;
    [[nodiscard]] std::optional<Table> with_column(const Layout& words, std::uint32_t entries, std::size_t reach,
                                                   Met& families) const;
    // Whether a column of banks would share bytes with the words.
    [[nodiscard]] static bool overlaps(const Layout& words, std::uint32_t entries, std::size_t column,
                                       std::uint32_t stride);

    // The evidence of an entry that leads to a strong start in a bank, 0 for padding: how much more likely its word is
    // in a table, which has those of the bank's strong starts, than in the ROM. Words of common code tell little.
    [[nodiscard]] float hit_of(unsigned word, unsigned bank) const noexcept {
        return space_.strong_words().contains(word) ? std::max(0.0F, bank_hit_[space_.same_bank(bank)] - rarity_[word])
                                                    : 0.0F;
    }

    const Space& space_;
    const Claims& claims_;
    const Work& work_;
    OffsetSet leads_;  // positions whose word leads to a strong start in some bank
    std::size_t word_count_ = 0;
    std::array<std::array<std::size_t, kSharp + 1>, kBanks> starts_of_{};  // words of a bank that lead to each grade
    float hit_ = 0;
    float miss_ = 0;
    float bank_miss_ = 0;
    float threshold_ = 0;
    std::array<float, kBanks> bank_hit_{};                    // logarithm of the chance of each of its words in a table
    std::vector<float> rarity_ = std::vector<float>(kWords);  // the same in the ROM
    std::vector<std::uint8_t> words_by_byte_ = std::vector<std::uint8_t>(kWords);  // 1: it leads to a strong start
    std::vector<std::array<std::uint8_t, kBanks>> highs_;  // by bank: 1 for the high bytes of its strong starts
    std::size_t families_ = 0;
};

}  // namespace halscope::locate
