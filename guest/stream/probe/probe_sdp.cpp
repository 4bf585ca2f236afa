#include "guest/stream/probe/probe_sdp.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace aerie::stream {
namespace {

constexpr std::string_view candidate_line = "a=candidate:";

/// Words of a candidate (RFC 8839, section 5.1): foundation, component, transport, priority,
/// address, port, `typ`, type, …
std::vector<std::string> words_of(std::string_view candidate) {
  std::vector<std::string> words;
  while (!candidate.empty()) {
    const auto end = std::min(candidate.find(' '), candidate.size());
    if (end > 0) words.emplace_back(candidate.substr(0, end));
    candidate.remove_prefix(std::min(end + 1, candidate.size()));
  }
  return words;
}

bool is_ipv4(const std::string& text) {
  in_addr ignored{};
  return ::inet_pton(AF_INET, text.c_str(), &ignored) == 1;
}

bool is_address(const std::string& text) {
  in6_addr ignored{};
  return is_ipv4(text) || ::inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

/// Calls `each(line)` with every line without its end.
template <class Each>
void for_lines(std::string_view sdp, Each each) {
  while (!sdp.empty()) {
    const auto end = std::min(sdp.find('\n'), sdp.size() - 1) + 1;
    auto line = sdp.substr(0, end);
    sdp.remove_prefix(end);
    while (line.ends_with('\n') || line.ends_with('\r'))
      line.remove_suffix(1);
    each(line);
  }
}

}  // namespace

bool is_over(Transport transport, std::string_view candidate) {
  const auto words = words_of(candidate);
  if (words.size() < 8 || !is_address(words[4])) return false;
  const bool is_tcp = words[2] == "tcp" || words[2] == "TCP";
  return is_tcp == (transport == Transport::tcp);
}

std::string with_candidates_over(Transport transport, std::string_view sdp) {
  std::string text;
  for_lines(sdp, [&](std::string_view line) {
    if (line.starts_with(candidate_line) && !is_over(transport, line.substr(2))) return;
    text += std::string{line} + "\r\n";
  });
  return text;
}

std::string with_candidates(std::string_view sdp, const std::vector<std::string>& candidates) {
  std::string text;
  for_lines(sdp, [&](std::string_view line) {
    if (line.starts_with(candidate_line) || line == "a=end-of-candidates") return;
    text += std::string{line} + "\r\n";
  });
  for (const auto& candidate : candidates)
    text += "a=" + candidate + "\r\n";
  return text + "a=end-of-candidates\r\n";
}

std::string at_address(std::string_view candidate, std::string_view address) {
  auto words = words_of(candidate);
  if (words.size() < 8 || words[7] != "host" || !is_ipv4(words[4])) return {};
  words[4] = address;
  std::string text;
  for (const auto& word : words)
    text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace aerie::stream
