// A run of the inner core: commands before it, the frame behind it.
#include <cstring>

#include "tap/tap.hpp"

namespace halscope::tap {
namespace {

constexpr std::size_t kMostCommandsPerRun = 64;
constexpr unsigned kOptionsEvery = 60;  // runs
constexpr unsigned kPadButtons = 12;    // of a SNES pad

// For as long as the inner core works for the tap: what it emits is not for the frontend.
class Quiet {
  public:
    explicit Quiet(bool& flag) noexcept : flag_(flag) { flag_ = true; }
    Quiet(const Quiet&) = delete;
    Quiet& operator=(const Quiet&) = delete;
    ~Quiet() { flag_ = false; }

  private:
    bool& flag_;
};

}  // namespace

void Tap::run() {
    if (inner_ == nullptr) return;
    const CoreFunctions& call = inner_->call();
    if (first_ != nullptr) store_relaxed(first_->words() + header::kSecondRuns, ++second_runs_);
    if (publisher_ == nullptr) return call.run();
    RingWriter& ring = publisher_->ring();
    situation_.before_run(frontend, ring.second_has_run());
    const std::uint64_t reader = ring.reader();
    if (reader != reader_) outlines_.clear();  // of a reader that is gone
    reader_ = reader;
    attached_ = reader != 0;
    if (attached_ && situation_.run_counts()) obey_commands();
    pads_.fill(0);
    shown_ = false;
    // Run-ahead runs each of the game's frames hidden, and shows it later or has shown it: one of the two is watched.
    if (!attached_ || (ring.reader_wants() & kWantTouches) == 0) {
        reads_.stop();
    } else if (!situation_.hidden() && !reads_.begin_run(memories_->rom())) {
        frontend.log(kLogWarning, "the system does not let the game's reads of the ROM be seen");
    }
    call.run();
    reads_.end_run();
    // Behind the core: asking for an option clears the flag by which it learns that options have changed.
    if (++runs_since_options_ >= kOptionsEvery) read_options();
    ++runs_;
    ring.note_run();
    if (attached_ && !situation_.hidden()) publish();
}

void Tap::publish() {
    RingWriter& ring = publisher_->ring();
    memories_->look_up();
    const std::uint64_t wants = ring.reader_wants();
    const bool may_save = registers_ && state_bytes_ != 0 && !situation_.run_ahead() && !situation_.netplay();
    ring.set_context((situation_.run_ahead() ? kRunAhead : 0) | (situation_.netplay() ? kNetplay : 0) |
                     (registers_ ? 0 : kStatesOff) | (state_bytes_ == 0 ? kNoStates : 0) |
                     (memories_->video().proven() ? kPlacesProven : 0) |
                     (memories_->registers_proven() ? kRegistersProven : 0));
    const bool has_picture = (wants & kWantPicture) != 0 && shown_ && !picture_.bytes.empty();
    FrameFacts facts;
    facts.pads = pads_;
    facts.touches_lost = reads_.lost();
    if (has_picture) {
        facts.width = picture_.width;
        facts.height = picture_.height;
        facts.pitch = static_cast<std::uint32_t>(picture_.pitch);
        facts.pixel_format = picture_.format;
    }
    ring.begin(facts);
    // The memories come before the state: bsnes-mercury runs on for an instruction or two when it saves one.
    ring.put(Part::vram, memories_->vram());
    ring.put(Part::oam, memories_->video().oam(memories_->vram()));
    ring.put(Part::cgram, memories_->video().cgram(memories_->vram()));
    if ((wants & kWantWram) != 0) ring.put(Part::wram, memories_->wram());
    if ((wants & kWantSave) != 0) ring.put(Part::save, memories_->save());
    if (has_picture) ring.put(Part::picture, picture_.bytes);
    ring.put(Part::touches, reads_.offsets());
    if ((wants & kWantState) != 0) {
        // The pieces that a reader wants of bsnes-mercury's states are registers.
        if (registers_ && ring.wants_pieces() && memories_->refresh_registers(state_)) {
            ring.put_state(state_);
        } else if (may_save && save_state()) {
            ring.put_state(state_);
            memories_->prove_places(state_);
        } else if (captured_at_ != 0) {
            ring.put_state(captured_, static_cast<std::uint32_t>(runs_ - captured_at_));
        }
    }
    ring.publish();
}

bool Tap::save_state() noexcept {
    const Quiet quiet(quiet_);
    state_.resize(state_bytes_);
    return inner_->call().serialize(state_.data(), state_.size());
}

bool Tap::load_state(std::span<const std::uint8_t> state) noexcept {
    const Quiet quiet(quiet_);
    return inner_->call().unserialize(state.data(), state.size());
}

bool Tap::serialize(void* data, std::size_t size) {
    open_rom();
    if (inner_ == nullptr || !inner_->call().serialize(data, size)) return false;
    situation_.state_was_saved(frontend);
    // Where the tap may save no state itself, one that the frontend saves is as good.
    const bool wanted = attached_ && (situation_.run_ahead() || situation_.netplay());
    if (wanted && publisher_ != nullptr && size <= state_bytes_) {
        const auto* const bytes = static_cast<const std::uint8_t*>(data);
        captured_.assign(bytes, bytes + size);
        captured_at_ = runs_;
        memories_->prove_places(captured_);
        if (state_.size() != state_bytes_) state_.assign(bytes, bytes + size);
    } else if (attached_ && memories_ != nullptr && memories_->registers_proven()) {
        memories_->prove_places({static_cast<const std::uint8_t*>(data), size});  // it may still refute them
    }
    return true;
}

bool Tap::unserialize(const void* data, std::size_t size) {
    open_rom();
    situation_.state_was_loaded(frontend);
    return inner_ != nullptr && inner_->call().unserialize(data, size);
}

void Tap::on_video(const void* data, unsigned width, unsigned height, std::size_t pitch) {
    if (quiet_ || frontend.video == nullptr) return;
    const auto* const hardware = reinterpret_cast<const void*>(~std::uintptr_t{0});  // RETRO_HW_FRAME_BUFFER_VALID
    shown_ = true;
    const bool software = data != nullptr && data != hardware;
    if (software && (attached_ || !outlines_.empty())) picture_.copy(data, width, height, pitch, pixel_format_);
    if (outlines_.empty() || data == hardware || picture_.bytes.empty())
        return frontend.video(data, width, height, pitch);
    drawn_ = picture_;
    draw_outlines(drawn_, outlines_);
    frontend.video(drawn_.bytes.data(), drawn_.width, drawn_.height, drawn_.pitch);
}

std::int16_t Tap::on_input(unsigned port, unsigned device, unsigned index, unsigned id) {
    if (frontend.state == nullptr) return 0;
    const std::int16_t value = frontend.state(port, device, index, id);
    if (device == abi::kDeviceJoypad && port < pads_.size()) {
        if (id == abi::kJoypadMask) pads_[port] = static_cast<std::uint16_t>(value);
        if (id < kPadButtons && value != 0) pads_[port] = static_cast<std::uint16_t>(pads_[port] | 1U << id);
    }
    return value;
}

void Tap::obey_commands() {
    RingWriter& ring = publisher_->ring();
    memories_->look_up();
    for (std::size_t n = 0; n < kMostCommandsPerRun; ++n) {
        const auto command = ring.take_command();
        if (!command) return;
        ring.finish_command(command->id, obey(*command));
    }
}

Outcome Tap::obey(const RawCommand& command) {
    switch (static_cast<CommandKind>(command.kind)) {
        case CommandKind::write: {
            const auto writes = parse_writes(command.payload);
            return writes ? write(*writes) : Outcome::malformed;
        }
        case CommandKind::message: {
            const auto text = parse_message(command.payload);
            if (text) frontend.show(*text);
            return text ? Outcome::done : Outcome::malformed;
        }
        case CommandKind::outlines: {
            const auto outlines = parse_outlines(command.payload);
            if (outlines) outlines_ = *outlines;
            return outlines ? Outcome::done : Outcome::malformed;
        }
        case CommandKind::load_state:
            if (situation_.netplay()) return Outcome::netplay;
            // bsnes-mercury reads past the end of a state that is cut.
            if (state_bytes_ == 0 || command.payload.size() < state_bytes_) return Outcome::state_refused;
            return load_state(command.payload) ? Outcome::done : Outcome::state_refused;
        case CommandKind::reset:
            if (situation_.netplay()) return Outcome::netplay;
            inner_->call().reset();
            return Outcome::done;
    }
    return Outcome::malformed;
}

}  // namespace halscope::tap
