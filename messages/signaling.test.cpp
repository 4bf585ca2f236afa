#include "messages/signaling.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace aerie;
using namespace aerie::signaling;

namespace {

/// One good message of each type; the malformed ones are made from them.
const std::map<std::string, Json> good{
    {"hello", {{"session", "s"}, {"token", "t"}, {"role", "host"}}},
    {"answer", {{"epoch", 1}, {"sdp", "v=0"}}},
    {"candidate", {{"epoch", 1}, {"candidate", "c"}, {"sdpMLineIndex", 0}}},
    {"keep", {{"proposal", "p"}, {"forMs", 1000}}},
    {"release", {{"proposal", "p"}}},
    {"control", {{"action", "give"}, {"to", "v"}}},
    {"renegotiate", Json::object()},
    {"ping", {{"nonce", 7}}},
};

Json typed(const std::string& type) {
  auto json = good.at(type);
  json["type"] = type;
  return json;
}

std::string code_of(const std::string& text) {
  const auto parsed = parse_client_message(text);
  return parsed ? "" : parsed.error().code;
}

}  // namespace

TEST_CASE("every client message is read", "[signaling]") {
  std::size_t index = 0;
  for (const auto* type :
       {"hello", "answer", "candidate", "keep", "release", "control", "renegotiate", "ping"}) {
    const auto parsed = parse_client_message(typed(type).dump());
    REQUIRE(parsed);
    CHECK(parsed->index() == index++);
  }
  const auto hello = parse_client_message(
      R"({"type":"hello","session":"s","token":"t","role":"viewer","audio":true,"resume":"r","lastSeq":9})");
  REQUIRE(hello);
  CHECK(std::get<Hello>(*hello).role == ViewerRole::viewer);
  CHECK(std::get<Hello>(*hello).audio);
  CHECK(std::get<Hello>(*hello).last_seq == 9);
}

TEST_CASE("each required field is named when it is missing or of another type", "[signaling]") {
  int tried = 0;
  for (const auto& [type, fields] : good) {
    for (const auto& [name, value] : fields.items()) {
      auto without = typed(type);
      without.erase(name);
      const auto missing = parse_client_message(without.dump());
      REQUIRE_FALSE(missing);
      CHECK(missing.error().field == name);
      for (const Json& wrong :
           {Json::array(), Json::object(), Json(true), Json(-1.5), Json(nullptr)}) {
        if (name == "nonce" && wrong.is_number()) continue;
        auto bad = typed(type);
        bad[name] = wrong;
        INFO(bad.dump());
        const auto parsed = parse_client_message(bad.dump());
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().field == name);
        ++tried;
      }
    }
  }
  CHECK(tried >= 60);
}

TEST_CASE("what is no message at all is refused", "[signaling]") {
  CHECK(code_of("") == "bad-json");
  CHECK(code_of("[]") == "bad-json");
  CHECK(code_of("{\"type\":\"ping\"") == "bad-json");
  CHECK(code_of("{\"type\":\"ping\",\"nonce\":" + std::string(50, '[') + std::string(50, ']') +
                "}") == "bad-json");
  CHECK(code_of("{}") == "missing-field");
  CHECK(code_of(R"({"type":7})") == "bad-field");
  CHECK(code_of(R"({"type":"welcome"})") == "unknown-type");
  CHECK(code_of(std::string(max_message_bytes + 1, ' ')) == "too-large");
  CHECK(code_of(R"({"type":"keep","proposal":"p","forMs":0})") == "bad-field");
  CHECK(code_of(R"({"type":"answer","epoch":1,"sdp":"x","media":"other"})") == "bad-field");
}

TEST_CASE("sound is asked for, and its peer renewed, by itself", "[signaling]") {
  CHECK(std::get<AudioWish>(*parse_client_message(R"({"type":"audio","wanted":true})")).wanted);
  CHECK(code_of(R"({"type":"audio"})") == "missing-field");
  CHECK(code_of(R"({"type":"audio","wanted":1})") == "bad-field");
  CHECK(std::get<Renegotiate>(*parse_client_message(R"({"type":"renegotiate"})")).media == "main");
  CHECK(std::get<Renegotiate>(*parse_client_message(R"({"type":"renegotiate","media":"audio"})"))
            .media == "audio");
}

TEST_CASE("an empty candidate ends them, whatever its sdpMid", "[signaling]") {
  for (const auto* text :
       {R"({"type":"candidate","epoch":1,"candidate":""})",
        R"({"type":"candidate","epoch":1,"candidate":"","sdpMid":null,"sdpMLineIndex":null})",
        R"({"type":"candidate","epoch":1,"candidate":"","sdpMid":"x"})"})
    CHECK(parse_client_message(text).has_value());
}

TEST_CASE("some refusals are forgiven", "[signaling]") {
  CHECK(counts_against_client("bad-json"));
  CHECK_FALSE(counts_against_client("stale-epoch"));
  CHECK_FALSE(counts_against_client("audio-unavailable"));
}
