// The codec table: a new codec defines its row in its own file and is listed here.
#include <array>

#include "codecs/native_codec.hpp"

namespace halscope::codecs {

extern const NativeCodec kHal;
extern const NativeCodec kLz1;
extern const NativeCodec kLz2;
extern const NativeCodec kSimCity;

std::span<const NativeCodec* const> all() noexcept {
    static constexpr std::array kTable{&kHal, &kLz1, &kLz2, &kSimCity};
    return kTable;
}

}  // namespace halscope::codecs
