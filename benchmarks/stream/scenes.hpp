#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "benchmarks/stream/scene_window.hpp"

namespace aerie::bench {

/// Something that goes on on the screen.
class Scene {
 public:
  explicit Scene(SceneWindow& window) : window_(window) {}
  virtual ~Scene() = default;
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  /// The time between two pictures; zero: nothing ever changes.
  [[nodiscard]] virtual std::chrono::microseconds interval() const = 0;
  /// Shows the `number`th picture, with its number at `number_at`.
  virtual void show(int number) = 0;
  struct Point {
    int x = 0;
    int y = 0;
  };
  [[nodiscard]] virtual Point number_at() const { return {}; }

 protected:
  SceneWindow& window_;
};

/// A page of text on which nothing changes.
[[nodiscard]] std::unique_ptr<Scene> still_text(SceneWindow& window);
/// The same with a cursor that blinks as a terminal's does, about twice a second.
[[nodiscard]] std::unique_ptr<Scene> blinking_cursor(SceneWindow& window);
/// Text that fills the screen and moves up by 4 pixels 30 times a second.
[[nodiscard]] std::unique_ptr<Scene> scrolling_text(SceneWindow& window);
/// A video of 854x480 on a page of text: 2 s of drifting, textured, slightly noisy shapes, at 30
/// pictures a second, again and again.
[[nodiscard]] std::unique_ptr<Scene> video(SceneWindow& window);

/// Fills the window with text, another for each `seed`, and does not show it yet.
void write_page(SceneWindow& window, unsigned seed);

}  // namespace aerie::bench
