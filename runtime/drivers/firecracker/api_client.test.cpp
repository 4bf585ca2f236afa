#include "runtime/drivers/firecracker/api_client.hpp"

#include <catch2/catch.hpp>
#include <sys/socket.h>

#include "runtime/drivers/firecracker/fake_rig.test.hpp"

using namespace aerie::firecracker;
using aerie::CauseKind;
using aerie::Json;
using aerie::Result;
using aerie::testing::Eventually;

TEST_CASE("answers come back in the order of the requests", "[firecracker][api]") {
  FakeRig rig;
  std::vector<std::string> order;
  Eventually<bool> last;
  rig.ours.call([&] {
    rig.client->send(get_version(), [&](const Result<Json>& answer) {
      order.push_back(answer->at("firecracker_version"));
    });
    rig.client->send(describe_instance(),
                     [&](const Result<Json>& answer) { order.push_back(answer->at("state")); });
    rig.client->send(put_entropy_device(), [&](const Result<Json>& answer) {
      order.emplace_back(answer->is_null() ? "nothing" : "something");
      last.set(true);
    });
  });
  last.get();
  CHECK(order == std::vector<std::string>{"1.12.0", "Not started", "nothing"});
}

TEST_CASE("a refusal does not end the connection", "[firecracker][api]") {
  FakeRig rig;
  const auto refused = rig.ask(act(Action::start_instance));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "Firecracker refused PUT /actions: Start microvm error: Cannot start microvm without "
        "kernel configuration.");
  CHECK(rig.ask(get_version()));
}

TEST_CASE("a request that is not answered in time fails all that wait", "[firecracker][api]") {
  FakeRig rig;
  rig.theirs.call([&] { rig.fake->fall_silent(); });
  rig.connect(aerie::Duration{20});
  Eventually<Result<Json>> first;
  Eventually<Result<Json>> second;
  rig.ours.call([&] {
    rig.client->send(get_version(), [&](const Result<Json>& answer) { first.set(answer); });
    rig.client->send(get_metadata(), [&](const Result<Json>& answer) { second.set(answer); });
  });
  const auto late = first.get();
  REQUIRE_FALSE(late);
  CHECK(late.error().kind == CauseKind::vmm_failed);
  CHECK(late.error().message.find("GET /version within 20 ms") != std::string::npos);
  CHECK_FALSE(second.get());
  CHECK_FALSE(rig.ask(get_version()));
}

TEST_CASE("a Firecracker that goes is told to whoever waits", "[firecracker][api]") {
  FakeRig rig;
  rig.theirs.call([&] { rig.fake->fall_silent(); });
  Eventually<Result<Json>> answer;
  rig.ours.call([&] {
    rig.client->send(get_version(), [&](const Result<Json>& result) { answer.set(result); });
  });
  rig.theirs.call([&] { rig.fake->drop_connections(); });
  const auto lost = answer.get();
  REQUIRE_FALSE(lost);
  CHECK(lost.error().kind == CauseKind::vmm_failed);
}

TEST_CASE("the client may go within its own callback", "[firecracker][api]") {
  FakeRig rig;
  Eventually<bool> gone;
  rig.ours.call([&] {
    rig.client->send(get_version(), [&](const Result<Json>&) {
      rig.client.reset();
      gone.set(true);
    });
    rig.client->send(get_metadata(), [&](const Result<Json>&) { FAIL("nobody is left to hear"); });
  });
  CHECK(gone.get());
}

TEST_CASE("what is no answer, or no end of one, is refused", "[firecracker][api]") {
  aerie::Reactor reactor;
  auto [near, far] = std::move(*aerie::unix_socket_pair());
  Eventually<Result<Json>> answer;
  std::unique_ptr<ApiClient> client;
  reactor.call([&, fd = &near] {
    client = std::make_unique<ApiClient>(reactor, std::move(*fd));
    client->send(get_version(), [&](const Result<Json>& result) { answer.set(result); });
  });
  std::string said;
  SECTION("not HTTP") {
    said = "220 mail.example ESMTP\r\n\r\n";
  }
  SECTION("a head without end") {
    said = "HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x');
  }
  SECTION("a body beyond all bounds") {
    said = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n";
  }
  SECTION("a body that is no JSON") {
    said = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{\"a\"";
  }
  REQUIRE(::send(far.get(), said.data(), said.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(said.size()));
  const auto result = answer.get();
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == CauseKind::vmm_failed);
  reactor.call([&] { client.reset(); });
}

TEST_CASE("an answer that comes in pieces is one answer", "[firecracker][api]") {
  aerie::Reactor reactor;
  auto [near, far] = std::move(*aerie::unix_socket_pair());
  Eventually<Result<Json>> answer;
  std::unique_ptr<ApiClient> client;
  reactor.call([&, fd = &near] {
    client = std::make_unique<ApiClient>(reactor, std::move(*fd));
    client->send(get_version(), [&](const Result<Json>& result) { answer.set(result); });
  });
  for (const char byte : std::string{"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}"})
    REQUIRE(::send(far.get(), &byte, 1, MSG_NOSIGNAL) == 1);
  CHECK(answer.get().value() == Json{{"a", 1}});
  reactor.call([&] { client.reset(); });
}
