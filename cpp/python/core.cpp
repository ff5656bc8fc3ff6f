// Python bindings of cpp/core: the cancel token, and what a cancelled call raises.
#include <exception>

#include "core/cancel.hpp"
#include "python/bindings.hpp"

namespace py = pybind11;

namespace halscope::python {

void bind_core(py::module_& module) {
    const py::metaclass plain(reinterpret_cast<PyObject*>(&PyType_Type));  // the one that the stubs can name
    py::class_<CancelToken>(module, "CancelToken", py::is_final(), plain)
        .def(py::init<>())
        .def("cancel", &CancelToken::cancel)
        .def_property_readonly("cancelled", &CancelToken::cancelled);
    py::register_exception_translator([](std::exception_ptr thrown) {
        try {
            if (thrown) std::rethrow_exception(thrown);
        } catch (const Cancelled&) {
            py::set_error(py::module_::import("halscope_hooks").attr("CancelledError"), "cancelled");
        }
    });
}

}  // namespace halscope::python
