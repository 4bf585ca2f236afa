#include "benchmarks/stream/scenes.hpp"

#include <random>

#include "benchmarks/stream/display.hpp"
#include "benchmarks/stream/moving_picture.hpp"

namespace aerie::bench {
namespace {

using namespace std::chrono_literals;

constexpr stream::Rectangle screen{0, 0, Display::width, Display::height};
constexpr auto thirtieth = std::chrono::microseconds{33'333};
constexpr int margin = 8;

/// Words as long as those of a language, none of which means anything.
std::string line_of_text(std::mt19937& random) {
  constexpr std::string_view letters = "eeeettaaooiinnsshhrrddlucmfwypvbgkETAISH";
  const std::size_t longest =
      (Display::width - 2 * margin) / SceneWindow::character_width - random() % 60;
  std::string line;
  while (line.size() < longest) {
    for (auto left = 2 + random() % 8; left > 0; --left)
      line += letters[random() % letters.size()];
    line += ' ';
  }
  line.resize(longest);
  return line;
}

class StillText : public Scene {
 public:
  explicit StillText(SceneWindow& window) : Scene(window) {
    write_page(window, 1);
    window.show(screen);
  }
  [[nodiscard]] std::chrono::microseconds interval() const override { return 0us; }
  void show(int) override {}
};

class BlinkingCursor : public StillText {
 public:
  using StillText::StillText;
  [[nodiscard]] std::chrono::microseconds interval() const override { return 530ms; }
  void show(int number) override {
    const stream::Rectangle cursor{margin + 20 * SceneWindow::character_width,
                                   SceneWindow::line_height * 20, SceneWindow::character_width,
                                   SceneWindow::line_height};
    window_.fill(cursor, number % 2 == 0 ? 0x000000 : 0xFFFFFF);
    window_.show(cursor);
  }
};

class ScrollingText : public Scene {
 public:
  explicit ScrollingText(SceneWindow& window) : Scene(window) { write_page(window, 1); }
  [[nodiscard]] std::chrono::microseconds interval() const override { return thirtieth; }
  void show(int number) override {
    constexpr int step = 4;
    window_.fill({0, 0, Display::width, SceneWindow::line_height * 2}, 0xFFFFFF);
    window_.scroll(step);
    room_ += step;
    if (room_ >= SceneWindow::line_height) {
      room_ -= SceneWindow::line_height;
      window_.write(margin, Display::height - room_ - SceneWindow::line_height,
                    line_of_text(random_));
    }
    window_.write_number(0, 0, number);
    window_.show(screen);
  }

 private:
  std::mt19937 random_{2};
  int room_ = 0;
};

class Video : public Scene {
 public:
  explicit Video(SceneWindow& window) : Scene(window) {
    write_page(window, 1);
    window.show(screen);
    for (int i = 0; i < pictures; ++i)
      pictures_.push_back(window.keep(moving_picture(where.width, where.height, i, pictures),
                                      where.width, where.height));
  }
  [[nodiscard]] std::chrono::microseconds interval() const override { return thirtieth; }
  void show(int number) override {
    window_.draw(pictures_[static_cast<std::size_t>(number) % pictures_.size()], where);
    window_.write_number(where.x, where.y, number);
    window_.show(where);
  }
  [[nodiscard]] Point number_at() const override { return {where.x, where.y}; }

 private:
  static constexpr int pictures = 60;
  static constexpr stream::Rectangle where{200, 100, 854, 480};
  std::vector<xcb_pixmap_t> pictures_;
};

}  // namespace

void write_page(SceneWindow& window, unsigned seed) {
  std::mt19937 random{seed};
  window.fill(screen, 0xFFFFFF);
  for (int y = 2 * SceneWindow::line_height; y + SceneWindow::line_height < Display::height;
       y += SceneWindow::line_height)
    window.write(margin, y, line_of_text(random));
}

std::unique_ptr<Scene> still_text(SceneWindow& window) {
  return std::make_unique<StillText>(window);
}
std::unique_ptr<Scene> blinking_cursor(SceneWindow& window) {
  return std::make_unique<BlinkingCursor>(window);
}
std::unique_ptr<Scene> scrolling_text(SceneWindow& window) {
  return std::make_unique<ScrollingText>(window);
}
std::unique_ptr<Scene> video(SceneWindow& window) {
  return std::make_unique<Video>(window);
}

}  // namespace aerie::bench
