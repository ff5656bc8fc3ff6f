#include "tap/publisher.hpp"

#include <algorithm>
#include <random>
#include <stdexcept>

#include "tap/rom_reads.hpp"
#include "tap/utf8_path.hpp"

namespace halscope::tap {
namespace {

constexpr std::size_t kSlots = 8;  // an eighth of a second, for a reader that is held up
constexpr std::size_t kLeastCommandBytes = 1 << 20;
constexpr std::size_t kVram = 0x10000, kWram = 0x20000, kOam = 544, kCgram = 512, kIram = 2048;

std::string name_of(std::uint64_t pid, std::uint64_t nonce) {
    return std::to_string(pid) + "-" + std::to_string(nonce) + kRingSuffix;
}

// The ring of another instance in this process, if there is one. Two sandboxes may have the same process id.
std::unique_ptr<SharedFile> other_ring(const std::filesystem::path& folder, std::uint64_t pid) {
    const std::string prefix = std::to_string(pid) + "-";
    for (const auto& ring : live_rings(folder)) {
        if (to_utf8(ring.filename()).find(prefix) != 0) continue;
        auto file = SharedFile::open(ring);
        if (load_relaxed(file->words() + header::kPidNamespace) == pid_namespace()) return file;
    }
    return nullptr;
}

}  // namespace

std::unique_ptr<Publisher> Publisher::create(const GameFacts& facts, std::unique_ptr<SharedFile>& first,
                                             std::string& error) {
    try {
        const auto folder = runtime_folder();
        const std::uint64_t pid = process_id();
        first = other_ring(folder, pid);
        if (first != nullptr) return nullptr;
        std::vector<std::uint8_t> text;
        for (const auto& [name, value] : facts.text) {
            for (const std::string* part : {&name, &value}) {
                text.insert(text.end(), part->begin(), part->end());
                text.push_back(0);
            }
        }
        text.resize(std::min(text.size(), kMostTextBytes));
        const std::array<std::size_t, kPartKinds> capacities{
            kVram, kCgram, kOam, facts.state_bytes, kWram, facts.picture_bytes, facts.save_bytes, kIram, kTouchesBytes};
        // A state must fit into a command.
        const std::size_t commands = std::max(kLeastCommandBytes, facts.state_bytes + kHeaderBytes);
        Layout layout = make_layout(capacities, kSlots, commands, text.size(), facts.rom.size());
        if (layout.segment_bytes > kMostSegmentBytes) throw std::runtime_error("the game's memories are too large");
        layout.owner_pid = pid;
        layout.pid_namespace = pid_namespace();
        layout.nonce = (std::uint64_t{std::random_device{}()} << 32 | std::random_device{}());
        std::unique_ptr<Publisher> made(new Publisher);
        made->file_ = SharedFile::create(folder / name_of(pid, layout.nonce), layout.segment_bytes);
        made->ring_ = std::make_unique<RingWriter>(made->file_->words(), layout, text, facts.rom);
        made->file_->show();
        return made;
    } catch (const std::exception& reason) {
        error = reason.what();
        return nullptr;
    }
}

}  // namespace halscope::tap
