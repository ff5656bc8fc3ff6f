// Addresses of likely starts; see shape_space.hpp.
#include "locate/shape_space.hpp"

#include <algorithm>
#include <cmath>

namespace halscope::locate {

Space::Space(std::span<const std::uint8_t> rom, std::span<const std::int64_t, kPages> pages, const LikelyStarts& starts)
    : rom_(rom), starts_(starts), strong_(rom.size() + 1), likely_(rom.size(), starts.offsets) {
    for (std::size_t page = 0; page < kPages; ++page) {
        const bool mapped =
            pages[page] >= 0 && pages[page] % 0x8000 == 0 && static_cast<std::size_t>(pages[page]) < rom.size();
        begins_[page] = mapped ? static_cast<std::size_t>(pages[page]) : kNowhere;
    }
    // Both halves of LoROM's banks 40 to 6F show the same 32 KiB; games use the upper one.
    for (unsigned bank = 0; bank < kBanks; ++bank) {
        if (begins_[2 * bank] == begins_[2 * bank + 1]) begins_[2 * bank] = kNowhere;
    }
    for (unsigned bank = 0; bank < kBanks; ++bank) {
        const auto shows_same = [&](unsigned other) {
            return begins_[2 * other] == begins_[2 * bank] && begins_[2 * other + 1] == begins_[2 * bank + 1];
        };
        unsigned first = 0;
        while (!shows_same(first)) ++first;
        same_[bank] = static_cast<std::uint8_t>(first);
        const bool empty = begins_[2 * bank] == kNowhere && begins_[2 * bank + 1] == kNowhere;
        if (first == bank && !empty) different_.push_back(static_cast<std::uint8_t>(bank));
    }
    std::vector<std::vector<std::size_t>> shown_by(rom.size() / 0x8000 + 1);  // half banks, by where they begin
    for (const std::uint8_t bank : different_) {
        for (std::size_t page = 2U * bank; page < 2U * bank + 2; ++page) {
            if (begins_[page] != kNowhere) shown_by[begins_[page] / 0x8000].push_back(page);
        }
    }
    std::vector<std::pair<std::uint16_t, std::uint8_t>> addresses;  // of strong starts
    for (std::size_t k = 0; k < starts.offsets.size(); ++k) {
        const std::size_t offset = starts.offsets[k];
        if (offset >= rom.size()) continue;
        const bool strong = starts.grades[k] >= kStrong;
        if (strong) {
            strong_.insert(offset);
            ++strong_count_;
        }
        for (const std::size_t page : shown_by[offset / 0x8000]) {
            if (offset < begins_[page]) continue;
            ++counts_[page >> 1][starts.grades[k]];
            const std::size_t word = (page & 1) * 0x8000 + (offset - begins_[page]);
            // Two equal bytes are padding more often than an address; they would make every word look like chance.
            if (!strong || word >> 8 == (word & 0xFF)) continue;
            strong_words_.insert(word);
            addresses.emplace_back(static_cast<std::uint16_t>(word), static_cast<std::uint8_t>(page >> 1));
        }
    }
    std::sort(addresses.begin(), addresses.end());
    first_bank_.assign(kWords + 1, 0);
    for (const auto& [word, bank] : addresses) {
        ++first_bank_[word + 1U];
        word_banks_.push_back(bank);
        bank_bits_[word] |= std::uint64_t{1} << (bank % 64);
    }
    for (std::size_t word = 0; word < kWords; ++word) first_bank_[word + 1] += first_bank_[word];
    for (std::size_t page = 0; page < kPages; page += 2) {
        has_lower_half_ = has_lower_half_ || begins_[page] != kNowhere;
    }
}

std::uint32_t Space::start_at(std::size_t offset) const noexcept {
    const auto found = std::lower_bound(starts_.offsets.begin(), starts_.offsets.end(), offset);
    return static_cast<std::uint32_t>(found - starts_.offsets.begin());
}

std::uint32_t Space::start_of(unsigned word, unsigned bank) const noexcept {
    return start_at(offset_of(word, bank));
}

double surprise(double hits, double expected) noexcept {
    return hits > expected ? hits * std::log(hits / expected) - (hits - expected) : 0;
}

}  // namespace halscope::locate
