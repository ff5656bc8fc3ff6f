// Releasing the GIL. This is the only file that may call CPython or pybind11 for it; .ci/gil-guard holds that.
#pragma once
#include <Python.h>

#include <chrono>
#include <thread>
#ifdef __GLIBCXX__
#include <cxxabi.h>
#endif

namespace halscope::python {

// Lets other Python threads run while C++ works. Unlike pybind11's gil_scoped_release, and everything of pybind11's
// that releases or acquires inside (call_guard, gil_safe_call_once_and_store), it is safe while the interpreter exits.
//
// Before Python 3.14, PyEval_RestoreThread ends a daemon thread with pthread_exit once the interpreter is finalizing.
// With glibc that unwinds the thread's frames, and the first destructor (noexcept) that it passes aborts the process.
// Such a thread sleeps here instead until the process has ended, as it does in Python 3.14.
class GilReleased {
  public:
    GilReleased() : state_(PyEval_SaveThread()) {}
    GilReleased(const GilReleased&) = delete;
    GilReleased& operator=(const GilReleased&) = delete;
    ~GilReleased() {
#ifdef __GLIBCXX__
        try {
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
