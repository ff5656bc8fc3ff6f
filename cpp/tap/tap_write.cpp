// A reader's writes into the running game: all of them, or none.
#include <algorithm>
#include <cstring>

#include "tap/tap.hpp"

namespace halscope::tap {

std::span<std::uint8_t> Tap::memory_of(Space space) noexcept {
    switch (space) {
        case Space::rom:
            return memories_->rom();
        case Space::vram:
            return memories_->vram();
        case Space::wram:
            return memories_->wram();
        case Space::state:
            return state_;
        case Space::save:
            return memories_->save();
        case Space::iram:
            return {};  // no core shows it; a state has it
    }
    return {};
}

Outcome Tap::write(const std::vector<MemoryWrite>& writes) {
    if (situation_.netplay()) return Outcome::netplay;  // the other player's machine would not have it
    // A core drops what it has derived from VRAM when a state is loaded.
    const bool reloads = std::ranges::any_of(writes, [this](const MemoryWrite& one) {
        return one.space == Space::state || (one.space == Space::vram && memories_->caches_tiles());
    });
    if (reloads && (state_bytes_ == 0 || !save_state())) return Outcome::state_refused;
    std::vector<std::span<std::uint8_t>> places;
    for (const MemoryWrite& one : writes) {  // all are checked before the first byte changes
        const std::span<std::uint8_t> memory = memory_of(one.space);
        if (memory.empty()) return Outcome::no_such_memory;
        if (one.offset > memory.size() || one.data.size() > memory.size() - one.offset) return Outcome::out_of_range;
        places.push_back(memory.subspan(one.offset, one.data.size()));
        // It may hold the edit already: another Halscope wrote it before.
        if (!one.expected.empty() && !std::ranges::equal(places.back(), one.expected) &&
            !std::ranges::equal(places.back(), one.data))
            return Outcome::not_expected;
    }
    const std::vector<std::uint8_t> unwritten = reloads ? state_ : std::vector<std::uint8_t>();
    std::vector<std::vector<std::uint8_t>> before(writes.size());
    for (std::size_t n = 0; n < writes.size(); ++n) {
        if (writes[n].space == Space::state) continue;
        if (writes[n].space == Space::save) save_edits_.note(memories_->save(), writes[n].offset, writes[n].data);
        before[n].assign(places[n].begin(), places[n].end());
        std::ranges::copy(writes[n].data, places[n].begin());
    }
    if (!reloads) return Outcome::done;
    if (save_state()) {  // again, now with the writes to the memories in it
        for (std::size_t n = 0; n < writes.size(); ++n)
            if (writes[n].space == Space::state)
                std::ranges::copy(writes[n].data, state_.begin() + static_cast<std::ptrdiff_t>(writes[n].offset));
        if (load_state(state_)) return Outcome::done;
    }
    for (std::size_t n = writes.size(); n-- > 0;)  // writes may overlap
        std::ranges::copy(before[n], places[n].begin());
    load_state(unwritten);  // for what a refused state has changed
    return Outcome::state_refused;
}

}  // namespace halscope::tap
