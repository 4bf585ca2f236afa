#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "messages/interfaces.hpp"
#include "tests/sim/agenda.hpp"
#include "tests/sim/judge.hpp"
#include "tests/sim/life.hpp"
#include "tests/sim/random.hpp"

namespace aerie::sim {

/// A person with a socket: how one answers when asked whether the session may go.
struct Viewer {
  enum class Character { silent, keeps, releases, last = releases };
  Character character = Character::silent;
  std::string session;
  std::string id;      ///< given by the session
  std::string resume;  ///< the token of the last welcome
  std::uint64_t last_seq = 0;
  PeerActor peer;         ///< null: no socket
  SessionActor actor;     ///< of the session
  bool has_left = false;  ///< for good
};

/// Clients, viewers and operators: they outlive controllers and come back.
class People {
 public:
  People(Agenda& agenda, Judge& judge, Random random)
      : agenda_(agenda), judge_(judge), random_(random) {}

  /// A controller has begun: who had a socket resumes.
  void meet(Life& life);
  /// It has died: every socket is closed.
  void part();

  void create();
  /// The session's actor is looked up by the node, as the gateway does it.
  void remove(std::uint64_t number, bool forced);
  void join(std::uint64_t number, std::uint64_t character);
  void leave(std::uint64_t number);
  void leave_all();
  void hold(std::uint64_t number, std::uint64_t name);
  void clear(std::uint64_t number);
  /// Also those of which no answer came.
  void clear_all(const std::vector<SessionDocumentPtr>& sessions);
  void break_session(std::uint64_t number);
  void break_reaper();

 private:
  struct StandingHold {
    std::string session;
    std::string name;
  };
  class Socket;
  /// The session's actor; null: it has none.
  using SessionTask = std::function<void(caf::event_based_actor*, SessionActor)>;

  [[nodiscard]] const std::string* session(std::uint64_t number) const;
  void find_session(const std::string& id, SessionTask task);
  void with_session(const std::string& id, SessionTask task);
  void propose(const std::string& id, bool forced);
  void connect(const std::shared_ptr<Viewer>& viewer);
  void disconnect(Viewer& viewer);
  void on_message(const std::shared_ptr<Viewer>& viewer, const Json& message);
  void think(const std::shared_ptr<Viewer>& viewer, const std::string& proposal);
  void clear(const StandingHold& hold);

  Agenda& agenda_;
  Judge& judge_;
  Random random_;
  Life* life_ = nullptr;
  std::vector<std::string> sessions_;
  std::vector<std::shared_ptr<Viewer>> viewers_;
  std::vector<StandingHold> holds_;
  std::uint64_t clears_ = 0;  ///< that were asked for
  std::uint64_t unanswered_clears_ = 0;
};

}  // namespace aerie::sim
