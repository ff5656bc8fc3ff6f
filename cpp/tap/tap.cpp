#include "tap/tap.hpp"

#include <exception>
#include <fstream>

#include "tap/guarded.hpp"
#include "tap/utf8_path.hpp"

namespace halscope::tap {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kCopierHeaderBytes = 512;
constexpr std::size_t kMostColumns = 512, kMostLines = 478, kMostPixelBytes = 4;
constexpr std::size_t kMostStateBytes = 4 << 20;

// The image that was loaded, without a copier header.
std::vector<std::uint8_t> image_of(const abi::GameInfo& game) {
    std::vector<std::uint8_t> image;
    if (game.data != nullptr) {
        const auto* const bytes = static_cast<const std::uint8_t*>(game.data);
        if (game.size <= kMostRomBytes + kCopierHeaderBytes) image.assign(bytes, bytes + game.size);
    } else if (game.path != nullptr) {
        std::error_code error;
        const fs::path path = from_utf8(game.path);
        if (fs::file_size(path, error) <= kMostRomBytes + kCopierHeaderBytes && !error) {
            std::ifstream file(path, std::ios::binary);
            image.assign(std::istreambuf_iterator<char>(file), {});
        }
    }
    if (image.size() % 1024 == kCopierHeaderBytes) image.erase(image.begin(), image.begin() + kCopierHeaderBytes);
    return image;
}

// Whether an image has a SNES cartridge's header: a checksum beside its complement.
bool is_snes_image(std::span<const std::uint8_t> image) {
    constexpr std::size_t kLoRom = 0x7FDC, kHiRom = 0xFFDC;  // complement, then checksum
    for (const std::size_t at : {kLoRom, kHiRom}) {
        if (image.size() < at + 4) continue;
        const bool complements = (image[at] ^ image[at + 2]) == 0xFF && (image[at + 1] ^ image[at + 3]) == 0xFF;
        if (complements && (image[at + 2] | image[at + 3]) != 0) return true;
    }
    return false;
}

std::string text_or(const char* text, const char* otherwise) {
    return text != nullptr ? text : otherwise;
}

// A path that another process can open, whatever its working directory is.
std::string absolute(const char* path) {
    if (path == nullptr || *path == '\0') return {};
    std::error_code error;
    const fs::path whole = fs::absolute(from_utf8(path), error);
    return error ? path : to_utf8(whole);
}

}  // namespace

// The inner core's callbacks have no argument for an object.
struct Callbacks {
    static void video(const void* data, unsigned width, unsigned height, std::size_t pitch) {
        guarded([&] { Tap::instance().on_video(data, width, height, pitch); });
    }
    static std::int16_t input(unsigned port, unsigned device, unsigned index, unsigned id) {
        return guarded([&] { return Tap::instance().on_input(port, device, index, id); });
    }
    static void sample(std::int16_t left, std::int16_t right) {
        if (const auto call = Tap::instance().frontend.sample) call(left, right);
    }
    static std::size_t batch(const std::int16_t* data, std::size_t frames) {
        const auto call = Tap::instance().frontend.batch;
        return call != nullptr ? call(data, frames) : frames;
    }
    static void poll() {
        if (const auto call = Tap::instance().frontend.poll) call();
    }
};

Tap& Tap::instance() {
    static Tap tap;
    return tap;
}

bool Tap::environment_callback(unsigned command, void* data) {
    return guarded([&] { return instance().on_environment(command, data); });
}

const CoreFunctions* Tap::core() {
    if (finished_) {  // the next load may be of another core
        inner_.reset();
        options_.reset();
        finished_ = told_ = false;
    }
    if (inner_ != nullptr) return &inner_->call();
    fs::path tap = own_file();
    fs::path path = chosen_core(tap);
    if (const char* loaded = nullptr; path.empty() && frontend.environment != nullptr &&
                                      frontend.environment(abi::kGetLibretroPath, &loaded) && loaded != nullptr) {
        tap = from_utf8(loaded);  // a frontend copies the file for a second instance, but names the first
        path = chosen_core(tap);
    }
    std::string error;
    if (path.empty()) error = std::string("no core is named by ") + kInnerVariable + " or " + kConfigName;
    try {
        if (error.empty()) inner_ = InnerCore::open(path, error);
        if (inner_ != nullptr) options_ = std::make_unique<Options>(path, tap);
    } catch (const std::exception& reason) {
        inner_.reset();
        error = reason.what();
    }
    if (inner_ == nullptr) {
        if (frontend.environment != nullptr && !told_) {
            told_ = true;
            const std::string where = path.empty() ? "" : to_utf8(path) + ": ";
            frontend.log(kLogError, where + error);
            frontend.show("Halscope: " + where + error);
        }
        return nullptr;
    }
    tap_path_ = tap;
    inner_path_ = to_utf8(path);
    const CoreFunctions& call = inner_->call();
    call.set_video_refresh(&Callbacks::video);
    call.set_audio_sample(&Callbacks::sample);
    call.set_audio_sample_batch(&Callbacks::batch);
    call.set_input_poll(&Callbacks::poll);
    call.set_input_state(&Callbacks::input);
    return &call;
}

void Tap::describe(abi::SystemInfo& info) {
    info = {"Halscope tap", "without a core", "sfc|smc", false, false};
    if (const CoreFunctions* call = core(); call != nullptr) {
        call->get_system_info(&info);
        // The name stays: frontends file options, saves and states under it.
        // The text must stay where it is, as the frontend keeps the pointer.
        if (std::string version = text_or(info.library_version, "") + " + Halscope"; version != version_)
            version_ = std::move(version);
        info.library_version = version_.c_str();
    }
}

void Tap::set_environment(abi::Environment environment) {
    frontend.environment = environment;
    if (const CoreFunctions* call = core(); call != nullptr) call->set_environment(&environment_callback);
}

bool Tap::on_environment(unsigned command, void* data) {
    if (frontend.environment == nullptr) return false;
    bool answer = false;
    if (options_ != nullptr && options_->forward(command, data, frontend.environment, answer)) return answer;
    if (command == abi::kGetSoftwareFramebuffer && data != nullptr)
        static_cast<abi::Framebuffer*>(data)->access_flags |= abi::kAccessRead;  // the picture is read from it
    answer = frontend.environment(command, data);
    if (command == abi::kSetPixelFormat && answer && data != nullptr)
        pixel_format_ = static_cast<unsigned>(*static_cast<const int*>(data));
    if (command == abi::kSetMemoryMaps && data != nullptr) {
        const auto& map = *static_cast<const abi::MemoryMap*>(data);
        for (unsigned n = 0; n < map.count; ++n)
            if ((map.descriptors[n].flags & abi::kDescriptorIsConst) != 0)
                rom_pointers_.push_back(map.descriptors[n].pointer);
    }
    if (command == abi::kGetLibretroPath && answer && data != nullptr && inner_ != nullptr)
        *static_cast<const char**>(data) = inner_path_.c_str();  // for a core that looks for files beside itself
    return answer;
}

bool Tap::load(const abi::GameInfo* game) {
    const CoreFunctions* const call = core();
    if (call == nullptr) return false;
    reads_.stop();
    rom_ = game != nullptr ? image_of(*game) : std::vector<std::uint8_t>();
    rom_pointers_.clear();
    if (!call->load_game(game)) return false;
    guarded([&] { game_loaded(game); });  // the game runs, whatever becomes of its ring
    return true;
}

bool Tap::load_special(unsigned type, const abi::GameInfo* games, std::size_t count) {
    const CoreFunctions* const call = core();
    if (call == nullptr) return false;
    reads_.stop();
    rom_.clear();
    rom_pointers_.clear();
    const abi::GameInfo* cartridge = nullptr;  // a game for the Game Boy comes with its adapter's image
    for (std::size_t n = 0; games != nullptr && n < count && cartridge == nullptr; ++n) {
        if (auto image = image_of(games[n]); is_snes_image(image)) {
            rom_ = std::move(image);
            cartridge = &games[n];
        }
    }
    if (!call->load_game_special(type, games, count)) return false;
    guarded([&] { game_loaded(cartridge); });
    return true;
}

void Tap::game_loaded(const abi::GameInfo* game) {
    const CoreFunctions& call = inner_->call();
    memories_ = std::make_unique<Memories>(*inner_, rom_, rom_pointers_, game != nullptr ? game->data : nullptr);
    save_edits_.clear();
    situation_ = {};
    named_.clear();
    runs_ = captured_at_ = 0;
    state_bytes_ = call.serialize_size();
    if (state_bytes_ > kMostStateBytes) state_bytes_ = 0;
    abi::SystemInfo info{};
    call.get_system_info(&info);
    std::string error;
    if (memories_->vram().empty()) {
        error = text_or(info.library_name, "the core") + " does not show its VRAM, so there is nothing to publish";
    } else {
        const auto pages = RomReads::pages_of(memories_->rom());
        GameFacts facts;
        facts.text = {{"core", text_or(info.library_name, "")},
                      {"version", text_or(info.library_version, "")},
                      {"inner", to_utf8(inner_->path())},
                      {"content", game != nullptr ? absolute(game->path) : ""},
                      {"writable", memories_->rom().empty() ? "" : "rom"},
                      {"save", std::to_string(memories_->save().size())},
                      {"labels", "yes"},
                      {"page", pages ? std::to_string(pages->bytes) : ""},
                      {"first_page", pages ? std::to_string(pages->first) : ""}};
        facts.rom = rom_;
        facts.state_bytes = state_bytes_;
        facts.picture_bytes = kMostColumns * kMostLines * kMostPixelBytes;
        facts.save_bytes = memories_->save().size();
        publisher_ = Publisher::create(facts, first_, error);
    }
    if (!error.empty()) frontend.log(kLogWarning, error);
    read_options();
}

void Tap::unload() {
    reads_.stop();
    publisher_.reset();
    first_.reset();
    outlines_.clear();
    picture_.clear();
    state_.clear();
    before_memory_is_read(abi::kSaveRam);
    if (inner_ != nullptr) inner_->call().unload_game();
    memories_.reset();
}

void Tap::before_memory_is_read(unsigned id) noexcept {
    if (id == abi::kSaveRam && memories_ != nullptr) save_edits_.take_back(memories_->save());
}

void Tap::read_options() {
    runs_since_options_ = 0;
    if (frontend.environment == nullptr || options_ == nullptr) return;
    registers_ = Options::value(kRegistersOption, frontend.environment) != "off";
    // What the option says at the load is what some earlier session left: only a change of it is a choice.
    const std::string name = Options::value(kInnerOption, frontend.environment);
    if (name == named_) return;
    const bool changed = !named_.empty();
    named_ = name;
    const fs::path wanted = options_->core_named(name);
    if (changed && !wanted.empty() && publisher_ != nullptr && !choose_core(tap_path_, wanted))
        frontend.log(kLogWarning, "the chosen core cannot be written to " + to_utf8(tap_path_.parent_path()));
}

}  // namespace halscope::tap
