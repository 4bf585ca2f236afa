#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/cause.hpp"
#include "tests/support/deadline.hpp"
#include "tests/support/devtools.hpp"
#include "tests/support/pixels.hpp"

namespace aerie::test {

/// A tab of a `Chromium`, which must outlive it. Points are CSS pixels of the page; the window has
/// no other scale. Whatever fails throws `std::runtime_error` with what the page's console said.
class Page {
 public:
  /// Made by `Chromium::new_page`.
  Page(Devtools& devtools, std::string target, std::string session);
  Page(Page&& other) noexcept;
  Page& operator=(Page&&) = delete;
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;
  ~Page();

  /// Goes to an address and returns when its document is loaded.
  void open(const std::string& url, std::chrono::milliseconds within = patience);
  void reload();

  /// Shows its tab, as a person does before they click into it. Returns once the page knows.
  void bring_to_front();
  /// From now on its requests for such addresses fail, `*` standing for anything; empty: none do.
  void block(const std::vector<std::string>& patterns);
  /// Runs a script in every document from now on, before its own.
  void in_every_document(const std::string& script);

  /// The value of a JavaScript expression; a promise is awaited. It counts as a person's gesture.
  Json evaluate(const std::string& expression, std::chrono::milliseconds within = patience);

  /// Returns the expression's value once it is true, looked at in the page before each frame; goes
  /// on over a navigation. An expression that throws counts as false.
  Json wait_for(const std::string& expression, std::chrono::milliseconds within = patience);

  /// Gives its window another size, in CSS pixels; on a phone, with a screen of 3 by 3 pixels each.
  void resize(int width, int height, bool is_phone = false);
  /// Gives files to an `input` of the page, as its dialog would.
  void choose_files(const std::string& selector, const std::vector<std::string>& paths);
  /// Puts fingers there, moves them, or lifts them: `touchStart`, `touchMove`, `touchEnd`. The list
  /// has the fingers that are down after it.
  void touch(const std::string& what, const std::vector<std::pair<double, double>>& fingers);

  /// The page as PNG bytes.
  std::string screenshot_png();
  Picture screenshot();

  void move(double x, double y);
  void click(double x, double y, std::string_view button = "left");
  /// Clicks the middle of the first element that the selector finds.
  void click(const std::string& selector);
  /// Turns the wheel by CSS pixels; positive is down and right.
  void wheel(double x, double y, double delta_x, double delta_y);

  /// Types printable ASCII, each character a key pressed and released.
  void type(std::string_view text);
  /// Presses and releases a key by the name that `KeyboardEvent.key` gives it: `Enter`, `F5`.
  void press(const std::string& key);

 private:
  Json call(std::string_view method, Json params = Json::object(),
            std::chrono::milliseconds within = patience);
  /// What stands on the page, for a failed test's message.
  std::string words();
  void mouse(std::string_view type, double x, double y, std::string_view button, int clicks);

  Devtools* devtools_;
  std::string target_;
  std::string session_;
};

}  // namespace aerie::test
