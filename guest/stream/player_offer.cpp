#include "guest/stream/player_offer.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>

#include "guest/stream/ice.hpp"
#include "guest/stream/playout_delay_extension.hpp"

namespace aerie::stream {
namespace {

using Lines = std::vector<std::string>;

constexpr std::size_t most_media = 16;
constexpr std::size_t most_candidates = 64;
constexpr std::string_view candidate_prefix = "a=candidate:";
/// Of a transport: what all media of a bundle share (RFC 9143, 7.1).
constexpr std::array<std::string_view, 5> transport_prefixes{
    "a=ice-ufrag:", "a=ice-pwd:", "a=ice-options:", "a=fingerprint:", "a=setup:"};
/// Of the video: what webrtcbin has an answer to.
constexpr std::array<std::string_view, 8> kept_prefixes{
    "c=", "a=mid:", "a=rtcp:", "a=recvonly", "a=sendrecv", "a=rtcp-mux", "a=rtcp-rsize", "b="};

template <class Prefixes>
bool begins_with_one(std::string_view line, const Prefixes& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view each) { return line.starts_with(each); });
}

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

std::string text_of(const Lines& lines) {
  std::string text;
  for (const auto& line : lines)
    text.append(line).append("\r\n");
  return text;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::optional<unsigned> number(std::string_view text, int base = 10) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string lowered(std::string_view text) {
  std::string low{text};
  std::transform(low.begin(), low.end(), low.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return low;
}

/// The value of the first line with this prefix.
std::optional<std::string> value_of(const Lines& lines, std::string_view prefix) {
  for (const auto& line : lines)
    if (line.starts_with(prefix)) return line.substr(prefix.size());
  return std::nullopt;
}

bool has(const Lines& lines, std::string_view whole) {
  return std::find(lines.begin(), lines.end(), whole) != lines.end();
}

std::string of_payload(std::string_view attribute, unsigned payload) {
  return "a=" + std::string{attribute} + ":" + std::to_string(payload) + " ";
}

/// The parameter `name` of a payload type's `fmtp` line.
std::optional<std::string> parameter(const Lines& lines, unsigned payload, std::string_view name) {
  auto rest = value_of(lines, of_payload("fmtp", payload)).value_or("");
  std::erase(rest, ' ');
  for (std::string_view left{rest}; !left.empty();) {
    const auto end = std::min(left.find(';'), left.size());
    const auto pair = left.substr(0, end);
    left.remove_prefix(std::min(end + 1, left.size()));
    if (pair.starts_with(std::string{name} + "=")) return std::string{pair.substr(name.size() + 1)};
  }
  return std::nullopt;
}

/// The payload types of a medium, in the order of its preference.
std::vector<unsigned> payloads_of(const Lines& lines) {
  const auto words = words_of(lines.front());
  std::vector<unsigned> payloads;
  for (std::size_t i = 3; i < words.size(); ++i)
    if (const auto payload = number(words[i]); payload && *payload <= 127)
      payloads.push_back(*payload);
  return payloads;
}

/// How well H.264 of that payload type fits ours, smaller being better (RFC 6184, 8.1); none: not.
/// Who decodes baseline decodes the constrained kind.
std::optional<int> fit_of_h264(const Lines& lines, unsigned payload) {
  if (parameter(lines, payload, "packetization-mode") != "1") return std::nullopt;
  const auto profile = number(parameter(lines, payload, "profile-level-id").value_or("420010"), 16);
  constexpr unsigned baseline = 0x42;
  constexpr unsigned is_constrained = 0x40;
  if (!profile || *profile >> 16U != baseline) return std::nullopt;
  return (*profile >> 8U & is_constrained) != 0 ? 0 : 1;
}

std::optional<int> fit_of(const Lines& lines, unsigned payload, Codec codec) {
  const auto name = lowered(value_of(lines, of_payload("rtpmap", payload)).value_or(""));
  if (codec == Codec::vp8) return name.starts_with("vp8/90000") ? std::optional{0} : std::nullopt;
  if (codec == Codec::vp9)
    return name.starts_with("vp9/90000") &&
                   parameter(lines, payload, "profile-id").value_or("0") == "0"
               ? std::optional{0}
               : std::nullopt;
  return name.starts_with("h264/90000") ? fit_of_h264(lines, payload) : std::nullopt;
}

unsigned retransmission_of(const Lines& lines, unsigned payload) {
  for (const auto each : payloads_of(lines)) {
    const auto name = lowered(value_of(lines, of_payload("rtpmap", each)).value_or(""));
    if (name.starts_with("rtx/") && parameter(lines, each, "apt") == std::to_string(payload))
      return each;
  }
  return 0;
}

/// Sets the extensions that we write; true for lines of theirs.
bool is_our_extension(std::string_view line, AcceptedVideo& video) {
  constexpr std::string_view prefix = "a=extmap:";
  if (!line.starts_with(prefix)) return false;
  const auto words = words_of(line.substr(prefix.size()));
  const auto id = words.size() < 2 ? std::nullopt : number(words[0].substr(0, words[0].find('/')));
  if (!id || *id < 1 || *id > 14) return false;
  if (words[1] == playout_delay_uri) return video.playout_id = *id, true;
  if (words[1] == transport_cc_uri) return video.transport_cc_id = *id, true;
  return false;
}

bool is_our_feedback(std::string_view line, unsigned payload) {
  const auto prefix = of_payload("rtcp-fb", payload);
  if (!line.starts_with(prefix)) return false;
  constexpr std::array<std::string_view, 4> known{"nack", "nack pli", "ccm fir", "transport-cc"};
  return std::find(known.begin(), known.end(), line.substr(prefix.size())) != known.end();
}

}  // namespace

tl::expected<PlayerOffer, std::string> PlayerOffer::parse(std::string_view sdp,
                                                          const std::vector<Codec>& codecs) {
  PlayerOffer offer;
  for (auto& line : lines_of(sdp)) {
    if (line.size() < 2 || line[1] != '=')
      return tl::unexpected(std::string{"the offer is no session description"});
    if (line.starts_with("m=")) offer.media_.emplace_back();
    auto& lines = offer.media_.empty() ? offer.session_ : offer.media_.back().lines;
    lines.push_back(std::move(line));
  }
  if (offer.session_.empty() || offer.session_.front() != "v=0" || offer.media_.empty() ||
      offer.media_.size() > most_media)
    return tl::unexpected(std::string{"the offer is no session description of 1 to 16 media"});
  offer.find_bundle();
  for (const auto codec : codecs)
    for (std::size_t at = 0; at < offer.media_.size(); ++at)
      if (offer.choose(at, codec)) {
        offer.reduce();
        return offer;
      }
  return tl::unexpected(std::string{
      "the player offers to receive no video in a codec of ours (H.264 of the baseline profile in "
      "packetization mode 1, VP8)"});
}

void PlayerOffer::find_bundle() {
  const auto bundle = words_of(value_of(session_, "a=group:BUNDLE").value_or(""));
  for (auto& medium : media_) {
    medium.mid = value_of(medium.lines, "a=mid:").value_or("");
    medium.is_bundled = std::find(bundle.begin(), bundle.end(), medium.mid) != bundle.end();
  }
}

bool PlayerOffer::choose(std::size_t at, Codec codec) {
  const auto& lines = media_[at].lines;
  const bool sends_only = has(lines, "a=sendonly") || has(lines, "a=inactive");
  if (!lines.front().starts_with("m=video ") || sends_only) return false;
  std::optional<std::pair<int, unsigned>> best;
  for (const auto payload : payloads_of(lines))
    if (const auto fit = fit_of(lines, payload, codec); fit && (!best || *fit < best->first))
      best = {*fit, payload};
  if (!best) return false;
  video_at_ = at;
  video_ = {codec, best->second, 0, 0, std::max(g_random_int(), 1U)};
  retransmission_ = retransmission_of(lines, video_.payload);
  return true;
}

/// The medium whose transport is used (RFC 9143, 7.2.1: the bundle's first).
const PlayerOffer::Medium& PlayerOffer::tagged() const {
  const auto& video = media_[video_at_];
  if (!video.is_bundled) return video;
  return *std::find_if(media_.begin(), media_.end(),
                       [](const Medium& medium) { return medium.is_bundled; });
}

void PlayerOffer::reduce() {
  const auto& medium = media_[video_at_];
  Lines lines;
  for (const auto& line : session_)
    if (!line.starts_with("a=") || begins_with_one(line, transport_prefixes)) lines.push_back(line);
  if (!medium.mid.empty()) lines.push_back("a=group:BUNDLE " + medium.mid);
  std::string payloads = std::to_string(video_.payload);
  if (retransmission_ != 0) payloads += " " + std::to_string(retransmission_);
  lines.push_back("m=video 9 UDP/TLS/RTP/SAVPF " + payloads);
  for (const auto& line : medium.lines) {
    const auto is_of = [&](unsigned payload) {
      return payload != 0 && (line.starts_with(of_payload("rtpmap", payload)) ||
                              line.starts_with(of_payload("fmtp", payload)));
    };
    if (begins_with_one(line, kept_prefixes) || is_of(video_.payload) || is_of(retransmission_) ||
        is_our_feedback(line, video_.payload) || is_our_extension(line, video_))
      lines.push_back(line);
  }
  for (const auto& line : tagged().lines) {
    if (begins_with_one(line, transport_prefixes)) lines.push_back(line);
    const auto candidate = std::string_view{line}.substr(2);
    if (line.starts_with(candidate_prefix) && is_usable_candidate(candidate) &&
        candidates_.size() < most_candidates)
      candidates_.emplace_back(candidate);
  }
  reduced_ = text_of(lines);
}

GstPtr<GstCaps> PlayerOffer::caps() const {
  const auto text = std::string{"application/x-rtp,media=video,clock-rate=90000,encoding-name="} +
                    (video_.codec == Codec::h264  ? "H264"
                     : video_.codec == Codec::vp8 ? "VP8"
                                                  : "VP9") +
                    ",payload=" + std::to_string(video_.payload);
  return GstPtr<GstCaps>{gst_caps_from_string(text.c_str())};
}

PlayerOffer::Lines PlayerOffer::declined(const Medium& medium, const Lines& transport) const {
  const auto words = words_of(medium.lines.front());
  const auto word = [&](std::size_t at) {
    return at < words.size() ? words[at] : std::string{"0"};
  };
  // A data channel can't be inactive.
  const bool is_shared =
      medium.is_bundled && media_[video_at_].is_bundled && !word(0).starts_with("m=application");
  Lines lines{word(0) + (is_shared ? " 9 " : " 0 ") + word(2) + " " + word(3), "c=IN IP4 0.0.0.0",
              "a=inactive"};
  if (!medium.mid.empty()) lines.push_back("a=mid:" + medium.mid);
  if (const auto map = value_of(medium.lines, "a=rtpmap:" + word(3) + " "))
    lines.push_back("a=rtpmap:" + word(3) + " " + *map);
  if (!is_shared) return lines;
  lines.emplace_back("a=rtcp-mux");
  lines.insert(lines.end(), transport.begin(), transport.end());
  return lines;
}

std::string PlayerOffer::answer(std::string_view own,
                                const std::vector<std::string>& candidates) const {
  Lines session;
  Lines video;
  for (const auto& line : lines_of(own)) {
    const auto fmtp = of_payload("fmtp", video_.payload);
    // webrtcbin says the source before there is one: 0, which no packet will have.
    if (line.starts_with("a=ssrc") || line.starts_with("a=msid:") || line.starts_with(fmtp))
      continue;
    if (line.starts_with("m=") || !video.empty())
      video.push_back(line);
    else if (!line.starts_with("a=group:"))
      session.push_back(line);
  }
  Lines gathered;
  for (const auto& candidate : candidates)
    gathered.push_back("a=" + candidate);
  gathered.emplace_back("a=end-of-candidates");
  Lines transport;
  for (const auto& line : video)
    if (begins_with_one(line, transport_prefixes)) transport.push_back(line);
  transport.insert(transport.end(), gathered.begin(), gathered.end());
  video.insert(video.end(), gathered.begin(), gathered.end());
  // Without its profile, which webrtcbin leaves out, H.264 would be of another level.
  const auto fmtp = of_payload("fmtp", video_.payload);
  if (const auto offered = value_of(media_[video_at_].lines, fmtp))
    video.push_back(fmtp + *offered);
  // Chromium finds no medium for packets of a source that it was not told, where audio follows.
  video.emplace_back("a=msid:aerie screen");
  video.push_back("a=ssrc:" + std::to_string(video_.ssrc) + " cname:aerie");

  std::string bundle;
  Lines media;
  for (std::size_t at = 0; at < media_.size(); ++at) {
    const auto lines = at == video_at_ ? video : declined(media_[at], transport);
    const bool is_rejected = words_of(lines.empty() ? "" : lines.front()).size() > 1 &&
                             words_of(lines.front())[1] == "0";
    if (media_[at].is_bundled && !is_rejected) bundle += " " + media_[at].mid;
    media.insert(media.end(), lines.begin(), lines.end());
  }
  if (!bundle.empty()) session.push_back("a=group:BUNDLE" + bundle);
  return text_of(session) + text_of(media);
}

}  // namespace aerie::stream
