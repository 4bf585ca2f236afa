#include "guest/stream/files/file_messages.hpp"

#include <catch2/catch.hpp>

using namespace aerie::stream;

TEST_CASE("what viewers say of files is read", "[files]") {
  const auto read = [](const char* text) { return *parse_file_request(text); };
  const auto upload =
      std::get<UploadRequest>(read(R"({"type":"upload","id":3,"name":"a.txt","bytes":10})"));
  CHECK(upload.id == 3);
  CHECK(upload.name == "a.txt");
  CHECK(upload.bytes == 10);
  CHECK(std::get<DownloadRequest>(read(R"({"type":"download","id":4,"name":"b"})")).name == "b");
  CHECK(std::get<CancelRequest>(read(R"({"type":"cancel","id":4})")).id == 4);
}

TEST_CASE("what is no request about files is refused with a reason", "[files]") {
  const auto [text, reason, has_id] = GENERATE(table<std::string, std::string, bool>({
      {"", "bad-json", false},
      {"[]", "bad-json", false},
      {R"({"id":1,"type":"upload","name":{"a":{"b":1}},"bytes":1})", "bad-field", true},
      {R"({"type":"upload","name":"a","bytes":1})", "bad-field", false},
      {R"({"type":"upload","id":-1,"name":"a","bytes":1})", "bad-field", false},
      {R"({"type":"upload","id":4294967296,"name":"a","bytes":1})", "bad-field", false},
      {R"({"type":"upload","id":1,"name":7,"bytes":1})", "bad-field", true},
      {R"({"type":"upload","id":1,"name":"a"})", "bad-field", true},
      {R"({"type":"upload","id":1,"name":"a","bytes":1.5})", "bad-field", true},
      {R"({"type":"download","id":1})", "bad-field", true},
      {R"({"type":"format","id":1})", "unknown-type", true},
  }));
  CAPTURE(text);
  const auto request = parse_file_request(text);
  REQUIRE_FALSE(request);
  CHECK(request.error().reason == reason);
  CHECK(request.error().id.has_value() == has_id);
  CHECK(parse_file_request(std::string(5000, ' ')).error().reason == "too-large");
}

TEST_CASE("a piece of a file has its transfer's id before it", "[files]") {
  const auto chunk = parse_chunk(make_chunk(0x01020304, "piece"));
  REQUIRE(chunk);
  CHECK(chunk->id == 0x01020304);
  CHECK(chunk->piece == "piece");
  CHECK_FALSE(parse_chunk(""));
  CHECK_FALSE(parse_chunk("abcd"));
  CHECK_FALSE(parse_chunk(std::string(max_chunk_bytes + 1, 'x')));
}
