#include "runtime/doctor/doctor.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <sys/socket.h>

#include "runtime/doctor/checks.hpp"
#include "runtime/doctor/probe.hpp"
#include "runtime/process/temporary_directory.hpp"
#include "runtime/process/unique_fd.hpp"

using namespace aerie;
using namespace std::chrono_literals;
using aerie::testing::TemporaryDirectory;

TEST_CASE("a probe tells how its program ended", "[doctor]") {
  const auto fine = run_probe({.argv = {"sh", "-c", "echo out; echo err >&2"}});
  CHECK(fine.worked);
  CHECK(fine.out == std::vector<std::string>{"out"});
  CHECK(fine.errors == std::vector<std::string>{"err"});
  CHECK_FALSE(run_probe({.argv = {"false"}}).worked);
  const auto missing = run_probe({.argv = {"no-such-program"}});
  CHECK_FALSE(missing.worked);
  CHECK(missing.message.find("no-such-program") != std::string::npos);
}

TEST_CASE("a probe that waits for a line ends with it", "[doctor]") {
  CHECK(run_probe({.argv = {"sh", "-c", "echo ready; exec tail -f /dev/null"},
                   .within = 60s,
                   .until_first_line = true})
            .worked);
}

TEST_CASE("a probe that does not end is killed", "[doctor]") {
  CHECK_FALSE(run_probe({.argv = {"tail", "-f", "/dev/null"}, .within = 50ms}).worked);
}

TEST_CASE("programs are found as a shell finds them", "[doctor]") {
  CHECK(find_program("sh").has_value());
  CHECK(find_program("/bin/sh") == "/bin/sh");
  CHECK_FALSE(find_program("no-such-program").has_value());
  CHECK_FALSE(find_program("/etc/passwd").has_value());
}

TEST_CASE("a missing program of a profile is named with a remedy", "[doctor]") {
  Profile profile;
  profile.children.resize(2);
  profile.children[0].command = {"sh", "-c", "exec no-such-browser"};
  profile.children[0].open = {"no-such-browser", "${url}"};
  profile.children[1].builtin = Builtin::display;
  const auto checks = doctor::check_programs(profile, "process");
  const auto find = [&](const std::string& name) {
    for (const auto& check : checks)
      if (check.name == name) return check;
    FAIL(name + " was not checked");
    return DoctorCheck{};
  };
  CHECK(find("program sh").ok);
  CHECK_FALSE(find("program no-such-browser").ok);
  CHECK_FALSE(find("program no-such-browser").remedy.empty());
  CHECK(find("program Xvfb").name == "program Xvfb");
  CHECK(find("program bwrap").name == "program bwrap");
}

TEST_CASE("of each provider the doctor says where its tool is, or that it is not", "[doctor]") {
  const TemporaryDirectory folder;
  const auto add = [&](const std::string& name, const std::string& tool) {
    std::ofstream{folder.path() + "/" + name + ".json"}
        << Json{{"name", name}, {"command", {tool}}, {"url", "(.*)"}, {"done", {{"line", "done"}}}};
  };
  add("here", "sh");
  add("nowhere", "no-such-tool");
  const auto hidden = folder.path() + "/hidden-tool";
  std::ofstream{hidden} << "#!/bin/sh\n";
  std::filesystem::permissions(hidden, std::filesystem::perms::owner_all);
  add("hidden", hidden);
  Settings settings;
  settings.providers_path = folder.path();
  const auto checks = doctor::check_providers(settings);
  const auto find = [&](const std::string& name) {
    const auto found = std::find_if(checks.begin(), checks.end(), [&](const auto& check) {
      return check.name == "provider " + name;
    });
    REQUIRE(found != checks.end());
    return *found;
  };
  for (const auto* name : {"oidc", "claude_code", "codex", "gemini_cli"})
    CHECK_FALSE(find(name).message.empty());
  CHECK(find("here").remedy.empty());
  CHECK(find("nowhere").ok);
  CHECK_THAT(find("nowhere").message, Catch::Contains("no-such-tool"));
  CHECK_THAT(find("nowhere").remedy, Catch::Contains("/usr or /opt"));
  CHECK_THAT(find("hidden").message, Catch::Contains("guests don't see it"));
}

TEST_CASE("a missing media element is named with its package", "[doctor]") {
  const Json list{{{"element", "webrtcbin"}, {"package", "a"}, {"found", true}},
                  {{"element", "nicesrc"}, {"package", "gstreamer1.0-nice"}, {"found", false}}};
  const auto checks = doctor::media_checks(list);
  REQUIRE(checks.size() == 1);
  CHECK(checks[0].message.find("nicesrc") != std::string::npos);
  CHECK(checks[0].remedy.find("gstreamer1.0-nice") != std::string::npos);
  CHECK_FALSE(all_ok(checks));
}

TEST_CASE("a port in use is told from a free one", "[doctor]") {
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(bind(fd.get(), generic, size) == 0);
  REQUIRE(listen(fd.get(), 1) == 0);
  REQUIRE(getsockname(fd.get(), generic, &size) == 0);
  Settings settings;
  settings.state = "/nonexistent";
  settings.listen = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  CHECK_FALSE(doctor::check_port(settings).ok);
  settings.listen = "127.0.0.1:0";
  CHECK(doctor::check_port(settings).ok);
  settings.listen = "0.0.0.0:0";
  CHECK_FALSE(doctor::check_port(settings).ok);
}

TEST_CASE("another table that drops what is forwarded is noted", "[doctor]") {
  const auto chain = [](const char* table, const char* hook, const char* policy) {
    return Json{{"chain", {{"table", table}, {"hook", hook}, {"policy", policy}}}};
  };
  const Json chains{{"nftables",
                     {{{"metainfo", {{"version", "1"}}}},
                      chain("filter", "input", "drop"),
                      chain("mangle", "forward", "accept"),
                      chain("aerie_0a1b2c", "forward", "drop"),
                      chain("docker", "forward", "drop")}}};
  const auto checks = doctor::filter_checks(chains);
  REQUIRE(checks.size() == 1);
  CHECK(checks[0].message.find("docker") != std::string::npos);
  CHECK_FALSE(checks[0].remedy.empty());
  CHECK(doctor::filter_checks(Json()).empty());
}

TEST_CASE("a host whose network guests are to share is told as such", "[doctor]") {
  Settings settings;
  settings.guests.host_network = true;
  const auto checks = doctor::check_network(settings);
  REQUIRE(checks.size() == 1);
  CHECK(checks[0].message.find("guests.hostNetwork") != std::string::npos);
  CHECK_FALSE(checks[0].remedy.empty());
}

TEST_CASE("limits of the host are compared with the settings", "[doctor]") {
  Settings settings;
  settings.state = "/tmp/no/such/place";
  CHECK(doctor::check_disk(settings).message.find("/tmp/no/such/place") != std::string::npos);
  CHECK(doctor::check_descriptors(settings).used > 3);
  settings.limits.sockets = 100'000'000;
  CHECK_FALSE(doctor::check_descriptors(settings).ok);
  Profile profile;
  profile.resources.memory_mib = 100;
  settings.limits.memory_mib = 99;
  CHECK_FALSE(doctor::check_memory(settings, profile).ok);
}

TEST_CASE("a limit is judged by what is left of it", "[doctor]") {
  const auto judged = [](double used, double limit) {
    return doctor::judge_limit("threads", "threads", used, limit, 2000, "Raise it.");
  };
  CHECK(judged(100, 10'000).remedy.empty());
  const auto tight = judged(100, 1'500);
  CHECK(tight.ok);
  CHECK(tight.remedy == "Raise it.");
  const auto spent = judged(1'400, 1'500);
  CHECK_FALSE(spent.ok);
  CHECK(spent.message.find("1400 of 1500 threads") != std::string::npos);
  const Json json = spent;
  CHECK(json["used"] == 1400);
  CHECK(json["limit"] == 1500);

  const Settings settings;
  CHECK(doctor::check_threads(settings).used > 1);
  CHECK(doctor::check_pids(settings).at(0).limit > 1000);
}

TEST_CASE("a certificate that can't be read is named", "[doctor]") {
  Settings settings;
  CHECK(all_ok(doctor::check_configuration(settings)));
  settings.http.tls_cert = "/nonexistent/cert.pem";
  const auto checks = doctor::check_configuration(settings);
  CHECK_FALSE(all_ok(checks));
  CHECK(checks.back().message.find("/nonexistent/cert.pem") != std::string::npos);
}

TEST_CASE("a controller without a TURN server is told what one is for", "[doctor]") {
  Settings settings;
  CHECK_FALSE(doctor::check_ice_servers(settings).remedy.empty());
  settings.media.ice_servers = Json::parse(R"([{"urls":["stun:a","turns:b"]}])");
  const auto check = doctor::check_ice_servers(settings);
  CHECK(check.remedy.empty());
  CHECK(check.message.find("1 TURN and 1 STUN") != std::string::npos);
}
