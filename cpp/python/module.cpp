// The native module halscope._codec. Only cpp/python/ uses the Python API.
#include "python/bindings.hpp"

PYBIND11_MODULE(_codec, module, pybind11::mod_gil_not_used()) {
    module.doc() =
        "Halscope's C++ core: the native codecs, SNES tiles and the tile index. Use it through halscope's own "
        "modules.";
    halscope::python::bind_core(module);
    halscope::python::bind_block();
    halscope::python::bind_codecs(module);
    halscope::python::bind_snes(module);
    halscope::python::bind_screen(module);
    halscope::python::bind_hdma(module);
    halscope::python::bind_locate(module);
    halscope::python::bind_guest(module);
    halscope::python::bind_ring(module);
    halscope::python::bind_trace(module);
}
