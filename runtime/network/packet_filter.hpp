#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "messages/cause.hpp"
#include "messages/profile.hpp"
#include "runtime/network/media_map.hpp"

namespace aerie::network {

/// All interfaces of guests of all controllers of a host begin with this.
inline constexpr const char* interface_prefix = "ae";

/// An address and port that a guest under the policy `list` may reach, by TCP and UDP.
struct Destination {
  std::string address;  ///< IPv4
  std::uint16_t port = 0;

  friend auto operator<=>(const Destination&, const Destination&) = default;
};

/// What the packet filter knows of one guest.
struct FilteredGuest {
  std::string interface;
  std::string address;
  std::string vm;
  NetworkPolicy policy = NetworkPolicy::none;
  std::vector<Destination> allowed;      ///< with `list`
  std::optional<PortRange> media_ports;  ///< of this host, passed on to the same of the guest

  friend bool operator==(const FilteredGuest&, const FilteredGuest&) = default;
};

struct FilterOptions {
  std::string tag;
  std::string pool;
  std::vector<std::string> resolvers;
  std::string public_address;
};

/// The rules of one state directory's guests: an nftables table of its own, `aerie_TAG`. Its rules
/// stand once; a guest is a few elements of its sets. A guest's interface without elements gets
/// nothing through. Rules and elements outlive the controller, as guests do.
///
/// Denied to every guest: this host's addresses, other guests, link-local addresses, any source
/// address but its own, IPv6, and every way out but the uplinks. Replies to what the host or a
/// viewer began pass, whatever the policy.
///
/// Uses the program nft(8), for libnftables' licence (GPL-2 only) is no match for ours: some 5 ms
/// a call. In the network namespace of the calling thread.
class PacketFilter {
 public:
  /// Makes the table, or its rules anew around the elements that are there. Errors:
  /// `network-failed` with what nft says.
  [[nodiscard]] static Result<PacketFilter> open(FilterOptions options);

  /// By interface, those of earlier controllers included.
  [[nodiscard]] const std::map<std::string, FilteredGuest>& guests() const { return guests_; }

  [[nodiscard]] Result<void> admit(const FilteredGuest& guest);
  [[nodiscard]] Result<void> dismiss(const std::string& interface);

  /// Ways out of this host, for guests. `opened`: those of them that forward packets only for our
  /// sake; they forward nothing else.
  [[nodiscard]] Result<void> add_uplinks(const std::vector<std::string>& uplinks,
                                         const std::vector<std::string>& opened);
  [[nodiscard]] const std::vector<std::string>& uplinks() const { return uplinks_; }
  [[nodiscard]] const std::vector<std::string>& opened() const { return opened_; }

  /// The interfaces that other tables of this kind have opened.
  [[nodiscard]] Result<std::vector<std::string>> opened_by_others() const;

  /// Removes the table with all in it.
  [[nodiscard]] Result<void> remove();

 private:
  explicit PacketFilter(FilterOptions options) : options_(std::move(options)) {}
  [[nodiscard]] Result<void> read_elements();

  FilterOptions options_;
  std::map<std::string, FilteredGuest> guests_;
  std::vector<std::string> uplinks_;
  std::vector<std::string> opened_;
};

/// The rules as nft(8) reads them; pure.
[[nodiscard]] std::string filter_rules(const FilterOptions& options);

/// Runs nft with this script on its standard input. Errors: `network-failed` with what it says.
[[nodiscard]] Result<std::string> run_nft(const std::vector<std::string>& arguments,
                                          const std::string& script);

}  // namespace aerie::network
