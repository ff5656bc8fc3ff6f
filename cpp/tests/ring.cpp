// Both sides of a ring at once, each as fast as it can be: no frame is a mixture of two, no command is lost or damaged.
// Run under ThreadSanitizer, which reports any access to the shared words that is not atomic. Then the reader runs in a
// process of its own, and an owner dies.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "tap/ring_reader.hpp"
#include "tap/ring_writer.hpp"
#include "tap/shared_file.hpp"
#ifdef _WIN32
#include <process.h>
#else
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace {

using namespace halscope::tap;

constexpr std::uint64_t kReaderId = 7;
constexpr unsigned kReads = 2000;
constexpr std::size_t kState = 3000;

Layout layout() {
    Layout made = make_layout({0x10000, 512, 544, kState, 0, 0, 0, 0}, 2, 1 << 14, 8, 0);
    made.owner_pid = process_id();
    return made;
}

// Publishes frames filled with their number, and answers commands, until the reader has gone.
unsigned write_frames(Word* words, const std::atomic<bool>& stop) {
    RingWriter ring(words, layout(), {}, {});
    std::vector<std::uint8_t> bytes(0x10000);
    unsigned wrong = 0;
    for (std::uint64_t number = 1; !stop; ++number) {
        std::ranges::fill(bytes, static_cast<std::uint8_t>(number));
        ring.begin({});
        ring.put(Part::vram, bytes);
        ring.put(Part::oam, std::span(bytes).first(544));
        ring.put_state(std::span(bytes).first(kState));
        ring.publish();
        while (const auto command = ring.take_command()) {
            const auto expected = static_cast<std::uint8_t>(command->id);
            const bool good = command->kind == 4 && command->payload.size() == command->id % 3000 &&
                              std::ranges::all_of(command->payload, [=](auto byte) { return byte == expected; });
            wrong += good ? 0 : 1;
            ring.finish_command(command->id, good ? Outcome::done : Outcome::malformed);
        }
    }
    return wrong;
}

bool is_one_frame(const ReadFrame& frame) {
    const auto fill = static_cast<std::uint8_t>(frame.number);
    for (const Part part : {Part::vram, Part::oam}) {
        const auto& read = frame.parts[static_cast<std::size_t>(part)];
        if (!read || !std::ranges::all_of(read->bytes, [=](auto byte) { return byte == fill; })) return false;
    }
    const auto& state = frame.parts[static_cast<std::size_t>(Part::state)];
    // Only the bytes 100 to 149 of the state are wanted, once the writer has seen that.
    return state && state->bytes.size() == kState && state->bytes[120] == fill &&
           (frame.whole_state || state->bytes[99] == 0);
}

// Reads frames and sends commands. Returns how many went wrong.
unsigned read_frames(Word* words, std::size_t bytes) {
    Layout found;
    while (!read_header(words, bytes, found).empty()) std::this_thread::yield();
    RingReader ring(words, found);
    if (ring.claim(kReaderId, false) != 0 || ring.claim(kReaderId + 1, false) != kReaderId) return 1;
    const Piece piece{100, 50};
    ring.want_pieces({&piece, 1});
    unsigned wrong = 0, whole = 0, pieces = 0;
    std::uint64_t command = 0;
    while (whole < kReads) {
        ring.beat(kReaderId, kWantState);
        if (const auto frame = ring.read(ring.published())) {
            ++whole;
            wrong += is_one_frame(*frame) ? 0 : 1;
            pieces += frame->whole_state ? 0 : 1;
        }
        if (command == 0 || ring.outcome(command) != Outcome::waiting) {
            if (command != 0 && ring.outcome(command) != Outcome::done) ++wrong;
            const std::uint64_t next = command + 1;
            command = ring.send(4, std::vector<std::uint8_t>(next % 3000, static_cast<std::uint8_t>(next)));
            wrong += command == next ? 0 : 1;
        }
    }
    ring.release(kReaderId);
    return wrong + (pieces == 0 ? 1 : 0) + (command < 2 ? 1 : 0);
}

bool in_threads() {
    const std::size_t bytes = layout().segment_bytes;
    std::vector<Word> words(words_for(bytes));
    std::atomic<bool> stop = false;
    unsigned refused = 0;
    std::thread writer([&] { refused = write_frames(words.data(), stop); });
    const unsigned wrong = read_frames(words.data(), bytes);
    stop = true;
    writer.join();
    if (wrong + refused != 0) std::printf("threads: %u wrong reads, %u wrong commands\n", wrong, refused);
    return wrong + refused == 0;
}

// Runs this program again as `role`, at a ring's path. Returns its exit code, or another number than 0 if it crashed.
int run_child(const char* role, const std::filesystem::path& program, const std::filesystem::path& ring) {
#ifdef _WIN32
    const std::string name = program.string(), path = ring.string();
    return static_cast<int>(::_spawnl(_P_WAIT, name.c_str(), "ring", role, path.c_str(), nullptr));
#else
    const pid_t child = ::fork();
    if (child == 0) {
        ::execl(program.c_str(), "ring", role, ring.c_str(), nullptr);
        ::_exit(127);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
#endif
}

int read_as_child(const std::filesystem::path& path) {
    const auto file = SharedFile::open(path);
    if (!file->owner_is_there() || live_rings(path.parent_path()).size() != 1) return 1;
    return read_frames(file->words(), file->bytes()) == 0 ? 0 : 1;
}

int die_as_owner(const std::filesystem::path& path) {
    const auto file = SharedFile::create(path, layout().segment_bytes);
    file->show();
    std::_Exit(live_rings(path.parent_path()).size() == 1 ? 0 : 1);  // no destructor runs, so the file stays
}

bool in_processes(const std::filesystem::path& program, const std::filesystem::path& folder) {
    const auto path = folder / "1-1.ring";
    auto file = SharedFile::create(path, layout().segment_bytes);
    file->show();
    std::atomic<bool> stop = false;
    unsigned refused = 0;
    std::thread writer([&] { refused = write_frames(file->words(), stop); });
    const int reader = run_child("reader", program, path);
    stop = true;
    writer.join();
    file.reset();
    const bool removed = std::filesystem::is_empty(folder);
    const bool good = reader == 0 && refused == 0 && removed;
    if (!good) std::printf("processes: reader %d, %u wrong commands, removed %d\n", reader, refused, removed);
    return good;
}

bool dead_owner(const std::filesystem::path& program, const std::filesystem::path& folder) {
    const auto path = folder / "2-2.ring";
    const int owner = run_child("owner", program, path);
    const bool left = std::filesystem::exists(path);
    const bool good = owner == 0 && left && live_rings(folder).empty() && std::filesystem::is_empty(folder);
    if (!good) std::printf("dead owner: exit code %d, left a file %d, or its ring still counts\n", owner, left);
    return good;
}

}  // namespace

int main(int count, char** arguments) {
    if (count == 3) return *arguments[1] == 'r' ? read_as_child(arguments[2]) : die_as_owner(arguments[2]);
    const auto folder = std::filesystem::temp_directory_path() / ("halscope-ring-" + std::to_string(process_id()));
    std::filesystem::create_directory(folder);
    const bool good = in_processes(arguments[0], folder) && dead_owner(arguments[0], folder) && in_threads();
    std::filesystem::remove_all(folder);
    return good ? 0 : 1;
}
