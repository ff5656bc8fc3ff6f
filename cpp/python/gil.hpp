// Releasing the GIL. Only this file may call CPython or pybind11 for it; .ci/gil-guard checks that.
#pragma once
#include <Python.h>

#include <chrono>
#include <thread>
#ifdef __GLIBCXX__
#include <cxxabi.h>
#endif

namespace halscope::python {

// Lets other Python threads run while C++ works. It is safe while the interpreter exits, unlike pybind11's
// gil_scoped_release and everything in pybind11 that releases or acquires the GIL internally (call_guard,
// gil_safe_call_once_and_store).
class GilReleased {
  public:
    GilReleased() : state_(PyEval_SaveThread()) {}
    GilReleased(const GilReleased&) = delete;
    GilReleased& operator=(const GilReleased&) = delete;
    ~GilReleased() {
#ifdef __GLIBCXX__
        try {
            // Before Python 3.14, this call ends a daemon thread with pthread_exit once the interpreter is finalizing.
            // With glibc that unwinds the thread's frames, and the first noexcept destructor on the way aborts the
            // process. So the thread sleeps here until the process ends, as it does in Python 3.14.
            PyEval_RestoreThread(state_);
        } catch (const abi::__forced_unwind&) {
            for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
        }
#else
        PyEval_RestoreThread(state_);
#endif
    }

  private:
    PyThreadState* state_;
};

}  // namespace halscope::python
