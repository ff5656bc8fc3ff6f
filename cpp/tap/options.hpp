// The tap's own core options, appended to the inner core's in whatever form that one uses. A second SET_VARIABLES would
// replace the first, so they must come in the inner core's own call.
#pragma once
#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "tap/libretro_abi.hpp"

namespace halscope::tap {

inline constexpr const char* kInnerOption = "halscope_tap_inner";          // the inner core of the next load
inline constexpr const char* kRegistersOption = "halscope_tap_registers";  // "on", or "off": never save a state

class Options {
  public:
    // inner: the inner core's file, which comes first. tap: the tap's file; cores beside both can be chosen.
    Options(const std::filesystem::path& inner, const std::filesystem::path& tap);

    // Forwards one of the SET_* calls with our options appended. False if `command` is no such call.
    bool forward(unsigned command, void* data, abi::Environment frontend, bool& answer);

    // Reads an option; an empty string if the frontend does not know it.
    [[nodiscard]] static std::string value(const char* key, abi::Environment frontend);

    // The file of the core with this name in the list; empty if there is none.
    [[nodiscard]] std::filesystem::path core_named(const std::string& name) const;

  private:
    struct Own {
        const char *key, *title, *explanation;
        std::vector<const char*> values;
    };

    template <typename Definition>
    std::vector<Definition> appended(const Definition* definitions) const;
    [[nodiscard]] std::vector<abi::Variable> appended_variables(const abi::Variable* variables) const;

    std::vector<std::filesystem::path> cores_;
    std::deque<std::string> names_, variables_;
    std::vector<Own> own_;
};

}  // namespace halscope::tap
