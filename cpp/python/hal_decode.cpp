// The Python binding of hal::decode. It takes its arguments as the interpreter has them (METH_FASTCALL) and makes the
// Block itself: a call that decodes a small block is short work, and all but the decoding needs the GIL, for which
// other threads wait.
#include <new>

#include "hal/hal.hpp"
#include "python/bindings.hpp"
#include "python/streams.hpp"

namespace py = pybind11;

namespace halscope::python {
namespace {

py::object decode(const py::object& data, const py::object& offset, bool strict) {
    const hal::Mode mode = strict ? hal::Mode::strict : hal::Mode::compatible;
    return decoded(
        data, offset,
        [mode](auto in, std::size_t start, auto out) noexcept { return hal::decode(in, start, mode, out); },
        [](const hal::DecodeResult& result) { return hal::describe(result); });
}

extern "C" PyObject* hal_decode(PyObject* /*module*/, PyObject* const* arguments, Py_ssize_t count) noexcept {
    if (count != 3) {
        PyErr_Format(PyExc_TypeError, "hal_decode takes 3 arguments (%zd given)", count);
        return nullptr;
    }
    try {
        const int strict = PyObject_IsTrue(arguments[2]);
        if (strict < 0) return nullptr;
        return decode(py::reinterpret_borrow<py::object>(arguments[0]),
                      py::reinterpret_borrow<py::object>(arguments[1]), strict != 0)
            .release()
            .ptr();
    } catch (py::error_already_set& error) {
        error.restore();
    } catch (const py::builtin_exception& error) {
        error.set_error();
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    }
    return nullptr;
}

PyMethodDef methods[] = {
    {"hal_decode", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(hal_decode)), METH_FASTCALL,
     "hal_decode($module, data, offset, strict, /)\n--\n\nThe block, or (offset, reason) of the fault."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

void bind_hal_decode(py::module_& module) {
    if (PyModule_AddFunctions(module.ptr(), methods) != 0) throw py::error_already_set();
}

}  // namespace halscope::python
