#include "runtime/doctor/doctor_desk.hpp"

#include <fstream>
#include <unistd.h>

#include "runtime/config/shipped_files.hpp"
#include "runtime/doctor/doctor.hpp"
#include "runtime/drivers/guest_network_options.hpp"

namespace aerie {
namespace {

/// As it listens, where that is any port.
Settings as_bound(Settings settings) {
  std::ifstream file{settings.state + "/address"};
  std::string address;
  if (std::getline(file, address) && !address.empty()) settings.listen = address;
  return settings;
}

/// Where guests have networks of their own, viewers elsewhere reach them by these ports of ours.
std::string media_ports_of(const Settings& settings) {
  return guests_get_networks(settings) ? settings.network.media_ports : std::string{};
}

/// The last ports of the range: guests are given the first ones first.
std::string last_ports(const Settings& settings, const std::string& range) {
  const auto dash = range.find('-');
  if (dash == std::string::npos) return {};
  const auto first = std::stoi(range.substr(0, dash));
  const auto last = std::stoi(range.substr(dash + 1));
  return std::to_string(std::max(first, last - settings.network.media_ports_per_guest + 1)) + "-" +
         std::to_string(last);
}

NetworkTests::Options options_of(const Settings& settings, const std::string& media_registry) {
  NetworkTests::Options options;
  options.program = shipped_program("aerie-stream");
  options.media_registry = media_registry;
  options.media_ports = last_ports(settings, media_ports_of(settings));
  if (::geteuid() == 0) {
    const auto id = static_cast<uid_t>(settings.guests.uid_base);
    options.identity = SpawnRequest::Identity{id, id};
  }
  return options;
}

}  // namespace

DoctorDesk::DoctorDesk(Settings settings, Profiles profiles, Reactor& reactor, Reactor& bench,
                       const std::string& media_registry)
    : settings_(settings),
      profiles_(std::move(profiles)),
      bench_(bench),
      public_address_(guest_network_options(settings, "doctor").public_address),
      media_ports_(media_ports_of(settings)),
      tests_(reactor, options_of(settings, media_registry)) {}

Json DoctorDesk::examine_now() const {
  return examine_now({settings_.profile, settings_.driver});
}

Json DoctorDesk::examine_now(const Subject& subject) const {
  const auto& [profile, driver] = subject;
  const auto found = profiles_.find(profile);
  if (found == profiles_.end()) return {{"ok", false}, {"checks", Json::array()}};
  return examination(as_bound(settings_), *found->second, driver);
}

void DoctorDesk::examine(const std::string& profile, const std::string& driver, Examined done) {
  const Subject subject{profile, driver};
  {
    const std::lock_guard lock{mutex_};
    auto& waiting = waiting_[subject];
    waiting.push_back(std::move(done));
    if (waiting.size() > 1) return;
  }
  bench_.post([this, subject] {
    const auto answer = examine_now(subject);
    std::vector<Examined> waiting;
    {
      const std::lock_guard lock{mutex_};
      waiting = std::move(waiting_.extract(subject).mapped());
    }
    for (const auto& each : waiting)
      each(answer);
  });
}

Json DoctorDesk::network() const {
  Json json{{"iceServers", settings_.media.ice_servers}, {"guestNetworks", !media_ports_.empty()}};
  if (!public_address_.empty()) json["publicAddress"] = public_address_;
  if (!media_ports_.empty()) json["mediaPorts"] = media_ports_;
  return json;
}

void DoctorDesk::test_network(const std::string& offer, const std::string& transport,
                              Answered done) {
  tests_.answer({{"offer", offer},
                 {"transport", transport},
                 {"iceServers", settings_.media.ice_servers},
                 {"publicAddress", public_address_}},
                std::move(done));
}

}  // namespace aerie
