// The tap sees what the game reads of the ROM, as long as a reader wants that: exact, beside writes, states, resets and
// a frontend that calls the core from within a run, beside handlers of faults of the core and of the frontend, and with
// nothing left behind. Run under ThreadSanitizer, and under wine. Both libraries must lie where the build puts them.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "tests/small_core.hpp"
#include "tests/tap_fixture.hpp"
#ifndef _WIN32
#include <dlfcn.h>
#include <signal.h>
#endif

namespace {

namespace fs = std::filesystem;
using namespace halscope::tap;
using namespace halscope::tests;
using Offsets = std::vector<std::uint32_t>;

constexpr std::size_t kRomBytes = 0x80000;
constexpr std::uint64_t kWants = kWantWram | kWantState;

std::uint32_t number_of(const RingReader& ring, const std::string& wanted) {
    const auto text = ring.text();
    std::vector<std::string> words(1);
    for (const std::uint8_t byte : text) {
        if (byte == 0)
            words.emplace_back();
        else
            words.back() += static_cast<char>(byte);
    }
    for (std::size_t n = 0; n + 1 < words.size(); n += 2)
        if (words[n] == wanted) return static_cast<std::uint32_t>(std::strtoul(words[n + 1].c_str(), nullptr, 10));
    return 0;
}

// A tap around the small core, and the game's reads as its reader sees them.
class Game {
  public:
    Game(const fs::path& tap, const fs::path& folder)
        : frontend(SmallFrontend::open(tap, game(kRomBytes), folder)), claimed_(claim(folder)) {}

    [[nodiscard]] bool good() const { return frontend != nullptr && claimed_.ring.has_value(); }
    [[nodiscard]] RingReader& ring() { return *claimed_.ring; }

    // An offset in a page that lies in the ROM as a whole. Those from 8 on are read by the lists alone.
    [[nodiscard]] std::uint32_t at(std::uint32_t page, std::uint32_t offset) {
        return number_of(ring(), "first_page") + page * number_of(ring(), "page") + offset;
    }

    // Has the core read these offsets in each run.
    void read(const Offsets& offsets, std::size_t list = small_core::kReads) const {
        auto* const wram = frontend->memory(abi::kSystemRam);
        wram[list] = static_cast<std::uint8_t>(offsets.size());
        std::memcpy(wram + list + sizeof(std::uint32_t), offsets.data(), offsets.size() * sizeof(std::uint32_t));
    }

    std::optional<ReadFrame> run(std::uint64_t wants = kWants | kWantTouches) {
        return run_wanting(*frontend, ring(), wants);
    }

    // Runs, and returns the reads from page 8 on; empty if the frame has none.
    Offsets touches(std::uint64_t wants = kWants | kWantTouches) { return touches_of(run(wants)); }

    Offsets touches_of(const std::optional<ReadFrame>& frame) {
        if (!frame || !frame->parts[static_cast<std::size_t>(Part::touches)]) return {};
        const auto& bytes = frame->parts[static_cast<std::size_t>(Part::touches)]->bytes;
        Offsets offsets(bytes.size() / sizeof(std::uint32_t));
        std::memcpy(offsets.data(), bytes.data(), offsets.size() * sizeof(std::uint32_t));
        std::erase_if(offsets, [first = at(8, 0)](std::uint32_t offset) { return offset < first; });
        return offsets;
    }

    Outcome command(CommandKind kind, const std::vector<std::uint8_t>& payload) {
        const auto id = ring().send(static_cast<std::uint32_t>(kind), payload);
        (void)run();
        return ring().outcome(id);
    }

    std::unique_ptr<SmallFrontend> frontend;

  private:
    Claimed claimed_;
};

// Whether somebody handles faults, as far as the platform tells.
bool faults_are_caught() {
#ifdef _WIN32
    return false;
#else
    struct sigaction current{};
    return sigaction(SIGSEGV, nullptr, &current) == 0 && (current.sa_flags & SA_SIGINFO) != 0;
#endif
}

void check_reads(Game& game, bool caught_before) {
    const Offsets reads{game.at(9, 0x10), game.at(12, 0x20), game.at(9, 0x30)};
    game.read(reads);
    expect(game.touches(kWants).empty(), "reads are seen that nobody wants");
    expect(faults_are_caught() == caught_before, "faults are caught though nobody wants it");
    const auto frame = game.run();
    expect(game.touches_of(frame) == reads, "the reads of a frame are wrong");
    expect(frame && frame->touches_lost == 0, "touches are said to be lost");
    game.read({reads[1]});
    expect(game.touches() == Offsets{reads[1]}, "the reads of the next frame are wrong");
    game.read({});
    expect(game.touches().empty(), "the reads of the frame before are published again");
    game.read(reads);

    const std::array<std::uint8_t, 2> data{0xA5, 0x5A};
    const auto written = game.command(CommandKind::write, write_of(Space::rom, reads[0], data));
    expect(written == Outcome::done, "the ROM is not written while it is watched");
    const auto after = game.run();
    expect(byte_of(after, Part::vram, small_core::kReads) == data[0], "the game does not read what was written");
    expect(game.touches_of(after) == reads, "a write to the ROM hides reads, or counts as one");
    expect(game.command(CommandKind::load_state, {1, 0}) == Outcome::done, "a state is not loaded");
    expect(game.touches() == reads, "a loaded state hides reads");
    expect(game.command(CommandKind::reset, {}) == Outcome::done, "the game is not reset");
    expect(game.touches() == reads, "a reset hides reads");
    expect(game.touches(kWants).empty() && game.touches() == reads, "reads are not switched off and on");
}

// A frontend that saves a state while a run shows it a picture: what that reads is not the game's.
void check_calls_in_runs(Game& game) {
    const std::uint32_t early = game.at(10, 4), late = game.at(14, 5);
    game.read({early});
    game.read({late}, small_core::kLateReads);
    expect(game.touches() == Offsets{early, late}, "the reads of a run are wrong");
    std::vector<std::uint8_t> state(2);
    bool saved = false;
    SmallFrontend::during_run() = [&] { saved = game.frontend->save_state(state); };
    const Offsets seen = game.touches();
    SmallFrontend::during_run() = nullptr;
    expect(saved && seen == Offsets{early}, "a state that is saved in a run counts as reads of the game");
    expect(game.touches() == Offsets{early, late}, "reads are not seen again in the next run");
    game.read({}, small_core::kLateReads);
}

void check_foreign_faults(Game& game) {
#ifndef _WIN32
    const Offsets reads{game.at(9, 1), game.at(11, 2)};
    game.read(reads);
    game.frontend->memory(abi::kSystemRam)[small_core::kOwnFaults] = 1;
    for (unsigned n = 1; n <= 3; ++n) {  // the core installs its handler in the first run, over the tap's
        const auto frame = game.run();
        expect(game.touches_of(frame) == reads, "reads are not seen beside the core's own handler of faults");
        expect(byte_of(frame, Part::vram, small_core::kOwnFaults) == n, "the core does not see its own faults");
    }
    const auto frame = game.run(kWants);
    expect(byte_of(frame, Part::vram, small_core::kOwnFaults) == 4, "the core's handler was not restored");
    game.frontend->memory(abi::kSystemRam)[small_core::kOwnFaults] = 0;
#else
    (void)game;
#endif
}

// With the reader the watch ends, also if another one comes at once.
void check_readers(Game& game, bool caught_before) {
    constexpr std::uint64_t kOther = 9;
    game.read({game.at(9, 1)});
    expect(!game.touches().empty(), "reads are not seen");
    game.ring().release(kReaderId);
    game.frontend->run();
    expect(faults_are_caught() == caught_before, "faults are caught with no reader");
    expect(game.ring().claim(kOther, false) == 0, "the ring cannot be claimed");
    const auto frame = run_wanting(*game.frontend, game.ring(), kWants, kOther);
    expect(frame && game.touches_of(frame).empty(), "another reader gets reads that it does not want");
    game.ring().release(kOther);
}

// A handler that was installed over the tap's, and passes faults on to it, when the tap is unloaded.
void check_unloading(const fs::path& tap, const fs::path& folder) {
#ifndef _WIN32
    struct sigaction first{}, ours{}, kept{};
    sigaction(SIGSEGV, nullptr, &first);
    {
        Game game(tap, folder);
        if (!game.good()) return expect(false, "the tap does not load again");
        game.read({game.at(9, 1)});
        expect(!game.touches().empty(), "reads are not seen after the tap was loaded again");
        ours.sa_handler = [](int) {};
        sigaction(SIGSEGV, &ours, &kept);
    }
    Dl_info info{};
    expect(dladdr(reinterpret_cast<void*>(kept.sa_sigaction), &info) != 0,
           "a handler that another one calls was unloaded");
    sigaction(SIGSEGV, &first, nullptr);
#else
    (void)tap, (void)folder;
#endif
}

}  // namespace

int main(int /*count*/, char** arguments) {
    const fs::path here = fs::absolute(arguments[0]).parent_path();
    const fs::path tap = here.parent_path() / "tap" / TAP, folder = folder_for_rings();
    set_variable(kInnerVariable, (here / SMALL_CORE).string());
    const bool caught_before = faults_are_caught();
    {
        Game game(tap, folder);
#ifndef __APPLE__  // where the tap cannot look for the ROM
        expect(game.good() && number_of(game.ring(), "page") != 0, "the tap does not say that it sees reads");
        if (failures() == 0) {
            check_reads(game, caught_before);
            check_calls_in_runs(game);
            check_readers(game, caught_before);
        }
#endif
    }
#ifndef __APPLE__
    {
        Game game(tap, folder);
        if (game.good()) check_foreign_faults(game);
        (void)game.run();  // the game is closed while it is watched
    }
    check_unloading(tap, folder);
#endif
    expect(fs::is_empty(folder), "a file is left behind");
    fs::remove_all(folder);
    if (failures() == 0) std::printf("tap_reads: 0 differences\n");
    return failures() == 0 ? 0 : 1;
}
