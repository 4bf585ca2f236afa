#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "runtime/config/profiles.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/doctor/network_test.hpp"
#include "runtime/gateway/api/doctor_port.hpp"

namespace aerie {

/// The doctor in a running controller.
class DoctorDesk final : public DoctorPort {
 public:
  /// `bench`: a thread for what takes seconds. Both reactors are to outlive it.
  DoctorDesk(Settings settings, Profiles profiles, Reactor& reactor, Reactor& bench,
             const std::string& media_registry);

  void stop() { tests_.stop(); }

  /// The default profile and driver, on the caller's thread.
  [[nodiscard]] Json examine_now() const;

  void examine(const std::string& profile, const std::string& driver, Examined done) override;
  [[nodiscard]] Json network() const override;
  void test_network(const std::string& offer, const std::string& transport, Answered done) override;

 private:
  using Subject = std::pair<std::string, std::string>;  ///< profile and driver
  [[nodiscard]] Json examine_now(const Subject& subject) const;

  Settings settings_;
  Profiles profiles_;
  Reactor& bench_;
  std::string public_address_;
  std::string media_ports_;  ///< of which guests are given some; empty: guests have any
  NetworkTests tests_;
  std::mutex mutex_;
  std::map<Subject, std::vector<Examined>> waiting_;  ///< for examinations that are under way
};

}  // namespace aerie
