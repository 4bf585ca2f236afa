#include "tests/support/sign_in.hpp"

#include <stdexcept>

#include "tests/support/oidc_provider.hpp"

using namespace std::chrono_literals;

namespace aerie::test {
namespace {

/// Clicks until it is seen that the page has the keyboard, as a person does: a click may close a
/// bubble of the browser's, or come before its window minds.
void click_into(Page& viewer, const std::string& name) {
  for (int clicks = 1;; ++clicks) {
    viewer.click("#surface");
    try {
      viewer.wait_for(OidcProvider::has_keyboard(name), 3s);
      return;
    } catch (const std::runtime_error&) {
      if (clicks == 10) throw;
    }
  }
}

}  // namespace

void fill_in(Page& viewer, const std::string& name, const std::vector<std::string>& words) {
  viewer.wait_for(OidcProvider::is_painted(name), 90s);
  viewer.wait_for("document.body.dataset.input === 'open'");
  click_into(viewer, name);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) viewer.press("Tab");
    viewer.type(words[i]);
  }
  viewer.press("Enter");
}

}  // namespace aerie::test
