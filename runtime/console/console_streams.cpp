#include <algorithm>
#include <sstream>

#include "runtime/console/console.hpp"

namespace aerie {
namespace {

constexpr Duration trace_span{1000};
constexpr std::size_t default_events = 1000;
constexpr std::size_t events_before_following = 10;
constexpr Duration tick{1000};
constexpr Duration usage_pace{2000};
/// Changes within this time are told together.
constexpr Duration company{40};
/// Looking at very many actors takes a while: so many times as long nothing is looked at.
constexpr int share_of_looking = 4;

/// The lines of a chunk of JSON lines.
Json items_in(const std::string& text) {
  Json items = Json::array();
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) {
    auto item = Json::parse(line, nullptr, false);
    if (item.is_object()) items.push_back(std::move(item));
  }
  return items;
}

Json item_of(const TracedMessage& message) {
  Json json{{"actor", message.actor},
            {"at", to_rfc3339(message.at)},
            {"direction", message.is_out ? "out" : "in"},
            {"type", message.type},
            {"other", message.other.empty() ? Json(nullptr) : Json(message.other)}};
  if (!message.is_out) json["tookUs"] = static_cast<double>(message.took_ns) / 1e3;
  if (message.left_out > 0) json["leftOut"] = message.left_out;
  return json;
}

}  // namespace

void Console::read_logs(const Reply& reply, const Subject& subject, const std::string& child,
                        const Command& command) {
  LogQuery query;
  query.session = subject.session->id;
  query.child = child;
  query.tail = command.tail;
  query.jsonl = true;
  const auto number = begin({reply, "logs", query.session, {}, {}, false});
  auto chunk = [tell = news_of(number)](const std::string& text, bool is_end) {
    tell(items_in(text), is_end);
  };
  if (command.follows)
    running_.at(number).log_follower = world_.logs->follow(std::move(query), std::move(chunk));
  else
    world_.logs->read(std::move(query), std::move(chunk));
}

void Console::read_events(const Reply& reply, const std::string& subject, const Command& command) {
  const auto most =
      command.tail.value_or(command.follows ? events_before_following : default_events);
  const bool follows = command.follows;
  const auto number = begin({reply, "events", subject, {}, {}, false});
  const auto ledger = environment_->directory.ledger();
  request(ledger, caf::infinite, ListEvents{subject, most})
      .then(
          [=, this](const EventList& list) {
            const auto found = running_.find(number);
            if (found == running_.end()) return;  // stopped meanwhile
            for (const auto& event : list.events)
              found->second.reply->item(*event);
            if (!follows) return end(number);
            found->second.reply->flush();
            std::optional<std::uint64_t> since;
            if (!list.events.empty()) since = list.events.back()->seq;
            const auto reader = caf::actor_cast<EventReaderActor>(self());
            post(ledger, Subscribe{reader, number, since, subject});
          },
          [=, this](const caf::error&) {
            end(number, CommandFault{1, "unavailable", "The ledger has ended.", "Ask again."});
          });
}

// -- one actor's messages -------------------------------------------------------------------------

void Console::trace(const Reply& reply, const Subject& subject, bool follows) {
  const auto vitals = environment_->roster->find(subject.id);
  if (!vitals)
    return fail(reply, "not-found", "The " + subject.kind + " " + subject.id + " has no actor.",
                "Only those in `tree` can be traced.");
  if (subject.kind == "console")
    return fail(reply, "conflict", "The console can't trace itself: it would never end.",
                "Trace another actor.");
  environment_->roster->on_trace([tell = news_of(trace_news)](const TracedMessage& message) {
    tell(item_of(message), false);
  });
  const auto number = begin({reply, "trace", subject.id, {}, {}, false});
  vitals->trace(true);
  if (!follows) send_later(trace_span, ConsoleTimer{number});
}

// -- the tree, live -------------------------------------------------------------------------------

void Console::watch(const Reply& reply) {
  begin({reply, "watch", "", {}, {}, false});
  const auto weak = caf::actor_cast<caf::weak_actor_ptr>(self());
  environment_->roster->on_change([weak, is_told = is_told_of_change_] {
    if (is_told->exchange(true)) return;  // one message is on its way
    if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak))
      post(caf::actor_cast<ConsoleActor>(strong), RosterChanged{});
  });
  refresh_watchers();
  if (!std::exchange(is_ticking_, true)) measure_rates();
}

/// Tells each watcher what is not as it was: the whole tree to a new one.
void Console::refresh_watchers() {
  const bool is_watched = std::any_of(running_.begin(), running_.end(),
                                      [](const auto& each) { return each.second.kind == "watch"; });
  if (!is_watched) return;
  const auto now = monotonic();
  const bool is_new = std::any_of(running_.begin(), running_.end(), [](const auto& each) {
    return each.second.kind == "watch" && !each.second.is_full_sent;
  });
  const auto pause = std::max(company, refresh_took_ * share_of_looking);
  if (!is_new && now - refreshed_at_ < pause) {
    if (!std::exchange(is_refresh_set_, true)) send_later(pause, ConsoleTimer{refresh_ticket});
    return;
  }
  auto nodes = tree_nodes(environment_->roster->facts(FactsDepth::brief));
  Json whole = Json::array();
  Json changed = Json::array();
  std::map<std::string, TreeNode> present;
  for (auto& node : nodes) {
    const auto rate = rates_.find(node.id);
    node.shown["messagesPerSecond"] = rate == rates_.end() ? 0 : rate->second;
    node.shown["parent"] = node.parent.empty() ? Json(nullptr) : Json(node.parent);
    if (const auto pid = node.shown.find("pid"); pid != node.shown.end()) {
      if (const auto used = usage_.find(*pid); used != usage_.end())
        node.shown["memoryKiB"] = used->second.memory_kib;
      if (const auto share = cpu_percent_.find(*pid); share != cpu_percent_.end())
        node.shown["cpuPercent"] = share->second;
    }
    const auto before = seen_.find(node.id);
    if (before == seen_.end() || before->second.shown != node.shown) changed.push_back(node.shown);
    if (is_new) whole.push_back(node.shown);
    present.emplace(node.id, std::move(node));
  }
  Json removed = Json::array();
  for (const auto& [id, node] : seen_)
    if (!present.contains(id)) removed.push_back(id);
  seen_ = std::move(present);
  const auto at = to_rfc3339(environment_->wall());
  const auto dead = environment_->roster->dead_letters();
  for (auto& [number, running] : running_) {
    if (running.kind != "watch") continue;
    const bool is_full = !std::exchange(running.is_full_sent, true);
    if (!is_full && changed.empty() && removed.empty()) continue;
    running.reply->item({{"at", at},
                         {"full", is_full},
                         {"nodes", is_full ? whole : changed},
                         {"removed", is_full ? Json::array() : removed},
                         {"deadLetters", dead}});
    running.reply->flush();
  }
  refreshed_at_ = monotonic();
  refresh_took_ = refreshed_at_ - now;
}

/// Figures have no events: while somebody looks they are taken once a second.
void Console::measure_rates() {
  const bool is_watched = std::any_of(running_.begin(), running_.end(),
                                      [](const auto& each) { return each.second.kind == "watch"; });
  is_ticking_ = is_watched;
  if (!is_watched) {
    processed_.clear();
    rates_.clear();
    return;
  }
  const auto now = monotonic();
  const auto passed = static_cast<double>(std::max<std::int64_t>((now - tick_at_).count(), 1));
  std::map<std::string, std::uint64_t> processed;
  rates_.clear();
  for (const auto& facts : environment_->roster->facts(FactsDepth::brief)) {
    processed[facts.id] = facts.processed;
    const auto before = processed_.find(facts.id);
    if (before == processed_.end()) continue;
    const auto count = static_cast<double>(facts.processed - before->second);
    if (count > 0) rates_[facts.id] = std::round(count * 10'000 / passed) / 10;
  }
  processed_ = std::move(processed);
  tick_at_ = now;
  if (now - usage_at_ >= usage_pace) ask_usage();
  refresh_watchers();
  send_later(tick, ConsoleTimer{tick_ticket});
}

void Console::ask_usage() {
  std::vector<std::int64_t> pids;
  for (const auto& [id, node] : seen_)
    if (const auto pid = node.shown.find("pid"); pid != node.shown.end()) pids.push_back(*pid);
  world_.on_disk([pids = std::move(pids), tell = news_of(usage_news)] {
    Json usage = Json::array();
    for (const auto& [pid, used] : process_usage(pids))
      usage.push_back({{"pid", pid}, {"cpuMs", used.cpu_ms}, {"memoryKiB", used.memory_kib}});
    tell(std::move(usage), true);
  });
}

void Console::take_usage(const Json& usage) {
  const auto now = monotonic();
  const auto passed = static_cast<double>(std::max<std::int64_t>((now - usage_at_).count(), 1));
  usage_at_ = now;
  std::map<std::int64_t, ProcessUsage> fresh;
  cpu_percent_.clear();
  for (const auto& each : usage) {
    const std::int64_t pid = each["pid"];
    fresh[pid] = {each["cpuMs"], each["memoryKiB"]};
    if (const auto before = usage_.find(pid); before != usage_.end())
      cpu_percent_[pid] =
          std::round(static_cast<double>(fresh[pid].cpu_ms - before->second.cpu_ms) * 1000 /
                     passed) /
          10;
  }
  usage_ = std::move(fresh);
}

}  // namespace aerie
