#include "runtime/console/console.hpp"

#include <csignal>
#include <cstring>

namespace aerie {
namespace {

/// As kill(1) takes it: `TERM`, `SIGTERM` or `15`.
std::optional<int> signal_called(std::string name) {
  constexpr int last_signal = 31;
  if (name.starts_with("SIG")) name = name.substr(3);
  for (int number = 1; number <= last_signal; ++number) {
    const auto* abbreviation = ::sigabbrev_np(number);
    if (name == std::to_string(number) || (abbreviation != nullptr && name == abbreviation))
      return number;
  }
  return std::nullopt;
}

}  // namespace

Console::Console(caf::actor_config& config, EnvironmentPtr environment, ConsoleWorld world)
    : Actor(config, "console"), environment_(std::move(environment)), world_(std::move(world)) {}

Console::Behavior Console::make_behavior() {
  return {
      [this](const Recorded& recorded) {
        const auto found = running_.find(recorded.reader);
        if (found == running_.end()) return;
        found->second.reply->item(*recorded.event);
        found->second.reply->flush();
      },
      [this](const RunCommand& wish) { run(wish); },
      [this](const StopCommand& wish) { stop(wish.reply); },
      [this](CommandNews& news) { on_news(news); },
      [this](const RosterChanged&) {
        *is_told_of_change_ = false;
        refresh_watchers();
      },
      [this](const ConsoleTimer& timer) { on_timer(timer.ticket); },
  };
}

void Console::on_exit() {
  environment_->roster->on_change(nullptr);
  environment_->roster->on_trace(nullptr);
  for (const auto& [number, running] : running_) {
    if (running.log_follower) world_.logs->unfollow(*running.log_follower);
    if (const auto vitals = environment_->roster->find(running.subject);
        vitals && running.kind == "trace")
      vitals->trace(false);
  }
}

Json Console::describe() const {
  Json running = Json::array();
  for (const auto& [number, each] : running_)
    running.push_back({{"command", each.kind}, {"subject", each.subject}});
  return {{"running", std::move(running)}};
}

// -- what a line means ----------------------------------------------------------------------------

void Console::run(const RunCommand& wish) {
  const auto command = read_command(wish.line);
  if (!command) return wish.reply->end(command.error());
  perform(wish.reply, *command);
}

void Console::perform(const Reply& reply, const Command& command) {
  const auto name = command.form->name;
  const auto id = command.word(0);
  const auto child = command.word(1);
  if (name == "tree") return show_tree(reply);
  if (name == "ps") return show_processes(reply);
  if (name == "top") return show_top(reply, command);
  if (name == "why") return explain(reply, id);
  if (name == "leases") return show_leases(reply);
  if (name == "holds") return show_holds(reply);
  if (name == "drain" || name == "undrain") return drain(reply, name == "drain");
  if (name == "doctor") return examine(reply);
  if (name == "watch") return watch(reply);
  if (name == "help") return show_help(reply, command);
  if (name == "events" && id.empty()) return read_events(reply, "", command);
  if (name == "hold")
    return with_session(reply, id, [=, this](const Subject& subject) {
      hold(reply, subject, {command.word(1), command.word(2)});
    });
  if (name == "release")
    return with_session(
        reply, id, [=, this](const Subject& subject) { release(reply, subject, command.word(1)); });
  if (name == "retire")
    return with_session(reply, id,
                        [=, this](const Subject& subject) { retire(reply, subject, command); });
  if (name == "logs") {
    const auto slash = id.find('/');
    const auto part = slash == std::string::npos ? child : id.substr(slash + 1);
    return with_session(reply, id.substr(0, slash), [=, this](const Subject& subject) {
      read_logs(reply, subject, part, command);
    });
  }
  std::optional<int> signal;
  if (name == "kill") {
    signal = signal_called(command.word(2).empty() ? "KILL" : command.word(2));
    if (!signal)
      return fail(reply, "usage", "There is no signal '" + command.word(2) + "'.",
                  "Name one as kill(1) does: TERM, SIGKILL, 9.", 2);
  }
  with_subject(reply, id, [=, this](const Subject& subject) {
    if (name == "inspect") return inspect(reply, subject);
    if (name == "events") return read_events(reply, subject.id, command);
    if (name == "trace") return trace(reply, subject, command.follows);
    if (name == "pause" || name == "resume") return pause(reply, subject, name == "pause");
    touch_child(reply, subject, child, signal);
  });
}

// -- commands that go on --------------------------------------------------------------------------

std::uint64_t Console::begin(Running running) {
  const auto number = next_number_++;
  running_.emplace(number, std::move(running));
  return number;
}

void Console::end(std::uint64_t number, std::optional<CommandFault> fault) {
  const auto found = running_.find(number);
  if (found == running_.end()) return;
  const auto running = std::move(found->second);
  running_.erase(found);
  if (running.log_follower) world_.logs->unfollow(*running.log_follower);
  if (running.kind == "events")
    send(environment_->directory.ledger(),
         Unsubscribe{caf::actor_cast<EventReaderActor>(self()), number});
  const auto is_alike = [&](const auto& each) { return each.second.kind == running.kind; };
  if (running.kind == "trace") {
    const bool is_shared = std::any_of(running_.begin(), running_.end(), [&](const auto& each) {
      return is_alike(each) && each.second.subject == running.subject;
    });
    const auto vitals = environment_->roster->find(running.subject);
    if (vitals && !is_shared) vitals->trace(false);
  }
  if (running.kind == "watch" && std::none_of(running_.begin(), running_.end(), is_alike)) {
    environment_->roster->on_change(nullptr);
    seen_.clear();
  }
  running.reply->end(std::move(fault));
}

void Console::stop(const Reply& reply) {
  for (const auto& [number, running] : running_)
    if (running.reply == reply) return end(number);
}

void Console::on_news(CommandNews& news) {
  if (news.command == usage_news) return take_usage(news.document);
  if (news.command == trace_news) {
    for (const auto& [number, running] : running_)
      if (running.kind == "trace" && running.subject == news.document["actor"]) {
        running.reply->item(news.document);
        running.reply->flush();
      }
    return;
  }
  const auto found = running_.find(news.command);
  if (found == running_.end()) return;
  auto& running = found->second;
  if (running.kind == "inspect") {
    running.gathered["own"] = std::move(news.document);
    answer(running.reply, std::move(running.gathered));
    running_.erase(found);
    return;
  }
  if (running.kind == "doctor") {
    const bool is_ok = news.document.value("ok", false);
    running.reply->document(std::move(news.document));
    if (is_ok) return end(news.command);
    return end(news.command, CommandFault{1, "failed-check", "A check failed.",
                                          "Each that failed says what to do."});
  }
  if (!news.document.is_null())
    for (auto& item : news.document)
      running.reply->item(std::move(item));
  if (news.is_last) return end(news.command);
  running.reply->flush();
}

void Console::on_timer(std::uint64_t ticket) {
  if (ticket == tick_ticket) return measure_rates();
  if (ticket == refresh_ticket) {
    is_refresh_set_ = false;
    return refresh_watchers();
  }
  const auto found = running_.find(ticket);
  if (found == running_.end()) return;
  auto& running = found->second;
  if (running.kind == "top") return take_top(ticket);
  if (running.kind == "trace") return end(ticket);
  if (running.kind == "inspect") {
    running.gathered["own"] = nullptr;
    running.gathered["note"] = "The actor did not answer: look at what it is handling.";
    answer(running.reply, std::move(running.gathered));
    running_.erase(found);
  }
}

std::function<void(Json, bool)> Console::news_of(std::uint64_t number) {
  // Weak: what another thread holds must not keep this actor.
  return
      [weak = caf::actor_cast<caf::weak_actor_ptr>(self()), number](Json document, bool is_last) {
        if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak))
          post(caf::actor_cast<ConsoleActor>(strong),
               CommandNews{number, std::move(document), is_last});
      };
}

// -- answers --------------------------------------------------------------------------------------

void Console::answer(const Reply& reply, Json document) {
  reply->document(std::move(document));
  reply->end(std::nullopt);
}

void Console::answer_list(const Reply& reply, const std::vector<Json>& items) {
  for (const auto& item : items)
    reply->item(item);
  reply->end(std::nullopt);
}

void Console::fail(const Reply& reply, std::string code, std::string message, std::string remedy,
                   int status) {
  reply->end(CommandFault{status, std::move(code), std::move(message), std::move(remedy)});
}

std::function<void(const caf::error&)> Console::unanswered(const Reply& reply) {
  return [reply](const caf::error&) {
    fail(reply, "unavailable", "The actor that knows has ended meanwhile.", "Ask again.");
  };
}

}  // namespace aerie
