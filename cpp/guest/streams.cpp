#include "guest/streams.hpp"

#include <array>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <streambuf>
#include <utility>

#include "guest/output.hpp"

namespace halscope::guest {
namespace {

// Prints each character at once: a core may stop between two lines. What is not ASCII in a wide stream becomes `?`.
template <typename Character>
class Printing : public std::basic_streambuf<Character> {
    using Base = std::basic_streambuf<Character>;

  protected:
    typename Base::int_type overflow(typename Base::int_type character) override {
        const auto none = Base::traits_type::eof();
        if (Base::traits_type::eq_int_type(character, none)) return Base::traits_type::not_eof(character);
        const Character one = Base::traits_type::to_char_type(character);
        xsputn(&one, 1);
        return character;
    }

    std::streamsize xsputn(const Character* text, std::streamsize size) override {
        if constexpr (sizeof(Character) == 1) {
            print(text, static_cast<std::size_t>(size));
        } else {
            for (const Character* one = text; one != text + size; ++one) {
                const char narrow = static_cast<unsigned long>(*one) < 0x80 ? static_cast<char>(*one) : '?';
                print(&narrow, 1);
            }
        }
        return size;
    }
};

Printing<char>& printing() {
    static auto& kept = *new Printing<char>;
    return kept;
}

Printing<wchar_t>& wide_printing() {
    static auto& kept = *new Printing<wchar_t>;
    return kept;
}

// What the streams of this process printed into before the first Loading, and how many there are.
struct Swapped {
    std::mutex mutex;
    int count = 0;
    std::FILE* out = nullptr;
    std::FILE* error = nullptr;
    std::array<std::streambuf*, 3> narrow{};
    std::array<std::wstreambuf*, 3> wide{};
};

#if defined(__GLIBC__)

Swapped& swapped() {
    static Swapped& kept = *new Swapped;
    return kept;
}

std::array<std::ostream*, 3> narrow_streams() {
    return {&std::cout, &std::cerr, &std::clog};
}

std::array<std::wostream*, 3> wide_streams() {
    return {&std::wcout, &std::wcerr, &std::wclog};
}

#endif

}  // namespace

std::ostream& output_ostream() {
    static std::ostream& kept = *new std::ostream(&printing());
    return kept;
}

std::wostream& output_wostream() {
    static std::wostream& kept = *new std::wostream(&wide_printing());
    return kept;
}

#if defined(__GLIBC__)

Loading::Loading() {
    std::FILE* const stream = output_stream();
    Swapped& before = swapped();
    const std::lock_guard lock(before.mutex);
    if (stream == nullptr || before.count++ != 0) return;
    before.out = std::exchange(stdout, stream);
    before.error = std::exchange(stderr, stream);
    for (std::size_t at = 0; at < before.narrow.size(); ++at) {
        before.narrow[at] = narrow_streams()[at]->rdbuf(&printing());
        before.wide[at] = wide_streams()[at]->rdbuf(&wide_printing());
    }
}

Loading::~Loading() {
    Swapped& before = swapped();
    const std::lock_guard lock(before.mutex);
    if (before.out == nullptr || --before.count != 0) return;
    stdout = before.out;
    stderr = before.error;
    for (std::size_t at = 0; at < before.narrow.size(); ++at) {
        narrow_streams()[at]->rdbuf(before.narrow[at]);
        wide_streams()[at]->rdbuf(before.wide[at]);
    }
}

#else

Loading::Loading() = default;
Loading::~Loading() = default;

#endif

}  // namespace halscope::guest
