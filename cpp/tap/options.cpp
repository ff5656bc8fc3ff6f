#include "tap/options.hpp"

#include <algorithm>
#include <system_error>

#include "tap/utf8_path.hpp"

namespace halscope::tap {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostOptions = 4096;  // a list without an end is not followed any further
constexpr std::size_t kMostCores = 32;

bool is_snes_core(const std::string& name) {
    const auto ends = name.find("_libretro.");
    return ends != std::string::npos && (name.find("snes9x") == 0 || name.find("bsnes") == 0);
}

}  // namespace

Options::Options(const fs::path& inner, const fs::path& tap) {
    cores_.push_back(inner);
    for (const fs::path& folder : {tap.parent_path(), inner.parent_path()}) {
        std::vector<fs::path> found;
        std::error_code error;
        for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
            if (is_snes_core(to_utf8(entry->path().filename()))) found.push_back(entry->path());
        std::ranges::sort(found);
        for (const fs::path& path : found) {
            const auto same = [&path](const fs::path& other) { return other.filename() == path.filename(); };
            if (cores_.size() < kMostCores && std::ranges::none_of(cores_, same)) cores_.push_back(path);
        }
    }
    for (const fs::path& core : cores_) names_.push_back(to_utf8(core.stem()));
    own_.push_back({kInnerOption,
                    "Halscope: core of the next load",
                    "The core that Halscope's tap opens when the content is loaded the next time.",
                    {}});
    for (const std::string& name : names_) own_.back().values.push_back(name.c_str());
    own_.push_back(
        {kRegistersOption,
         "Halscope: registers",
         "Read the PPU's registers while Halscope is attached, from saved states where they are not found in memory. "
         "Switch this off if you attach during a movie with bsnes-mercury.",
         {"on", "off"}});
    for (const Own& option : own_) {
        std::string text = option.title;
        for (const char* value : option.values) {
            text += value == option.values.front() ? "; " : "|";
            text += value;
        }
        variables_.push_back(std::move(text));
    }
}

template <typename Definition>
std::vector<Definition> Options::appended(const Definition* definitions) const {
    std::vector<Definition> all;
    for (; definitions != nullptr && definitions->key != nullptr && all.size() < kMostOptions; ++definitions)
        all.push_back(*definitions);
    for (const Own& option : own_) {
        Definition definition{};
        definition.key = option.key;
        definition.desc = option.title;
        definition.info = option.explanation;
        for (std::size_t n = 0; n < option.values.size(); ++n) definition.values[n].value = option.values[n];
        definition.default_value = option.values.front();
        all.push_back(definition);
    }
    all.push_back({});
    return all;
}

std::vector<abi::Variable> Options::appended_variables(const abi::Variable* variables) const {
    std::vector<abi::Variable> all;
    for (; variables != nullptr && variables->key != nullptr && all.size() < kMostOptions; ++variables)
        all.push_back(*variables);
    for (std::size_t n = 0; n < own_.size(); ++n) all.push_back({own_[n].key, variables_[n].c_str()});
    all.push_back({});
    return all;
}

// A frontend copies what it is given before it returns, so the lists may be local.
bool Options::forward(unsigned command, void* data, abi::Environment frontend, bool& answer) {
    if (data == nullptr) return false;
    switch (command) {
        case abi::kSetVariables: {
            auto all = appended_variables(static_cast<const abi::Variable*>(data));
            answer = frontend(command, all.data());
            return true;
        }
        case abi::kSetCoreOptions: {
            auto all = appended(static_cast<const abi::OptionV1*>(data));
            answer = frontend(command, all.data());
            return true;
        }
        case abi::kSetCoreOptionsIntl: {
            auto both = *static_cast<const abi::OptionsV1Intl*>(data);
            auto all = appended(static_cast<const abi::OptionV1*>(both.us));
            both.us = all.data();
            answer = frontend(command, &both);
            return true;
        }
        case abi::kSetCoreOptionsV2: {
            auto options = *static_cast<const abi::OptionsV2*>(data);
            auto all = appended(static_cast<const abi::OptionV2*>(options.definitions));
            options.definitions = all.data();
            answer = frontend(command, &options);
            return true;
        }
        case abi::kSetCoreOptionsV2Intl: {
            auto both = *static_cast<const abi::OptionsV2Intl*>(data);
            if (both.us == nullptr) return false;
            auto options = *both.us;
            auto all = appended(static_cast<const abi::OptionV2*>(options.definitions));
            options.definitions = all.data();
            both.us = &options;
            answer = frontend(command, &both);
            return true;
        }
        default:
            return false;
    }
}

std::string Options::value(const char* key, abi::Environment frontend) {
    abi::Variable variable{key, nullptr};
    const bool known = frontend(abi::kGetVariable, &variable);
    return known && variable.value != nullptr ? variable.value : std::string();
}

fs::path Options::core_named(const std::string& name) const {
    for (std::size_t n = 0; n < names_.size(); ++n)
        if (names_[n] == name) return cores_[n];
    return {};
}

}  // namespace halscope::tap
