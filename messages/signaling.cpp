#include "messages/signaling.hpp"

#include <algorithm>
#include <array>
#include <functional>

namespace aerie::signaling {
namespace {

using Parsed = tl::expected<ClientMessage, Refusal>;

constexpr std::size_t max_sdp_bytes = 60 * 1024;
constexpr std::size_t max_candidate_bytes = 2 * 1024;  // what a streamer takes
constexpr std::size_t max_name_bytes = 256;
constexpr std::uint64_t max_count = 1ULL << 53U;  // what a JavaScript number holds exactly
constexpr std::int64_t max_keep_ms = 86'400'000;

/// Reads the fields of one message and keeps the first refusal.
class Fields {
 public:
  explicit Fields(const Json& json) : json_(json) {}

  std::string text(const char* name, std::size_t max_bytes, bool is_required = true) {
    const auto* value = find(name, is_required);
    if (value == nullptr) return {};
    if (!value->is_string()) return refuse(name, "must be a string"), std::string{};
    auto string = value->get<std::string>();
    if (string.size() > max_bytes)
      refuse(name, "is longer than " + std::to_string(max_bytes) + " bytes");
    return string;
  }

  std::uint64_t count(const char* name, bool is_required = true) {
    const auto* value = find(name, is_required);
    if (value == nullptr) return 0;
    if (!value->is_number_unsigned() || value->get<std::uint64_t>() > max_count)
      return refuse(name, "must be a whole number from 0 to 2^53"), 0;
    return value->get<std::uint64_t>();
  }

  bool flag(const char* name, bool is_required = false) {
    const auto* value = find(name, is_required);
    if (value == nullptr) return false;
    if (!value->is_boolean()) return refuse(name, "must be true or false"), false;
    return value->get<bool>();
  }

  std::string media() {
    auto media = text("media", max_name_bytes, false);
    if (media.empty()) return "main";
    if (media != "main" && media != "audio") refuse("media", "must be main or audio");
    return media;
  }

  /// Reads one of a few words; returns its place among them.
  template <std::size_t N>
  std::size_t word(const char* name, const std::array<std::string_view, N>& words) {
    const auto value = text(name, max_name_bytes);
    const auto* found = std::find(words.begin(), words.end(), value);
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
    std::string known;
    for (const auto each : words)
      known += (known.empty() ? "" : ", ") + std::string{each};
    refuse(name, "must be one of " + known);
    return 0;
  }

  const Json* find(const char* name, bool is_required) {
    const auto found = json_.find(name);
    if (found != json_.end()) return &*found;
    if (is_required && !refusal_)
      refusal_ =
          Refusal{"missing-field", "The field '" + std::string{name} + "' is missing.", name};
    return nullptr;
  }

  void refuse(const char* name, const std::string& what) {
    if (!refusal_)
      refusal_ = Refusal{"bad-field", "The field '" + std::string{name} + "' " + what + ".", name};
  }

  [[nodiscard]] const std::optional<Refusal>& refusal() const { return refusal_; }

 private:
  const Json& json_;
  std::optional<Refusal> refusal_;
};

Hello read_hello(Fields& fields) {
  Hello hello;
  hello.session = fields.text("session", max_name_bytes);
  hello.token = fields.text("token", max_name_bytes);
  hello.role = static_cast<ViewerRole>(
      fields.word("role", std::array<std::string_view, 2>{"host", "viewer"}));
  hello.audio = fields.flag("audio");
  hello.resume = fields.text("resume", max_name_bytes, false);
  hello.last_seq = fields.count("lastSeq", false);
  return hello;
}

Answer read_answer(Fields& fields) {
  return {fields.count("epoch"), fields.media(), fields.text("sdp", max_sdp_bytes)};
}

Candidate read_candidate(Fields& fields) {
  Candidate candidate;
  candidate.epoch = fields.count("epoch");
  candidate.media = fields.media();
  candidate.candidate = fields.text("candidate", max_candidate_bytes);
  const bool is_end = candidate.candidate.empty();
  // Browsers send null for both with the candidate that ends them.
  const auto* mid = fields.find("sdpMid", false);
  if (mid != nullptr && !mid->is_null()) candidate.sdp_mid = fields.text("sdpMid", max_name_bytes);
  const auto* index = fields.find("sdpMLineIndex", false);
  if (index != nullptr && !index->is_null()) {
    const auto value = fields.count("sdpMLineIndex");
    if (value > 15) fields.refuse("sdpMLineIndex", "must be a whole number from 0 to 15");
    candidate.sdp_m_line_index = static_cast<int>(value);
  } else if (!is_end && (mid == nullptr || mid->is_null())) {
    fields.find("sdpMLineIndex", true);
    fields.refuse("sdpMLineIndex", "or sdpMid must be given");
  }
  return candidate;
}

Keep read_keep(Fields& fields) {
  Keep keep{fields.text("proposal", max_name_bytes), Duration{0}};
  const auto* value = fields.find("forMs", true);
  if (value == nullptr) return keep;
  if (!value->is_number_integer() || *value <= 0 || *value > max_keep_ms)
    fields.refuse("forMs", "must be a whole number of milliseconds from 1 to 86400000");
  else
    keep.for_time = Duration{value->get<std::int64_t>()};
  return keep;
}

Control read_control(Fields& fields) {
  Control control;
  control.action = static_cast<ControlAction>(
      fields.word("action", std::array<std::string_view, 4>{"request", "release", "give", "take"}));
  if (control.action == ControlAction::give) control.to = fields.text("to", max_name_bytes);
  return control;
}

Ping read_ping(Fields& fields) {
  const auto* nonce = fields.find("nonce", true);
  if (nonce == nullptr) return {};
  if (!nonce->is_number() &&
      !(nonce->is_string() && nonce->get_ref<const std::string&>().size() <= max_name_bytes))
    fields.refuse("nonce", "must be a number or a string of at most 256 bytes");
  return {*nonce};
}

/// The one table of a client's messages.
struct Reader {
  std::string_view type;
  ClientMessage (*read)(Fields&);
};
constexpr std::array readers{
    Reader{"hello", [](Fields& f) -> ClientMessage { return read_hello(f); }},
    Reader{"answer", [](Fields& f) -> ClientMessage { return read_answer(f); }},
    Reader{"candidate", [](Fields& f) -> ClientMessage { return read_candidate(f); }},
    Reader{"keep", [](Fields& f) -> ClientMessage { return read_keep(f); }},
    Reader{"release",
           [](Fields& f) -> ClientMessage { return Release{f.text("proposal", max_name_bytes)}; }},
    Reader{"control", [](Fields& f) -> ClientMessage { return read_control(f); }},
    Reader{"renegotiate", [](Fields& f) -> ClientMessage { return Renegotiate{f.media()}; }},
    Reader{"audio", [](Fields& f) -> ClientMessage { return AudioWish{f.flag("wanted", true)}; }},
    Reader{"ping", [](Fields& f) -> ClientMessage { return read_ping(f); }},
};

constexpr int max_depth = 16;

}  // namespace

bool counts_against_client(std::string_view code) {
  constexpr std::array<std::string_view, 5> forgiven{
      "stale-epoch", "not-in-control", "no-such-proposal", "answer-timeout", "audio-unavailable"};
  return std::find(forgiven.begin(), forgiven.end(), code) == forgiven.end();
}

Parsed parse_client_message(std::string_view text) {
  if (text.size() > max_message_bytes)
    return tl::unexpected(Refusal{"too-large", "A message may have at most 65536 bytes.", ""});
  bool too_deep = false;
  const auto guard = [&](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > max_depth;
    return !too_deep;
  };
  const auto json = Json::parse(text, guard, /*allow_exceptions=*/false);
  if (too_deep || !json.is_object())
    return tl::unexpected(Refusal{"bad-json", "A message must be one JSON object.", ""});
  Fields fields{json};
  const auto type = fields.text("type", max_name_bytes);
  if (fields.refusal()) return tl::unexpected(*fields.refusal());
  const auto* reader = std::find_if(readers.begin(), readers.end(),
                                    [&](const Reader& each) { return each.type == type; });
  if (reader == readers.end())
    return tl::unexpected(
        Refusal{"unknown-type", "There is no message of this type for the server.", "type"});
  auto message = reader->read(fields);
  if (fields.refusal()) return tl::unexpected(*fields.refusal());
  return message;
}

Json to_message(const Refusal& refusal) {
  Json json{{"type", "error"}, {"code", refusal.code}, {"message", refusal.message}};
  if (!refusal.field.empty()) json["field"] = refusal.field;
  return json;
}

}  // namespace aerie::signaling
