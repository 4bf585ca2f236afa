#pragma once

#include <atomic>
#include <thread>

#include "guest/stream/picture.hpp"
#include "guest/stream/x_connection.hpp"

namespace aerie::bench {

/// A program on the screen: a window of two colours that it changes between, when asked or whenever
/// a key is pressed.
class FlipWindow {
 public:
  explicit FlipWindow(const stream::Rectangle& where);
  ~FlipWindow();
  FlipWindow(const FlipWindow&) = delete;
  FlipWindow& operator=(const FlipWindow&) = delete;

  void flip();
  [[nodiscard]] bool is_bright() const { return is_bright_; }

 private:
  void follow_keys();

  stream::XConnection x_;
  xcb_window_t window_;
  xcb_gcontext_t brush_;
  stream::Rectangle where_;
  std::atomic<bool> is_bright_ = false;
  std::thread keys_;
};

}  // namespace aerie::bench
