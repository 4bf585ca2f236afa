#include "messages/link.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace aerie::link {
namespace {

constexpr std::array<std::string_view, 5> news_names{"started", "ready", "exited", "restarting",
                                                     "given-up"};
constexpr std::size_t max_text_bytes = 4 * 1024;
constexpr std::size_t max_line_bytes = 16 * 1024;

Cause violation(const std::string& what) {
  return {CauseKind::link_violation,
          "The guest's link carried a bad message: " + what + ".",
          "The guest program is of another version or hostile; retire the session.",
          {}};
}

/// Reads fields and keeps the first thing that is wrong.
class Fields {
 public:
  explicit Fields(const Json& json) : json_(json) {}

  std::string text(const char* name, std::size_t max_bytes = max_text_bytes) {
    const auto found = json_.find(name);
    if (found == json_.end()) return {};
    if (!found->is_string() || found->get_ref<const std::string&>().size() > max_bytes) {
      refuse("'" + std::string{name} + "' is no string of at most " + std::to_string(max_bytes) +
             " bytes");
      return {};
    }
    return found->get<std::string>();
  }

  /// A child's or session's name: `^[a-z0-9][a-z0-9._-]{0,63}$`.
  std::string name(const char* field) {
    auto value = text(field);
    const auto is_plain = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    };
    const bool starts_well = !value.empty() && std::isalnum(static_cast<unsigned char>(value[0]));
    if (value.size() > 64 || !starts_well || !std::all_of(value.begin(), value.end(), is_plain))
      refuse("'" + std::string{field} + "' is no name");
    return value;
  }

  std::int64_t number(const char* name, std::int64_t low, std::int64_t high,
                      std::int64_t otherwise = 0) {
    const auto found = json_.find(name);
    if (found == json_.end()) return otherwise;
    if (found->is_number_integer() && *found >= low && *found <= high)
      return found->get<std::int64_t>();
    refuse("'" + std::string{name} + "' is no whole number from " + std::to_string(low) + " to " +
           std::to_string(high));
    return otherwise;
  }

  std::optional<Cause> cause(const char* name) {
    const auto found = json_.find(name);
    if (found == json_.end() || found->is_null()) return std::nullopt;
    const auto* kind = found->is_object() && found->contains("kind") ? &found->at("kind") : nullptr;
    const auto known = kind != nullptr && kind->is_string()
                           ? cause_kind(kind->get_ref<const std::string&>())
                           : std::nullopt;
    if (!known) return refuse("'" + std::string{name} + "' is no cause"), std::nullopt;
    Fields inner{*found};
    Cause cause{*known, inner.text("message"), inner.text("remedy"), {}};
    const auto evidence = found->find("evidence");
    if (evidence != found->end() && evidence->is_array())
      for (const auto& line : *evidence)
        if (line.is_string() && cause.evidence.size() < 50)
          cause.evidence.push_back(line.get<std::string>().substr(0, max_text_bytes));
    if (inner.problem()) refuse(*inner.problem());
    return cause;
  }

  void refuse(const std::string& what) {
    if (!problem_) problem_ = what;
  }
  [[nodiscard]] const std::optional<std::string>& problem() const { return problem_; }
  [[nodiscard]] const Json& json() const { return json_; }

 private:
  const Json& json_;
  std::optional<std::string> problem_;
};

ChildNews read_child(Fields& fields) {
  ChildNews news;
  const auto event = fields.text("event");
  const auto* found = std::find(news_names.begin(), news_names.end(), event);
  if (found == news_names.end())
    fields.refuse("'event' is none of a child's");
  else
    news.kind = static_cast<ChildNewsKind>(found - news_names.begin());
  news.child = fields.name("child");
  news.pid = fields.number("pid", 0, 1LL << 31);
  news.restarts = static_cast<int>(fields.number("restarts", 0, 1LL << 30));
  if (fields.json().contains("retryInMs"))
    news.retry_in = Duration{fields.number("retryInMs", 0, 86'400'000)};
  news.detail = fields.text("detail");
  news.cause = fields.cause("cause");
  if (const auto exit = fields.json().find("exit"); exit != fields.json().end()) {
    auto record = parse_exit_record(*exit);
    if (record)
      news.exit = std::move(*record);
    else
      fields.refuse(record.error().message);
  }
  if (news.kind == ChildNewsKind::exited && !news.exit) fields.refuse("'exit' is missing");
  return news;
}

LogLines read_log(Fields& fields) {
  LogLines log;
  log.child = fields.name("child");
  log.is_error = fields.number("error", 0, 1) == 1;
  const auto lines = fields.json().find("lines");
  if (lines == fields.json().end() || !lines->is_array() || lines->size() > max_lines_per_frame) {
    fields.refuse("'lines' is no list of at most 64 lines");
    return log;
  }
  for (const auto& line : *lines) {
    if (!line.is_string() || line.get_ref<const std::string&>().size() > max_line_bytes)
      fields.refuse("a line of 'lines' is no string of at most 16384 bytes");
    else
      log.lines.push_back(line.get<std::string>());
  }
  return log;
}

StreamSays read_stream(Fields& fields) {
  const auto body = fields.json().find("body");
  if (body != fields.json().end() && body->is_object()) return {*body};
  fields.refuse("'body' is no object");
  return {};
}

bool is_visible(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
}

std::uint64_t read_attempt(Fields& fields) {
  return static_cast<std::uint64_t>(fields.number("attempt", 1, 1LL << 30, 1));
}

LoginNews read_login(Fields& fields) {
  LoginNews news;
  news.attempt = read_attempt(fields);
  const auto state = login_state(fields.text("state"));
  if (!state) fields.refuse("'state' is none of a log-in's");
  news.state = state.value_or(LoginState::failed);
  news.url = fields.text("url", 8 * 1024);
  const bool is_web = news.url.starts_with("https://") || news.url.starts_with("http://");
  if (!news.url.empty() && (!is_web || !is_visible(news.url)))
    fields.refuse("'url' is no address of http or https");
  news.cause = fields.cause("cause");
  return news;
}

CredentialPart read_credential(Fields& fields) {
  CredentialPart part;
  part.attempt = read_attempt(fields);
  part.file = static_cast<std::size_t>(fields.number("file", 0, max_credential_files - 1));
  part.part = static_cast<std::size_t>(fields.number("part", 0, 1024));
  part.name = fields.text("name");
  part.bytes = static_cast<std::size_t>(
      fields.number("bytes", 0, static_cast<std::int64_t>(max_credential_bytes)));
  part.sealed = fields.text("sealed", max_credential_part_bytes);
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
  if (part.name.empty() || std::any_of(part.name.begin(), part.name.end(), is_control))
    fields.refuse("'name' is no file's");
  if (!is_visible(part.sealed)) fields.refuse("'sealed' is no base64");
  return part;
}

LoginOrder read_order(Fields& fields) {
  LoginOrder order;
  order.attempt = read_attempt(fields);
  order.seal_key = fields.text("sealKey");
  const auto provider = fields.json().find("provider");
  if (provider == fields.json().end()) return order;
  auto parsed = parse_provider(*provider);
  if (parsed)
    order.provider = std::move(*parsed);
  else
    fields.refuse(parsed.error().message);
  return order;
}

Configure read_configure(Fields& fields) {
  Configure configure;
  configure.vm = fields.text("vm");
  configure.session = fields.text("session");
  configure.url = fields.text("url", 8 * 1024);
  configure.orphan_after = Duration{fields.number("orphanMs", 0, 1LL << 40)};
  configure.max_age = Duration{fields.number("maxMs", 0, 1LL << 40)};
  configure.is_template = fields.number("template", 0, 1) == 1;
  configure.file_bytes = fields.number("fileBytes", 0, 1LL << 40);
  auto profile = parse_profile(fields.json().value("profile", Json::object()));
  if (profile)
    configure.profile = std::move(*profile);
  else
    fields.refuse(profile.error().message);
  const auto display = fields.json().value("display", Json::object());
  Fields size{display};
  configure.display = {static_cast<int>(size.number("width", 64, 3840, 1280)),
                       static_cast<int>(size.number("height", 64, 2160, 720)),
                       static_cast<int>(size.number("fps", 1, 120, 30)),
                       static_cast<int>(size.number("largestWidth", 0, 3840)),
                       static_cast<int>(size.number("largestHeight", 0, 2160))};
  if (size.problem()) fields.refuse(*size.problem());
  const auto env = fields.json().value("env", Json::object());
  for (const auto& [name, value] : env.items()) {
    if (value.is_string())
      configure.env.emplace_back(name, value.get<std::string>());
    else
      fields.refuse("'env." + name + "' is no string");
  }
  configure.ice_servers = fields.json().value("iceServers", Json::array());
  return configure;
}

Renew read_renew(Fields& fields) {
  return {
      fields.text("secret"), fields.text("vm"), fields.json().value("iceServers", Json::array()),
      Duration{fields.number("orphanMs", 0, 1LL << 40)}, fields.number("fileBytes", 0, 1LL << 40)};
}

template <class Message>
Result<Message> finish(const Fields& fields, Message message) {
  if (fields.problem()) return tl::unexpected(violation(*fields.problem()));
  return message;
}

Json env_of(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Json env = Json::object();
  for (const auto& [name, value] : pairs)
    env[name] = value;
  return env;
}

/// Encodes each message; the other direction of the readers above.
struct Encoder {
  Json operator()(const Linked& linked) const {
    return {{"type", "linked"}, {"configured", linked.configured ? 1 : 0}};
  }
  Json operator()(const Configured&) const { return {{"type", "configured"}}; }
  Json operator()(const AllReady&) const { return {{"type", "ready"}}; }
  Json operator()(const Held&) const { return {{"type", "held"}}; }
  Json operator()(const Finished& finished) const {
    Json json{{"type", "finished"}};
    if (finished.cause) json["cause"] = *finished.cause;
    return json;
  }
  Json operator()(const ChildNews& news) const {
    Json json{{"type", "child"},
              {"event", news_names.at(static_cast<std::size_t>(news.kind))},
              {"child", news.child},
              {"pid", news.pid},
              {"restarts", news.restarts}};
    if (news.exit) json["exit"] = *news.exit;
    if (news.retry_in) json["retryInMs"] = news.retry_in->count();
    if (!news.detail.empty()) json["detail"] = news.detail;
    if (news.cause) json["cause"] = *news.cause;
    return json;
  }
  Json operator()(const LogLines& log) const {
    return {{"type", "log"},
            {"child", log.child},
            {"error", log.is_error ? 1 : 0},
            {"lines", log.lines}};
  }
  Json operator()(const StreamSays& says) const {
    return {{"type", "stream"}, {"body", says.body}};
  }
  Json operator()(const LoginNews& news) const {
    Json json{{"type", "login"}, {"attempt", news.attempt}, {"state", to_string(news.state)}};
    if (!news.url.empty()) json["url"] = news.url;
    if (news.cause) json["cause"] = *news.cause;
    return json;
  }
  Json operator()(const CredentialPart& part) const {
    return {{"type", "credential"}, {"attempt", part.attempt}, {"file", part.file},
            {"part", part.part},    {"name", part.name},       {"bytes", part.bytes},
            {"sealed", part.sealed}};
  }
  Json operator()(const LoginOrder& order) const {
    Json json{{"type", "login"}, {"attempt", order.attempt}};
    if (order.provider) json["provider"] = *order.provider;
    if (order.provider) json["sealKey"] = order.seal_key;
    return json;
  }
  Json operator()(const Configure& configure) const {
    return {{"type", "configure"},
            {"vm", configure.vm},
            {"profile", *configure.profile},
            {"session", configure.session},
            {"url", configure.url},
            {"env", env_of(configure.env)},
            {"display",
             {{"width", configure.display.width},
              {"height", configure.display.height},
              {"fps", configure.display.fps},
              {"largestWidth", configure.display.largest_width},
              {"largestHeight", configure.display.largest_height}}},
            {"fileBytes", configure.file_bytes},
            {"iceServers", configure.ice_servers},
            {"orphanMs", configure.orphan_after.count()},
            {"maxMs", configure.max_age.count()},
            {"template", configure.is_template ? 1 : 0}};
  }
  Json operator()(const Renew& renew) const {
    return {{"type", "renew-guest"},
            {"secret", renew.secret},
            {"vm", renew.vm},
            {"iceServers", renew.ice_servers},
            {"orphanMs", renew.orphan_after.count()},
            {"fileBytes", renew.file_bytes}};
  }
  Json operator()(const Assign& assign) const {
    return {{"type", "assign"},
            {"session", assign.session},
            {"url", assign.url},
            {"maxMs", assign.max_age.count()}};
  }
  Json operator()(const RestartChild& restart) const {
    return {{"type", "restart"}, {"child", restart.child}, {"by", restart.by}};
  }
  Json operator()(const KillChild& kill) const {
    return {{"type", "kill"}, {"child", kill.child}, {"signal", kill.signal}, {"by", kill.by}};
  }
  Json operator()(const Stop& stop) const { return {{"type", "stop"}, {"by", stop.by}}; }
};

}  // namespace

Result<GuestMessage> parse_guest_message(const Json& frame) {
  Fields fields{frame};
  const auto type = fields.text("type");
  if (type == "child") return finish<GuestMessage>(fields, read_child(fields));
  if (type == "log") return finish<GuestMessage>(fields, read_log(fields));
  if (type == "stream") return finish<GuestMessage>(fields, read_stream(fields));
  if (type == "login") return finish<GuestMessage>(fields, read_login(fields));
  if (type == "credential") return finish<GuestMessage>(fields, read_credential(fields));
  if (type == "linked")
    return finish<GuestMessage>(fields, Linked{fields.number("configured", 0, 1) == 1});
  if (type == "configured") return Configured{};
  if (type == "ready") return AllReady{};
  if (type == "held") return Held{};
  if (type == "finished") return finish<GuestMessage>(fields, Finished{fields.cause("cause")});
  return tl::unexpected(violation("its type is unknown"));
}

Result<HostMessage> parse_host_message(const Json& frame) {
  Fields fields{frame};
  const auto type = fields.text("type");
  if (type == "stream") return finish<HostMessage>(fields, read_stream(fields));
  if (type == "configure") return finish<HostMessage>(fields, read_configure(fields));
  if (type == "renew-guest") return finish<HostMessage>(fields, read_renew(fields));
  if (type == "login") return finish<HostMessage>(fields, read_order(fields));
  if (type == "assign")
    return finish<HostMessage>(fields, Assign{fields.text("session"), fields.text("url", 8 * 1024),
                                              Duration{fields.number("maxMs", 0, 1LL << 40)}});
  if (type == "restart")
    return finish<HostMessage>(fields, RestartChild{fields.name("child"), fields.text("by")});
  if (type == "kill")
    return finish<HostMessage>(
        fields, KillChild{fields.name("child"), static_cast<int>(fields.number("signal", 1, 64, 9)),
                          fields.text("by")});
  if (type == "stop") return finish<HostMessage>(fields, Stop{fields.text("by")});
  return tl::unexpected(violation("its type is unknown"));
}

Json to_frame(const GuestMessage& message) {
  return std::visit(Encoder{}, message);
}
Json to_frame(const HostMessage& message) {
  return std::visit(Encoder{}, message);
}

}  // namespace aerie::link
