#include "tests/replay/scene.hpp"

#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace aerie::replay {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::milliseconds longest_scene{60'000};

/// The controller's log, which is this process's.
class LogSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LogSink(Witness<std::string>& witness) : witness_(witness) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    witness_.add({message.payload.data(), message.payload.size()});
  }
  void flush_() override {}

  Witness<std::string>& witness_;
};

void replace_log(Witness<std::string>& witness) {
  auto logger = std::make_shared<spdlog::logger>("replay", std::make_shared<LogSink>(witness));
  logger->set_level(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace

Scene::Scene(const Fault& fault) : word(fault.names), fault_(fault) {
  replace_log(log);
  options.state = (folder() / "state").string();
  options.set = {{"profiles.path", (folder() / "profiles").string()},
                 {"shutdown.withinMs", "5000"}};
}

Scene::~Scene() {
  if (undo) undo();
  world_.reset();  // ends the readings' connections, and with them their threads
  reading_events_.reset();
  reading_viewer_.reset();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("silent"));
}

void Scene::write_profile() {
  const Json profile{
      {"name", "replay"}, {"resources", {{"memoryMiB", 192}}}, {"children", fault_.children}};
  fs::create_directories(folder() / "profiles");
  std::ofstream{folder() / "profiles/replay.json"} << profile.dump();
}

void Scene::open() {
  write_profile();
  world_ = std::make_unique<test::World>(options);
  auto stream = std::make_shared<test::EventStream>(world_->address(), world_->token(),
                                                    "/api/v1/events?since=0");
  reading_events_.emplace(events, [stream] { return stream->next(longest_scene).data; });
}

void Scene::start() {
  if (earlier_session) {
    session = *earlier_session;
    session_token = world_->token();
  } else {
    wish["profile"] = "replay";
    const auto started = world_->start(wish);
    session = started.id;
    session_token = started.token;
  }
  auto socket = std::make_shared<test::WebSocketClient>(world_->join(session, session_token));
  reading_viewer_.emplace(viewer, [socket] { return socket->next(longest_scene); });
  if (on_started) on_started(*this);
}

Seen<Json> Scene::wait_for(const std::string& kind, const std::string& child, const Json& value) {
  const auto seen = events.first([&](const Json& event) {
    if (event.value("kind", "") != kind) return false;
    if (!child.empty() && event.value("child", "") != child) return false;
    const auto& data = event.at("data");
    return value.is_null() || data.value("state", Json{}) == value ||
           data.value("restarts", Json{}) == value;
  });
  if (!seen) throw std::runtime_error("waited in vain for " + kind + " " + child);
  return *seen;
}

pid_t Scene::pid_of(const std::string& child) {
  return wait_for("child.started", child).what.at("data").at("pid").get<pid_t>();
}

fs::path Scene::home() {
  const auto vm = wait_for("vm.state", "", "linking").what.at("vm").get<std::string>();
  return state() / "vms" / vm / "home";
}

void Scene::bring(const std::string& name, const std::string& as) {
  const auto target = home() / as;
  fs::copy_file(fixture(name), target);
  fs::permissions(target, fs::perms{0755});
}

void Scene::write(const std::string& name, const std::string& text, bool is_executable) {
  const auto target = home() / name;
  std::ofstream{target} << text;
  fs::permissions(target, fs::perms{is_executable ? 0755U : 0644U});
}

void Scene::open_gate() {
  wait_for("child.started", "gate");
  const auto target = home() / "planted";
  mark();
  std::ofstream{target}.flush();
}

void Scene::mark_end_of(const std::string& child) {
  const UniqueFd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, pid_of(child), 0))};
  if (!pidfd) return mark();  // gone already
  pollfd waited{pidfd.get(), POLLIN, 0};
  ::poll(&waited, 1, static_cast<int>(test::patience.count()));
  mark();
}

void Scene::release(int run) {
  wait_for("child.ready", "subject", run);
  // Open for both: it waits for nobody, and what is written stays until it is read (fifo(7)).
  held.reset(::open((home() / "gate").c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  mark();
  if (::write(held.get(), "go\n", 3) != 3) throw std::runtime_error("the subject does not listen");
}

Fault sleeper_fault(std::string name, CauseKind kind, std::string names) {
  Fault made;
  made.name = std::move(name);
  made.kind = kind;
  made.names = std::move(names);
  made.children = Json::array({{{"name", "subject"}, {"command", {"/bin/sleep", "1000"}}}});
  return made;
}

Json behind_gate(Json subject) {
  const Json gate{
      {"name", "gate"},
      {"command", {"/bin/sleep", "1000"}},
      {"ready", {{"kind", "file"}, {"path", "/home/user/planted"}, {"withinMs", 30'000}}}};
  if (!subject.contains("name")) subject["name"] = "subject";
  return Json::array({gate, subject});
}

Json armed(const std::string& script, const std::string& restart) {
  const auto wait = "test -p gate || mkfifo gate; echo armed; read -r line < gate; ";
  return Json::array({{{"name", "subject"},
                       {"command", {"/bin/sh", "-c", wait + script}},
                       {"restart", restart},
                       {"backoff", {{"firstMs", 0}, {"maxMs", 0}}},
                       {"ready", {{"kind", "line"}, {"pattern", "^armed"}}}}});
}

fs::path fixture(const std::string& name) {
  return fs::path{AERIE_FIXTURES} / name;
}

std::string aerie_program() {
  return AERIE_PROGRAM;
}

}  // namespace aerie::replay
