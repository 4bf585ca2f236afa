// A person who looks at a session reads on the page what broke and what to do about it.
#include <catch2/catch.hpp>

#include "tests/replay/rehearse.hpp"
#include "tests/replay/scene.hpp"
#include "tests/support/chromium.hpp"

using aerie::CauseKind;
using aerie::Json;
using aerie::replay::Fault;
using aerie::replay::Scene;
using aerie::test::Chromium;
using aerie::test::Page;

namespace {

/// Notes every word that ever stood on the page, for some stand there for a moment only.
constexpr const char* listen =
    "void (window.stood = [], new MutationObserver(() => stood.push(document.body.innerText))"
    ".observe(document.body, {subtree: true, childList: true, characterData: true}))";

Fault fault_of(CauseKind kind) {
  for (auto& each : aerie::replay::catalogue())
    if (each.kind == kind) return each;
  throw std::runtime_error("there is no such fault");
}

void wait_for_words(Page& page, const std::string& words) {
  page.wait_for("stood.some((text) => text.includes(" + Json(words).dump() + "))");
}

}  // namespace

TEST_CASE("the viewer's page says what broke and what to do", "[explained]") {
  Chromium chromium;
  using enum CauseKind;
  for (const auto kind :
       {library_missing, environment_missing, exit_code, crash_loop, link_lost, requested}) {
    const auto name = std::string{to_string(kind)};
    INFO(name);
    const auto fault = fault_of(kind);
    Scene scene{fault};
    std::optional<Page> page;
    scene.on_started = [&](Scene& started) {
      page.emplace(
          chromium.new_page(started.world().viewer(started.session, started.session_token)));
      page->evaluate(listen);
      page->wait_for("document.body.dataset.state === 'starting'");
    };
    if (fault.prepare) fault.prepare(scene);
    scene.open();
    fault.plant(scene);
    const auto told = scene.viewer.first(
        [&](const Json& message) { return aerie::replay::cause_in(message, name) != nullptr; });
    REQUIRE(told);
    const auto cause = *aerie::replay::cause_in(told->what, name);
    wait_for_words(*page, cause.at("message"));
    wait_for_words(*page, cause.at("remedy"));
  }
}
