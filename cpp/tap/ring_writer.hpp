// The owner's side of the ring: publishes frames and takes commands. It never waits for the reader.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tap/ring_layout.hpp"

namespace halscope::tap {

// One command as it was given: its kind and payload are not checked yet (commands.hpp).
struct RawCommand {
    std::uint32_t kind = 0;
    std::uint64_t id = 0;
    std::vector<std::uint8_t> payload;
};

struct FrameFacts {
    std::uint32_t width = 0, height = 0, pitch = 0, pixel_format = 0;  // of the picture; libretro's format number
    std::array<std::uint16_t, 4> pads{};
    std::uint32_t touches_lost = 0;  // that are not in the part `touches`
};

// Not thread-safe: the emulator's thread owns it.
class RingWriter {
  public:
    // words: a zeroed segment of layout.segment_bytes. The text and the ROM are written once, here.
    RingWriter(Word* words, const Layout& layout, std::span<const std::uint8_t> text,
               std::span<const std::uint8_t> rom) noexcept;

    // The id of the reader that looked within the last two seconds; 0: none.
    [[nodiscard]] std::uint64_t reader() const noexcept;
    [[nodiscard]] bool reader_is_there() const noexcept { return reader() != 0; }
    [[nodiscard]] std::uint64_t reader_wants() const noexcept { return load_relaxed(words_ + header::kReaderWants); }

    // Publishes a frame: begin(), then put() for each part that there is, then publish().
    void begin(const FrameFacts& facts) noexcept;
    // age: how many frames ago the part was read. Returns false, and leaves the part out, if it does not fit.
    bool put(Part part, std::span<const std::uint8_t> bytes, std::uint32_t age = 0) noexcept;
    // Whether the reader needs certain pieces of the state alone.
    [[nodiscard]] bool wants_pieces() const noexcept { return load_relaxed(words_ + header::kPieceCount) != 0; }
    // Puts the state, or those pieces of it that the reader wants.
    bool put_state(std::span<const std::uint8_t> state, std::uint32_t age = 0) noexcept;
    void publish() noexcept;

    // Whether a second instance has run a frame since the last call.
    [[nodiscard]] bool second_has_run() noexcept;

    void note_run() noexcept { store_relaxed(words_ + header::kRuns, ++runs_); }
    void set_context(std::uint64_t bits) noexcept { store_relaxed(words_ + header::kContext, bits); }
    void close() noexcept { store_release(words_ + header::kClosed, 1); }

    [[nodiscard]] std::uint64_t published() const noexcept { return published_; }

    // Takes the oldest command. What is not well-formed is dropped together with everything behind it.
    [[nodiscard]] std::optional<RawCommand> take_command();
    void finish_command(std::uint64_t id, Outcome outcome) noexcept;

  private:
    Word* words_;
    Layout layout_;
    Word* slot_ = nullptr;  // the slot that is being written
    std::uint64_t published_ = 0, runs_ = 0, second_runs_ = 0, tail_ = 0, refused_ = 0;
};

}  // namespace halscope::tap
