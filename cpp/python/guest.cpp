// Python bindings of cpp/guest: holding a foreign library, and what it prints.
#include <pybind11/stl.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "guest/core_callbacks.hpp"
#include "guest/imports.hpp"
#include "guest/output.hpp"
#include "guest/streams.hpp"
#include "python/bindings.hpp"
#include "tap/register_places.hpp"

namespace py = pybind11;

namespace halscope::python {
namespace {

using guest::CoreCallbacks;

template <typename Function>
std::uintptr_t address(Function* function) {
    return reinterpret_cast<std::uintptr_t>(function);
}

// A core's callbacks, and its calls that take most of a frame.
class Callbacks {
  public:
    CoreCallbacks& core() { return core_; }

    void enter() { inside_ = std::make_unique<CoreCallbacks::Inside>(core_); }
    void leave() { inside_.reset(); }

    // Calls retro_run. Returns whether it has made an environment call that was passed on.
    bool run(std::uintptr_t retro_run) {
        const std::uint64_t before = core_.passed_on();
        {
            const GilReleased released;
            const CoreCallbacks::Inside inside(core_);
            reinterpret_cast<void (*)()>(retro_run)();
        }
        return core_.passed_on() != before;
    }

    // A view, which the next picture of the same size is written into.
    py::object picture() {
        auto kept = std::make_unique<std::shared_ptr<const guest::RgbPicture>>(core_.picture());
        if (*kept == nullptr) return py::none();
        const guest::RgbPicture& one = **kept;
        const py::capsule owner(
            kept.release(), [](void* held) { delete static_cast<std::shared_ptr<const guest::RgbPicture>*>(held); });
        return py::array_t<std::uint8_t>(
            {static_cast<py::ssize_t>(one.height), static_cast<py::ssize_t>(one.width), py::ssize_t{3}}, one.rgb.data(),
            owner);
    }

  private:
    CoreCallbacks core_;
    std::unique_ptr<CoreCallbacks::Inside> inside_;
};

// Single bytes of this process's memory, which stays mapped.
class MemoryBytes {
  public:
    explicit MemoryBytes(const std::vector<std::pair<std::uintptr_t, std::size_t>>& places) {
        for (const auto& [at, bytes] : places) {
            if (bytes > kMost - total_) throw py::value_error("too many bytes");
            places_.emplace_back(reinterpret_cast<const char*>(at), bytes);
            total_ += bytes;
        }
    }

    [[nodiscard]] py::bytes read() const {
        auto taken =
            py::reinterpret_steal<py::bytes>(PyBytes_FromStringAndSize(nullptr, static_cast<py::ssize_t>(total_)));
        if (!taken) throw py::error_already_set();
        char* to = PyBytes_AS_STRING(taken.ptr());
        for (const auto& [from, bytes] : places_) to = std::copy_n(from, bytes, to);
        return taken;
    }

  private:
    static constexpr std::size_t kMost = 1 << 24;
    std::vector<std::pair<const char*, std::size_t>> places_;
    std::size_t total_ = 0;
};

// The registers of bsnes-mercury in its own memory; see tap/register_places.hpp.
class Registers {
  public:
    Registers(const std::string& core, const std::string& version,
              const std::vector<std::pair<std::uintptr_t, std::size_t>>& globals)
        : places_(core, version, spans(globals)) {}

    void prove(const py::object& state, std::size_t vram_at, const py::object& vram, const py::object& wram) {
        const ByteView told(state), video(vram), work(wram);
        if (vram_at > told.bytes().size()) throw py::value_error("VRAM is not in the state");
        places_.prove(told.bytes(), vram_at, video.bytes(), work.bytes());
    }

    bool refresh(py::buffer state, const py::object& vram, const py::object& wram) {
        const py::buffer_info told = state.request(true);
        if (told.itemsize != 1 || told.ndim != 1) throw py::type_error("a state is bytes");
        const ByteView video(vram), work(wram);
        return places_.refresh({static_cast<std::uint8_t*>(told.ptr), static_cast<std::size_t>(told.size)},
                               video.bytes(), work.bytes());
    }

    [[nodiscard]] bool proven() const noexcept { return places_.proven(); }

  private:
    static std::vector<tap::RegisterPlaces::Bytes> spans(
        const std::vector<std::pair<std::uintptr_t, std::size_t>>& globals) {
        std::vector<tap::RegisterPlaces::Bytes> found;
        for (const auto& [at, bytes] : globals) found.emplace_back(reinterpret_cast<const std::uint8_t*>(at), bytes);
        return found;
    }

    tap::RegisterPlaces places_;
};

}  // namespace

void bind_guest(py::module_& module) {
    module.def(
        "hold_library",
        [](std::uintptr_t handle, bool keep_output) {
            return guest::hold(reinterpret_cast<void*>(handle), keep_output);
        },
        py::arg("handle"), py::arg("keep_output"));
    module.def(
        "load_library",
        [](const py::function& load) {
            const guest::Loading loading;
            return load();
        },
        py::arg("load"));
    module.def("take_library_output", [] { return py::bytes(guest::take_output()); });

    const py::metaclass plain(reinterpret_cast<PyObject*>(&PyType_Type));  // a metaclass that the type stubs can name
    py::class_<Callbacks>(module, "CoreCallbacks", py::is_final(), plain)
        .def(py::init<>())
        .def_property_readonly("environment", [](Callbacks&) { return address(&CoreCallbacks::environment); })
        .def_property_readonly("video_refresh", [](Callbacks&) { return address(&CoreCallbacks::video_refresh); })
        .def_property_readonly("input_state", [](Callbacks&) { return address(&CoreCallbacks::input_state); })
        .def_property_readonly("input_poll", [](Callbacks&) { return address(&CoreCallbacks::poll_input); })
        .def_property_readonly("audio_batch", [](Callbacks&) { return address(&CoreCallbacks::discard_sound); })
        .def(
            "pass_on_to",
            [](Callbacks& self, std::uintptr_t environment) {
                self.core().pass_on_to(reinterpret_cast<CoreCallbacks::Environment>(environment));
            },
            py::arg("environment"))
        .def("enter", &Callbacks::enter)
        .def("leave", &Callbacks::leave)
        .def("run", &Callbacks::run, py::arg("retro_run"))
        .def(
            "hold",
            [](Callbacks& self, unsigned port, std::uint16_t buttons) {
                if (port >= CoreCallbacks::kPorts) throw py::value_error("a pad is in port 0 or 1");
                self.core().hold(port, buttons);
            },
            py::arg("port"), py::arg("buttons"))
        .def("picture", &Callbacks::picture)
        .def("drop_picture", [](Callbacks& self) { self.core().drop_picture(); });

    py::class_<MemoryBytes>(module, "MemoryBytes", py::is_final(), plain)
        .def(py::init<const std::vector<std::pair<std::uintptr_t, std::size_t>>&>(), py::arg("places"))
        .def("read", &MemoryBytes::read);

    py::class_<Registers>(module, "RegisterPlaces", py::is_final(), plain)
        .def(py::init<const std::string&, const std::string&,
                      const std::vector<std::pair<std::uintptr_t, std::size_t>>&>(),
             py::arg("core"), py::arg("version"), py::arg("variables"))
        .def_property_readonly("proven", &Registers::proven)
        .def("prove", &Registers::prove, py::arg("state"), py::arg("vram_at"), py::arg("vram"), py::arg("wram"))
        .def("refresh", &Registers::refresh, py::arg("state"), py::arg("vram"), py::arg("wram"));
}

}  // namespace halscope::python
