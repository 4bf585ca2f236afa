#include "guest/login/oidc/http.hpp"

#include <curl/curl.h>
#include <memory>

namespace aerie::oidc {
namespace {

constexpr std::size_t max_answer = 1024 * 1024;

struct CurlEnd {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

struct GlobalCurl {
  GlobalCurl() { curl_global_init(CURL_GLOBAL_DEFAULT); }
  ~GlobalCurl() { curl_global_cleanup(); }
  GlobalCurl(const GlobalCurl&) = delete;
  GlobalCurl& operator=(const GlobalCurl&) = delete;
};

std::size_t collect(char* bytes, std::size_t, std::size_t count, void* target) {
  auto& text = *static_cast<std::string*>(target);
  if (text.size() + count > max_answer) return 0;
  text.append(bytes, count);
  return count;
}

std::string escaped(const std::string& text) {
  char* raw = curl_easy_escape(nullptr, text.data(), static_cast<int>(text.size()));
  std::string result = raw == nullptr ? "" : raw;
  curl_free(raw);
  return result;
}

std::string unescaped(std::string text) {
  for (auto& each : text)
    if (each == '+') each = ' ';
  int size = 0;
  char* raw = curl_easy_unescape(nullptr, text.data(), static_cast<int>(text.size()), &size);
  std::string result = raw == nullptr ? "" : std::string(raw, static_cast<std::size_t>(size));
  curl_free(raw);
  return result;
}

}  // namespace

Result<Answer> ask(const std::string& url, const Form& form) {
  static const GlobalCurl global;
  const std::unique_ptr<CURL, CurlEnd> handle{curl_easy_init()};
  auto* curl = handle.get();
  std::string text;
  const auto body = encode_form(form);
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &text);
  if (!form.empty()) curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
  const auto code = curl_easy_perform(curl);
  if (code != CURLE_OK)
    return tl::unexpected(Cause{CauseKind::network_failed,
                                "The provider at " + url.substr(0, url.find('?')) +
                                    " could not be asked: " + curl_easy_strerror(code) + ".",
                                "Check the issuer's address, and that it can be reached from here.",
                                {}});
  Answer answer;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  answer.body = Json::parse(text, nullptr, false);
  if (!answer.body.is_object()) answer.body = nullptr;
  return answer;
}

std::string encode_form(const Form& form) {
  std::string text;
  for (const auto& [name, value] : form)
    text += (text.empty() ? "" : "&") + escaped(name) + "=" + escaped(value);
  return text;
}

Form decode_query(const std::string& query) {
  Form form;
  for (std::size_t at = 0; at < query.size();) {
    const auto end = std::min(query.find('&', at), query.size());
    const auto pair = query.substr(at, end - at);
    const auto equals = std::min(pair.find('='), pair.size());
    form[unescaped(pair.substr(0, equals))] =
        equals < pair.size() ? unescaped(pair.substr(equals + 1)) : "";
    at = end + 1;
  }
  return form;
}

}  // namespace aerie::oidc
