// Foreign bytes in a ring, as its header, its frames and its commands: both sides refuse them or stay inside.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "tap/commands.hpp"
#include "tap/ring_reader.hpp"
#include "tap/ring_writer.hpp"

using namespace halscope::tap;

namespace {

Layout small_layout() {
    return make_layout({256, 32, 64, 512, 0, 128, 0, 0, 64}, 2, 4096, 16, 32);
}

// Writes pairs of (word, value) over a ring: two bytes and eight bytes each.
void damage(std::vector<Word>& words, std::span<const std::uint8_t> data) {
    for (; data.size() >= 10; data = data.subspan(10)) {
        const std::size_t at = (data[0] | std::size_t{data[1]} << 8) % words.size();
        std::memcpy(&words[at], data.data() + 2, kWordBytes);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::span<const std::uint8_t> data(bytes, size);
    (void)parse_writes(data);
    (void)parse_outlines(data);
    (void)parse_message(data);

    const Layout layout = small_layout();
    std::vector<Word> words(words_for(layout.segment_bytes));
    const std::vector<std::uint8_t> part(512, 0x5A);
    RingWriter writer(words.data(), layout, std::span(part).first(16), std::span(part).first(32));
    writer.begin({});
    writer.put(Part::vram, std::span(part).first(256));
    writer.put_state(part);
    writer.publish();
    damage(words, data);
    for (int n = 0; n < 64; ++n)
        if (const auto command = writer.take_command(); command && command->payload.size() > 4096) std::abort();
    Layout found;
    if (read_header(words.data(), layout.segment_bytes, found).empty()) {
        RingReader reader(words.data(), found);
        (void)reader.text();
        (void)reader.rom();
        for (std::uint64_t number = 0; number < 3; ++number) (void)reader.read(number);
        (void)reader.read(reader.published());
        (void)reader.claim(1, true);
        if (data.size() <= reader.most_payload()) (void)reader.send(1, data);
    }
    writer.begin({});
    writer.put(Part::vram, std::span(part).first(256));
    writer.put_state(part);
    writer.publish();
    return 0;
}
