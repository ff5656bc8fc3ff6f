// What the binding files share: one registration function per library.
#pragma once
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

namespace halscope::python {

void bind_hal(pybind11::module_& module);
void bind_snes(pybind11::module_& module);
void bind_locate(pybind11::module_& module);

}  // namespace halscope::python
