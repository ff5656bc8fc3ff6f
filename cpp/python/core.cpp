// Python bindings of cpp/core: the cancel token, the exception of a cancelled call, and the vector instructions in use.
#include <pybind11/stl.h>

#include <exception>

#include "core/cancel.hpp"
#include "core/cpu.hpp"
#include "python/bindings.hpp"

namespace py = pybind11;

namespace halscope::python {
namespace {

std::vector<std::string> level_names() {
    std::vector<std::string> names;
    for (const Simd level : available_simd()) names.emplace_back(name_of(level));
    return names;
}

void limit(const std::string& name) {
    for (const Simd level : {Simd::scalar, Simd::ssse3, Simd::avx2, Simd::neon}) {
        if (name_of(level) == name) return limit_simd(level);
    }
    throw py::value_error("expected scalar, ssse3, avx2 or neon, got '" + name + "'");
}

}  // namespace

void bind_core(py::module_& module) {
    const py::metaclass plain(reinterpret_cast<PyObject*>(&PyType_Type));  // a metaclass that the type stubs can name
    py::class_<CancelToken>(module, "CancelToken", py::is_final(), plain)
        .def(py::init<>())
        .def("cancel", &CancelToken::cancel)
        .def_property_readonly("cancelled", &CancelToken::cancelled);
    module.def("simd_level", [] { return std::string(name_of(simd())); });
    module.def("simd_levels", &level_names);
    module.def("limit_simd", &limit, py::arg("most"));
    py::register_exception_translator([](std::exception_ptr thrown) {
        try {
            if (thrown) std::rethrow_exception(thrown);
        } catch (const Cancelled&) {
            py::set_error(py::module_::import("halscope_hooks").attr("CancelledError"), "cancelled");
        }
    });
}

}  // namespace halscope::python
