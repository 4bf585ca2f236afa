#pragma once

#include <fstream>
#include <memory>
#include <string>

#include "runtime/drivers/firecracker/api_client.hpp"
#include "runtime/drivers/firecracker/boot_plan.hpp"
#include "runtime/process/temporary_directory.hpp"
#include "runtime/process/unix_socket.hpp"
#include "runtime/process/waiting.hpp"
#include "tests/support/firecracker/fake_server.hpp"

namespace aerie::firecracker {

/// A fake Firecracker with a thread of its own, files it may open, and a client of its API.
struct FakeRig {
  explicit FakeRig(test::FakeFirecracker::Guest guest = {}) {
    write("vmlinux",
          "\x7f"
          "ELF and more");
    for (const auto* name : {"root", "overlay", "initrd", "log", "metrics"})
      write(name, "");
    theirs.call([&] {
      fake = std::make_unique<test::FakeFirecracker>(theirs, path("api.sock"), std::move(guest));
    });
    connect();
  }
  ~FakeRig() {
    ours.call([this] { client.reset(); });
    theirs.call([this] { fake.reset(); });
  }
  FakeRig(const FakeRig&) = delete;
  FakeRig& operator=(const FakeRig&) = delete;

  void connect(Duration patience = ApiClient::patience) {
    ours.call([&] {
      client =
          std::make_unique<ApiClient>(ours, std::move(*connect_unix(path("api.sock"))), patience);
    });
  }

  [[nodiscard]] std::string path(const std::string& name) const {
    return directory.path() + "/" + name;
  }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream{path(name)} << content;
  }

  Result<Json> ask(const ApiRequest& request) {
    testing::Eventually<Result<Json>> answer;
    ours.call([&] {
      client->send(request, [&](Result<Json> result) { answer.set(std::move(result)); });
    });
    return answer.get();
  }
  Result<void> follow(const Plan& plan) {
    testing::Eventually<Result<void>> outcome;
    ours.call([&] { run(*client, plan, [&](Result<void> how) { outcome.set(std::move(how)); }); });
    return outcome.get();
  }

  /// A machine that starts.
  [[nodiscard]] BootSettings settings() const {
    BootSettings settings;
    settings.log = path("log");
    settings.metrics = path("metrics");
    settings.machine = {2, 512, false};
    settings.source = {path("vmlinux"), path("initrd"), "console=ttyS0"};
    settings.drives = {{"root", path("root"), true, true, false, std::nullopt},
                       {"overlay", path("overlay"), false, false, false, std::nullopt}};
    settings.interfaces = {{"eth0", "tap0", "06:00:00:00:00:01", {}, {}, {}}};
    settings.vsock = Vsock{3, path("v.sock")};
    settings.metadata_service = MetadataService{{"eth0"}, ""};
    settings.metadata = {{"session", "1"}};
    return settings;
  }

  [[nodiscard]] std::vector<test::HeardRequest> heard() {
    std::vector<test::HeardRequest> all;
    theirs.call([&] { all = fake->heard(); });
    return all;
  }

  testing::TemporaryDirectory directory;
  std::unique_ptr<test::FakeFirecracker> fake;
  std::unique_ptr<ApiClient> client;
  Reactor theirs;
  Reactor ours;
};

}  // namespace aerie::firecracker
