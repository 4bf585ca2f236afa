#include <cstdlib>
#include <string_view>
#include <unistd.h>

#include "runtime/cli/commands.hpp"
#include "runtime/cli/screen/screen.hpp"

namespace aerie::cli {
namespace {

/// Whether there is a terminal that can be drawn on.
bool has_screen() {
  const char* term = std::getenv("TERM");
  return ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0 && term != nullptr &&
         *term != '\0' && std::string_view{term} != "dumb";
}

}  // namespace

int run_console(const CommonOptions& options, bool as_json, bool by_lines) {
  if (by_lines || as_json || !has_screen()) return run_console_lines(options, as_json);
  auto client = ConsoleClient::connect(state_directory(options.state));
  if (!client) {
    tell_error(client.error().message, client.error().remedy);
    return answer_is_no;
  }
  Result<void> end;
  {
    Screen screen{std::move(*client)};
    end = screen.run();
  }
  if (end) return fine;
  tell_error(end.error().message, end.error().remedy);
  return answer_is_no;
}

}  // namespace aerie::cli
