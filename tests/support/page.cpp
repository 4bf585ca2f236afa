#include "tests/support/page.hpp"

#include <cctype>
#include <map>
#include <sodium.h>
#include <stdexcept>
#include <utility>

namespace aerie::test {

namespace {

constexpr int shift = 8;  // Input.dispatchKeyEvent's modifier bit

std::string decode_base64(const std::string& text) {
  std::string bytes(text.size() * 3 / 4 + 3, '\0');
  std::size_t length = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                        text.size(), nullptr, &length, nullptr,
                        sodium_base64_VARIANT_ORIGINAL) != 0)
    throw std::runtime_error("the browser's picture is no base64");
  bytes.resize(length);
  return bytes;
}

/// What a keyboard of the US layout tells about a printable character.
Json key_event_of(char character) {
  const auto byte = static_cast<unsigned char>(character);
  const std::string text(1, character);
  Json event{{"key", text}, {"text", text}, {"unmodifiedText", text}, {"modifiers", 0}};
  const auto upper = static_cast<char>(std::toupper(byte));
  if (std::isalpha(byte) != 0) event["code"] = std::string("Key") + upper;
  if (std::isdigit(byte) != 0) event["code"] = "Digit" + text;
  if (character == ' ') event["code"] = "Space";
  if (std::isalnum(byte) != 0) event["windowsVirtualKeyCode"] = static_cast<int>(upper);
  if (std::isupper(byte) != 0) event["modifiers"] = shift;
  return event;
}

bool was_navigation(const std::string& error) {
  return error.find("navigated") != std::string::npos || error.find("context") != std::string::npos;
}

}  // namespace

Page::Page(Devtools& devtools, std::string target, std::string session)
    : devtools_(&devtools), target_(std::move(target)), session_(std::move(session)) {
  call("Page.enable");
  call("Runtime.enable");
}

Page::Page(Page&& other) noexcept
    : devtools_(std::exchange(other.devtools_, nullptr)),
      target_(std::move(other.target_)),
      session_(std::move(other.session_)) {}

Page::~Page() {
  if (devtools_ == nullptr) return;
  try {
    devtools_->call("Target.closeTarget", {{"targetId", target_}});
  } catch (const std::exception&) {
    // The browser went first, and the page with it.
  }
}

void Page::open(const std::string& url, std::chrono::milliseconds within) {
  const auto result = call("Page.navigate", {{"url", url}}, within);
  if (const auto error = result.value("errorText", std::string()); !error.empty())
    throw std::runtime_error("cannot open " + url + ": " + error);
  wait_for("document.readyState === 'complete'", within);
}

void Page::reload() {
  evaluate("void (window.beforeReload = true)");
  call("Page.reload");
  wait_for("!window.beforeReload && document.readyState === 'complete'");
}

void Page::block(const std::vector<std::string>& patterns) {
  call("Network.enable");
  call("Network.setBlockedURLs", {{"urls", patterns}});
}

void Page::bring_to_front() {
  call("Page.bringToFront");
  wait_for("!document.hidden");
}

void Page::in_every_document(const std::string& script) {
  call("Page.addScriptToEvaluateOnNewDocument", {{"source", script}});
}

Json Page::evaluate(const std::string& expression, std::chrono::milliseconds within) {
  const auto answer = call("Runtime.evaluate",
                           {{"expression", expression},
                            {"awaitPromise", true},
                            {"returnByValue", true},
                            {"userGesture", true}},
                           within);
  if (answer.contains("exceptionDetails"))
    throw std::runtime_error(expression + " threw " + answer["exceptionDetails"].dump());
  return answer.value("/result/value"_json_pointer, Json());
}

Json Page::wait_for(const std::string& expression, std::chrono::milliseconds within) {
  const Deadline deadline(within);
  const auto promise =
      "new Promise((resolve) => { const look = () => { let value = false; try { value = (" +
      expression +
      "); } catch { value = false; } if (value) resolve(value); else "
      "requestAnimationFrame(look); }; look(); })";
  for (;;) {
    try {
      return evaluate(promise, deadline.left());
    } catch (const std::runtime_error& error) {
      if (!was_navigation(error.what()) || deadline.left().count() == 0)
        throw std::runtime_error("waited in vain for " + expression + ": " + error.what() +
                                 "\nThe page says: " + words());
    }
  }
}

std::string Page::words() {
  try {
    return evaluate("document.body.innerText.slice(0, 1000)", patience / 4).get<std::string>();
  } catch (const std::exception&) {
    return "nothing";
  }
}

void Page::resize(int width, int height, bool is_phone) {
  call("Emulation.setDeviceMetricsOverride", {{"width", width},
                                              {"height", height},
                                              {"deviceScaleFactor", is_phone ? 3 : 1},
                                              {"mobile", is_phone}});
  call("Emulation.setTouchEmulationEnabled", {{"enabled", is_phone}, {"maxTouchPoints", 5}});
}

void Page::choose_files(const std::string& selector, const std::vector<std::string>& paths) {
  const auto found =
      call("Runtime.evaluate",
           {{"expression", "document.querySelector(" + Json(selector).dump() + ")"}});
  call("DOM.setFileInputFiles",
       {{"files", paths}, {"objectId", found.at("result").at("objectId")}});
}

void Page::touch(const std::string& what, const std::vector<std::pair<double, double>>& fingers) {
  Json points = Json::array();
  for (std::size_t id = 0; id < fingers.size(); ++id)
    points.push_back({{"x", fingers[id].first}, {"y", fingers[id].second}, {"id", id}});
  call("Input.dispatchTouchEvent", {{"type", what}, {"touchPoints", std::move(points)}});
}

std::string Page::screenshot_png() {
  return decode_base64(call("Page.captureScreenshot", {{"format", "png"}}).at("data"));
}

Picture Page::screenshot() {
  auto picture = Picture::from_png(screenshot_png());
  if (!picture) throw std::runtime_error(picture.error().message);
  return std::move(*picture);
}

void Page::move(double x, double y) {
  mouse("mouseMoved", x, y, "none", 0);
}

void Page::click(double x, double y, std::string_view button) {
  move(x, y);
  mouse("mousePressed", x, y, button, 1);
  mouse("mouseReleased", x, y, button, 1);
}

void Page::click(const std::string& selector) {
  const auto box =
      wait_for("(() => { const element = document.querySelector(" + Json(selector).dump() +
               "); element.scrollIntoView({block: 'nearest'}); const box = "
               "element.getBoundingClientRect(); return box.width > 0 && "
               "{x: box.x + box.width / 2, y: box.y + box.height / 2}; })()");
  click(box.at("x").get<double>(), box.at("y").get<double>());
}

void Page::wheel(double x, double y, double delta_x, double delta_y) {
  call("Input.dispatchMouseEvent",
       {{"type", "mouseWheel"}, {"x", x}, {"y", y}, {"deltaX", delta_x}, {"deltaY", delta_y}});
}

void Page::type(std::string_view text) {
  for (const char character : text) {
    auto event = key_event_of(character);
    event["type"] = "keyDown";
    call("Input.dispatchKeyEvent", event);
    event["type"] = "keyUp";
    event.erase("text");
    call("Input.dispatchKeyEvent", event);
  }
}

void Page::press(const std::string& key) {
  Json event{{"type", "keyDown"}, {"key", key}, {"code", key}};
  if (key == "Enter") event["text"] = "\r";
  // What a browser does by itself with a key it knows by its number.
  static const std::map<std::string, int> numbers{{"Tab", 9}, {"Enter", 13}, {"Escape", 27}};
  if (const auto number = numbers.find(key); number != numbers.end())
    event["windowsVirtualKeyCode"] = number->second;
  call("Input.dispatchKeyEvent", event);
  event["type"] = "keyUp";
  event.erase("text");
  call("Input.dispatchKeyEvent", event);
}

Json Page::call(std::string_view method, Json params, std::chrono::milliseconds within) {
  return devtools_->call(method, std::move(params), session_, within);
}

void Page::mouse(std::string_view type, double x, double y, std::string_view button, int clicks) {
  call("Input.dispatchMouseEvent",
       {{"type", type}, {"x", x}, {"y", y}, {"button", button}, {"clickCount", clicks}});
}

}  // namespace aerie::test
