#include "actors/reaper/deadline_queue.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace aerie;

TEST_CASE("deadlines come due in their order, each once", "[reaper]") {
  DeadlineQueue<std::string> queue;
  CHECK_FALSE(queue.next());
  queue.set("later", Duration{30});
  queue.set("first", Duration{10});
  queue.set("second", Duration{20});
  queue.set("moved", Duration{5});
  queue.set("moved", Duration{40});
  queue.set("gone", Duration{1});
  queue.erase("gone");
  queue.erase("never was");
  CHECK(queue.next() == Duration{10});
  CHECK_FALSE(queue.take_due(Duration{9}));
  CHECK(queue.take_due(Duration{25}) == "first");
  CHECK(queue.take_due(Duration{25}) == "second");
  CHECK_FALSE(queue.take_due(Duration{25}));
  CHECK(queue.size() == 2);
  CHECK(queue.take_due(Duration{40}) == "later");
  CHECK(queue.take_due(Duration{40}) == "moved");
  CHECK(queue.size() == 0);
}
