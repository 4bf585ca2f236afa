#include "guest/stream/control_messages.hpp"

#include <algorithm>
#include <array>

namespace aerie::stream {
namespace {

constexpr std::size_t most_servers = 8;
constexpr std::size_t longest_url = 512;
constexpr std::size_t longest_candidate = 2048;
constexpr std::size_t longest_sdp = 60 * 1024;

/// Thrown and caught within this file only: what is wrong with a message.
struct Wrong {
  std::string what;
};

std::int64_t integer(const Json& object, const char* field, std::int64_t low, std::int64_t high) {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_number_integer())
    throw Wrong{std::string{field} + " must be an integer"};
  const auto value = found->get<std::int64_t>();
  if (value < low || value > high)
    throw Wrong{std::string{field} + " must be from " + std::to_string(low) + " to " +
                std::to_string(high)};
  return value;
}

std::string text(const Json& object, const char* field, std::size_t longest,
                 std::optional<std::string> otherwise = std::nullopt) {
  const auto found = object.find(field);
  if (found == object.end() || found->is_null()) {
    if (otherwise) return *otherwise;
    throw Wrong{std::string{field} + " is missing"};
  }
  if (!found->is_string()) throw Wrong{std::string{field} + " must be a string"};
  auto value = found->get<std::string>();
  if (value.size() > longest) throw Wrong{std::string{field} + " is too long"};
  return value;
}

Epoch epoch_of(const Json& message) {
  return integer(message, "epoch", 0, std::int64_t{1} << 53);
}

IceServer ice_server(const Json& json) {
  if (!json.is_object()) throw Wrong{"iceServers must hold objects"};
  IceServer server;
  const auto urls = json.find("urls");
  if (urls == json.end()) throw Wrong{"iceServers.urls is missing"};
  if (urls->is_array()) {
    for (const auto& url : *urls) {
      if (!url.is_string() || url.get_ref<const std::string&>().size() > longest_url ||
          server.urls.size() == most_servers)
        throw Wrong{"iceServers.urls must be a few short strings"};
      server.urls.push_back(url.get<std::string>());
    }
  } else {
    server.urls.push_back(text(json, "urls", longest_url));
  }
  server.username = text(json, "username", longest_url, "");
  server.credential = text(json, "credential", longest_url, "");
  return server;
}

std::vector<IceServer> ice_servers(const Json& list) {
  if (!list.is_array() || list.size() > most_servers)
    throw Wrong{"iceServers must be an array of at most 8"};
  std::vector<IceServer> servers;
  for (const auto& server : list)
    servers.push_back(ice_server(server));
  return servers;
}

Configure configure(const Json& message) {
  const auto display = message.find("display");
  if (display == message.end() || !display->is_object()) throw Wrong{"display is missing"};
  Configure result;
  result.width = static_cast<int>(integer(*display, "width", 64, 3840));
  result.height = static_cast<int>(integer(*display, "height", 64, 2160));
  result.fps = static_cast<int>(integer(*display, "fps", 1, 120));
  result.follows = display->value("follows", false);
  if (message.contains("fileBytes"))
    result.file_bytes = integer(message, "fileBytes", 0, std::int64_t{1} << 40);
  result.ice_servers = ice_servers(message.value("iceServers", Json::array()));
  const auto codecs = message.value("codecs", Json{"h264", "vp8"});
  if (!codecs.is_array() || codecs.empty()) throw Wrong{"codecs must be a list"};
  for (const auto& name : codecs) {
    const auto codec =
        name.is_string() ? codec_named(name.get_ref<const std::string&>()) : std::nullopt;
    if (!codec) throw Wrong{"codecs may hold h264, vp8 and vp9 only"};
    if (std::find(result.codecs.begin(), result.codecs.end(), *codec) == result.codecs.end())
      result.codecs.push_back(*codec);
  }
  return result;
}

AddPeer add_peer(const Json& message) {
  const auto media = text(message, "media", 16, "main");
  if (media != "main" && media != "audio") throw Wrong{"media must be main or audio"};
  AddPeer add{epoch_of(message), text(message, "sdp", longest_sdp, ""), media == "audio"};
  if (add.is_audio && !add.offer.empty()) throw Wrong{"media audio is offered, never answered"};
  if (!message.contains("beside")) return add;
  if (add.is_audio || !add.offer.empty()) throw Wrong{"beside is for pictures that are offered"};
  add.beside = integer(message, "beside", 0, std::int64_t{1} << 53);
  return add;
}

GiveControl give_control(const Json& message) {
  const auto found = message.find("epoch");
  if (found != message.end() && found->is_null()) return {std::nullopt};
  return {epoch_of(message)};
}

ControlMessage parse(const Json& message) {
  const auto type = text(message, "type", 32);
  if (type == "configure") return configure(message);
  if (type == "add") return add_peer(message);
  if (type == "answer") return Answer{epoch_of(message), text(message, "sdp", longest_sdp)};
  if (type == "candidate")
    return Candidate{epoch_of(message), text(message, "candidate", longest_candidate),
                     message.contains("sdpMLineIndex") && !message["sdpMLineIndex"].is_null()
                         ? static_cast<std::uint32_t>(integer(message, "sdpMLineIndex", 0, 15))
                         : 0U};
  if (type == "remove") return RemovePeer{epoch_of(message)};
  if (type == "control") return give_control(message);
  if (type == "screenshot")
    return AskScreenshot{integer(message, "id", 0, std::int64_t{1} << 53),
                         static_cast<std::size_t>(integer(message, "part", 0, 1 << 16))};
  if (type == "ping") return Ping{message.value("nonce", Json{})};
  throw Wrong{"type is unknown"};
}

}  // namespace

std::string_view to_string(Codec codec) {
  constexpr std::array<std::string_view, 3> names{"h264", "vp8", "vp9"};
  return names.at(static_cast<std::size_t>(codec));
}

std::optional<Codec> codec_named(std::string_view name) {
  if (name == "h264") return Codec::h264;
  if (name == "vp8") return Codec::vp8;
  if (name == "vp9") return Codec::vp9;
  return std::nullopt;
}

tl::expected<std::vector<Codec>, std::string> parse_codecs(std::string_view list) {
  std::vector<Codec> codecs;
  for (std::size_t begin = 0; begin <= list.size();) {
    const auto end = std::min(list.find(',', begin), list.size());
    const auto name = list.substr(begin, end - begin);
    const auto codec = codec_named(name);
    if (!codec) return tl::unexpected("\"" + std::string{name} + "\" is none of h264, vp8 and vp9");
    if (std::find(codecs.begin(), codecs.end(), *codec) == codecs.end()) codecs.push_back(*codec);
    begin = end + 1;
  }
  return codecs;
}

tl::expected<std::vector<IceServer>, std::string> parse_ice_servers(const Json& list) {
  try {
    return ice_servers(list);
  } catch (const Wrong& wrong) {
    return tl::unexpected("The servers are wrong: " + wrong.what + ".");
  }
}

Result<ControlMessage> parse_control(const Json& message) {
  try {
    return parse(message);
  } catch (const Wrong& wrong) {
    return tl::unexpected(Cause{CauseKind::link_violation,
                                "A message of the guest supervisor is wrong: " + wrong.what + ".",
                                "Run a supervisor and a streamer of the same version.",
                                {}});
  }
}

}  // namespace aerie::stream
