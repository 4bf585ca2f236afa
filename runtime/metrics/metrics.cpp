#include "runtime/metrics/metrics.hpp"

#include <algorithm>
#include <map>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "runtime/metrics/event_counts.hpp"

namespace aerie {
namespace {

using prometheus::MetricType;
using Labels = std::map<std::string, std::string>;
using Values = std::map<std::string, double>;

/// Families of one moment: what is gone leaves no value behind.
class Families {
 public:
  void add(MetricType type, const char* name, const char* help, const char* label,
           const Values& values) {
    auto& family = begin(type, name, help);
    for (const auto& [word, value] : values) {
      auto& metric = family.metric.emplace_back();
      if (*label != '\0') metric.label.push_back({label, word});
      if (type == MetricType::Counter)
        metric.counter.value = value;
      else
        metric.gauge.value = value;
    }
  }
  prometheus::MetricFamily& begin(MetricType type, const char* name, const char* help) {
    auto& family = all_.emplace_back();
    family.name = name;
    family.help = help;
    family.type = type;
    return family;
  }
  void gauge(const char* name, const char* help, const char* label, const Values& values) {
    add(MetricType::Gauge, name, help, label, values);
  }
  void gauge(const char* name, const char* help, double value) {
    add(MetricType::Gauge, name, help, "", {{"", value}});
  }
  void counter(const char* name, const char* help, double value) {
    add(MetricType::Counter, name, help, "", {{"", value}});
  }
  [[nodiscard]] std::vector<prometheus::MetricFamily>& all() { return all_; }

 private:
  std::vector<prometheus::MetricFamily> all_;
};

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

/// States that may be, so that a query finds a 0 instead of nothing.
Values zeros(std::initializer_list<const char*> words) {
  Values values;
  for (const auto* word : words)
    values[word] = 0;
  return values;
}

/// The warm pool, by profile and driver.
void add_pool(Families& families, const std::vector<PoolFigures>& pool) {
  const auto add = [&](const char* name, const char* help, auto value_of) {
    auto& family = families.begin(MetricType::Gauge, name, help);
    for (const auto& each : pool) {
      auto& metric = family.metric.emplace_back();
      metric.label = {{"profile", each.profile}, {"driver", each.driver}};
      metric.gauge.value = value_of(each);
    }
  };
  if (pool.empty()) return;
  add("aerie_pool_wanted", "Warm guests that are to be kept.",
      [](const PoolFigures& each) { return static_cast<double>(each.wanted); });
  add("aerie_pool_ready", "Warm guests that are ready and nobody's yet.",
      [](const PoolFigures& each) { return static_cast<double>(each.ready); });
  add("aerie_pool_starting", "Warm guests that start.",
      [](const PoolFigures& each) { return static_cast<double>(each.starting); });
  add("aerie_pool_oldest_seconds", "How long the oldest ready guest has waited.",
      [](const PoolFigures& each) { return seconds(each.oldest); });
}

void add_actors(Families& families, const MetricsSnapshot& snapshot) {
  auto sessions = zeros({"starting", "ready", "retiring"});
  auto vms = zeros({"preparing", "booting", "linking", "ready", "stopping"});
  auto streams = zeros({"down", "starting", "up", "restarting", "given-up"});
  Values actors;
  Values mailboxes;
  Values oldest;
  Values handling;
  for (const auto& each : snapshot.actors) {
    if (each.kind == "session") ++sessions[each.face.state];
    if (each.kind == "vm") ++vms[each.face.state];
    if (each.kind == "stream") ++streams[each.face.state];
    ++actors[each.kind];
    mailboxes[each.kind] += static_cast<double>(each.mailbox);
    oldest[each.kind] = std::max(oldest[each.kind], seconds(each.oldest));
    handling[each.kind] = std::max(handling[each.kind], seconds(each.p99));
  }
  families.gauge("aerie_sessions", "Sessions that have an actor, by state.", "state", sessions);
  families.gauge("aerie_vms", "Guests, warm ones included, by state.", "state", vms);
  families.gauge("aerie_streams", "Streams, by state.", "state", streams);
  families.gauge("aerie_actors", "Actors that live, by kind.", "kind", actors);
  families.gauge("aerie_mailbox_messages", "Messages that wait, by the kind of actor.", "kind",
                 mailboxes);
  families.gauge("aerie_mailbox_oldest_seconds",
                 "The longest that a message has waited so far, by the kind of actor.", "kind",
                 oldest);
  families.gauge("aerie_actor_handling_p99_seconds",
                 "Time in handlers that 99 of 100 messages stay below, the slowest actor's, by "
                 "kind.",
                 "kind", handling);
}

}  // namespace

Metrics::Metrics() : counts_(std::make_unique<Counts>()) {}

Metrics::~Metrics() = default;

void Metrics::observe(const Event& event) {
  counts_->observe(event);
}

void Metrics::add(const StreamFigures& figures) {
  counts_->add(figures);
}

void Metrics::add(SignalingStep step, Duration took) {
  counts_->add(step, took);
}

void Metrics::count_response(int status) {
  counts_->count_response(status);
}

std::string Metrics::text(const MetricsSnapshot& snapshot) const {
  Families families;
  add_actors(families, snapshot);
  families.gauge("aerie_vms_warm", "Warm guests that are nobody's yet.",
                 static_cast<double>(snapshot.node.warm));
  add_pool(families, snapshot.node.pool);
  families.gauge("aerie_draining", "1 while no new sessions are taken.",
                 snapshot.node.draining ? 1 : 0);
  families.gauge("aerie_sockets", "Open WebSockets.", static_cast<double>(snapshot.sockets));
  families.gauge("aerie_event_readers", "Readers of the events.",
                 static_cast<double>(snapshot.event_readers));
  families.gauge("aerie_log_followers", "Readers of followed logs.",
                 static_cast<double>(snapshot.log_followers));
  families.gauge("aerie_console_commands", "Commands of consoles in browsers that go on.",
                 static_cast<double>(snapshot.console_commands));
  Values resources;
  for (const auto& each : snapshot.resources)
    ++resources[each.kind];
  families.gauge("aerie_resources", "Resources of guests that are not released, by kind.", "kind",
                 resources);
  families.counter("aerie_dead_letters_total", "Messages to actors that had ended.",
                   static_cast<double>(snapshot.dead_letters));
  families.counter("aerie_log_dropped_bytes_total",
                   "Bytes of guests' output beyond a session's bound.",
                   static_cast<double>(snapshot.dropped_log_bytes));
  auto all = counts_->collect();
  std::erase_if(all, [](const auto& family) { return family.metric.empty(); });
  std::move(families.all().begin(), families.all().end(), std::back_inserter(all));
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace aerie
