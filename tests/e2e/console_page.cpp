// The operators' console in a browser: what it shows, and what it does on a click or a key.
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>

#include "tests/support/chromium.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::Chromium;
using aerie::test::ChromiumOptions;
using aerie::test::Page;
using aerie::test::TemporaryDirectory;
using aerie::test::World;

namespace {

/// A folder with the profile `small`: one process, which says that it is there.
class SmallProfile {
 public:
  SmallProfile() {
    const Json child{{"name", "main"},
                     {"command", {"sh", "-c", "echo here I am; exec sleep 1000"}}};
    std::ofstream{folder_.path() / "small.json"}
        << Json{{"name", "small"}, {"children", Json::array({child})}}.dump();
  }
  [[nodiscard]] World::Set set() const { return {{"profiles.path", folder_.path().string()}}; }

 private:
  TemporaryDirectory folder_;
};

/// A controller with a session of that profile, and its console opened.
struct Desk {
  explicit Desk(ChromiumOptions options = {})
      : session(world.start({{"profile", "small"}}).id), chromium(std::move(options)) {
    world.wait_for_state(session, "ready");
    vm = world.session(session)["vm"]["id"].get<std::string>();
    page.emplace(
        chromium.new_page("http://" + world.address() + "/console#token=" + world.token()));
    page->wait_for(pill(child()) + " !== null");
  }

  [[nodiscard]] std::string child() const { return vm + "/main"; }
  [[nodiscard]] static std::string pill(const std::string& id) {
    return "document.querySelector('.pill[data-id=\"" + id + "\"]')";
  }
  [[nodiscard]] Json text(const std::string& selector) {
    return page->evaluate("document.querySelector('" + selector + "').textContent");
  }
  void choose(const std::string& id) { page->click(".pill[data-id=\"" + id + "\"] .title"); }
  void wait_for_text(const std::string& selector, const std::string& part) {
    page->wait_for("document.querySelector('" + selector + "').textContent.includes('" + part +
                   "')");
  }

  SmallProfile profile;
  World world{profile.set()};
  std::string session;
  std::string vm;
  Chromium chromium;
  std::optional<Page> page;
};

}  // namespace

TEST_CASE("the picture shows who supervises whom, and a restart with its reason",
          "[console][console-page]") {
  Desk desk;
  auto& page = *desk.page;
  CHECK(page.evaluate("location.hash") == "");
  for (const auto* kind : {"root", "ledger", "node", "supervisor", "gateway", "session", "vm"}) {
    INFO(kind);
    CHECK(page.wait_for("document.querySelector('.pill[data-kind=\"" + std::string(kind) +
                        "\"]') !== null") == true);
  }
  page.wait_for("document.querySelectorAll('.pill[data-kind=session] .stages rect').length > 2");

  desk.choose(desk.child());
  desk.wait_for_text("#detail-name", "main");
  page.click("#actions [data-action=kill]");
  page.wait_for("document.querySelector('#ask').open");
  const auto before = desk.world.http().get("/api/v1/vms/" + desk.vm).json()["children"];
  const auto pid = std::to_string(before.at(0)["pid"].get<int>());
  CHECK(desk.text("#ask").get<std::string>().find("Process " + pid + " gets SIGKILL") !=
        std::string::npos);

  page.click("#ask button.grave");
  page.wait_for(Desk::pill(desk.child()) + ".classList.contains('struck')");
  desk.wait_for_text("#tab", "SIGKILL, as operator asked");
  page.wait_for(Desk::pill(desk.child()) +
                ".querySelector('.badge').textContent.includes('\u21bb 1')");
  page.wait_for("document.querySelector('#chart-restarts b').textContent === '1'");
  const auto why = desk.world.why(desk.session);
  CHECK(why["exits"].size() == 1);
  CHECK(why["exits"].at(0)["by"] == "operator");
}

TEST_CASE("one click leads to a session's reasons, its log as it grows, and an actor's messages",
          "[console][console-page]") {
  Desk desk;
  auto& page = *desk.page;
  desk.choose(desk.session);
  page.wait_for("document.querySelectorAll('.stage-list li').length >= 4");
  page.click("[data-tab=why]");
  desk.wait_for_text("#tab", "session.state: ready");
  page.click("[data-tab=logs]");
  desk.wait_for_text("#tab .lines", "here I am");
  const auto lines = page.evaluate("document.querySelectorAll('#tab .line').length").get<int>();
  const auto restart =
      desk.world.http().post("/api/v1/console", {{"line", "restart " + desk.session + " main"}});
  CHECK(restart.status == 200);
  page.wait_for("document.querySelectorAll('#tab .line').length > " + std::to_string(lines));

  page.click("[data-tab=messages]");
  desk.wait_for_text("#tab .counts", "VmChildNews");
  desk.choose(desk.vm);
  page.wait_for("document.querySelector('[data-tab=console]') !== null");
  page.click("[data-tab=console]");
  desk.wait_for_text("#tab", "no serial console");
}

TEST_CASE("a session's screen is looked at, and its viewer can do nothing else",
          "[console][console-page]") {
  World world;
  const auto session = world.start({{"profile", "terminal"}});
  world.wait_for_state(session.id, "ready", 60s);
  Chromium chromium;
  auto page = chromium.new_page("http://" + world.address() + "/console#token=" + world.token());
  page.wait_for(Desk::pill(session.id) + " !== null");
  page.click(".pill[data-id=\"" + session.id + "\"] .title");
  page.wait_for("document.querySelector('[data-tab=screen]') !== null");
  page.click("[data-tab=screen]");
  page.wait_for("document.querySelector('#tab video').videoWidth === 640", 60s);
  const auto viewers = world.session(session.id)["viewers"];
  REQUIRE(viewers.size() == 1);
  CHECK(viewers[0]["role"] == "viewer");
  CHECK(viewers[0]["control"] == false);
  page.wait_for("document.querySelectorAll('.readings .plot canvas').length === 5");
  // What the streamer says of itself.
  page.wait_for(
      "[...document.querySelectorAll('.readings .reading')].some(({textContent}) => "
      "/^encoding, ms a frame[0-9.]*[1-9]/.test(textContent))",
      30s);
  CHECK(world.http().get("/metrics").body.find("aerie_stream_frames_total{codec=\"h264\"} 0\n") ==
        std::string::npos);

  auto events = world.events();
  // A crash of the streamer, and how long this viewer is without a picture.
  const auto vm = world.session(session.id)["vm"]["id"].get<std::string>();
  const auto guest = world.http().get("/api/v1/vms/" + vm).json();
  for (const auto& child : guest["children"])
    if (child["name"] == "stream") REQUIRE(::kill(child["pid"].get<pid_t>(), SIGKILL) == 0);
  CHECK(events.next_of("stream.recovered", 30s).data["data"]["afterMs"] < 20'000);
  page.click("#detail-close");
  events.next_of("viewer.left", 30s);
  CHECK(world.session(session.id)["viewers"].empty());
}

TEST_CASE("the console is used by the keyboard alone", "[console][console-page]") {
  Desk desk;
  auto& page = *desk.page;
  page.press("/");
  page.type("main");
  page.press("Enter");
  desk.wait_for_text("#detail-name", "main");
  page.wait_for("document.activeElement.dataset.id === '" + desk.child() + "'");
  page.press("ArrowLeft");
  desk.wait_for_text("#detail-kind", "Guest");
  page.press("ArrowLeft");
  page.wait_for(Desk::pill(desk.vm) + ".getAttribute('aria-expanded') === 'false'");
  page.press("ArrowRight");
  page.wait_for(Desk::pill(desk.vm) + ".getAttribute('aria-expanded') === 'true'");
  page.press("ArrowRight");
  desk.wait_for_text("#detail-name", "main");

  page.press("Enter");
  page.wait_for("document.activeElement.dataset.tab === 'now'");
  page.press("ArrowRight");
  page.wait_for(
      "document.querySelector('[data-tab=why]').getAttribute('aria-selected') === "
      "'true'");
  page.press("r");
  page.wait_for("document.querySelector('#ask').open");
  page.press("Escape");
  page.wait_for("!document.querySelector('#ask').open");
  page.press("Escape");
  page.wait_for("document.querySelector('#detail').hidden");
  CHECK(desk.world.why(desk.session)["exits"].empty());

  page.press("d");
  page.wait_for("document.querySelector('#ask').open");
  page.press("Tab");
  page.press("Enter");
  desk.wait_for_text("#drain", "Take sessions");
  CHECK(desk.world.http().get("/readyz").status == 503);
}

TEST_CASE("the console wants the operator's token and says so", "[console][console-page]") {
  World world;
  Chromium chromium;
  const std::string wrong(43, 'A');
  for (const auto& token : {std::string{}, wrong}) {
    auto page = chromium.new_page("http://" + world.address() + "/console#token=" + token);
    page.wait_for("document.body.dataset.state === 'locked'");
    if (!token.empty())
      page.wait_for(
          "document.querySelector('#entry-error').textContent.includes('not valid') || "
          "document.querySelector('#entry-error').textContent.includes('no longer')");
    CHECK(page.evaluate("document.querySelectorAll('.pill').length") == 0);
  }
  std::ifstream file(world.state() + "/observer.token");
  std::string observer;
  file >> observer;
  REQUIRE_FALSE(observer.empty());
  auto page = chromium.new_page("http://" + world.address() + "/console#token=" + observer);
  page.wait_for("document.querySelector('#entry-error').textContent.includes('operator')");
  CHECK(aerie::test::HttpClient(world.address(), observer)
            .post("/api/v1/console", {{"line", "tree"}})
            .status == 403);
}

TEST_CASE("the console fits a phone, in the dark as well", "[console][console-page]") {
  ChromiumOptions options;
  options.width = 390;
  options.height = 844;
  options.flags = {"--blink-settings=preferredColorScheme=0"};
  Desk desk(options);
  auto& page = *desk.page;
  CHECK(page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") == true);
  const auto fits = [&] {
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth");
  };
  CHECK(fits() == true);
  desk.choose(desk.session);
  desk.wait_for_text("#detail-kind", "Session");
  CHECK(fits() == true);
  CHECK(page.evaluate("document.querySelector('#detail').getBoundingClientRect().width === "
                      "innerWidth") == true);
  CHECK(page.screenshot().share_of({19, 30, 38}, 12) > 0.4);
}
