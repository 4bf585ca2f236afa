#include "guest/stream/files/file_messages.hpp"

#include <nlohmann/json.hpp>

namespace aerie::stream {
namespace {

using Json = nlohmann::json;

constexpr std::size_t longest_request = 4 * 1024;
constexpr std::uint64_t largest_id = 0x7FFF'FFFF;
constexpr std::uint64_t largest_size = std::uint64_t{1} << 53;  // what a script can count to

std::optional<std::uint64_t> count_in(const Json& object, const char* field, std::uint64_t most) {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_number_unsigned()) return std::nullopt;
  const auto value = found->get<std::uint64_t>();
  return value <= most ? std::optional{value} : std::nullopt;
}

std::optional<std::string> text_in(const Json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

}  // namespace

tl::expected<FileRequest, FileRequestFault> parse_file_request(std::string_view bytes) {
  const auto fault = [](std::string_view reason, std::optional<TransferId> id = std::nullopt) {
    return tl::unexpected(FileRequestFault{reason, id});
  };
  if (bytes.size() > longest_request) return fault("too-large");
  // Not deeper than an object: nothing is built of what lies in it.
  const auto flat = [](int depth, Json::parse_event_t, Json&) { return depth <= 1; };
  const auto json = Json::parse(bytes, flat, /*allow_exceptions=*/false);
  if (!json.is_object()) return fault("bad-json");
  const auto number = count_in(json, "id", largest_id);
  if (!number) return fault("bad-field");
  const auto id = static_cast<TransferId>(*number);
  const auto type = text_in(json, "type").value_or("");
  if (type == "cancel") return CancelRequest{id};
  if (type != "upload" && type != "download") return fault("unknown-type", id);
  auto name = text_in(json, "name");
  if (!name) return fault("bad-field", id);
  if (type == "download") return DownloadRequest{id, std::move(*name)};
  const auto size = count_in(json, "bytes", largest_size);
  if (!size) return fault("bad-field", id);
  return UploadRequest{id, std::move(*name), *size};
}

std::optional<Chunk> parse_chunk(std::string_view bytes) {
  if (bytes.size() <= chunk_header_bytes || bytes.size() > max_chunk_bytes) return std::nullopt;
  TransferId id = 0;
  for (const char byte : bytes.substr(0, chunk_header_bytes))
    id = id << 8U | static_cast<unsigned char>(byte);
  return Chunk{id, bytes.substr(chunk_header_bytes)};
}

std::string make_chunk(TransferId id, std::string_view piece) {
  std::string bytes;
  bytes.reserve(chunk_header_bytes + piece.size());
  for (const unsigned shift : {24U, 16U, 8U, 0U})
    bytes += static_cast<char>(id >> shift & 0xFFU);
  return bytes.append(piece);
}

}  // namespace aerie::stream
