// Python bindings of cpp/guest: holding a foreign library, and what it prints.
#include <pybind11/stl.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "guest/imports.hpp"
#include "guest/output.hpp"
#include "guest/streams.hpp"
#include "python/bindings.hpp"

namespace py = pybind11;

namespace halscope::python {
namespace {

// What a core calls in every frame, several times even, and nobody needs: as Python functions these take longer than
// some cores take for the sound that they bring.
std::size_t discard_sound(const std::int16_t* /*samples*/, std::size_t frames) {
    return frames;
}

void poll_nothing() {}

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
    module.def("discarding_callbacks", [] {
        return std::pair(reinterpret_cast<std::uintptr_t>(&discard_sound),
                         reinterpret_cast<std::uintptr_t>(&poll_nothing));
    });
    module.def("take_library_output", [] { return py::bytes(guest::take_output()); });
}

}  // namespace halscope::python
