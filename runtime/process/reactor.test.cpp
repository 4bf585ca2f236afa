#include "runtime/process/reactor.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <stdexcept>
#include <sys/epoll.h>
#include <unistd.h>
#include <vector>

#include "runtime/process/unix_socket.hpp"
#include "runtime/process/waiting.hpp"

using namespace std::chrono_literals;
using aerie::Reactor;
using aerie::Watch;
using aerie::testing::Eventually;

TEST_CASE("posted tasks run on the reactor's thread in order", "[reactor]") {
  Reactor reactor;
  std::vector<int> order;
  Eventually<bool> done;
  for (int i = 0; i < 100; ++i)
    reactor.post([&order, i] { order.push_back(i); });
  reactor.post([&] { done.set(reactor.on_thread()); });
  CHECK(done.get());
  REQUIRE(order.size() == 100);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK_FALSE(reactor.on_thread());
}

TEST_CASE("a call waits, and runs in place on the reactor's own thread", "[reactor]") {
  Reactor reactor;
  bool inner = false;
  reactor.call([&] { reactor.call([&] { inner = true; }); });
  CHECK(inner);
  CHECK_THROWS_AS(reactor.call([] { throw std::runtime_error{"told to the caller"}; }),
                  std::runtime_error);
}

TEST_CASE("what was posted before the stop runs, what comes after is refused", "[reactor]") {
  Reactor reactor;
  int runs = 0;
  for (int i = 0; i < 10; ++i)
    reactor.post([&] { ++runs; });
  reactor.stop();
  CHECK(runs == 10);
  CHECK_FALSE(reactor.post([&] { ++runs; }));
  reactor.call([&] { ++runs; });
  CHECK(runs == 11);
}

TEST_CASE("a callback that throws harms nobody", "[reactor]") {
  Reactor reactor;
  reactor.post([] { throw std::runtime_error{"thrown by a test, on purpose"}; });
  Eventually<bool> alive;
  reactor.post([&] { alive.set(true); });
  CHECK(alive.get());
}

TEST_CASE("timers fire in the order of their times; cancelled ones do not", "[reactor]") {
  Reactor reactor;
  std::vector<int> fired;
  Eventually<bool> done;
  reactor.call([&] {
    reactor.after(20ms, [&] {
      fired.push_back(3);
      done.set(true);
    });
    reactor.after(10ms, [&] { fired.push_back(2); });
    const auto cancelled = reactor.after(5ms, [&] { fired.push_back(9); });
    reactor.after(-5ms, [&] { fired.push_back(1); });
    CHECK(reactor.cancel(cancelled));
    CHECK_FALSE(reactor.cancel(cancelled));
    CHECK_FALSE(reactor.cancel({}));
  });
  CHECK(done.get());
  CHECK(fired == std::vector{1, 2, 3});
}

TEST_CASE("a timer may cancel another that is due in the same round", "[reactor]") {
  Reactor reactor;
  Eventually<bool> done;
  bool fired = false;
  reactor.call([&] {
    auto victim = std::make_shared<aerie::TimerId>();
    reactor.after(0ms, [&reactor, victim] { CHECK(reactor.cancel(*victim)); });
    *victim = reactor.after(0ms, [&] { fired = true; });
    reactor.after(1ms, [&] { done.set(true); });
  });
  CHECK(done.get());
  CHECK_FALSE(fired);
}

TEST_CASE("a watch may go inside its own callback, and may outlive the reactor", "[reactor]") {
  auto [near, far] = std::move(*aerie::unix_socket_pair());
  Watch watch;
  int calls = 0;
  {
    Reactor reactor;
    Eventually<bool> called;
    reactor.call([&] {
      watch = std::move(*reactor.watch(near.get(), EPOLLIN, [&](std::uint32_t events) {
        ++calls;
        watch.reset();  // level-triggered: it would be called again at once
        called.set((events & EPOLLIN) != 0);
      }));
    });
    REQUIRE(::write(far.get(), "x", 1) == 1);
    CHECK(called.get());
    reactor.call([&] {
      watch = std::move(*reactor.watch(far.get(), EPOLLIN, [&](std::uint32_t) { ++calls; }));
    });
    CHECK(watch);
  }
  watch.reset();
  CHECK(calls == 1);
}

TEST_CASE("a descriptor that cannot be watched is an error, not an exception", "[reactor]") {
  Reactor reactor;
  reactor.call([&] { CHECK_FALSE(reactor.watch(-1, EPOLLIN, [](std::uint32_t) {})); });
}
