#include "actors/core/arrival_count.hpp"

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

using aerie::ArrivalCount;

TEST_CASE("arrivals are counted whichever threads send, seated or not", "[roster]") {
  constexpr int each = 50'000;
  // Once more than there are places, twice: the second ones take those that the first gave back.
  for (int round = 0; round < 2; ++round) {
    ArrivalCount count;
    std::vector<std::thread> threads;
    for (int i = 0; i < 9; ++i)
      threads.emplace_back([&count, i] {
        if (i % 4 != 3) ArrivalCount::seat_thread();
        for (int sent = 0; sent < each; ++sent)
          count.add();
      });
    for (auto& thread : threads)
      thread.join();
    CHECK(count.total() == 9 * each);
  }
}

TEST_CASE("a thread that is seated again goes on in its place", "[roster]") {
  ArrivalCount count;
  std::thread([&] {
    count.add();
    for (int i = 0; i < 3; ++i) {
      ArrivalCount::seat_thread();
      count.add();
    }
  }).join();
  CHECK(count.total() == 4);
}
