#include "guest/stream/encoder_chooser.hpp"

#include <algorithm>
#include <array>

namespace aerie::stream {
namespace {

bool is_in_registry(const EncoderKind& kind) {
  return bool{GstPtr<GstElementFactory>{gst_element_factory_find(kind.element)}};
}

/// `a`, `a and b`, `a, b and c`
std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += names[i];
  }
  return text;
}

}  // namespace

const char* name_for_people(Codec codec) {
  constexpr std::array<const char*, 3> names{"H.264", "VP8", "VP9"};
  return names.at(static_cast<std::size_t>(codec));
}

EncoderChooser::EncoderChooser(std::span<const EncoderKind> kinds, Parts parts)
    : parts_(std::move(parts)) {
  if (!parts_.is_installed) parts_.is_installed = is_in_registry;
  for (const auto& kind : kinds) {
    const auto there = kind.is_hardware ? State::untried : State::usable;
    known_.push_back({&kind, parts_.is_installed(kind) ? there : State::missing});
  }
}

std::vector<const EncoderKind*> EncoderChooser::untried() const {
  const std::scoped_lock lock{mutex_};
  std::vector<const EncoderKind*> found;
  for (const auto& known : known_)
    if (known.state == State::untried) found.push_back(known.kind);
  return found;
}

EncoderChooser::Known* EncoderChooser::find(const EncoderKind& kind) {
  const auto found = std::find_if(known_.begin(), known_.end(),
                                  [&](const Known& known) { return known.kind == &kind; });
  return found == known_.end() ? nullptr : &*found;
}

void EncoderChooser::try_hardware() {
  for (const auto* kind : untried()) {
    const auto why = parts_.trial(*kind);  // takes its time; nobody waits for the lock
    const std::scoped_lock lock{mutex_};
    auto& known = *find(*kind);
    known.state = why ? State::failed : State::usable;
    known.why = why.value_or("");
  }
}

void EncoderChooser::rule_out(const EncoderKind& kind, const std::string& why) {
  const std::scoped_lock lock{mutex_};
  auto* known = find(kind);
  if (known == nullptr || !kind.is_hardware) return;
  known->state = State::failed;
  known->why = why;
}

EncoderChooser::Choice EncoderChooser::choose(Codec codec) const {
  const std::scoped_lock lock{mutex_};
  std::vector<std::string> missing;
  std::vector<std::string> untried;
  std::string failures;
  Choice choice;
  for (const auto& known : known_) {
    if (known.kind->codec != codec) continue;
    if (known.state == State::usable) {
      choice.kind = known.kind;
      break;
    }
    if (known.state == State::missing) missing.emplace_back(known.kind->element);
    if (known.state == State::untried) untried.emplace_back(known.kind->element);
    if (known.state == State::failed)
      failures.append("; ").append(known.kind->element).append(" failed: ").append(known.why);
  }
  choice.reason = choice.kind != nullptr ? choice.kind->element : "none";
  choice.reason.append(": the viewer takes ").append(name_for_people(codec));
  if (!missing.empty())
    choice.reason.append("; ")
        .append(joined(missing))
        .append(missing.size() > 1 ? " are not here" : " is not here");
  if (!untried.empty())
    choice.reason.append("; ").append(joined(untried)).append(" could not be tried yet");
  choice.reason.append(failures).append(".");
  return choice;
}

}  // namespace aerie::stream
