#pragma once

#include <string>

#include "tests/support/temporary_directory.hpp"
#include "tests/support/world.hpp"

namespace aerie::test {

/// Providers and profiles of a test's own: stand-in tools as shell scripts, and the profile
/// `bare-login`, which has a log-in and nothing else.
class ToolFolder {
 public:
  ToolFolder();

  /// A provider whose tool is a script of sh(1) that leaves `~/auth.json`; `changes` replace its
  /// fields.
  void add(const std::string& name, const std::string& script,
           const Json& changes = Json::object()) const;

  /// A profile beside `bare-login`.
  void add_profile(const Json& profile) const;

  /// The configuration with which a controller knows them.
  [[nodiscard]] World::Set settings() const;

 private:
  TemporaryDirectory folder_;
};

}  // namespace aerie::test
