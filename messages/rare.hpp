#pragma once

#include <memory>
#include <optional>
#include <utility>

namespace aerie {

/// An optional value that mostly is not there: it costs a pointer while it isn't. Where there are
/// many holders of many such values (sessions with their causes), std::optional's room for what is
/// not there is most of what they cost. Copies deeply.
template <class T>
class Rare {
 public:
  Rare() = default;
  Rare(std::nullopt_t) {}  // NOLINT(google-explicit-constructor): as std::optional
  Rare(T value) : value_(std::make_unique<T>(std::move(value))) {}  // NOLINT: likewise
  Rare(const std::optional<T>& other) : value_(other ? copy(*other) : nullptr) {}  // NOLINT
  Rare(const Rare& other) : value_(other ? copy(*other) : nullptr) {}
  Rare(Rare&& other) noexcept = default;
  Rare& operator=(const Rare& other) {
    if (this != &other) value_ = other ? copy(*other) : nullptr;
    return *this;
  }
  Rare& operator=(Rare&& other) noexcept = default;
  ~Rare() = default;

  operator std::optional<T>() const {  // NOLINT(google-explicit-constructor): to speak to others
    return value_ ? std::optional<T>{*value_} : std::nullopt;
  }

  explicit operator bool() const { return value_ != nullptr; }
  [[nodiscard]] bool has_value() const { return value_ != nullptr; }
  [[nodiscard]] T& operator*() { return *value_; }
  [[nodiscard]] const T& operator*() const { return *value_; }
  [[nodiscard]] T* operator->() { return value_.get(); }
  [[nodiscard]] const T* operator->() const { return value_.get(); }
  [[nodiscard]] T value_or(T other) const { return value_ ? *value_ : std::move(other); }
  void reset() { value_.reset(); }

  friend bool operator==(const Rare& left, const Rare& right) {
    return left.value_ && right.value_ ? *left == *right : left.value_ == right.value_;
  }

 private:
  static std::unique_ptr<T> copy(const T& value) { return std::make_unique<T>(value); }

  std::unique_ptr<T> value_;
};

}  // namespace aerie
