// Python bindings of cpp/hal.
#include "python/bindings.hpp"

namespace halscope::python {

void bind_hal(pybind11::module_&) {}

}  // namespace halscope::python
