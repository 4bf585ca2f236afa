#include "runtime/process/secret_text.hpp"

#include <algorithm>
#include <new>
#include <sodium.h>
#include <utility>

namespace aerie {

SecretText::SecretText(std::size_t size) : size_(size) {
  // It may be the first use of libsodium in a test or tool.
  if (sodium_init() < 0) throw std::bad_alloc{};
  data_ = static_cast<char*>(sodium_malloc(std::max<std::size_t>(size, 1)));
  if (data_ == nullptr) throw std::bad_alloc{};
}

SecretText::SecretText(std::string_view text) : SecretText(text.size()) {
  std::copy(text.begin(), text.end(), data_);
}

SecretText::SecretText(SecretText&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SecretText& SecretText::operator=(SecretText&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

SecretText::~SecretText() {
  sodium_free(data_);
}

}  // namespace aerie
