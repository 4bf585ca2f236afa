#include "tests/sim/people.hpp"

#include <algorithm>
#include <caf/event_based_actor.hpp>

#include "actors/core/actor.hpp"

namespace aerie::sim {

/// A viewer's socket with its peer actor.
class People::Socket final : public caf::event_based_actor {
 public:
  Socket(caf::actor_config& config, People& people, std::shared_ptr<Viewer> viewer)
      : caf::event_based_actor(config), people_(people), viewer_(std::move(viewer)) {}

  [[nodiscard]] const char* name() const override { return "peer"; }

  caf::behavior make_behavior() override {
    return {
        [this](const Deliver& message) {
          if (viewer_->peer == this) people_.on_message(viewer_, message.message);
        },
        [this](const Hang&) {
          if (viewer_->peer == this) viewer_->peer = nullptr;
          quit();
        },
    };
  }

 private:
  People& people_;
  std::shared_ptr<Viewer> viewer_;
};

void People::meet(Life& life) {
  life_ = &life;
  for (const auto& viewer : viewers_) {
    if (viewer->has_left) continue;
    agenda_.after(random_.between(Duration{10}, Duration{5'000}), [this, viewer, at = &life] {
      if (life_ == at && !viewer->has_left && !viewer->peer) connect(viewer);
    });
  }
}

void People::part() {
  for (const auto& viewer : viewers_) {
    viewer->peer = nullptr;
    viewer->actor = nullptr;
  }
  unanswered_clears_ = 0;
  life_ = nullptr;
}

const std::string* People::session(std::uint64_t number) const {
  return sessions_.empty() ? nullptr : &sessions_[number % sessions_.size()];
}

// -- clients and operators ------------------------------------------------------------------------

void People::create() {
  if (life_ == nullptr) return;
  SessionRequest request;
  request.user_id = "someone";
  request.profile = "browser";
  request.driver = "process";
  request.url = "about:blank";
  request.idle = Duration{60'000};
  request.max = Duration{400'000};
  life_->system().spawn([this, request](caf::event_based_actor* self) {
    if (life_ == nullptr) return;
    self->request(life_->environment().directory.node(), caf::infinite,
                  CreateSession{request, "digest"})
        .then(
            [this](const SessionCreated& created) {
              if (life_ != nullptr && created.document) sessions_.push_back(created.document->id);
            },
            [](const caf::error&) {});
  });
}

void People::find_session(const std::string& id, SessionTask task) {
  if (life_ == nullptr) return;
  life_->system().spawn([this, id, task = std::move(task)](caf::event_based_actor* self) {
    if (life_ == nullptr) return;
    const auto node = life_->environment().directory.node();
    if (!node) return;
    self->request(node, caf::infinite, FindSessionActor{id})
        .then(
            [this, self, task](const SessionActorFound& found) {
              if (life_ != nullptr) task(self, found.actor);
            },
            [](const caf::error&) {});
  });
}

void People::with_session(const std::string& id, SessionTask task) {
  find_session(id,
               [task = std::move(task)](caf::event_based_actor* self, const SessionActor& actor) {
                 if (actor) task(self, actor);
               });
}

void People::propose(const std::string& id, bool forced) {
  with_session(id, [this, id, forced](caf::event_based_actor* self, const SessionActor& actor) {
    const auto reaper = life_->environment().directory.reaper();
    if (reaper)
      self->send(reaper, ProposeRetirement{id, actor, RetireReason::requested, "owner", forced});
  });
}

void People::remove(std::uint64_t number, bool forced) {
  if (const auto* id = session(number)) propose(*id, forced);
}

void People::hold(std::uint64_t number, std::uint64_t name) {
  const auto* id = session(number);
  if (id == nullptr) return;
  const StandingHold hold{*id, "hold-" + std::to_string(name % 3)};
  // Who asks to clear it at the same time, under that name, counts on nothing.
  const auto set = [this, hold, clears = clears_,
                    is_alone = unanswered_clears_ == 0](const HoldAnswer& answer) {
    if (life_ == nullptr || !answer.hold || answer.failure) return;
    if (clears != clears_ || !is_alone) return;
    judge_.on_hold(hold.session, hold.name);
    holds_.push_back(hold);
  };
  const Hold wish{hold.name, "evidence"};
  find_session(*id, [=, this](caf::event_based_actor* self, const SessionActor& actor) {
    const auto ledger = life_->environment().directory.ledger();
    if (actor)
      self->request(actor, caf::infinite, SetHold{wish}).then(set, [](const caf::error&) {});
    else
      self->request(ledger, caf::infinite, HoldEnded{hold.session, wish})
          .then(set, [](const caf::error&) {});
  });
}

void People::clear(const StandingHold& hold) {
  ++clears_;
  ++unanswered_clears_;
  judge_.on_clearing(hold.session, hold.name);
  find_session(hold.session, [=, this](caf::event_based_actor* self, const SessionActor& actor) {
    const auto ignore = [this](const HoldAnswer&) {
      if (unanswered_clears_ > 0) --unanswered_clears_;
    };
    const auto ledger = life_->environment().directory.ledger();
    if (actor)
      self->request(actor, caf::infinite, ClearHold{hold.name}).then(ignore, [](const caf::error&) {
      });
    else
      self->request(ledger, caf::infinite, UnholdEnded{hold.session, hold.name})
          .then(ignore, [](const caf::error&) {});
  });
}

void People::clear(std::uint64_t number) {
  if (holds_.empty() || life_ == nullptr) return;
  const auto each = holds_.begin() + static_cast<std::ptrdiff_t>(number % holds_.size());
  const auto hold = *each;
  holds_.erase(each);
  clear(hold);
}

void People::clear_all(const std::vector<SessionDocumentPtr>& sessions) {
  for (const auto& document : sessions)
    for (const auto& hold : document->holds)
      clear(StandingHold{document->id, hold.name});
  for (const auto& hold : holds_)
    clear(hold);
  holds_.clear();
}

void People::break_session(std::uint64_t number) {
  const auto* id = session(number);
  if (id == nullptr) return;
  with_session(*id, [this, id = *id](caf::event_based_actor* self, const SessionActor& actor) {
    judge_.on_session_fault(id);
    self->send_exit(actor, caf::exit_reason::unhandled_exception);
  });
}

void People::break_reaper() {
  if (life_ == nullptr) return;
  if (const auto reaper = life_->environment().directory.reaper())
    caf::anon_send_exit(reaper, caf::exit_reason::unhandled_exception);
}

// -- viewers --------------------------------------------------------------------------------------

void People::join(std::uint64_t number, std::uint64_t character) {
  const auto* id = session(number);
  if (id == nullptr || life_ == nullptr) return;
  auto viewer = std::make_shared<Viewer>();
  viewer->session = *id;
  viewer->character = static_cast<Viewer::Character>(
      character % (static_cast<std::uint64_t>(Viewer::Character::last) + 1));
  viewers_.push_back(viewer);
  connect(viewer);
}

void People::connect(const std::shared_ptr<Viewer>& viewer) {
  if (life_ == nullptr) return;
  const auto socket =
      caf::actor_cast<PeerActor>(caf::actor{life_->system().spawn<Socket>(*this, viewer)});
  viewer->peer = socket;
  with_session(viewer->session,
               [viewer, socket](caf::event_based_actor* self, const SessionActor& actor) {
                 if (viewer->peer != socket) return;
                 viewer->actor = actor;
                 Join join;
                 join.hello.session = viewer->session;
                 join.hello.role = ViewerRole::host;
                 join.hello.resume = viewer->resume;
                 join.hello.last_seq = viewer->last_seq;
                 join.peer = socket;
                 self->request(actor, caf::infinite, join)
                     .then(
                         [viewer](const Joined& joined) {
                           if (!joined.refusal) viewer->id = joined.viewer;
                         },
                         [](const caf::error&) {});
               });
}

void People::disconnect(Viewer& viewer) {
  if (viewer.actor && viewer.peer) post(viewer.actor, ViewerGone{viewer.id, viewer.peer});
  viewer.peer = nullptr;
  viewer.actor = nullptr;
}

void People::leave(std::uint64_t number) {
  if (viewers_.empty()) return;
  const auto viewer = viewers_[number % viewers_.size()];
  disconnect(*viewer);
  viewer->has_left = true;
}

void People::leave_all() {
  for (std::size_t i = 0; i < viewers_.size(); ++i)
    leave(i);
}

void People::on_message(const std::shared_ptr<Viewer>& viewer, const Json& message) {
  const auto& type = message.at("type").get_ref<const std::string&>();
  viewer->last_seq = message.at("seq").get<std::uint64_t>();
  if (type == "welcome") {
    viewer->id = message.at("viewer").get<std::string>();
    viewer->resume = message.at("resume").get<std::string>();
  } else if (type == "offer") {
    signaling::Answer answer;
    answer.epoch = message.at("epoch").get<std::uint64_t>();
    answer.sdp = "answer";
    if (viewer->actor) post(viewer->actor, ViewerSays{viewer->id, answer});
  } else if (type == "state" && message.contains("keptUntil")) {
    judge_.on_keep_told(viewer->session,
                        *from_rfc3339(message["keptUntil"].get_ref<const std::string&>()));
  } else if (type == "retire" && !message.at("forced").get<bool>()) {
    think(viewer, message.at("proposal").get<std::string>());
  }
}

/// People take their time; some answer just when the deadline comes.
void People::think(const std::shared_ptr<Viewer>& viewer, const std::string& proposal) {
  if (viewer->character == Viewer::Character::silent) return;
  const auto time = random_.one_in(4) ? random_.between(Duration{29'950}, Duration{30'050})
                                      : random_.between(Duration{10}, Duration{20'000});
  const auto kept_for = random_.between(Duration{100}, Duration{40'000});
  agenda_.after(time, [viewer, proposal, kept_for] {
    if (!viewer->actor) return;
    if (viewer->character == Viewer::Character::keeps)
      post(viewer->actor, ViewerSays{viewer->id, signaling::Keep{proposal, kept_for}});
    else
      post(viewer->actor, ViewerSays{viewer->id, signaling::Release{proposal}});
  });
}

}  // namespace aerie::sim
