#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "guest/stream/encoder_kinds.hpp"

namespace aerie::stream {

/// Which of the encoders of a codec is used, and why not a better one. Hardware is tried once, in a
/// thread of the caller's: until that is done, and where it fails, software is used, so nothing
/// waits for it. Any thread.
class EncoderChooser {
 public:
  struct Parts {
    /// Whether the element is installed; by default GStreamer's registry says it.
    std::function<bool(const EncoderKind&)> is_installed = {};
    /// Encodes a picture; a clause that says why that did not work, or nothing.
    std::function<std::optional<std::string>(const EncoderKind&)> trial;
  };
  struct Choice {
    const EncoderKind* kind = nullptr;  ///< null: none of the codec is there
    std::string reason;                 ///< a sentence
  };

  /// `kinds` outlive it.
  EncoderChooser(std::span<const EncoderKind> kinds, Parts parts);

  /// Tries what hardware is installed, one after another.
  void try_hardware();

  [[nodiscard]] Choice choose(Codec codec) const;

  /// One that was chosen broke: it is not chosen again. Software has nothing behind it, and stays.
  void rule_out(const EncoderKind& kind, const std::string& why);

 private:
  enum class State { missing, untried, failed, usable };
  struct Known {
    const EncoderKind* kind;
    State state;
    std::string why = {};  ///< it failed
  };

  [[nodiscard]] std::vector<const EncoderKind*> untried() const;
  [[nodiscard]] Known* find(const EncoderKind& kind);

  Parts parts_;
  mutable std::mutex mutex_;
  std::vector<Known> known_;  ///< in order of preference
};

/// How the codec is called by people: `H.264`.
[[nodiscard]] const char* name_for_people(Codec codec);

}  // namespace aerie::stream
