// Python bindings of the shared-memory ring: both sides of it.
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "python/bindings.hpp"
#include "tap/ring_reader.hpp"
#include "tap/ring_writer.hpp"
#include "tap/shared_file.hpp"

namespace py = pybind11;

namespace halscope::python {
namespace {

using namespace tap;

constexpr std::array<const char*, kPartKinds> kPartNames{"vram",    "cgram", "oam",  "state",  "wram",
                                                         "picture", "save",  "iram", "touches"};
constexpr auto kLookEvery = std::chrono::microseconds(500);
constexpr double kLongestWait = 0.1;  // seconds without the GIL, after which Python looks for signals

Part part_named(const std::string& name) {
    for (std::size_t kind = 0; kind < kPartKinds; ++kind)
        if (name == kPartNames[kind]) return static_cast<Part>(kind);
    throw py::value_error("a ring has no part named " + name);
}

// One thread at a time calls it, as a Host is called.
class Reader {
  public:
    explicit Reader(const std::filesystem::path& path) : file_(SharedFile::open(path)) {
        Layout layout;
        const std::string problem = read_header(file_->words(), file_->bytes(), layout);
        if (!problem.empty()) throw std::runtime_error(path.string() + ": is not a ring: " + problem);
        ring_ = std::make_unique<RingReader>(file_->words(), layout);
    }

    RingReader& ring() {
        if (ring_ == nullptr) throw std::runtime_error("the ring is closed");
        return *ring_;
    }

    [[nodiscard]] bool owner_is_there() { return !ring().closed() && file_->owner_is_there(); }

    void close() {
        ring_.reset();
        file_.reset();
    }

    // Waits until more than `after` frames are published, without the GIL. Returns how many there are.
    std::uint64_t wait(std::uint64_t after, double seconds) {
        RingReader& from = ring();
        std::uint64_t published = from.published();
        if (published > after || seconds <= 0) return published;
        const GilReleased released;
        const auto until =
            std::chrono::steady_clock::now() + std::chrono::duration<double>(std::min(seconds, kLongestWait));
        while (published <= after && std::chrono::steady_clock::now() < until && !from.closed()) {
            std::this_thread::sleep_for(kLookEvery);
            published = from.published();
        }
        return published;
    }

    py::object read(std::uint64_t number) {
        std::optional<ReadFrame> frame;
        {
            RingReader& from = ring();
            const GilReleased released;
            frame = from.read(number);
        }
        if (!frame) return py::none();
        py::dict parts, ages;
        for (std::size_t kind = 0; kind < kPartKinds; ++kind) {
            if (!frame->parts[kind]) continue;
            parts[kPartNames[kind]] = to_array(std::move(frame->parts[kind]->bytes));
            ages[kPartNames[kind]] = frame->parts[kind]->age;
        }
        py::dict result;
        result["number"] = frame->number;
        result["time_ns"] = frame->time_ns;
        result["width"] = frame->width;
        result["height"] = frame->height;
        result["pitch"] = frame->pitch;
        result["pixel_format"] = frame->pixel_format;
        result["pads"] = py::cast(frame->pads);
        result["whole_state"] = frame->whole_state;
        result["touches_lost"] = frame->touches_lost;
        result["parts"] = parts;
        result["ages"] = ages;
        return result;
    }

  private:
    std::unique_ptr<SharedFile> file_;
    std::unique_ptr<RingReader> ring_;
};

class Writer {
  public:
    Writer(const std::filesystem::path& path, const py::dict& capacities, std::size_t slots, std::size_t command_bytes,
           const py::object& text, const py::object& rom) {
        std::array<std::size_t, kPartKinds> bytes{};
        for (const auto& [name, value] : capacities)
            bytes[static_cast<std::size_t>(part_named(name.cast<std::string>()))] = value.cast<std::size_t>();
        const ByteView text_view(text), rom_view(rom);
        if (slots < 2 || slots > kMostSlots) throw py::value_error("a ring has 2 to 64 slots");
        if (std::ranges::any_of(bytes, [](std::size_t one) { return one > kMostSegmentBytes; }) ||
            command_bytes > kMostSegmentBytes || text_view.bytes().size() > kMostTextBytes ||
            rom_view.bytes().size() > kMostRomBytes)
            throw py::value_error("the ring would be too large");
        Layout layout = make_layout(bytes, slots, command_bytes, text_view.bytes().size(), rom_view.bytes().size());
        if (layout.segment_bytes > kMostSegmentBytes) throw py::value_error("the ring would be too large");
        layout.owner_pid = process_id();
        layout.nonce = steady_ns();
        file_ = SharedFile::create(path, layout.segment_bytes);
        ring_ = std::make_unique<RingWriter>(file_->words(), layout, text_view.bytes(), rom_view.bytes());
        file_->show();
    }

    RingWriter& ring() {
        if (ring_ == nullptr) throw std::runtime_error("the ring is closed");
        return *ring_;
    }

    std::uint64_t publish(const py::dict& parts, const py::dict& ages, std::array<std::uint32_t, 4> picture,
                          std::array<std::uint16_t, 4> pads) {
        RingWriter& to = ring();
        FrameFacts facts{picture[0], picture[1], picture[2], picture[3], pads};
        to.begin(facts);
        for (const auto& [name, value] : parts) {
            const ByteView view(py::reinterpret_borrow<py::object>(value));
            const std::uint32_t age = ages.contains(name) ? ages[name].cast<std::uint32_t>() : 0;
            const Part part = part_named(name.cast<std::string>());
            if (part == Part::state) {
                to.put_state(view.bytes(), age);
            } else {
                to.put(part, view.bytes(), age);
            }
        }
        to.note_run();
        to.publish();
        return to.published();
    }

    py::object take_command() {
        const auto command = ring().take_command();
        if (!command) return py::none();
        const auto* const bytes = reinterpret_cast<const char*>(command->payload.data());
        return py::make_tuple(command->kind, command->id, py::bytes(bytes, command->payload.size()));
    }

    void close() {
        if (ring_ != nullptr) ring_->close();
        ring_.reset();
        file_.reset();
    }

  private:
    std::unique_ptr<SharedFile> file_;
    std::unique_ptr<RingWriter> ring_;
};

}  // namespace

void bind_ring(py::module_& module) {
    module.def("ring_folder", [] { return runtime_folder(); }, "Returns the user's folder for rings; creates it.");
    module.def("live_rings", &live_rings, py::arg("folder"),
               "Returns the rings of living owners, oldest first, and removes those of dead ones.");

    const py::metaclass plain(reinterpret_cast<PyObject*>(&PyType_Type));  // a metaclass that the type stubs can name
    py::class_<Reader>(module, "RingReader", py::is_final(), plain)
        .def(py::init<std::filesystem::path>(), py::arg("path"))
        .def_property_readonly("pid", [](Reader& self) { return self.ring().layout().owner_pid; })
        .def_property_readonly("nonce", [](Reader& self) { return self.ring().layout().nonce; })
        .def_property_readonly("published", [](Reader& self) { return self.ring().published(); })
        .def_property_readonly("runs", [](Reader& self) { return self.ring().runs(); })
        .def_property_readonly("slots", [](Reader& self) { return self.ring().layout().slot_count; })
        .def_property_readonly("context", [](Reader& self) { return self.ring().context(); })
        .def_property_readonly("reader", [](Reader& self) { return self.ring().reader(); })
        .def_property_readonly("most_payload", [](Reader& self) { return self.ring().most_payload(); })
        .def("owner_is_there", &Reader::owner_is_there)
        .def("text", [](Reader& self) { return to_array(self.ring().text()); })
        .def("rom", [](Reader& self) { return to_array(self.ring().rom()); })
        .def(
            "claim", [](Reader& self, std::uint64_t id, bool force) { return self.ring().claim(id, force); },
            py::arg("reader"), py::arg("force") = false)
        .def(
            "beat", [](Reader& self, std::uint64_t id, std::uint64_t wants) { return self.ring().beat(id, wants); },
            py::arg("reader"), py::arg("wants"))
        .def(
            "release", [](Reader& self, std::uint64_t id) { self.ring().release(id); }, py::arg("reader"))
        .def(
            "want_pieces",
            [](Reader& self, const std::vector<std::pair<std::uint32_t, std::uint32_t>>& pieces) {
                std::vector<Piece> wanted;
                for (const auto& [offset, bytes] : pieces) wanted.push_back({offset, bytes});
                self.ring().want_pieces(wanted);
            },
            py::arg("pieces"))
        .def("wait", &Reader::wait, py::arg("after"), py::arg("seconds"))
        .def("read", &Reader::read, py::arg("number"))
        .def(
            "send",
            [](Reader& self, std::uint32_t kind, const py::object& payload) {
                const ByteView view(payload);
                return self.ring().send(kind, view.bytes());
            },
            py::arg("kind"), py::arg("payload"))
        .def(
            "outcome", [](Reader& self, std::uint64_t id) { return static_cast<int>(self.ring().outcome(id)); },
            py::arg("command"))
        .def("close", &Reader::close);

    py::class_<Writer>(module, "RingWriter", py::is_final(), plain)
        .def(py::init<std::filesystem::path, py::dict, std::size_t, std::size_t, py::object, py::object>(),
             py::arg("path"), py::arg("capacities"), py::kw_only(), py::arg("slots") = 8,
             py::arg("command_bytes") = std::size_t{1} << 20, py::arg("text") = py::bytes(),
             py::arg("rom") = py::bytes())
        .def_property_readonly("wants", [](Writer& self) { return self.ring().reader_wants(); })
        .def_property_readonly("reader_is_there", [](Writer& self) { return self.ring().reader_is_there(); })
        .def(
            "set_context", [](Writer& self, std::uint64_t bits) { self.ring().set_context(bits); }, py::arg("bits"))
        .def("publish", &Writer::publish, py::arg("parts"), py::kw_only(), py::arg("ages") = py::dict(),
             py::arg("picture") = std::array<std::uint32_t, 4>{}, py::arg("pads") = std::array<std::uint16_t, 4>{})
        .def("take_command", &Writer::take_command)
        .def(
            "finish_command",
            [](Writer& self, std::uint64_t id, std::uint8_t outcome) {
                self.ring().finish_command(id, static_cast<Outcome>(outcome));
            },
            py::arg("command"), py::arg("outcome"))
        .def("close", &Writer::close);
}

}  // namespace halscope::python
