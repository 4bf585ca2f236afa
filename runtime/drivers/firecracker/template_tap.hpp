#pragma once

#include <memory>
#include <string>

#include "messages/cause.hpp"
#include "runtime/process/spawn.hpp"

namespace aerie::firecracker {

/// A tap device behind the interface of a machine that is to be saved: Firecracker opens one by its
/// name. It leads nowhere, and goes with this object, which must outlive Firecracker.
class TemplateTap {
 public:
  /// Errors: `network-failed` without CAP_NET_ADMIN.
  [[nodiscard]] static Result<std::unique_ptr<TemplateTap>> make(
      const SpawnRequest::Identity& user);
  TemplateTap(const TemplateTap&) = delete;
  TemplateTap& operator=(const TemplateTap&) = delete;
  ~TemplateTap();

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  explicit TemplateTap(std::string name) : name_(std::move(name)) {}

  std::string name_;
};

}  // namespace aerie::firecracker
