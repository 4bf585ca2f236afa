#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>

namespace aerie::stream {

/// Bytes of a message that carries a piece of a file: four of its transfer's id, big-endian, then
/// the piece.
inline constexpr std::size_t max_chunk_bytes = 16 * 1024;
inline constexpr std::size_t chunk_header_bytes = 4;

/// Names a transfer within its peer; the viewer counts.
using TransferId = std::uint32_t;

/// What a viewer says on the channel `files`, one struct a message.
struct UploadRequest {
  TransferId id = 0;
  std::string name;
  std::uint64_t bytes = 0;
};
struct DownloadRequest {
  TransferId id = 0;
  std::string name;
};
struct CancelRequest {
  TransferId id = 0;
};
using FileRequest = std::variant<UploadRequest, DownloadRequest, CancelRequest>;

/// Why a message can't be read: `bad-json`, `too-large`, `unknown-type`, `bad-field`, and the
/// transfer it spoke of, where that is known.
struct FileRequestFault {
  std::string_view reason;
  std::optional<TransferId> id;
};

/// Never throws.
[[nodiscard]] tl::expected<FileRequest, FileRequestFault> parse_file_request(
    std::string_view bytes);

struct Chunk {
  TransferId id = 0;
  std::string_view piece;
};
/// Empty where it is too short, too long, or carries nothing.
[[nodiscard]] std::optional<Chunk> parse_chunk(std::string_view bytes);
[[nodiscard]] std::string make_chunk(TransferId id, std::string_view piece);

}  // namespace aerie::stream
