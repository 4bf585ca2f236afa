#pragma once

#include "runtime/doctor/doctor.hpp"

/// The single checks of `doctor`, each of one thing.
namespace aerie::doctor {

using Checks = std::vector<DoctorCheck>;

// programs.cpp
/// The programs that children of the profile and the driver are started with.
[[nodiscard]] Checks check_programs(const Profile& profile, const std::string& driver);
/// An X server that really starts, if the profile has a display.
[[nodiscard]] Checks check_display(const Profile& profile);

// providers.cpp
/// The tools of the providers that a log-in may name: where they are, and whether guests see them.
/// All but our own are notes, which stop nothing but themselves.
[[nodiscard]] Checks check_providers(const Settings& settings);

// media.cpp
/// The media elements, as the streamer itself sees them, if the profile has a stream.
[[nodiscard]] Checks check_media(const Profile& profile);
/// Pure: what the streamer's answer (a list of {element, package, found}) means.
[[nodiscard]] Checks media_checks(const Json& elements);

// isolation.cpp
/// Namespaces, by starting a sandbox, and whether Chromium's own sandbox can run within.
[[nodiscard]] Checks check_sandbox(const Settings& settings, const Profile& profile);
[[nodiscard]] DoctorCheck check_cgroups();

// network.cpp
/// Whether process guests get networks of their own, and what they then have.
[[nodiscard]] Checks check_network(const Settings& settings);
/// Pure: what other tables' chains (libnftables-json(5)) mean for guests.
[[nodiscard]] Checks filter_checks(const Json& chains);

// virtual_machine.cpp
/// The VMM, the image for the profile, and whether they fit together; boots a kernel for at most
/// 3 s.
[[nodiscard]] Checks check_virtual_machine(const Settings& settings, const Profile& profile,
                                           const std::string& driver);

/// Servers by which viewers reach guests from elsewhere.
[[nodiscard]] DoctorCheck check_ice_servers(const Settings& settings);

// configuration.cpp
/// What was accepted, and yet will not do: a certificate that has run out, a pool beyond a limit.
[[nodiscard]] Checks check_configuration(const Settings& settings);

// host.cpp
[[nodiscard]] DoctorCheck check_port(const Settings& settings);
[[nodiscard]] DoctorCheck check_disk(const Settings& settings);

// limits.cpp
[[nodiscard]] DoctorCheck check_memory(const Settings& settings, const Profile& profile);
[[nodiscard]] DoctorCheck check_descriptors(const Settings& settings);
/// Of the host, and of this user.
[[nodiscard]] DoctorCheck check_threads(const Settings& settings);
/// Numbers for processes and threads: the kernel's, and those of this program's cgroup.
[[nodiscard]] Checks check_pids(const Settings& settings);
/// Pure: so much is in use and so much wanted of a limit.
[[nodiscard]] DoctorCheck judge_limit(const std::string& name, const std::string& what, double used,
                                      double limit, double wanted, const std::string& remedy);

}  // namespace aerie::doctor
