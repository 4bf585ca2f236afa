#include "tests/sim/history.hpp"

#include <algorithm>
#include <array>
#include <boost/core/demangle.hpp>
#include <cstdio>
#include <deque>
#include <memory>

#include "tests/sim/people.hpp"

namespace aerie::sim {
namespace {

constexpr Duration peace_begins{160'000};
constexpr Duration peace_lasts{1'800'000};
constexpr Duration asked_again{60'000};
constexpr std::uint64_t most_steps = 200'000;
constexpr std::size_t most_lines = 80;

/// One history under way.
class History {
 public:
  History(const Plan& plan, bool with_log);
  Outcome play();

 private:
  void begin_life();
  void end_life();
  void happen(const Operation& operation);
  void make_peace();
  void clear_holds();
  void stall(const char* kind, Duration time);
  bool let_time_pass();
  void note(std::string_view kind, std::uint64_t actor, const caf::mailbox_element& element);
  void log(const std::string& line);
  [[nodiscard]] bool one_in(std::size_t count) { return random_ && random_->one_in(count); }

  const Plan& plan_;
  bool with_log_;
  Outcome outcome_;
  std::deque<std::string> lines_;
  Agenda agenda_;
  Instant begun_ = agenda_.now();
  std::optional<Random> random_;
  Disk disk_{agenda_, Random{plan_.schedule ^ 1U}};
  Judge judge_{agenda_, disk_, plan_.warm};
  Tombstones tombstones_{agenda_, disk_, judge_};
  Guests guests_{agenda_, judge_, Random{plan_.schedule ^ 2U}};
  People people_{agenda_, judge_, Random{plan_.schedule ^ 3U}};
  std::unique_ptr<Life> life_;
  bool is_dying_ = false;
  std::uint64_t last_id_ = 0;
};

History::History(const Plan& plan, bool with_log) : plan_(plan), with_log_(with_log) {
  judge_.look_at(tombstones_);
  if (plan.schedule != 0) random_.emplace(plan.schedule);
  for (const auto& operation : plan.operations)
    agenda_.at(begun_ + operation.at, [this, &operation] { happen(operation); });
  agenda_.at(begun_ + peace_begins, [this] { make_peace(); });
}

// -- controllers ----------------------------------------------------------------------------------

void History::begin_life() {
  ++outcome_.lives;
  log("a controller begins");
  const auto new_id = [this] {
    // Not in order of creation, as with random ids.
    std::array<char, 32> text{};
    ++last_id_;
    std::snprintf(text.data(), text.size(), "%02x-%llu",
                  static_cast<unsigned>((last_id_ * 0x9e3779b97f4a7c15U) >> 56U),
                  static_cast<unsigned long long>(last_id_));
    return std::string{text.data()};
  };
  life_ = std::make_unique<Life>(
      LifeParts{agenda_, disk_, guests_, tombstones_, plan_.warm, new_id,
                [this](std::string_view kind, std::uint64_t actor, caf::mailbox_element& element) {
                  note(kind, actor, element);
                }});
  people_.meet(*life_);
}

void History::end_life() {
  is_dying_ = false;
  log("the controller dies");
  disk_.close();
  guests_.close();
  tombstones_.close();
  people_.part();
  life_.reset();
  judge_.on_controller_death();
  agenda_.after(Duration{1'000}, [this] { begin_life(); });
}

void History::stall(const char* kind, Duration time) {
  if (!life_) return;
  life_->stall(kind);
  agenda_.after(time, [this, kind, life = life_.get()] {
    if (life_.get() == life) life_->free(kind);
  });
}

// -- what happens ---------------------------------------------------------------------------------

void History::happen(const Operation& operation) {
  log(describe(operation).substr(14));
  const auto target = operation.target;
  const auto number = operation.number;
  auto* guest = guests_.running(target);
  switch (operation.act) {
    case Act::create:
      return people_.create();
    case Act::remove:
      return people_.remove(target, false);
    case Act::remove_forced:
      return people_.remove(target, true);
    case Act::join:
      return people_.join(target, number);
    case Act::leave:
      return people_.leave(target);
    case Act::hold:
      return people_.hold(target, number);
    case Act::clear:
      return people_.clear(target);
    case Act::child_crashes:
      return guest ? guests_.crash_child(*guest, number) : void();
    case Act::child_given_up:
      return guest ? guests_.give_up_child(*guest, number) : void();
    case Act::guest_exits:
      return guest ? guests_.end(*guest, CauseKind::signal) : void();
    case Act::link_lost:
      return guest ? guests_.lose_link(*guest) : void();
    case Act::guest_is_mute:
      return guests_.mute_next();
    case Act::start_fails:
      return guests_.fail_next_start();
    case Act::release_fails:
      return guests_.fail_next_release();
    case Act::disk_full:
      return disk_.fill_for(Duration{number});
    case Act::disk_slow:
      return disk_.slow_for(Duration{number});
    case Act::stall:
      return stall(stalled_kind(target), Duration{number});
    case Act::session_dies:
      return people_.break_session(target);
    case Act::reaper_dies:
      return people_.break_reaper();
    case Act::controller_dies:
      is_dying_ = life_ != nullptr;
      return;
    case Act::controller_dies_at_write:
      return disk_.die_at(std::max<std::uint64_t>(number, 1), target % 2 == 1,
                          [this] { is_dying_ = true; });
  }
}

/// Faults end, viewers go, operators clear their holds. What is left goes by its own deadlines.
void History::make_peace() {
  log("peace begins");
  disk_.heal();
  guests_.heal();
  people_.leave_all();
  clear_holds();
}

/// Again and again: a session may have been starting, or on its way from one controller to the
/// next.
void History::clear_holds() {
  people_.clear_all(disk_.contents().sessions);
  if (agenda_.now() < begun_ + peace_lasts / 2)
    agenda_.after(asked_again, [this] { clear_holds(); });
}

// -- playing --------------------------------------------------------------------------------------

Outcome History::play() {
  begin_life();
  const auto end = begun_ + peace_lasts;
  while (!judge_.violation() && agenda_.now() < end) {
    if (is_dying_) {
      end_life();
    } else if (one_in(300)) {
      // A busy host: time passes although there is work to do.
      const auto late = agenda_.now() + random_->between(Duration{1}, Duration{200});
      agenda_.advance_to(late);
      if (life_) life_->advance_to(late);
    } else if (one_in(2) && agenda_.run_one()) {
    } else if (life_ && life_->step(random_ ? &*random_ : nullptr)) {
      if (++outcome_.steps == most_steps) judge_.blame("convergence", "It never comes to rest.");
    } else if (!agenda_.run_one() && !let_time_pass()) {
      break;
    }
  }
  if (!judge_.violation()) judge_.at_the_end(guests_);
  outcome_.violation = judge_.violation();
  outcome_.writes = disk_.commits;
  outcome_.log.assign(lines_.begin(), lines_.end());
  if (life_) {
    disk_.close();
    guests_.close();
    tombstones_.close();
    people_.part();
    life_.reset();
  }
  return std::move(outcome_);
}

/// To the next thing that is due, of the world or of an actor. False where nothing ever will be.
bool History::let_time_pass() {
  const auto world = agenda_.next();
  const auto timer = life_ ? life_->next_timer() : std::nullopt;
  if (!world && !timer) return false;
  auto next = world && timer ? std::min(*world, *timer) : world.value_or(timer.value_or(Instant{}));
  // Timers may be late, and then several are due at once.
  if (one_in(8)) next += random_->between(Duration{0}, Duration{20});
  agenda_.advance_to(next);
  if (life_) life_->advance_to(agenda_.now());
  return true;
}

void History::note(std::string_view kind, std::uint64_t actor,
                   const caf::mailbox_element& element) {
  judge_.on_message(kind, const_cast<caf::mailbox_element&>(element));
  const auto& content = element.content();
  const auto mix = [this](std::uint64_t value) {
    outcome_.digest = (outcome_.digest ^ value) * 0x100000001b3U;
  };
  mix(actor);
  mix(content.type_token());
  mix(static_cast<std::uint64_t>(agenda_.now().time_since_epoch().count()));
  if (!with_log_ || content.empty()) return;
  const auto* type = content.type(0).second;
  log("    " + std::string{kind} + " " + std::to_string(actor) + " <- " +
      (type == nullptr ? std::string{"a message of CAF"} : boost::core::demangle(type->name())));
}

void History::log(const std::string& line) {
  if (!with_log_) return;
  std::array<char, 48> head{};
  std::snprintf(head.data(), head.size(), "%10.3f s %7llu  ",
                static_cast<double>((agenda_.now() - begun_).count()) / 1000,
                static_cast<unsigned long long>(outcome_.steps));
  lines_.push_back(head.data() + line);
  if (lines_.size() > most_lines) lines_.pop_front();
}

}  // namespace

Outcome play(const Plan& plan, bool with_log) {
  return History{plan, with_log}.play();
}

}  // namespace aerie::sim
