#include <algorithm>

#include "runtime/console/console.hpp"

namespace aerie {
namespace {

constexpr Duration top_interval{500};
constexpr Duration top_pace{1000};
constexpr Duration description_within{2000};
constexpr std::size_t all_sessions = 1'000'000;

double round_to(double value, double unit) {
  return std::round(value / unit) * unit;
}

Json process_of(const ActorFacts& vm, const std::string& child, std::int64_t pid,
                const std::string& state, int restarts, Instant since) {
  return {{"vm", vm.id},    {"child", child},       {"pid", pid},
          {"state", state}, {"restarts", restarts}, {"since", to_rfc3339(since)}};
}

/// The processes of all guests, each under its VM.
std::vector<Json> processes_in(const std::vector<ActorFacts>& facts) {
  std::vector<Json> processes;
  for (const auto& each : facts) {
    if (each.kind != "vm") continue;
    const auto& face = each.face;
    if (face.pid > 0)
      processes.push_back(process_of(each, "vmm", face.pid, face.state, 0, face.since));
    for (const auto& part : face.parts)
      if (part.pid > 0)
        processes.push_back(
            process_of(each, part.name, part.pid, part.state, part.restarts, part.since));
  }
  return processes;
}

}  // namespace

void Console::show_tree(const Reply& reply) {
  answer(reply, tree_of(tree_nodes(environment_->roster->facts(FactsDepth::brief))));
}

void Console::show_processes(const Reply& reply) {
  const auto number = begin({reply, "ps", "", {}, {}, false});
  world_.on_disk([processes = processes_in(environment_->roster->facts(FactsDepth::brief)),
                  tell = news_of(number)]() mutable {
    std::vector<std::int64_t> pids;
    for (const auto& process : processes)
      pids.push_back(process["pid"]);
    const auto usage = process_usage(pids);
    for (auto& process : processes) {
      const auto used = usage.find(process["pid"]);
      if (used == usage.end()) continue;
      process["cpuMs"] = used->second.cpu_ms;
      process["memoryKiB"] = used->second.memory_kib;
    }
    tell(std::move(processes), true);
  });
}

// -- the busiest ----------------------------------------------------------------------------------

void Console::show_top(const Reply& reply, const Command& command) {
  Running running{reply, "top", command.follows ? "follow" : "", {}, Json::object(), false};
  for (const auto& facts : environment_->roster->facts(FactsDepth::brief))
    running.gathered[facts.id] = {{"processed", facts.processed},
                                  {"handling", facts.handling.count()}};
  running.gathered["at"] = monotonic().count();
  send_later(top_interval, ConsoleTimer{begin(std::move(running))});
}

void Console::take_top(std::uint64_t number) {
  auto& running = running_.at(number);
  const auto now = monotonic().count();
  const auto passed =
      static_cast<double>(std::max<std::int64_t>(now - running.gathered.value("at", now), 1));
  auto before = std::exchange(running.gathered, Json::object());
  running.gathered["at"] = now;
  std::vector<Json> rows;
  for (const auto& facts : environment_->roster->facts(FactsDepth::brief)) {
    const auto known = before.value(facts.id, Json::object());
    running.gathered[facts.id] = {{"processed", facts.processed},
                                  {"handling", facts.handling.count()}};
    const auto messages = facts.processed - known.value("processed", std::uint64_t{0});
    const auto busy = facts.handling.count() - known.value("handling", std::int64_t{0});
    rows.push_back(
        {{"id", facts.id},
         {"kind", facts.kind},
         {"name", facts.name},
         {"messagesPerSecond", round_to(static_cast<double>(messages) * 1000 / passed, 0.1)},
         {"busyPercent",
          round_to(std::clamp(static_cast<double>(busy) / passed / 1e4, 0.0, 100.0), 0.01)},
         {"mailbox", facts.mailbox},
         {"oldestMs", static_cast<double>(facts.oldest.count()) / 1e6},
         {"processed", facts.processed},
         {"p50Us", static_cast<double>(facts.p50.count()) / 1e3},
         {"p99Us", static_cast<double>(facts.p99.count()) / 1e3}});
  }
  std::stable_sort(rows.begin(), rows.end(), [](const Json& a, const Json& b) {
    return std::pair(a["messagesPerSecond"].get<double>(), a["mailbox"].get<std::uint64_t>()) >
           std::pair(b["messagesPerSecond"].get<double>(), b["mailbox"].get<std::uint64_t>());
  });
  if (!running.subject.empty()) {
    running.reply->item(rows);
    running.reply->flush();
    return send_later(top_pace, ConsoleTimer{number});
  }
  for (auto& row : rows)
    running.reply->item(std::move(row));
  end(number);
}

// -- one of them ----------------------------------------------------------------------------------

void Console::inspect(const Reply& reply, const Subject& subject) {
  if (!subject.has_actor) {
    Json json{{"id", subject.id}, {"kind", subject.kind}, {"actor", nullptr}};
    if (subject.kind == "session" && subject.session) {
      json["state"] = to_string(subject.session->state);
      json["own"] = *subject.session;
    } else if (subject.vm) {
      json["state"] = to_string(subject.vm->state);
      json["own"] = *subject.vm;
    }
    json["note"] = "Its actor is gone: this is what is remembered.";
    return answer(reply, std::move(json));
  }
  const auto all = environment_->roster->facts();
  const auto facts = std::find_if(all.begin(), all.end(),
                                  [&](const ActorFacts& each) { return each.id == subject.id; });
  const auto actor = environment_->roster->address_of(subject.id);
  if (facts == all.end() || !actor)
    return fail(reply, "not-found", "The actor " + subject.id + " has ended meanwhile.",
                "`why` tells what became of a session or VM.");
  auto json = inspection_of(*facts, all);
  json["deadLetters"] = environment_->roster->dead_letters();
  const auto number = begin({reply, "inspect", subject.id, {}, std::move(json), false});
  send_later(description_within, ConsoleTimer{number});
  caf::anon_send(actor, DescribeYourself{[tell = news_of(number)](Json state) {
                   tell(std::move(state), true);
                 }});
}

void Console::explain(const Reply& reply, const std::string& word) {
  const auto slash = word.find('/');
  const auto child = slash == std::string::npos ? std::string{} : word.substr(slash);
  with_subject(reply, word.substr(0, slash), [=, this](const Subject& subject) {
    const auto id = subject.id + child;
    request(environment_->directory.ledger(), caf::infinite, AskWhy{id})
        .then(
            [=, this](const WhyAnswer& found) {
              if (found.why) return answer(reply, *found.why);
              if (child.empty() && subject.has_actor) return inspect(reply, subject);
              fail(reply, "not-found", "Nothing is known of '" + id + "'.",
                   "`tree` lists what is there.");
            },
            unanswered(reply));
  });
}

// -- what is held ---------------------------------------------------------------------------------

void Console::show_leases(const Reply& reply) {
  request(environment_->directory.ledger(), caf::infinite, ListResources{})
      .then(
          [=](const ResourceList& list) {
            std::vector<Json> leases;
            for (const auto& each : list.resources)
              leases.push_back(
                  {{"id", each.id},
                   {"kind", each.kind},
                   {"name", each.name},
                   {"vm", each.vm},
                   {"session", each.session.empty() ? Json(nullptr) : Json(each.session)}});
            answer_list(reply, leases);
          },
          unanswered(reply));
}

void Console::show_holds(const Reply& reply) {
  ListSessions wish;
  wish.limit = all_sessions;
  request(environment_->directory.ledger(), caf::infinite, wish)
      .then(
          [=](const SessionList& list) {
            std::vector<Json> holds;
            for (const auto& session : list.sessions)
              for (const auto& hold : session->holds)
                holds.push_back({{"session", session->id},
                                 {"vm", session->vm_id},
                                 {"state", to_string(session->state)},
                                 {"name", hold.name},
                                 {"reason", hold.reason}});
            answer_list(reply, holds);
          },
          unanswered(reply));
}

// -- the host, and the console --------------------------------------------------------------------

void Console::examine(const Reply& reply) {
  const auto number = begin({reply, "doctor", "", {}, {}, false});
  world_.on_bench([look = world_.examine, tell = news_of(number)] { tell(look(), true); });
}

void Console::show_help(const Reply& reply, const Command& command) {
  Json commands = Json::array();
  for (const auto& form : command_forms())
    if (command.word(0).empty() || command.word(0) == form.name)
      commands.push_back({{"name", form.name}, {"usage", form.usage}, {"summary", form.summary}});
  if (commands.empty())
    return fail(reply, "unknown-command", "There is no command '" + command.word(0) + "'.",
                "`help` lists them.");
  answer(reply, {{"commands", std::move(commands)}});
}

}  // namespace aerie
