// What the tap shares of a loaded game: its ring in the user's folder, with the frames that are put there.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tap/ring_writer.hpp"
#include "tap/shared_file.hpp"

namespace halscope::tap {

struct GameFacts {
    // Names and values, for the reader: "core", "version", "inner", "content" ...
    std::vector<std::pair<std::string, std::string>> text;
    std::span<const std::uint8_t> rom;
    std::size_t state_bytes = 0, picture_bytes = 0, save_bytes = 0;
};

class Publisher {
  public:
    // Creates the game's ring. Null if another instance of this process publishes already, whose ring is then in
    // `first`, or if it is not possible; `error` then says why.
    static std::unique_ptr<Publisher> create(const GameFacts& facts, std::unique_ptr<SharedFile>& first,
                                             std::string& error);
    ~Publisher() {
        if (ring_ != nullptr) ring_->close();  // null if its file could not be created
    }
    Publisher(const Publisher&) = delete;
    Publisher& operator=(const Publisher&) = delete;

    [[nodiscard]] RingWriter& ring() noexcept { return *ring_; }

  private:
    Publisher() = default;

    std::unique_ptr<SharedFile> file_;
    std::unique_ptr<RingWriter> ring_;
};

}  // namespace halscope::tap
