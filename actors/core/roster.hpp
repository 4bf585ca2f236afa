#pragma once

#include <atomic>
#include <caf/actor.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/type_erased_tuple.hpp>
#include <caf/type_nr.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "actors/core/vitals.hpp"
#include "messages/cause.hpp"

namespace aerie {

/// A message that a traced actor got or sent.
struct TracedMessage {
  std::string actor;  ///< the traced one's id
  Instant at{};
  bool is_out = false;
  std::string type;
  std::string other;           ///< `KIND ID` of who sent it, or got it; empty: not an actor
  std::int64_t took_ns = 0;    ///< in the handler, of one that came in
  std::uint64_t left_out = 0;  ///< messages that the rate limit kept back before this one
};

/// All actors of a system that are alive, and what is known of each. They enter and leave by
/// themselves; reading it asks no actor, so a stuck one is seen as well. Thread-safe.
class Roster {
 public:
  using NewId = std::function<std::string()>;
  using Changed = std::function<void()>;
  using Trace = std::function<void(const TracedMessage&)>;

  /// `new_id` gives an actor that stands for nothing with an id of its own (a lower-case UUID).
  explicit Roster(NewId new_id) : new_id_(std::move(new_id)) {}

  /// `parent`: CAF's number of the actor that spawned it, 0 where none did.
  void enter(const std::shared_ptr<Vitals>& vitals, caf::actor_addr address, std::uint64_t parent);
  /// `unhandled`: messages that still wait in its mailbox.
  void leave(std::uint64_t actor, std::uint64_t unhandled);
  void note_dead_letter() { dead_letters_.fetch_add(1, std::memory_order_relaxed); }
  /// Some actor shows another face.
  void note_change() const;

  [[nodiscard]] std::vector<ActorFacts> facts(FactsDepth depth = FactsDepth::full) const;
  /// Null: no such actor.
  [[nodiscard]] std::shared_ptr<Vitals> find(const std::string& id) const;
  [[nodiscard]] caf::actor address_of(const std::string& id) const;
  [[nodiscard]] std::uint64_t dead_letters() const {
    return dead_letters_.load(std::memory_order_relaxed);
  }

  /// `changed` is called, on any thread, after actors came, went or changed their faces; null:
  /// nobody looks.
  void on_change(Changed changed);
  /// `trace` is called, on any thread, for each message of an actor that is traced.
  void on_trace(Trace trace);
  void trace(const Vitals& vitals, bool is_out, Vitals::TypeKey type, const std::string& other,
             std::int64_t took_ns);

 private:
  struct Entry {
    std::shared_ptr<Vitals> vitals;
    caf::actor_addr address;
    std::uint64_t parent = 0;
  };
  /// The rate limit of one traced actor.
  struct Allowance {
    std::int64_t second = 0;
    std::uint64_t used = 0;
    std::uint64_t left_out = 0;
  };

  NewId new_id_;
  std::atomic<std::uint64_t> dead_letters_{0};
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Entry> entries_;  ///< by CAF's number
  std::map<std::uint64_t, Allowance> allowances_;
  mutable std::mutex hooks_mutex_;
  std::shared_ptr<const Changed> changed_;
  std::shared_ptr<const Trace> trace_;
};

/// A configuration of CAF's whose actors enter a roster.
class RosterConfig : public caf::actor_system_config {
 public:
  std::shared_ptr<Roster> roster;
};

/// Asks any actor for its state. `done` is called on that actor.
struct DescribeYourself {
  std::function<void(Json state)> done;
};

/// What every actor of ours is, whatever its interface: seen.
class Observed {
 public:
  Observed(const Observed&) = delete;
  Observed& operator=(const Observed&) = delete;

 protected:
  Observed(const caf::actor_config& config, std::string kind, std::uint64_t actor);
  virtual ~Observed() = default;

  /// Says which id and name it goes by, for one that stands for something.
  void go_by(std::string id, std::string name = {}) {
    vitals_->identify(std::move(id), std::move(name));
  }
  /// Says how it is.
  void show(ActorFace face);

  /// Its state as JSON, for operators. No secret is in it.
  [[nodiscard]] virtual Json describe() const { return Json::object(); }

  /// While a message is handled; also where the handler throws.
  class Running {
   public:
    Running(Observed& actor, Vitals::TypeKey type)
        : vitals_(*actor.vitals_),
          outer_(std::exchange(current_, &actor)),
          began_(vitals_.begin(type)) {}
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() {
      vitals_.end(began_);
      current_ = outer_;
    }

   private:
    Vitals& vitals_;
    Observed* outer_;
    std::int64_t began_;
  };

  void enter_roster(caf::actor_system& system, caf::actor_addr address);
  void leave_roster();
  void note_arrival(const caf::mailbox_element& element) {
    if (!vitals_->on_arrival()) return note_dead_letter();
    if (Vitals::is_any_traced()) report_sending(element);
  }

  [[nodiscard]] static Vitals::TypeKey key_of(const caf::type_erased_tuple& content) {
    if (content.size() == 0) return caf::type_nr<caf::unit_t>::value;
    const auto [number, info] = content.type(0);
    return number != 0 ? number : reinterpret_cast<Vitals::TypeKey>(info);  // NOLINT
  }
  [[nodiscard]] static Vitals::TypeKey key_of_description() {
    return reinterpret_cast<Vitals::TypeKey>(&typeid(DescribeYourself));  // NOLINT
  }
  void report_in(Vitals::TypeKey type, const std::string& sender, std::int64_t took_ns) const;
  /// `KIND ID`; empty for an actor that is none of ours.
  [[nodiscard]] static std::string title_of(const caf::abstract_actor* actor);

  std::shared_ptr<Vitals> vitals_;

 private:
  void note_dead_letter() const;
  /// Where whoever runs on this thread is traced: that it sends this.
  void report_sending(const caf::mailbox_element& element) const;

  /// Who runs on this thread, for what it sends and spawns.
  static inline constinit thread_local Observed* current_ = nullptr;

  std::shared_ptr<Roster> roster_;
  std::uint64_t parent_number_ = 0;
};

}  // namespace aerie

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aerie::DescribeYourself)
