#include <array>
#include <cerrno>
#include <iostream>
#include <poll.h>

#include "runtime/cli/commands.hpp"
#include "runtime/cli/console_client.hpp"
#include "runtime/cli/console_text.hpp"
#include "runtime/console/command_words.hpp"

namespace aerie::cli {
namespace {

std::string as_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string as_document(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// Tells why not; as JSON too, where that is expected and nothing was printed yet.
int tell_fault(const Json& fault, bool as_json) {
  const auto message = fault.value("message", "");
  if (as_json)
    std::cout << as_document({{"success", false},
                              {"error",
                               {{"code", fault.value("code", "")},
                                {"message", message},
                                {"remedy", fault.value("remedy", "")}}}});
  tell_error(message, fault.value("remedy", ""));
  return fault.value("status", answer_is_no);
}

/// Waits for the client's next bytes, or the interruption: then true.
bool is_interrupted(const ConsoleClient& client, int interrupt) {
  if (client.has_buffered()) return false;
  std::array<pollfd, 2> waited{{{interrupt, POLLIN, 0}, {client.fd(), POLLIN, 0}}};
  while (::poll(waited.data(), waited.size(), -1) < 0 && errno == EINTR) {
  }
  return waited[0].revents != 0;
}

/// What came so far of one command.
class Output {
 public:
  Output(const Command& command, bool as_json) : command_(command), as_json_(as_json) {}

  void take(const Json& message) {
    if (const auto document = message.find("document"); document != message.end()) {
      has_printed_ = true;
      std::cout << (as_json_ ? as_document(*document)
                             : document_text(command_.form->name, *document));
    } else if (const auto item = message.find("item"); item != message.end()) {
      if (!command_.follows) return items_.push_back(*item);
      std::cout << (as_json_ ? as_line(*item) : item_text(command_.form->name, *item));
    }
    std::cout.flush();
  }

  /// The exit status.
  int finish(const Json& end) {
    const auto fault = end.value("fault", Json());
    if (!fault.is_null()) return tell_fault(fault, as_json_ && !has_printed_ && items_.empty());
    if (command_.form->is_list && !command_.follows)
      std::cout << (as_json_ ? as_document(Json(items_)) : list_text(command_.form->name, items_));
    std::cout.flush();
    return fine;
  }

 private:
  const Command& command_;
  bool as_json_;
  bool has_printed_ = false;
  std::vector<Json> items_;
};

}  // namespace

int run_console_command(const CommonOptions& options, std::string line, bool as_json,
                        int interrupt) {
  if (auto words = split_words(line)) {
    // `tree --json` may be written in the command as well.
    if (std::erase(*words, "--json") > 0) {
      as_json = true;
      const auto at = line.find("--json");
      line.erase(at, std::string_view{"--json"}.size());
    }
  }
  const auto command = read_command(line);
  if (!command) return tell_fault(command.error(), as_json);
  auto client = ConsoleClient::connect(state_directory(options.state));
  const auto lost = [&](const Cause& cause) {
    return tell_fault({{"code", to_string(cause.kind)},
                       {"message", cause.message},
                       {"remedy", cause.remedy},
                       {"status", answer_is_no}},
                      as_json);
  };
  if (!client) return lost(client.error());
  if (auto sent = client->run(1, line); !sent) return lost(sent.error());
  Output output{*command, as_json};
  for (;;) {
    if (interrupt >= 0 && is_interrupted(*client, interrupt)) return fine;
    const auto message = client->next();
    if (!message) return lost(message.error());
    if (const auto end = message->find("end"); end != message->end()) return output.finish(*end);
    output.take(*message);
  }
}

}  // namespace aerie::cli
