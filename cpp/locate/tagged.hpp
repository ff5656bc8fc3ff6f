// Pointers of three bytes behind a tag, as the commands of a script have them: the tag says that a pointer follows. Its
// places in the ROM are like the entries of a table, but at no stride.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "locate/pointers.hpp"
#include "locate/shapes.hpp"

namespace halscope::locate {

// Groups of pointers behind one tag in one part of the ROM, with evidence from `threshold` on, strongest first. They
// may share bytes.
//
// `references` ascend by position within the ROM, and name starts.
[[nodiscard]] std::vector<PointerGroup> find_tagged(std::span<const std::uint8_t> rom,
                                                    std::span<const Reference> references, const LikelyStarts& starts,
                                                    float threshold, const Work& work = {});

}  // namespace halscope::locate
