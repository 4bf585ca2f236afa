#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/core/testing.hpp"
#include "runtime/gateway/api/gateway.hpp"

namespace aerie::testing {

/// Keeps what it is told to answer.
class FakeServer final : public GatewayServer {
 public:
  struct Stream {
    HttpResponse head;
    std::string written;
    bool is_ended = false;
  };

  void serve() override {}
  [[nodiscard]] std::string bound_address() const override { return "127.0.0.1:4000"; }
  [[nodiscard]] std::uint16_t bound_port() const override { return 4000; }
  void respond(std::uint64_t id, HttpResponse response) override { responses[id] = response; }
  void begin_stream(std::uint64_t id, HttpResponse head) override { streams[id].head = head; }
  void write_stream(std::uint64_t id, std::string chunk) override { streams[id].written += chunk; }
  void end_stream(std::uint64_t id) override { streams[id].is_ended = true; }
  void authenticated(std::uint64_t) override {}
  void send(std::uint64_t, std::string) override {}
  void close(std::uint64_t, std::uint16_t, std::string_view) override {}
  void drain(std::uint16_t, std::string_view) override {}
  void stop() override {}

  std::map<std::uint64_t, HttpResponse> responses;
  std::map<std::uint64_t, Stream> streams;
};

class GatewaySockets final : public SocketPort {
 public:
  void send(std::uint64_t socket, std::string text) override { sent[socket].push_back(text); }
  void close(std::uint64_t socket, std::uint16_t code, const std::string&) override {
    closed[socket] = code;
  }
  void admit(std::uint64_t) override {}

  std::map<std::uint64_t, std::vector<std::string>> sent;
  std::map<std::uint64_t, std::uint16_t> closed;
};

/// Answers at once with the query, and leaves followers' chunks to the test.
class GatewayLogs final : public LogReader {
 public:
  void read(LogQuery query, LogFiles::Chunk chunk) override {
    queries.push_back(query);
    chunk("kept\n", true);
  }
  std::uint64_t follow(LogQuery query, LogFiles::Chunk chunk) override {
    queries.push_back(query);
    follower = chunk;
    return 7;
  }
  void unfollow(std::uint64_t) override { ++unfollowed; }
  void read_console(ConsoleQuery query, LogFiles::Console done) override {
    consoles.push_back(query);
    done(console);
  }
  std::uint64_t follow_console(ConsoleQuery query, LogFiles::LiveConsole live) override {
    consoles.push_back(query);
    live_console = live;
    live(console, !console);
    return 8;
  }

  std::vector<LogQuery> queries;
  LogFiles::Chunk follower;
  int unfollowed = 0;
  std::vector<ConsoleQuery> consoles;
  LogFiles::LiveConsole live_console;
  std::optional<std::string> console;
};

/// Notes what it is asked; the test answers.
class GatewayDoctor final : public DoctorPort {
 public:
  void examine(const std::string& profile, const std::string& driver, Examined done) override {
    subjects.push_back(profile + "/" + driver);
    examined.push_back(std::move(done));
  }
  [[nodiscard]] Json network() const override {
    return Json::parse(R"({"iceServers":[{"urls":"turn:a","username":"u","credential":"c"}]})");
  }
  void test_network(const std::string& offer, const std::string& transport,
                    Answered done) override {
    subjects.push_back(transport + "/" + offer);
    answered.push_back(std::move(done));
  }

  std::vector<std::string> subjects;
  std::vector<Examined> examined;
  std::vector<Answered> answered;
};

/// A gateway actor between a fake server and actors that stand in for ledger, node, reaper and the
/// one session there is.
class GatewayFixture {
 public:
  static constexpr const char* known = "0f8fad5b-d9cb-469f-a165-70867728950e";
  static constexpr const char* gone_vm = "5b3c1a52-7e3c-4a57-8f0b-6d6f4f3b9a11";
  static constexpr const char* other = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

  GatewayFixture();
  ~GatewayFixture();

  struct Request {
    std::string method = "GET";
    std::string path;
    std::string token = "operator";  ///< empty: none
    std::string body = {};
    Pairs query = {};
    Pairs headers = {};
  };

  /// Sends a request and runs until it is answered; returns its id.
  std::uint64_t ask(const Request& request);
  /// The same, with the answer.
  HttpResponse call(const Request& request);
  /// The same, as `STATUS CODE FIELD`, or `STATUS`.
  std::string outcome(const Request& request);

  TestSystem system;
  std::shared_ptr<FakeServer> server = std::make_shared<FakeServer>();
  std::shared_ptr<GatewaySockets> sockets = std::make_shared<GatewaySockets>();
  std::shared_ptr<GatewayLogs> logs = std::make_shared<GatewayLogs>();
  std::shared_ptr<GatewayDoctor> doctor = std::make_shared<GatewayDoctor>();
  EnvironmentPtr environment = std::make_shared<Environment>();
  GatewayActor gateway;

  Instant now{Duration{1'700'000'000'000}};
  std::optional<Cause> creation_refusal;
  std::optional<Cause> store_failure;
  std::optional<std::uint64_t> gap;
  bool is_draining = false;
  bool is_over = false;  ///< the known session has no actor any more
  std::vector<CreateSession> created;
  std::vector<SaveToken> tokens;
  std::vector<ProposeRetirement> proposals;
  std::vector<Subscribe> subscriptions;
  std::vector<Unsubscribe> unsubscriptions;
  std::vector<ListSessions> listings;
  std::map<std::string, Hold> holds;        ///< of the session's actor
  std::map<std::string, Hold> ended_holds;  ///< of the ledger
  std::optional<signaling::Refusal> player_refusal;
  std::optional<signaling::Refusal> screenshot_refusal;
  std::vector<OpenPlayer> players;
  std::vector<PlayerCandidates> candidates;
  std::vector<std::string> closed_players;

 private:
  void make_ledger();
  void make_node();
  void make_reaper();
  void make_session();

  SessionActor session_;
  std::vector<caf::actor> actors_;
  std::uint64_t last_id_ = 0;
  int last_token_ = 0;
};

}  // namespace aerie::testing
