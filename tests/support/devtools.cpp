#include "tests/support/devtools.hpp"

#include <cerrno>
#include <poll.h>
#include <stdexcept>
#include <unistd.h>
#include <utility>

namespace aerie::test {

namespace {

/// The words of a `Runtime.consoleAPICalled` or `Runtime.exceptionThrown`.
std::string words_of(const Json& event) {
  const auto& params = event["params"];
  if (params.contains("exceptionDetails")) {
    const auto& details = params["exceptionDetails"];
    return "exception: " + details.value("/exception/description"_json_pointer,
                                         details.value("text", std::string()));
  }
  std::string line = params.value("type", std::string()) + ":";
  for (const auto& argument : params.value("args", Json::array()))
    line += " " + (argument.contains("value") ? argument["value"].dump()
                                              : argument.value("description", std::string()));
  return line;
}

}  // namespace

Devtools::Devtools(UniqueFd commands, UniqueFd answers)
    : commands_(std::move(commands)), answers_(std::move(answers)) {}

Json Devtools::call(std::string_view method, Json params, const std::string& session,
                    std::chrono::milliseconds within) {
  const Deadline deadline(within);
  const int id = ++last_id_;
  Json message{{"id", id}, {"method", method}, {"params", std::move(params)}};
  if (!session.empty()) message["sessionId"] = session;
  send(message);
  for (;;) {
    Json answer;
    try {
      answer = receive(deadline);
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(std::string(method) + ": " + error.what() + "\n" + console());
    }
    if (answer.value("id", 0) != id) {
      note(answer);
      continue;
    }
    if (answer.contains("error"))
      throw std::runtime_error(std::string(method) + ": " +
                               answer["error"].value("message", std::string("refused")));
    return answer.value("result", Json::object());
  }
}

std::string Devtools::console() const {
  std::string all;
  for (const auto& line : console_)
    all += line + "\n";
  return all;
}

void Devtools::send(const Json& message) {
  const std::string text = message.dump() + '\0';
  std::size_t written = 0;
  while (written < text.size()) {
    const auto count = ::write(commands_.get(), text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) throw std::runtime_error("the browser's pipe is closed");
    written += static_cast<std::size_t>(count);
  }
}

Json Devtools::receive(const Deadline& deadline) {
  for (;;) {
    if (const auto end = buffer_.find('\0'); end != std::string::npos) {
      auto message = Json::parse(buffer_.substr(0, end));
      buffer_.erase(0, end + 1);
      return message;
    }
    pollfd readable{answers_.get(), POLLIN, 0};
    const int ready = ::poll(&readable, 1, static_cast<int>(deadline.left().count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) throw std::runtime_error("no answer in time");
    char chunk[65536];
    const auto count = ::read(answers_.get(), chunk, sizeof chunk);
    if (count <= 0) throw std::runtime_error("the browser is gone");
    buffer_.append(chunk, static_cast<std::size_t>(count));
  }
}

void Devtools::note(const Json& event) {
  const auto method = event.value("method", std::string());
  if (method != "Runtime.consoleAPICalled" && method != "Runtime.exceptionThrown") return;
  console_.push_back(words_of(event));
  if (console_.size() > 100) console_.pop_front();
}

}  // namespace aerie::test
