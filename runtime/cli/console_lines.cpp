#include <csignal>
#include <cstdlib>
#include <cstring>
#include <editline/readline.h>
#include <iostream>
#include <memory>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/cli/commands.hpp"
#include "runtime/cli/console_client.hpp"
#include "runtime/console/command_words.hpp"

namespace aerie::cli {
namespace {

/// What the completion of libedit, which knows only plain functions, works on.
struct Words {
  std::string state;
  std::vector<std::string> candidates;
};
Words& words() {
  static Words all;
  return all;
}

/// The console's answer to a question of the completion's; null: none.
Json ask(const std::string& line) {
  auto client = ConsoleClient::connect(words().state);
  if (!client || !client->run(1, line)) return nullptr;
  Json items = Json::array();
  for (;;) {
    const auto message = client->next();
    if (!message || message->contains("end")) return items;
    if (const auto document = message->find("document"); document != message->end())
      return *document;
    if (const auto item = message->find("item"); item != message->end()) items.push_back(*item);
  }
}

void collect_ids(const Json& node, std::vector<std::string>& ids) {
  if (!node.is_object()) return;
  const auto kind = node.value("kind", "");
  if (kind == "session" || kind == "vm" || kind == "stream" || kind == "peer" || kind == "player")
    ids.push_back(node.value("id", ""));
  else if (kind != "child")
    ids.push_back(node.value("name", ""));
  for (const auto& child : node.value("children", Json::array()))
    collect_ids(child, ids);
}

void collect_children(const Json& node, const std::string& of, bool is_below,
                      std::vector<std::string>& names) {
  if (!node.is_object()) return;
  if (is_below && node.value("kind", "") == "child") names.push_back(node.value("name", ""));
  const bool is_meant = is_below || node.value("id", "").starts_with(of) || node["name"] == of;
  for (const auto& child : node.value("children", Json::array()))
    collect_children(child, of, is_meant, names);
}

/// What may stand where the cursor is.
std::vector<std::string> candidates_at(const std::vector<std::string>& before) {
  std::vector<std::string> all;
  if (before.empty()) {
    for (const auto& form : command_forms())
      all.emplace_back(form.name);
    return all;
  }
  const auto* form = find_command(before.front());
  if (form == nullptr || before.size() > form->words.size()) return all;
  switch (form->words[before.size() - 1]) {
    case WordKind::id:
      collect_ids(ask("tree"), all);
      break;
    case WordKind::child: {
      // The guest of a session stands beside it in the tree.
      const auto session = ask("inspect " + before[1]);
      const auto vm = session.is_object() && session.value("kind", "") == "session"
                          ? session.at("own").at("vm").value("id", "")
                          : before[1];
      collect_children(ask("tree"), vm, false, all);
      break;
    }
    case WordKind::hold:
      for (const auto& hold : ask("holds"))
        all.push_back(hold.value("name", ""));
      break;
    case WordKind::text:
      break;
  }
  return all;
}

char* next_candidate(const char* text, int state) {
  static std::size_t next = 0;
  if (state == 0) next = 0;
  const auto& all = words().candidates;
  while (next < all.size()) {
    const auto& each = all[next++];
    if (each.starts_with(text)) return ::strdup(each.c_str());
  }
  return nullptr;
}

char** complete(const char* text, int start, int) {
  rl_attempted_completion_over = 1;  // never file names
  const auto before =
      split_words(std::string_view{rl_line_buffer}.substr(0, static_cast<std::size_t>(start)));
  if (!before) return nullptr;
  words().candidates = candidates_at(*before);
  return ::rl_completion_matches(text, next_candidate);
}

/// The history of this user, in a file that only they read.
class History {
 public:
  History() {
    const char* home = std::getenv("HOME");
    if (home != nullptr) path_ = std::string{home} + "/.aerie_history";
    ::using_history();
    ::stifle_history(1000);
    if (!path_.empty()) ::read_history(path_.c_str());
  }
  History(const History&) = delete;
  History& operator=(const History&) = delete;
  ~History() {
    if (path_.empty()) return;
    const auto mask = ::umask(0077);
    ::write_history(path_.c_str());
    ::umask(mask);
  }

 private:
  std::string path_;
};

/// While it lives Ctrl-C makes a descriptor readable instead of ending the program.
class Interruption {
 public:
  Interruption() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &set, &before_);
    fd_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
  ~Interruption() {
    signalfd_siginfo taken{};
    while (::read(fd_.get(), &taken, sizeof taken) > 0) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  sigset_t before_{};
  UniqueFd fd_;
};

/// Runs what stands in a file or comes through a pipe; the status is that of the worst.
int run_script(const CommonOptions& options, bool as_json) {
  int worst = fine;
  for (std::string line; std::getline(std::cin, line);)
    if (const auto all = split_words(line); !all || !all->empty())
      worst = std::max(worst, run_console_command(options, line, as_json));
  return worst;
}

}  // namespace

int run_console_lines(const CommonOptions& options, bool as_json) {
  if (::isatty(STDIN_FILENO) == 0) return run_script(options, as_json);
  words().state = state_directory(options.state);
  if (auto client = ConsoleClient::connect(words().state); !client) {
    tell_error(client.error().message, client.error().remedy);
    return answer_is_no;
  }
  char name[] = "aerie";
  rl_readline_name = name;
  rl_attempted_completion_function = complete;
  const History history;
  for (;;) {
    const std::unique_ptr<char, decltype(&std::free)> line{::readline("aerie> "), &std::free};
    if (!line) break;
    const std::string text = line.get();
    if (text.find_first_not_of(" \t") == std::string::npos) continue;
    ::add_history(text.c_str());
    if (text == "quit" || text == "exit") break;
    // What goes on is ended by Ctrl-C, and this console is not.
    const Interruption interruption;
    (void)run_console_command(options, text, as_json, interruption.fd());
  }
  std::cout << "\n";
  return fine;
}

}  // namespace aerie::cli
