#include "runtime/console/console_socket.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/core/testing.hpp"
#include "runtime/cli/console_client.hpp"
#include "runtime/console/console_reply.hpp"
#include "runtime/process/temporary_directory.hpp"

using namespace aerie;
using namespace aerie::testing;

namespace {

/// A socket whose console only remembers.
struct Counter {
  Counter() {
    console = system.stand_in<ConsoleActor>(inbox);
    environment->directory.put(console);
    auto opened = ConsoleSocket::open(reactor, path, environment);
    if (!opened) throw std::runtime_error(opened.error().message);
    socket = std::move(*opened);
  }
  ~Counter() {
    socket.reset();
    environment->directory.clear();
    console = nullptr;
    system.run();  // what it was still sent keeps it alive
  }

  /// What was sent to the console by now, with all the reactor has read.
  std::vector<RunCommand> commands() {
    reactor.call([] {});
    system.run();
    return inbox->all<RunCommand>();
  }

  TemporaryDirectory folder;
  std::string path = folder.path() + "/console.sock";
  TestSystem system;
  std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>();
  EnvironmentPtr environment = std::make_shared<Environment>();
  Reactor reactor;
  ConsoleActor console;
  std::unique_ptr<ConsoleSocket> socket;
};

}  // namespace

TEST_CASE("the console's socket is for its owner and carries commands", "[console]") {
  Counter counter;
  struct stat status {};
  REQUIRE(::stat(counter.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600);

  auto client = cli::ConsoleClient::connect(counter.folder.path());
  REQUIRE(client);
  REQUIRE(client->run(5, "tree"));
  while (counter.commands().empty()) {
  }
  auto wish = counter.commands().front();
  CHECK(wish.line == "tree");
  wish.reply->item({{"a", 1}});
  wish.reply->document({{"b", "\xff"}});
  wish.reply->end(CommandFault{1, "no", "It is so.", "Live with it."});
  CHECK(client->next()->at("item") == Json{{"a", 1}});
  CHECK(client->next()->contains("document"));
  const auto end = *client->next();
  CHECK(end["id"] == 5);
  CHECK(end["end"]["fault"]["status"] == 1);
}

TEST_CASE("what is no request is refused, and too long a line ends the connection", "[console]") {
  Counter counter;
  auto client = cli::ConsoleClient::connect(counter.folder.path());
  REQUIRE(client);
  for (const auto* nonsense : {"nonsense\n", "[1]\n", "{\"id\":\"x\"}\n", "{\"id\":1}\n"}) {
    REQUIRE(::write(client->fd(), nonsense, std::string_view{nonsense}.size()) > 0);
    CHECK(client->next()->at("end").at("fault").at("code") == "protocol");
  }
  const std::string flood(ConsoleSocket::most_line_bytes + 1, 'x');
  REQUIRE(::write(client->fd(), flood.data(), flood.size()) > 0);
  auto last = client->next();
  while (last)
    last = client->next();
  CHECK(last.error().kind == CauseKind::link_lost);
}

TEST_CASE("whoever leaves ends the commands, and a dropped reply says so", "[console]") {
  Counter counter;
  {
    auto client = cli::ConsoleClient::connect(counter.folder.path());
    REQUIRE(client->run(1, "events -f"));
    while (counter.commands().empty()) {
    }
  }
  while (counter.inbox->count<StopCommand>() == 0)
    (void)counter.commands();
  CHECK(counter.inbox->last<StopCommand>().reply == counter.inbox->last<RunCommand>().reply);
  counter.inbox->clear();

  auto client = cli::ConsoleClient::connect(counter.folder.path());
  REQUIRE(client->run(2, "tree"));
  while (counter.commands().empty()) {
  }
  counter.inbox->clear();  // the console has died
  CHECK(client->next()->at("end").at("fault").at("code") == "unavailable");
  counter.socket.reset();
  CHECK_FALSE(std::filesystem::exists(counter.path));
}
