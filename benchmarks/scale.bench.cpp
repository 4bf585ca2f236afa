// 100,000 sessions in one controller, their guests simulated: what each costs in memory and time,
// whether a reaper with many pays for those that are not due, and how soon a child's end reaches
// its session among so many.

#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <malloc.h>
#include <semaphore>

#include "actors/core/testing.hpp"
#include "actors/reaper/reaper.hpp"
#include "benchmarks/support/benchmark_main.hpp"
#include "benchmarks/support/many_sessions.hpp"
#include "benchmarks/support/report.hpp"
#include "benchmarks/support/stopwatch.hpp"

using namespace aerie;

namespace {

constexpr std::size_t many = 100'000;

double heap_bytes() {
  const auto figures = ::mallinfo2();
  return static_cast<double>(figures.uordblks + figures.hblkhd);
}

// -- memory and creation
// ----------------------------------------------------------------------------

void measure_memory(bench::Report& report) {
  constexpr std::size_t portion = 5'000;
  const auto before = heap_bytes();
  bench::ManySessions sessions(true);
  std::vector<double> us;
  std::vector<std::pair<double, double>> creation;
  std::vector<std::pair<double, double>> memory;
  auto full = before;
  for (std::size_t count = portion; count <= many; count += portion) {
    const bench::Stopwatch watch;
    sessions.create(portion);
    us.push_back(1000 * watch.ms() / portion);
    sessions.advance(Duration{120'000});  // the deadlines of their starts are over and gone
    full = heap_bytes();
    const auto each = static_cast<double>(count);
    creation.emplace_back(each, us.back());
    memory.emplace_back(each, (full - before) / each / 1024);
  }
  report.add("memory a session", "KiB", {(full - before) / many / 1024}, {.p50 = 10});
  report.add("creation to ready, a session", "us", us);
  report.add({"Memory a session", "sessions", "KiB", {{"all of it", memory}}});
  report.add({"Creation of a session until it is ready",
              "sessions there are",
              "us",
              {{"one of 5,000 in a row", creation}}});
}

// -- the reaper
// ---------------------------------------------------------------------------------------

/// How long a reaper with so many sessions takes when ten of them are due.
std::vector<double> reaper_ticks(std::size_t count) {
  constexpr std::size_t due = 10;
  constexpr int rounds = 200;
  aerie::testing::TestSystem time;
  auto& system = time.system();
  system.await_actors_before_shutdown(false);
  const auto environment = std::make_shared<Environment>();
  const auto begun = system.clock().now();
  environment->wall = [&system, begun, at = wall_now()] {
    return at + std::chrono::duration_cast<Duration>(system.clock().now() - begun);
  };
  environment->new_id = [next = 0]() mutable { return std::to_string(++next); };
  const auto ledger = caf::actor_cast<LedgerActor>(
      system.spawn([]() -> caf::behavior { return {[](const RecordEvent&) {}}; }));
  environment->directory.put(ledger);
  const ReaperActor reaper = system.spawn<Reaper>(environment);
  environment->directory.put(reaper);
  // Agrees to whatever is proposed.
  const auto session = caf::actor_cast<SessionActor>(
      system.spawn([reaper](caf::event_based_actor*) -> caf::behavior {
        return {[reaper](const Proposal& proposal) {
          post(reaper, RetireAnswered{proposal.id, RetireAnswer::grant, "session", "", {}, {}, {}});
        }};
      }));
  const auto expect = [&](std::size_t number, Duration after) {
    post(reaper, ExpectEnds{"session-" + std::to_string(number),
                            session,
                            {{RetireReason::idle, environment->wall() + after}}});
  };
  for (std::size_t i = 0; i < count; ++i)
    expect(i, Duration{86'400'000 + static_cast<Duration::rep>(i)});
  time.run();
  std::vector<double> us;
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < due; ++i)
      expect(i, Duration{1'000});
    time.run();
    const bench::Stopwatch watch;
    time.advance_at_once(Duration{1'000});
    us.push_back(1000 * watch.ms());
  }
  environment->directory.clear();
  for (const auto& actor :
       {caf::actor_cast<caf::actor>(reaper), caf::actor_cast<caf::actor>(session),
        caf::actor_cast<caf::actor>(ledger)})
    caf::anon_send_exit(actor, caf::exit_reason::kill);
  time.run();
  return us;
}

void measure_reaper(bench::Report& report) {
  bench::Report::Curve curve{
      "The reaper's work for 10 sessions that are due", "sessions there are", "us", {}};
  for (const std::size_t count : {std::size_t{10}, std::size_t{1'000}, std::size_t{100'000}}) {
    const auto us = reaper_ticks(count);
    curve.lines["p50"].emplace_back(count, bench::percentile(us, 0.50));
    curve.lines["p99"].emplace_back(count, bench::percentile(us, 0.99));
    report.add("reaper, 10 due of " + std::to_string(count), "us", us);
  }
  report.add(curve);
}

// -- an exit
// ------------------------------------------------------------------------------------------

link::ChildNews browser(link::ChildNewsKind kind) {
  link::ChildNews news;
  news.kind = kind;
  news.child = "browser";
  news.pid = 1;
  if (kind != link::ChildNewsKind::exited) return news;
  ExitRecord exit;
  exit.child = news.child;
  exit.kind = CauseKind::signal;
  exit.message = "browser was killed by SIGKILL.";
  exit.signal = "SIGKILL";
  news.exit = exit;
  return news;
}

/// From a guest's word that a child ended to its session's word about it at a viewer's socket.
void measure_exit(bench::Report& report) {
  constexpr std::size_t watched = 100;
  constexpr int rounds = 20;
  bench::ManySessions sessions(false);
  for (std::size_t count = 0; count < many; count += 1'000)
    sessions.create(1'000);  // all at once would pass the deadline of their start
  auto& system = sessions.system();
  std::counting_semaphore<> heard{0};
  std::vector<caf::actor> peers;
  caf::scoped_actor self{system};
  for (std::size_t i = 0; i < watched; ++i) {
    peers.push_back(system.spawn([&heard]() -> caf::behavior {
      return {[&heard](const Deliver& delivered) {
        if (delivered.message.contains("child")) heard.release();
      }};
    }));
    SessionActor session;
    self->request(sessions.environment().directory.node(), caf::infinite,
                  FindSessionActor{sessions.session(i * (many / watched))})
        .receive([&](const SessionActorFound& found) { session = found.actor; },
                 [](const caf::error&) { throw std::runtime_error("no such session"); });
    Join join;
    join.hello.role = ViewerRole::viewer;
    join.peer = caf::actor_cast<PeerActor>(peers.back());
    self->request(session, caf::infinite, join)
        .receive([](const Joined&) {},
                 [](const caf::error&) { throw std::runtime_error("could not join"); });
  }
  std::vector<double> ms;
  for (int round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < watched; ++i) {
      auto& guest = sessions.guest(i * (many / watched));
      const bench::Stopwatch watch;
      guest.on_says(browser(link::ChildNewsKind::exited));
      if (!heard.try_acquire_for(std::chrono::seconds{10}))
        throw std::runtime_error("an exit was not told");
      ms.push_back(watch.ms());
      guest.on_says(browser(link::ChildNewsKind::started));
      guest.on_says(browser(link::ChildNewsKind::ready));
    }
  for (const auto& peer : peers)
    self->send_exit(peer, caf::exit_reason::kill);
  report.add("an exit to its session and viewer", "ms", ms, {.p99 = 1});
}

void run(const std::string& path) {
  bench::Report report("scale", "100,000 sessions in one controller, guests simulated");
  measure_memory(report);
  measure_reaper(report);
  measure_exit(report);
  if (!report.write(path)) throw std::runtime_error("a target was missed");
}

}  // namespace

int main(int count, char** arguments) {
  return bench::benchmark_main(count, arguments, "scale.json", run);
}
