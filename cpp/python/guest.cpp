// Python bindings of cpp/guest: holding a foreign library, and what it prints.
#include <pybind11/stl.h>

#include "guest/imports.hpp"
#include "guest/output.hpp"
#include "guest/streams.hpp"
#include "python/bindings.hpp"

namespace py = pybind11;

namespace halscope::python {

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
}

}  // namespace halscope::python
