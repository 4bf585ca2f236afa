#include "guest/stream/control_messages.hpp"

#include <catch2/catch.hpp>

using namespace aerie::stream;
using aerie::CauseKind;
using aerie::Json;

TEST_CASE("configure is read with its defaults", "[control]") {
  const auto message = parse_control(
      Json::parse(R"({"type":"configure","display":{"width":1280,"height":720,"fps":30},
        "iceServers":[{"urls":"stun:a"},{"urls":["turn:b"],"username":"u","credential":"c"}]})"));
  REQUIRE(message);
  const auto& configure = std::get<Configure>(*message);
  CHECK(configure.width == 1280);
  CHECK(configure.fps == 30);
  CHECK(configure.codecs == std::vector{Codec::h264, Codec::vp8});
  REQUIRE(configure.ice_servers.size() == 2);
  CHECK(configure.ice_servers[1].urls == std::vector<std::string>{"turn:b"});
  CHECK(configure.ice_servers[1].credential == "c");
}

TEST_CASE("a list of codecs is read in its order, or refused by its wrong name", "[control]") {
  CHECK(*parse_codecs("vp9,h264,vp9") == std::vector{Codec::vp9, Codec::h264});
  for (const auto* wrong : {"", "h264,", "av1", "h264, vp8"})
    CHECK_FALSE(parse_codecs(wrong));
}

TEST_CASE("the other messages of the supervisor are read", "[control]") {
  const auto read = [](const char* text) { return *parse_control(Json::parse(text)); };
  CHECK(std::get<AddPeer>(read(R"({"type":"add","epoch":3,"media":"main"})")).epoch == 3);
  CHECK(std::get<AddPeer>(read(R"({"type":"add","epoch":3})")).offer.empty());
  CHECK_FALSE(std::get<AddPeer>(read(R"({"type":"add","epoch":3})")).is_audio);
  CHECK(std::get<AddPeer>(read(R"({"type":"add","epoch":3,"media":"audio"})")).is_audio);
  CHECK(std::get<AddPeer>(read(R"({"type":"add","epoch":3,"sdp":"v=0"})")).offer == "v=0");
  CHECK_FALSE(std::get<AddPeer>(read(R"({"type":"add","epoch":3})")).beside);
  CHECK(std::get<AddPeer>(read(R"({"type":"add","epoch":3,"beside":2})")).beside == 2);
  CHECK(std::get<Answer>(read(R"({"type":"answer","epoch":3,"sdp":"v=0"})")).sdp == "v=0");
  const auto candidate = std::get<Candidate>(
      read(R"({"type":"candidate","epoch":3,"candidate":"c","sdpMLineIndex":1,"sdpMid":"x"})"));
  CHECK(candidate.line == 1);
  CHECK(std::get<Candidate>(
            read(R"({"type":"candidate","epoch":3,"candidate":"","sdpMLineIndex":null})"))
            .candidate.empty());
  CHECK(std::get<RemovePeer>(read(R"({"type":"remove","epoch":3})")).epoch == 3);
  CHECK_FALSE(std::get<GiveControl>(read(R"({"type":"control","epoch":null})")).epoch);
  CHECK(std::get<GiveControl>(read(R"({"type":"control","epoch":4})")).epoch == 4);
  CHECK(std::get<Ping>(read(R"({"type":"ping","nonce":"n"})")).nonce == "n");
}

TEST_CASE("a wrong message of the supervisor names its field", "[control]") {
  const auto [text, field] = GENERATE(table<std::string, std::string>({
      {R"({})", "type"},
      {R"({"type":"dance"})", "type"},
      {R"({"type":"configure"})", "display"},
      {R"({"type":"configure","display":{"width":10,"height":720,"fps":30}})", "width"},
      {R"({"type":"configure","display":{"width":640,"height":720,"fps":0}})", "fps"},
      {R"({"type":"configure","display":{"width":640,"height":720,"fps":30},"codecs":["av1"]})",
       "codecs"},
      {R"({"type":"configure","display":{"width":640,"height":720,"fps":30},"iceServers":[{}]})",
       "urls"},
      {R"({"type":"add"})", "epoch"},
      {R"({"type":"add","epoch":"x"})", "epoch"},
      {R"({"type":"add","epoch":1,"media":"video"})", "media"},
      {R"({"type":"add","epoch":1,"media":"audio","sdp":"v=0"})", "media"},
      {R"({"type":"add","epoch":2,"media":"audio","beside":1})", "beside"},
      {R"({"type":"add","epoch":2,"beside":"1"})", "beside"},
      {R"({"type":"answer","epoch":1})", "sdp"},
      {R"({"type":"candidate","epoch":1,"candidate":"c","sdpMLineIndex":99})", "sdpMLineIndex"},
      {R"({"type":"control"})", "epoch"},
  }));
  CAPTURE(text);
  const auto message = parse_control(Json::parse(text));
  REQUIRE_FALSE(message);
  CHECK(message.error().kind == CauseKind::link_violation);
  CHECK(message.error().message.find(field) != std::string::npos);
}
