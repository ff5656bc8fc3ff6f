// Python bindings of cpp/snes.
#include "python/bindings.hpp"

namespace halscope::python {

void bind_snes(pybind11::module_&) {}

}  // namespace halscope::python
