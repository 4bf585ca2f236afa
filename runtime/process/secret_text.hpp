#pragma once

#include <cstddef>
#include <string_view>

namespace aerie {

/// Bytes in memory of their own that is never swapped out or dumped (mlock(2), MADV_DONTDUMP),
/// stands between guard pages, and is wiped at the end: libsodium's sodium_malloc. Where the
/// system allows no more locked memory they are wiped all the same.
class SecretText {
 public:
  /// Throws `std::bad_alloc`.
  explicit SecretText(std::size_t size);
  explicit SecretText(std::string_view text);
  SecretText(SecretText&& other) noexcept;
  SecretText& operator=(SecretText&& other) noexcept;
  SecretText(const SecretText&) = delete;
  SecretText& operator=(const SecretText&) = delete;
  ~SecretText();

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::string_view view() const { return {data_, size_}; }
  [[nodiscard]] char* data() { return data_; }
  [[nodiscard]] unsigned char* bytes() { return reinterpret_cast<unsigned char*>(data_); }
  [[nodiscard]] const unsigned char* bytes() const {
    return reinterpret_cast<const unsigned char*>(data_);
  }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace aerie
