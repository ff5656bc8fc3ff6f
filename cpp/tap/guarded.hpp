// The border to C: an exception that crossed it would end the emulator.
#pragma once
#include <type_traits>

namespace halscope::tap {

// Runs a body; an exception in it makes the result zero.
template <typename Body>
auto guarded(Body body) noexcept -> decltype(body()) {
    try {
        return body();
    } catch (...) {
        if constexpr (!std::is_void_v<decltype(body())>) return {};
    }
}

}  // namespace halscope::tap
