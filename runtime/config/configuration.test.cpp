#include "runtime/config/configuration.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "runtime/config/config_keys.hpp"

using namespace std::chrono_literals;
using aerie::ConfigSources;
using aerie::Json;
using aerie::load_configuration;

namespace {

/// A file of its own for each test, removed at its end.
class TempFile {
 public:
  explicit TempFile(const std::string& text) {
    std::string name = "/tmp/aerie-config-XXXXXX";
    const int fd = mkstemp(name.data());
    path_ = name;
    std::ofstream(path_) << text;
    close(fd);
  }
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  ~TempFile() { std::filesystem::remove(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

const aerie::ConfigEntry& entry(const aerie::Configuration& configuration, const std::string& key) {
  for (const auto& each : configuration.entries)
    if (each.key == key) return each;
  throw std::out_of_range(key);
}

}  // namespace

TEST_CASE("without sources the defaults hold", "[config]") {
  const auto loaded = load_configuration({}).value();
  CHECK(loaded.settings.driver == "process");
  CHECK(loaded.settings.limits.sessions == 64);
  CHECK(loaded.settings.limits.cpu_overcommit.process == 16);
  CHECK(loaded.settings.limits.cpu_overcommit.vm == 4);
  CHECK(loaded.settings.retention.failed == 30min);
  CHECK(loaded.settings.shutdown_within == 20s);
  CHECK(loaded.settings.pool.empty());
  CHECK(loaded.entries.size() == aerie::config_keys().size());
  for (const auto& each : loaded.entries)
    CHECK(each.source == "default");
}

TEST_CASE("every key accepts its own default", "[config]") {
  for (const auto& key : aerie::config_keys()) {
    CAPTURE(key.name);
    aerie::Settings settings;
    CHECK_FALSE(key.assign(settings, key.fallback).has_value());
    CHECK_FALSE(key.description.empty());
  }
}

TEST_CASE("each source overrides the ones before it", "[config]") {
  const TempFile file(R"({"limits":{"sessions":1,"sockets":10,"viewers":5},"driver":"process"})");
  ConfigSources sources;
  sources.file = file.path();
  sources.environment = {{"MAX_BROWSER_VMS", "2"},
                         {"AERIE_LIMITS_SOCKETS", "20"},
                         {"AERIE_RETENTION_FAILEDMS", "5"},
                         {"AERIE_HTTP_HOSTS", "a.example,b.example:80"},
                         {"PATH", "/bin"}};
  sources.sets = {"limits.sockets=30", "network.pool=10.9.0.0/24", "pool.browser=1",
                  "pool.terminal.process=2", "limits.cpuOvercommit.process=3"};
  const auto loaded = load_configuration(sources).value();
  CHECK(loaded.settings.limits.sessions == 2);
  CHECK(loaded.settings.limits.sockets == 30);
  CHECK(loaded.settings.limits.viewers == 5);
  CHECK(loaded.settings.retention.failed == 5ms);
  CHECK(loaded.settings.network.pool == "10.9.0.0/24");
  CHECK(loaded.settings.http.hosts == std::vector<std::string>{"a.example", "b.example:80"});
  CHECK(loaded.settings.pool.at("browser").at("process") == 1);
  CHECK(loaded.settings.pool.at("terminal").at("process") == 2);
  CHECK(loaded.settings.limits.cpu_overcommit.process == 3);
  CHECK(loaded.settings.limits.cpu_overcommit.vm == 4);
  CHECK(entry(loaded, "limits.viewers").source == "file " + file.path());
  CHECK(entry(loaded, "limits.sessions").source == "environment MAX_BROWSER_VMS");
  CHECK(entry(loaded, "limits.sockets").source == "--set");
  CHECK(entry(loaded, "limits.sockets").value == 30);
  CHECK(loaded.warnings.empty());
}

TEST_CASE("the new name of a variable is stronger than the older system's", "[config]") {
  ConfigSources sources;
  sources.environment = {{"AERIE_LIMITS_SESSIONS", "3"}, {"MAX_BROWSER_VMS", "2"}};
  CHECK(load_configuration(sources).value().settings.limits.sessions == 3);
}

TEST_CASE("wrong settings are refused with their key", "[config]") {
  struct Row {
    std::string set;
    std::string field;
  };
  const std::vector<Row> rows{
      {"limits.sesions=5", "limits.sesions"},
      {"limits.sessions=many", "limits.sessions"},
      {"limits.sessions=-1", "limits.sessions"},
      {"limits.sessions=1.5", "limits.sessions"},
      {"limits.sessions=99999999999999999999", "limits.sessions"},
      {"limits.sessions=18446744073709551615", "limits.sessions"},
      {"limits.sessions", "limits.sessions"},
      {"=5", "=5"},
      {"driver=lxc", "driver"},
      {"driver=5", "driver"},
      {"profile=Browser", "profile"},
      {"http.behindProxy=yes", "http.behindProxy"},
      {"http.origins=[\"example.org\"]", "http.origins"},
      {"http.origins=[7]", "http.origins"},
      {"http.origins={}", "http.origins"},
      {"http.publicUrl=ftp://x", "http.publicUrl"},
      {"http.tls.cert=/tmp/cert.pem", "http.tls.key"},
      {"network.pool=10.77.0.1/16", "network.pool"},
      {"network.pool=10.77.0.0/31", "network.pool"},
      {"network.resolvers=[\"example.org\"]", "network.resolvers"},
      {"network.uplinks=[\"eth0;\"]", "network.uplinks"},
      {"network.publicAddress=host", "network.publicAddress"},
      {"network.mediaPorts=80-90", "network.mediaPorts"},
      {"network.mediaPortsPerGuest=0", "network.mediaPortsPerGuest"},
      {"network.pool=300.0.0.0/16", "network.pool"},
      {"media.codecs=[\"av1\"]", "media.codecs"},
      {"media.codecs=[]", "media.codecs"},
      {"media.iceServers=[{\"url\":\"stun:x\"}]", "media.iceServers"},
      {"media.iceServers=[{\"urls\":[\"http://x\"]}]", "media.iceServers"},
      {"log.level=loud", "log.level"},
      {"pool={\"browser\":-1}", "pool"},
      {"pool=3", "pool"},
      {"limits.cpuOvercommit={\"lxc\":1}", "limits.cpuOvercommit"},
      {"session.idleMs=99", "session.idleMs"},
      {"session.maxMs=null", "session.maxMs"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.set);
    ConfigSources sources;
    sources.sets = {row.set};
    const auto loaded = load_configuration(sources);
    REQUIRE_FALSE(loaded.has_value());
    CHECK(loaded.error().field == row.field);
  }
}

TEST_CASE("an unknown key is refused with the nearest known one and its source", "[config]") {
  ConfigSources sources;
  sources.sets = {"limit.sesions=5"};
  CHECK(load_configuration(sources).error().message ==
        "is unknown; the nearest known one is \"limits.sessions\" (--set)");
}

TEST_CASE("a bad file is refused with what is wrong in it", "[config]") {
  const std::vector<std::pair<std::string, std::string>> rows{
      {R"({"limits":{"sessions":1,"sessions":2}})", "limits.sessions"},
      {R"({"limits":{"sessions":1},"limits.sessions":2})", "limits.sessions"},
      {R"({"limits":5})", "limits"},
      {R"({"limit":{"sessions":5}})", "limit.sessions"},
      {R"({"limits":{"sessions":"5"}})", "limits.sessions"},
      {R"({"nothing":{}})", "nothing"},
      {R"({"http":{"hosts":"a,b"}})", "http.hosts"},
      {R"([1])", ""},
      {R"({"a":)", ""},
  };
  for (const auto& [text, field] : rows) {
    CAPTURE(text);
    const TempFile file(text);
    ConfigSources sources;
    sources.file = file.path();
    const auto loaded = load_configuration(sources);
    REQUIRE_FALSE(loaded.has_value());
    CHECK(loaded.error().field == field);
    CHECK(loaded.error().message.find(file.path()) != std::string::npos);
  }
  ConfigSources none;
  none.file = "/nonexistent/aerie.json";
  CHECK(load_configuration(none).error().message.find("can't be read") != std::string::npos);
}

TEST_CASE("the same --set twice is refused", "[config]") {
  ConfigSources sources;
  sources.sets = {"limits.sessions=1", "limits.sessions=1"};
  CHECK(load_configuration(sources).error().field == "limits.sessions");
}

TEST_CASE("unknown variables of ours warn, others are nobody's business", "[config]") {
  ConfigSources sources;
  sources.environment = {
      {"AERIE_LIMITS_SESSION", "1"}, {"AERIE_STATE", "/tmp"}, {"LIMITS_SESSIONS", "1"}};
  const auto loaded = load_configuration(sources).value();
  REQUIRE(loaded.warnings.size() == 1);
  CHECK(loaded.warnings[0] ==
        "the variable AERIE_LIMITS_SESSION is unknown; the nearest known one is "
        "\"AERIE_LIMITS_SESSIONS\"");
}

TEST_CASE("credentials are not shown", "[config]") {
  ConfigSources sources;
  sources.sets = {R"(media.iceServers=[{"urls":"turn:x","username":"u","credential":"secret"}])"};
  const auto loaded = load_configuration(sources).value();
  CHECK(loaded.settings.media.ice_servers[0]["credential"] == "secret");
  CHECK(aerie::effective_config(loaded.entries).dump().find("secret") == std::string::npos);
}

TEST_CASE("listening beyond loopback needs TLS and isolated guests", "[config]") {
  aerie::Settings settings;
  bool have_networks = false;
  const auto check = [&] { return aerie::check_listen(settings, [&] { return have_networks; }); };
  for (const auto* listen : {"127.0.0.1:4000", "localhost:0", "[::1]:80", "127.8.8.8:65535"}) {
    settings.listen = listen;
    CHECK_FALSE(check().has_value());
  }
  for (const auto* listen : {"", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "x:-1"}) {
    settings.listen = listen;
    CHECK(check()->field == "--listen");
  }
  settings.listen = "0.0.0.0:4000";
  CHECK(check()->message.find("http.tls.cert") != std::string::npos);
  settings.http.behind_proxy = true;
  CHECK(check()->message.find("guests.hostNetwork") != std::string::npos);
  settings.guests.host_network = true;
  CHECK_FALSE(check().has_value());
  settings.guests.host_network = false;
  have_networks = true;
  CHECK_FALSE(check().has_value());
}
