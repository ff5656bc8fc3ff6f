// Python bindings of cpp/locate.
#include "python/bindings.hpp"

namespace halscope::python {

void bind_locate(pybind11::module_&) {}

}  // namespace halscope::python
